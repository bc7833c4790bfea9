import Codec
import Configuration
import Digests
import Glibc
import IOCore
import IOLibuv
import IOPosix
import Identifiers
import KeyValue
import Logging
import Node
import Properties
import PropertyStorage
import Raft
import Replication
import RocksEngine
import Stores
import Transactions
import Triggers
import WAL
import Wire

/// Why the daemon could not start or go on, with the exit status that says so.
package struct DaemonFailure: Error {
    package let status: Int32
    package let text: String
}

/// The real world round one node: its directory, its threads, its loop.
final class NodeRuntime {
    private let configuration: NodeConfiguration
    private let logger: Logger
    private let version: String
    private let fileSystem = PosixFileSystem()
    private let loop = UVLoop()
    private let disk: ThreadWorker
    private let apply: ThreadWorker
    private let reads: ThreadWorker
    private let maintenance: ThreadWorker

    init(configuration: NodeConfiguration, logger: Logger, version: String) {
        self.configuration = configuration
        self.logger = logger
        self.version = version
        disk = ThreadWorker(name: "disk")
        apply = ThreadWorker(name: "apply")
        reads = ThreadWorker(name: "read")
        maintenance = ThreadWorker(name: "maintenance")
    }

    /// Runs the node on the calling thread until it is told to stop; the exit status.
    func run() throws -> Int32 {
        let directory: DataDirectory
        do {
            directory = try DataDirectory.open(
                fileSystem: fileSystem, root: configuration.dataDirectory)
        } catch {
            stopWorkers()
            throw Self.failure(error, otherwise: .cannotCreate)
        }
        // The directory's lock outlives the last write to it.
        defer {
            stopWorkers()
            directory.close()
        }
        let identity = try identify(directory)
        let budget = try DescriptorBudget(wantedConnections: configuration.bounds.connections)
        if budget.connections < configuration.bounds.connections {
            logger.notice(
                "fewer connections than configured, for want of file descriptors",
                metadata: [
                    "connections": "\(budget.connections)", "descriptors": "\(budget.limit)",
                ])
        }
        var settings = makeSettings(identity, layout: directory.layout)
        settings.replica.limits.clientConnections = budget.connections
        let executor = Executor(
            stores: StoreRegistry([PropertyStore(), TriggerStore()]),
            commitGuard: TriggerGuard(), limits: settings.limits)
        var options = RocksOptions()
        options.blockCacheBytes = configuration.bounds.blockCacheBytes
        options.openFileLimit = budget.engineFiles
        let engines = RocksEngineFactory(options: options)
        let opened: OpenedReplica
        do {
            opened = try OpenedReplica.open(
                settings: settings.replica, bootstrap: settings.bootstrap, executor: executor,
                fileSystem: fileSystem, engineFactory: engines, incarnation: identity.incarnation)
        } catch let failure as WALFailure {
            throw Self.failure(failure, otherwise: .inputOutput)
        } catch {
            throw DaemonFailure(status: Self.status(of: error).rawValue, text: "\(error)")
        }
        for note in opened.notes {
            logger.notice("recovery", metadata: ["note": "\(note)"])
        }
        return runLoop(settings, opened, executor, engines)
    }

    /// The exit status for what recovery found besides the log's own failures.
    private static func status(of error: any Error) -> DaemonExit {
        switch error {
        case let failure as EngineFailure: DaemonExit(failure)
        case let failure as ReplicationFailure: DaemonExit(failure)
        default: .inputOutput
        }
    }

    /// The exit status that says what kind of failure it was.
    private static func failure(
        _ failure: WALFailure, otherwise: DaemonExit
    ) -> DaemonFailure {
        let exit = DaemonExit(failure, otherwise: otherwise)
        return DaemonFailure(status: exit.rawValue, text: failure.description)
    }

    private func stopWorkers() {
        for worker in [disk, apply, reads, maintenance] {
            worker.stop()
        }
    }

    // MARK: Identity

    private func identify(_ directory: DataDirectory) throws -> WriteAheadLog.Identity {
        if let known = directory.identity {
            guard known.node == configuration.node else {
                throw DaemonFailure(
                    status: DaemonExit.configuration.rawValue,
                    text: "\(directory.layout.root) belongs to node \(known.node), the "
                        + "configuration is of node \(configuration.node); give each node a data "
                        + "directory of its own")
            }
            return known
        }
        let identity = WriteAheadLog.Identity(
            cluster: try clusterID(), node: configuration.node,
            incarnation: Incarnation(UInt64.random(in: 1...UInt64.max)))
        do {
            try directory.initialize(identity)
        } catch {
            throw DaemonFailure(status: DaemonExit.cannotCreate.rawValue, text: "\(error)")
        }
        return identity
    }

    /// The cluster's name: of a new one, a digest that all its first members compute alike; of one
    /// to join, what the node asked says.
    private func clusterID() throws -> ClusterID {
        if let address = configuration.join {
            let text: String
            switch ClusterProbe.ask(address) {
            case .cluster(let found):
                return found
            case .refused(let reason):
                text = "the node to join at \(address) refuses: \(reason)"
            case .silence:
                text =
                    "no node of a cluster answers at \(address); start it, or correct the "
                    + "address to join"
            }
            throw DaemonFailure(status: DaemonExit.unavailable.rawValue, text: text)
        }
        var writer = ByteWriter()
        writer.writeString("lockstep cluster")
        writer.writeString(configuration.cluster)
        for member in configuration.foundingMembers {
            writer.writeVarint(member.id)
            writer.writeString("\(member.peer)")
        }
        let digester = Digester()
        digester.update(writer.bytes)
        return ClusterID(digester.finishBits128())
    }

    private func makeSettings(
        _ identity: WriteAheadLog.Identity, layout: DataDirectoryLayout
    ) -> NodeSettings {
        var replica = ReplicaSettings(
            node: identity.node, cluster: identity.cluster, dataDirectory: layout.root)
        replica.limits = configuration.limits
        replica.raft.electionMilliseconds = configuration.timers.electionMilliseconds
        replica.raft.heartbeatMilliseconds = configuration.timers.heartbeatMilliseconds
        replica.diskHangMilliseconds = configuration.timers.diskHangMilliseconds
        let founders = configuration.foundingMembers
        let bootstrap = ClusterMembership(
            founding: .zero, voters: founders.map(\.id), outgoing: [], learners: [],
            members: founders.map {
                Transactions.Member(
                    node: $0.id, incarnation: nil, peerAddress: "\($0.peer)",
                    clientAddress: "\($0.client)")
            })
        return NodeSettings(
            replica: replica, incarnation: identity.incarnation, bootstrap: bootstrap,
            peerListen: configuration.peer.listen, clientListen: configuration.client.listen,
            metricsListen: configuration.metrics,
            triggerFolder: configuration.triggerPrograms.map(Self.absolute),
            version: version)
    }

    /// The programs run in the folder itself, where a relative path would lead elsewhere.
    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(current) }
        return unsafe String(cString: current) + "/" + path
    }

    // MARK: Loop

    /// The network, whose listeners tell the log when they cannot accept.
    private func makeNetwork() -> UVNetwork {
        var throttle = LogThrottle()
        var tuning = UVNetwork.Tuning()
        tuning.outputBoundBytes = Limits.standard.connectionOutputBytes
        return UVNetwork(loop, tuning: tuning) { [loop, logger] failure in
            guard let dropped = throttle.admit(at: loop.now) else { return }
            logger.warning(
                "cannot accept", metadata: ["why": "\(failure)", "not-logged": "\(dropped)"])
        }
    }

    private func runLoop(
        _ settings: NodeSettings, _ opened: consuming OpenedReplica, _ executor: Executor,
        _ engines: RocksEngineFactory
    ) -> Int32 {
        let status = Locked<Int32>(0)
        let start = Handover((self, settings, opened, executor, engines))
        let loop = loop
        loop.post {
            let (runtime, settings, opened, executor, engines) = start.value
            runtime.start(settings, opened, executor, engines) { code in
                status.withLock { $0 = code }
                loop.requestStop()
            }
        }
        loop.run()
        return status.withLock { $0 }
    }

    /// The first signal drains; a second one ends the process at once.
    private func signalled(_ signal: UVSignals.Signal) {
        guard !isDraining else {
            let code: DaemonExit =
                switch signal {
                case .interrupt: .interruptedTwice
                case .terminate: .terminatedTwice
                }
            // At once: what a regular end does could wait for a disk that hangs.
            _exit(code.rawValue)
        }
        isDraining = true
        DrainBound.set()
        node?.drain()
    }

    private var isDraining = false
    private var node: NodeDaemon?
    private var signals: UVSignals?

    private func start(
        _ settings: NodeSettings, _ opened: consuming OpenedReplica, _ executor: Executor,
        _ engines: RocksEngineFactory, stopped: @escaping (Int32) -> Void
    ) {
        let node = NodeDaemon(
            settings: settings, opened: opened, executor: executor,
            environment: NodeDaemon.Environment(
                loop: loop, network: makeNetwork(), diskWorker: disk, applyWorker: apply,
                readWorker: reads, maintenanceWorker: maintenance, fileSystem: fileSystem,
                engineFactory: engines, processes: UVProcessRunner(loop), logger: logger,
                memoryBytes: { ResidentMemory.bytes() }))
        self.node = node
        signals = UVSignals(on: loop) { [weak self] signal in self?.signalled(signal) }
        do {
            try node.start { [logger] reason in
                switch reason {
                case .drained:
                    logger.notice("stopped")
                    stopped(0)
                case .failed(let failure):
                    logger.critical("stopped", metadata: ["why": "\(failure)"])
                    // At once: closing the engine would write to a disk that has failed, and joining
                    // the disk's thread would wait for one that hangs.
                    _exit(DaemonExit(failure).rawValue)
                }
            }
        } catch {
            logger.critical("cannot listen", metadata: ["why": "\(error)"])
            let exit: DaemonExit = error.isOfConfiguration ? .configuration : .temporary
            stopped(exit.rawValue)
        }
    }
}

/// Runs the node that `configuration` describes until it is told to stop.
func runNode(_ configuration: NodeConfiguration, logger: Logger) throws -> Int32 {
    try NodeRuntime(
        configuration: configuration, logger: logger, version: Release.version
    ).run()
}

/// Carries what one thread has made to the one that will own it.
///
/// The maker lets go of the value when it posts the closure that holds this, and the receiver is the
/// only one to read it: it is never reached by two threads at once.
private struct Handover<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) {
        self.value = value
    }
}
