package import Codec
import IOCore
package import Identifiers
import KeyValue
import Logging
import Node
import Properties
import PropertyStorage
import Raft
package import Replication
import Stores
import Transactions
import Triggers
import WAL
import Wire

/// Whole nodes, as the daemon wires them, on simulated disks, network and clock.
package final class SimulatedCluster: @unchecked Sendable {
    package let world: World
    package let fabric: Fabric
    package let limits: Limits
    /// The founders, then those that may be added.
    package let hosts: [SimulatedHost]
    package let founders: Int
    package var trace: Trace
    /// Called at the end of each turn of a host's process.
    package var turnEnded: (SimulatedHost) -> Void = { _ in }
    /// Called with each group that a host writes to its log, and when they are synced.
    package var wroteGroup: (SimulatedHost, [UInt8]) -> Void = { _, _ in }
    package var syncedGroups: (SimulatedHost) -> Void = { _ in }
    /// Called before a process opens its data, and when it has started.
    package var opens: (SimulatedHost) -> Void = { _ in }
    package var started: (SimulatedHost) -> Void = { _ in }
    /// Called before a process ends, however it does.
    package var ends: (SimulatedHost) -> Void = { _ in }
    /// Called where a host's data is refused at its start.
    package var refused: (SimulatedHost, any Error) -> Void = { _, _ in }
    /// Called where a process has ended in the middle of something, with its name and whether it was
    /// still opening its data.
    package var crashedMidway: (SimulatedHost, String, Bool) -> Void = { _, _, _ in }
    /// Called where a process has ended by itself, with why; nil: it was told to, as it says.
    package var stoppedItself: (SimulatedHost, ReplicationFailure?) -> Void = { _, _ in }
    package var delivered: (SimulatedHost, SimulatedPrograms.Delivery) -> Void = { _, _ in }

    /// The cluster's name in every simulation.
    package static let identifier = ClusterID(Bits128(high: 1, low: 2))
    /// How often processes flush their engines, of which each takes one by luck.
    package var flushings: [(bytes: Int, records: Int, milliseconds: UInt64)] = [
        (64 << 10, 512, 5_000), (64 << 10, 512, 5_000), (8 << 20, 1 << 16, 60_000),
        (8 << 10, 64, 500),
    ]
    /// The same for clusters that flush often.
    static let manyFlushes: [(bytes: Int, records: Int, milliseconds: UInt64)] = [
        (8 << 10, 64, 500), (8 << 10, 64, 500), (64 << 10, 512, 5_000),
    ]
    /// Frames that a leader sends in one message.
    package var framesPerAppend = 4_096
    /// The start that was cut short, by its number on its host.
    private var crashedStart: Int?
    /// Simulated time that processes ran for which have ended.
    private var endedNanoseconds: UInt64 = 0

    /// A cluster of `founders` hosts, and `spares` that belong to none yet; none of them runs.
    package init(founders: Int, spares: Int, world: World, trace: Trace, limits: Limits) {
        self.world = world
        self.founders = founders
        self.trace = trace
        self.limits = limits
        fabric = Fabric(world: world)
        fabric.carriesPeers(SimulatedHost.peerPort)
        hosts = (1...(founders + spares)).map { SimulatedHost(UInt64($0)) }
    }

    package func host(_ number: UInt64) -> SimulatedHost {
        hosts[Int(number) - 1]
    }

    private var bootstrap: ClusterMembership {
        let members = hosts.prefix(founders)
        return ClusterMembership(
            founding: .zero, voters: members.map(\.node), outgoing: [], learners: [],
            members: members.map {
                Member(
                    node: $0.node, incarnation: nil, peerAddress: "\($0.peerAddress)",
                    clientAddress: "\($0.clientAddress)")
            })
    }

    // MARK: Processes

    /// Starts the process of a host that has none; where it refuses its data, why.
    @discardableResult
    package func start(_ host: SimulatedHost) -> String? {
        precondition(host.process == nil, "host \(host.name) runs already")
        let isFounder = host.number <= founders && host.founds
        var replica = ReplicaSettings(
            node: host.node, cluster: Self.identifier, dataDirectory: SimulatedDisk.data)
        replica.limits = limits
        replica.raft.electionMilliseconds = 150
        replica.raft.heartbeatMilliseconds = 30
        replica.raft.framesPerAppend = framesPerAppend
        replica.raft.inflightAppends = limits.inflightAppendsPerPeer
        replica.raft.inflightBytes = limits.inflightBytesPerPeer
        // Some processes flush often, some leave much to the log.
        let flushing = world.random.pick(flushings)
        replica.flushBytes = flushing.bytes
        replica.flushRecords = flushing.records
        replica.flushMilliseconds = flushing.milliseconds
        replica.replacementPauseMilliseconds = 1_000
        let settings = NodeSettings(
            replica: replica, incarnation: Incarnation(host.incarnation),
            bootstrap: isFounder ? bootstrap : .empty, peerListen: host.peerAddress,
            clientListen: host.clientAddress, metricsListen: nil, triggerFolder: "/triggers",
            version: Release.version)
        host.starts += 1
        host.disk.processBegins()
        host.failure = nil
        crashedStart = nil
        host.disk.wroteGroup = { [unowned self, unowned host] in wroteGroup(host, $0) }
        host.disk.syncedGroups = { [unowned self, unowned host] in syncedGroups(host) }
        host.disk.passing = { [unowned self, unowned host] in passes(host, $0) }
        trace.note(world, host.name, "starts")
        opens(host)
        do {
            try run(host, settings)
        } catch {
            trace.note(world, host.name, "does not start: \(error)")
            // What has ended in the middle of its start has refused nothing.
            if crashedStart == host.starts { return "\(error)" }
            refused(host, error)
            return "\(error)"
        }
        started(host)
        return nil
    }

    private func run(_ host: SimulatedHost, _ settings: NodeSettings) throws {
        let executor = Executor(
            stores: StoreRegistry([PropertyStore(), TriggerStore()]),
            commitGuard: TriggerGuard(), limits: settings.limits)
        let opened: OpenedReplica
        let fileSystem = DiskView(host.disk)
        let directory: DataDirectory
        do {
            directory = try Self.identified(host, fileSystem)
            opened = try OpenedReplica.open(
                settings: settings.replica, bootstrap: settings.bootstrap, executor: executor,
                fileSystem: fileSystem, engineFactory: host.engines,
                incarnation: settings.incarnation)
        } catch {
            // What has ended in the middle of its start has left already what it leaves.
            if crashedStart == host.starts { throw error }
            host.disk.crash(tearing(failed: !host.disk.refusals.isEmpty), using: &world.random)
            throw error
        }
        host.disk.processHasOpened()
        let loop = SimulatedLoop(world: world)
        loop.wallOffsetMilliseconds = host.wallOffsetMilliseconds
        loop.setClockRate(perMille: host.clockRatePerMille)
        loop.passing = { [unowned self, unowned host] in passes(host, $0) }
        let programs = SimulatedPrograms(
            loop,
            failingPerMille: { [world, unowned host] in
                host.programFailures.perMille(at: world.time)
            }
        ) { [unowned self] delivery in
            trace.note(
                world, host.name,
                "trigger \(delivery.trigger) at \(delivery.index): \(delivery.succeeded)")
            delivered(host, delivery)
        }
        // The disk's worker, then those that apply, read and maintain.
        let workers = [100_000, 20_000, 20_000, 20_000].map {
            SimulatedWorker(loop: loop, jobNanoseconds: $0)
        }
        workers.forEach { $0.slowness = host.slowness }
        let daemon = NodeDaemon(
            settings: settings, opened: opened, executor: executor,
            environment: NodeDaemon.Environment(
                loop: loop, network: SimulatedNetwork(fabric, host: host.name, loop: loop),
                diskWorker: workers[0], applyWorker: workers[1], readWorker: workers[2],
                maintenanceWorker: workers[3], fileSystem: fileSystem, engineFactory: host.engines,
                processes: programs,
                logger: Logger(label: host.name) { _ in SwiftLogNoOpLogHandler() },
                memoryBytes: { 0 }))
        host.process = SimulatedProcess(
            loop: loop, workers: workers, daemon: daemon, programs: programs,
            directory: directory)
        loop.turnObserver = { [unowned self] in turnEnded(host) }
        try daemon.start { [unowned self, unowned loop] reason in
            if loop.isAlive { stopped(host, reason) }
        }
    }

    /// Opens a host's data directory as the daemon does, which gives an empty one its identity.
    private static func identified(
        _ host: SimulatedHost, _ fileSystem: DiskView
    ) throws(WALFailure) -> DataDirectory {
        let directory = try DataDirectory.open(fileSystem: fileSystem, root: SimulatedDisk.data)
        if directory.identity == nil { try directory.initialize(host.identity) }
        precondition(
            directory.identity == host.identity, "\(host.name) has another's directory")
        return directory
    }

    private func stopped(_ host: SimulatedHost, _ reason: NodeDaemon.StopReason) {
        if case .failed(let failure) = reason {
            host.failure = failure
            trace.note(world, host.name, "stops: \(failure)")
        } else {
            trace.note(world, host.name, "has drained")
        }
        stoppedItself(host, host.failure)
        guard let process = host.process else { return }
        // Its turn is still under way: it ends right behind it.
        let loop = process.loop
        world.after(0) { [self] in
            if host.process?.loop === loop { end(host, tearing(failed: host.failure != nil)) }
        }
    }

    /// What a process that has ended by itself leaves of what it did not sync: all of it may be there
    /// in parts where its disk has `failed`.
    private func tearing(failed: Bool) -> Tearing {
        failed ? world.random.pick([.sectors, .bytes, .none, .kept]) : .none
    }

    /// Ends the process at once; the disk keeps what was synced and some of what was not.
    package func crash(_ host: SimulatedHost, _ tearing: Tearing = .sectors) {
        guard host.process != nil else { return }
        trace.note(world, host.name, "crashes")
        end(host, tearing)
    }

    /// One of a process's doings: it may end in it.
    private func passes(_ host: SimulatedHost, _ doing: String) {
        guard let left = host.doingsToCrash else { return }
        guard left == 0 else {
            host.doingsToCrash = left - 1
            return
        }
        host.doingsToCrash = nil
        let isOpening = host.process == nil
        trace.note(world, host.name, "crashes at \(doing)")
        if host.process != nil {
            end(host, world.random.pick([.sectors, .bytes, .none, .kept]), isMidTurn: true)
        } else {
            crashedStart = host.starts
            endData(of: host, world.random.pick([.sectors, .bytes, .none, .kept]), isMidTurn: true)
        }
        crashedMidway(host, doing, isOpening)
    }

    private func end(_ host: SimulatedHost, _ tearing: Tearing, isMidTurn: Bool = false) {
        guard let process = host.process else { return }
        ends(host)
        process.loop.end()
        process.workers.forEach { $0.end() }
        // Its code may run on to the end of a turn, to no effect.
        world.after(0) { process.daemon.abandon() }
        endedNanoseconds += world.time - process.began
        host.process = nil
        host.doingsToCrash = nil
        fabric.processEnded(host.name)
        endData(of: host, tearing, isMidTurn: isMidTurn)
    }

    /// What a process leaves behind on its host.
    private func endData(of host: SimulatedHost, _ tearing: Tearing, isMidTurn: Bool) {
        host.disk.crash(tearing, using: &world.random)
        // Which of them is the present one may have been lost with a name.
        for directory in host.engines.openDirectories {
            guard let engine = host.engines.engine(in: directory) else { continue }
            let count = engine.unflushedBatchCount
            let kept =
                host.batchesKept.map { min($0, count) }
                ?? Int.random(in: 0...count, using: &world.random)
            host.engines.crash(directory, keeping: kept, isMidTurn: isMidTurn)
        }
    }

    /// Puts an empty data directory in the place of a host's, whose process must have ended.
    package func wipe(_ host: SimulatedHost) {
        trace.note(world, host.name, "is wiped")
        host.wipe()
    }

    /// Ends everything, so that nothing is kept of this world.
    package func end() {
        for host in hosts {
            let process = host.process
            end(host, .none)
            process?.daemon.abandon()
        }
        world.end()
    }

    /// Has the leader write something under the name `name`; `done` hears at which index, or of none.
    package func write(_ name: String, done: @escaping (LogIndex?) -> Void) {
        guard let replica = leader?.replica else { return done(nil) }
        let transaction = ClientOperation.transaction(ClientWrite(name: name, groups: [0]))
        replica.propose(Record.transaction(transaction, origin: nil).encoded()) { result in
            guard case .success(.outcome(let bytes)) = result,
                case .committed(let index)? = try? OutcomeHeader.peek(bytes)
            else { return done(nil) }
            done(index)
        }
    }

    // MARK: Looking

    /// Simulated time that nodes have run for, all together.
    package var nodeNanoseconds: UInt64 {
        hosts.reduce(endedNanoseconds) { sum, host in
            sum + (host.process.map { world.time - $0.began } ?? 0)
        }
    }

    /// The host that leads in the highest term.
    package var leader: SimulatedHost? {
        hosts.filter { $0.replica?.isLeader == true }
            .max { ($0.replica?.report().term ?? .zero) < ($1.replica?.report().term ?? .zero) }
    }

    /// Whether all members run, have what they lacked, and have applied all that the leader knows to
    /// be committed.
    package var isSettled: Bool {
        guard let target = leader?.replica?.report(), target.commit == target.last else {
            return false
        }
        return hosts.allSatisfy { host in
            guard target.membership.member(host.node) != nil else { return true }
            guard let replica = host.replica else { return false }
            return replica.appliedPosition.index == target.commit
                && !replica.report().isRepairing
        }
    }
}
