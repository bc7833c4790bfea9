import Codec
package import IOCore
package import Identifiers
package import KeyValue
package import Logging
import Peers
import Raft
package import Replication
package import Stores
import Transactions
import WAL
import Wire

/// One node: the replica, the connections to its peers, the port of its clients, the duties of a
/// leader.
///
/// Lives on the loop; knows no concrete I/O.
package final class NodeDaemon {
    let settings: NodeSettings
    let loop: any EventLoop
    let logger: Logger
    package let replica: Replica
    /// Bytes that are kept for all clients' connections.
    package var clientBytes: Int { port.keptBytes }
    let hub: PeerHub
    let port: ClientPort
    let service: ClientService
    private var metrics: MetricsPort?
    private var triggers: TriggerDuty?
    private var boots: BootDuty?
    private var isStopping = false
    private var onStopped: (StopReason) -> Void = { _ in }

    /// Why a node has stopped.
    package enum StopReason: Sendable {
        /// It was asked to.
        case drained
        case failed(ReplicationFailure)
    }

    /// The world of one node.
    package struct Environment {
        package let loop: any EventLoop
        package let network: any Network
        package let diskWorker: any Worker
        package let applyWorker: any Worker
        package let readWorker: any Worker
        package let maintenanceWorker: any Worker
        package let fileSystem: any FileSystem
        package let engineFactory: any EngineFactory
        package let processes: (any ProcessRunner)?
        package let logger: Logger
        /// Resident bytes of this process, for status.
        package let memoryBytes: @Sendable () -> UInt64

        package init(
            loop: any EventLoop, network: any Network, diskWorker: any Worker,
            applyWorker: any Worker, readWorker: any Worker, maintenanceWorker: any Worker,
            fileSystem: any FileSystem, engineFactory: any EngineFactory,
            processes: (any ProcessRunner)?, logger: Logger,
            memoryBytes: @escaping @Sendable () -> UInt64
        ) {
            self.loop = loop
            self.network = network
            self.diskWorker = diskWorker
            self.applyWorker = applyWorker
            self.readWorker = readWorker
            self.maintenanceWorker = maintenanceWorker
            self.fileSystem = fileSystem
            self.engineFactory = engineFactory
            self.processes = processes
            self.logger = logger
            self.memoryBytes = memoryBytes
        }
    }

    private let memoryBytes: @Sendable () -> UInt64

    /// Wires the node; on the loop.
    ///
    /// `opened` is what the data directory held.
    package init(
        settings: NodeSettings, opened: consuming OpenedReplica, executor: Executor,
        environment: Environment
    ) {
        let loop = environment.loop
        self.settings = settings
        self.loop = loop
        logger = environment.logger
        memoryBytes = environment.memoryBytes
        hub = PeerHub(
            loop: loop, network: environment.network, cluster: settings.replica.cluster,
            node: settings.replica.node, incarnation: settings.incarnation,
            boot: loop.randomBits() | 1, limits: settings.limits, logger: environment.logger)
        replica = Replica(
            opened,
            resources: ReplicaResources(
                loop: loop, diskWorker: environment.diskWorker,
                applyWorker: environment.applyWorker, readWorker: environment.readWorker,
                maintenanceWorker: environment.maintenanceWorker,
                fileSystem: environment.fileSystem, engineFactory: environment.engineFactory,
                transport: hub, logger: environment.logger))
        service = ClientService(
            replica: replica, executor: executor, limits: settings.limits,
            status: { preconditionFailure("the node is not wired yet") })
        port = ClientPort(
            loop: loop, network: environment.network, limits: settings.limits,
            logger: environment.logger,
            identity: HandshakeAcceptor.Identity(
                cluster: settings.replica.cluster, node: settings.replica.node,
                incarnation: settings.incarnation),
            service: service)
        wire(environment, executor)
    }

    private func wire(_ environment: Environment, _ executor: Executor) {
        service.status = { [unowned self] in status() }
        service.isRemoved = { [unowned self] in hub.isRemoved }
        hub.events.received = { [unowned self] message, node in
            replica.received(message, from: node)
        }
        hub.events.repair = { [unowned self] message, node in
            replica.received(message, from: node)
        }
        hub.events.foundingReceived = { [unowned self] message, node in
            replica.received(message, from: node)
        }
        hub.events.isHeard = { [unowned self] node in replica.isHeard(node) }
        hub.events.removed = { [unowned self] in
            port.endWatches(reason: "the node has been removed from the cluster")
        }
        hub.events.changed = { [unowned self] node in replica.connectionChanged(node) }
        replica.observer.failed = { [unowned self] failure in stopped(.failed(failure)) }
        replica.observer.applied = { [unowned self] turn in
            port.changesApplied()
            triggers?.applied(touchedTriggers: turn.touchedTriggers)
        }
        replica.observer.stateReplaced = { [unowned self] _ in
            port.changesApplied()
            triggers?.stateReplaced()
        }
        replica.observer.roleChanged = { [unowned self] report in
            triggers?.roleChanged(isLeader: report.role == .leader)
            boots?.roleChanged(isLeader: report.role == .leader)
        }
        boots = BootDuty(replica: replica, loop: loop, logger: logger) { [unowned self] node in
            hub.boot(of: node)
        }
        if let processes = environment.processes {
            triggers = TriggerDuty(
                replica: replica, loop: loop, processes: processes, logger: logger,
                folder: settings.triggerFolder, limits: settings.limits, stores: executor.stores)
        }
        if settings.metricsListen != nil {
            metrics = MetricsPort(loop: loop, network: environment.network) { [unowned self] in
                status()
            }
        }
        let back = LoopBound(replica, to: loop)
        loop.atTurnEnd { back.value.turnEnded() }
    }

    /// Listens, and takes part in the cluster; returns where clients reach it.
    @discardableResult
    package func start(
        onStopped: @escaping (StopReason) -> Void
    ) throws(NetworkFailure) -> Address {
        self.onStopped = onStopped
        let peers = try hub.listen(on: settings.peerListen)
        let clients = try port.listen(on: settings.clientListen)
        var metadata: Logger.Metadata = [
            "node": "\(settings.replica.node)", "cluster": "\(settings.replica.cluster)",
            "clients": "\(clients)", "peers": "\(peers)",
        ]
        if let address = settings.metricsListen, let metrics {
            metadata["metrics"] = "\(try metrics.listen(on: address))"
        }
        logger.notice("node started", metadata: metadata)
        replica.start()
        return clients
    }

    /// Hands leadership over, answers what is under way, and stops.
    ///
    /// Where no follower is fit to lead yet, or the one that was asked does not win, another try is
    /// made until the time for draining is over.
    package func drain() {
        guard !isStopping else { return }
        isStopping = true
        logger.notice("draining")
        triggers?.stop()
        boots?.stop()
        let wasLeader = replica.isLeader
        replica.resign()
        let back = LoopBound(self, to: loop)
        let deadline = loop.now.advanced(milliseconds: settings.drainMilliseconds)
        port.drain(reason: "the node stops")
        awaitDrained(back, deadline: deadline, wasLeader: wasLeader)
    }

    private func awaitDrained(
        _ back: LoopBound<NodeDaemon>, deadline: MonotonicTime, wasLeader: Bool
    ) {
        _ = loop.schedule(at: loop.now.advanced(milliseconds: 10)) {
            let node = back.value
            if wasLeader { node.replica.resign() }
            let isAlone = node.replica.currentMembership.voters.count <= 1
            let isHandedOver = !wasLeader || isAlone || !node.replica.isLeader
            if (isHandedOver && node.port.count == 0) || node.loop.now >= deadline {
                // What is on disk need not be applied again at the next start.
                node.replica.flushEngine { _ in back.value.stopped(.drained) }
            } else {
                node.awaitDrained(back, deadline: deadline, wasLeader: wasLeader)
            }
        }
    }

    /// Lets go of all that waits for an answer, and tells nobody that it has stopped: for who runs many
    /// nodes in one process, and has ended this one's loop as a crash does.
    package func abandon() {
        onStopped = { _ in }
        stopped(.drained)
    }

    private func stopped(_ reason: StopReason) {
        isStopping = true
        triggers?.stop()
        boots?.stop()
        port.closeAll()
        metrics?.stop()
        replica.stop()
        hub.stop()
        let done = onStopped
        onStopped = { _ in }
        done(reason)
    }

    /// How far the deliveries of one trigger have come here; nil where this node does not make them.
    package func deliveredThrough(by trigger: String) -> LogIndex? {
        triggers?.statuses().first { $0.name == trigger }?.deliveredThrough
    }

    /// What this node tells of itself.
    func status() -> NodeStatus {
        let report = replica.report()
        var status = NodeStatus(
            node: settings.replica.node, cluster: settings.replica.cluster,
            incarnation: settings.incarnation, role: hub.isRemoved ? .removed : report.nodeRole)
        status.disk =
            report.isDiskFull
            ? .full
            : report.lacksDescriptors ? .noDescriptors : report.isDiskHung ? .hung : .good
        status.term = report.term
        status.leader = report.leader
        status.leaderClientAddress =
            report.leader.flatMap { report.membership.member($0)?.clientAddress } ?? ""
        status.version = settings.version
        status.commitIndex = report.commit
        status.appliedIndex = report.position.index
        status.durableIndex = report.durable
        status.firstLogIndex = report.compacted.next
        status.lastLogIndex = report.last
        status.featureLevel = UInt64(FeatureLevel.current)
        status.logBytes = report.logBytes
        status.appendedBytes = report.appendedBytes
        status.rawBytes = report.rawBytes
        status.storedBytes = report.storedBytes
        status.sessions = UInt64(report.sessions)
        status.connections = UInt64(port.count)
        status.engineBytes = UInt64(replica.engineMemoryBytes)
        status.memoryBytes = memoryBytes()
        status.uptimeMilliseconds = report.uptimeMilliseconds
        status.triggers = triggers?.statuses() ?? []
        status.damage = report.damage.prefix(DamageStatus.shown).map {
            DamageStatus(first: $0.first, last: $0.last, place: "\($0.file) at byte \($0.offset)")
        }
        status.notice = report.notice
        status.members = report.memberStatuses(node: settings.replica.node)
        return status
    }
}

extension ReplicaReport {
    var nodeRole: NodeRole {
        if isRepairing { return .repairing }
        switch role {
        case .follower: return .follower
        case .preCandidate, .candidate: return .candidate
        case .leader: return .leader
        case .learner: return membership.members.isEmpty ? .outsider : .learner
        }
    }

    func memberStatuses(node: NodeID) -> [MemberStatus] {
        membership.members.map { member in
            let isVoter = membership.voters.contains(member.node)
            let isLearner = membership.learners.contains(member.node)
            var status = MemberStatus(
                node: member.node, incarnation: member.incarnation,
                peerAddress: member.peerAddress, clientAddress: member.clientAddress,
                role: isVoter
                    ? .voter
                    : !isLearner ? .outgoing : member.isRejoining ? .rejoining : .learner)
            if member.node == node {
                status.matchIndex = last
                status.lastHeardMilliseconds = 0
            } else if let peer = peers.first(where: { $0.node == member.node }) {
                status.matchIndex = peer.match
                status.lagRecords = UInt64(max(0, last - peer.match))
                status.lastHeardMilliseconds = peer.heardMilliseconds
            }
            return status
        }
    }
}
