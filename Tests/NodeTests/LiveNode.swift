import Codec
import Foundation
import IOCore
import IOLibuv
import IOPosix
import Identifiers
import KeyValue
import Lockstep
import Logging
import Node
import Properties
import PropertyStorage
import Replication
import Stores
import Transactions
import Triggers
import WAL

/// A node in this process: real threads, disk and network, engine in memory, programs of a test's.
///
/// It is a cluster of its own, or one of those of `LiveCluster`.
final class LiveNode: Sendable {
    /// Which of a cluster's first members a node is.
    struct Place {
        var number: UInt64 = 1
        var members: [Transactions.Member]
        var peerListen = Address(host: "127.0.0.1", port: 0)
        var clientListen = Address(host: "127.0.0.1", port: 0)

        var voters: [NodeID] {
            members.map(\.node)
        }

        /// The first of `count` members, of which no other is there.
        static func lonely(of count: UInt64) -> Place {
            Place(
                members: (1...count).map { number in
                    Transactions.Member(
                        node: NodeID(number), incarnation: nil, peerAddress: "127.0.0.1:1",
                        clientAddress: "127.0.0.1:2")
                })
        }
    }

    private struct Parts {
        var daemon: LoopBound<NodeDaemon>?
        var whenStopped: CheckedContinuation<Void, Never>?
    }

    let loop = UVLoop.start(name: "node")
    private let workers = ["disk", "apply", "read", "maintenance"].map { ThreadWorker(name: $0) }
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("lockstep-node-\(UUID())")
    private let parts = Locked(Parts())

    /// Runs `body` with a node and its address, and stops it in every case.
    ///
    /// Of `members`, all but the node itself are not there.
    static func with(
        _ programs: PlayedPrograms = PlayedPrograms(), members: UInt64 = 1,
        limits: Limits = .standard,
        _ body: (LiveNode, Address) async throws -> Void
    ) async throws {
        try await with(.lonely(of: members), programs, limits: limits, body)
    }

    /// The same with a node of a cluster whose other members may be there.
    static func with(
        _ place: Place, _ programs: PlayedPrograms = PlayedPrograms(), limits: Limits = .standard,
        _ body: (LiveNode, Address) async throws -> Void
    ) async throws {
        let node = LiveNode()
        do {
            try await body(node, try await node.start(programs, place, limits))
        } catch {
            await node.stop()
            throw error
        }
        await node.stop()
    }

    private func start(
        _ programs: PlayedPrograms, _ place: Place, _ limits: Limits
    ) async throws -> Address {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try await withCheckedThrowingContinuation { continuation in
            loop.post { [self] in
                continuation.resume(with: Result { try begin(programs, place, limits) })
            }
        }
    }

    /// Opens and starts the daemon; on the loop.
    private func begin(
        _ programs: PlayedPrograms, _ place: Place, _ limits: Limits
    ) throws -> Address {
        let fileSystem = PosixFileSystem()
        let directory = try DataDirectory.open(fileSystem: fileSystem, root: folder.path)
        let identity = WriteAheadLog.Identity(
            cluster: ClusterID(Bits128(high: 1, low: 1)), node: NodeID(place.number),
            incarnation: Incarnation(place.number))
        try directory.initialize(identity)
        var replica = ReplicaSettings(
            node: identity.node, cluster: identity.cluster, dataDirectory: folder.path)
        replica.limits = limits
        let settings = NodeSettings(
            replica: replica,
            incarnation: identity.incarnation,
            bootstrap: ClusterMembership(
                founding: .zero, voters: place.voters, outgoing: [], learners: [],
                members: place.members),
            peerListen: place.peerListen, clientListen: place.clientListen, metricsListen: nil,
            triggerFolder: "/programs", version: "test")
        let executor = Executor(
            stores: StoreRegistry([PropertyStore(), TriggerStore()]), commitGuard: TriggerGuard(),
            limits: settings.limits)
        let engines = MemoryEngineFactory()
        let opened = try OpenedReplica.open(
            settings: settings.replica, bootstrap: settings.bootstrap, executor: executor,
            fileSystem: fileSystem, engineFactory: engines, incarnation: identity.incarnation)
        let daemon = NodeDaemon(
            settings: settings, opened: opened, executor: executor,
            environment: NodeDaemon.Environment(
                loop: loop, network: UVNetwork(loop), diskWorker: workers[0],
                applyWorker: workers[1], readWorker: workers[2], maintenanceWorker: workers[3],
                fileSystem: fileSystem, engineFactory: engines,
                processes: programs.runner(on: loop),
                logger: Logger(label: "node") { _ in SwiftLogNoOpLogHandler() },
                memoryBytes: { 0 }))
        parts.withLock { $0.daemon = LoopBound(daemon, to: loop) }
        return try daemon.start { [self] _ in
            directory.close()
            parts.withLock { parts in
                parts.whenStopped?.resume()
                parts.whenStopped = nil
            }
        }
    }

    private func stop() async {
        await withCheckedContinuation { continuation in
            loop.post { [self] in
                guard let daemon = parts.withLock({ $0.daemon }) else {
                    continuation.resume()
                    return
                }
                parts.withLock { $0.whenStopped = continuation }
                daemon.value.drain()
            }
        }
        let released = loop
        await withCheckedContinuation { continuation in
            released.post { [self] in
                parts.withLock { $0.daemon = nil }
                continuation.resume()
            }
        }
        for worker in workers { worker.stop() }
        loop.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}

/// Programs that fail or not as a test says, and tell it what they were run for.
final class PlayedPrograms: Sendable {
    private let failing = Locked<Set<String>>([])
    private let told: AsyncStream<String>.Continuation
    /// Each run: the program's name and the transaction's index.
    let runs: AsyncStream<String>

    init() {
        (runs, told) = AsyncStream.makeStream()
    }

    func setFailing(_ programs: Set<String>) {
        failing.withLock { $0 = programs }
    }

    func runner(on loop: any EventLoop) -> any ProcessRunner {
        Runner(self, loop)
    }

    private final class Runner: ProcessRunner {
        private final class Ended: RunningProcess {
            func kill() {}
        }

        private let programs: PlayedPrograms
        private let loop: any EventLoop

        init(_ programs: PlayedPrograms, _ loop: any EventLoop) {
            self.programs = programs
            self.loop = loop
        }

        func run(
            _ request: ProcessRequest, done: @escaping (ProcessResult) -> Void
        ) -> any RunningProcess {
            let name = request.executable.split(separator: "/").last.map(String.init) ?? ""
            let fails = programs.failing.withLock { $0.contains(name) }
            programs.told.yield("\(name) \(request.environment["LOCKSTEP_INDEX"] ?? "")")
            let bound = LoopBound(done, to: loop)
            loop.post {
                bound.value(
                    ProcessResult(
                        ending: .exited(fails ? 1 : 0), output: [], errorOutput: [],
                        outputWasCut: false))
            }
            return Ended()
        }
    }
}
