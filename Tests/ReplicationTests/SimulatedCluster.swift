import Codec
import IOCore
import Identifiers
import KeyValue
import Logging
import Raft
import Replication
import Simulation
import Stores
import Testing
import Transactions

/// One node of a simulated cluster: its disk outlives its process.
final class SimulatedNode: @unchecked Sendable {
    let identifier: NodeID
    private(set) var files = SimulatedDisk()
    private let writeBufferBytes: Int
    private(set) var engines: MemoryEngineFactory
    /// Random enough: another one for each data directory.
    private(set) var incarnation: Incarnation
    /// Counts the starts of its process.
    var epoch = 0
    var transport: SimulatedTransport?
    var loop: SimulatedLoop
    var disk: SimulatedWorker
    var replica: Replica?
    var failure: ReplicationFailure?
    /// The errors that its processes have logged.
    var errors: [String] = []

    init(_ identifier: NodeID, world: World, writeBufferBytes: Int) {
        self.identifier = identifier
        self.writeBufferBytes = writeBufferBytes
        engines = MemoryEngineFactory(writeBufferBytes: writeBufferBytes)
        incarnation = Incarnation(identifier.rawValue * 1_000)
        loop = SimulatedLoop(world: world)
        loop.end()
        disk = SimulatedWorker(loop: loop, jobNanoseconds: 100_000)
    }

    /// Puts an empty directory in the place of the present one.
    func wipe() {
        precondition(replica == nil, "node \(identifier) is wiped while it runs")
        files = SimulatedDisk()
        engines = MemoryEngineFactory(writeBufferBytes: writeBufferBytes)
        incarnation = Incarnation(incarnation.rawValue + 1)
    }
}

/// Real replicas on simulated disks, network and clock.
final class SimulatedCluster: @unchecked Sendable {
    let world: World
    let limits: Limits
    private(set) var nodes: [SimulatedNode] = []
    /// Pairs that cannot reach each other, both ways.
    var cut: Set<[NodeID]> = []
    var lossPercent: UInt64 = 0
    /// Whether appends with frames are lost, and heartbeats are not.
    var losesFrames = false
    /// Whether broken promises are what a test is about; they are kept then.
    var expectsDrops = false
    var drops: [String] = []
    /// Messages with frames for a damaged log that have arrived.
    var repairsDelivered = 0
    /// How fast the links to a node are that has slow ones.
    var bytesPerMillisecond: [NodeID: Int] = [:]
    /// First chunks of snapshots, and all chunks, that have arrived, and how many there are in one.
    private(set) var chunksDelivered = (first: 0, all: 0, needed: 0)
    /// What `start` uses where it is not the default.
    var scrubBytesPerSecond: Int?
    var applyDelayMilliseconds: UInt64?
    /// What a job of the apply worker takes.
    var applyNanoseconds: UInt64 = 20_000
    /// Called with each operation that a node applies.
    var applying: @Sendable () -> Void = {}
    let cluster = ClusterID(Bits128(high: 1, low: 2))

    init(
        size: Int, seed: UInt64, limits: Limits = .standard, writeBufferBytes: Int = 64 << 20
    ) {
        world = World(seed: seed)
        var limits = limits
        limits.segmentBytes = min(limits.segmentBytes, 1 << 20)
        limits.cachedRowBytes = min(limits.cachedRowBytes, 1 << 20)
        self.limits = limits
        for number in 1...size {
            nodes.append(
                SimulatedNode(
                    NodeID(UInt64(number)), world: world, writeBufferBytes: writeBufferBytes))
        }
    }

    /// Who has led each term, and what was seen that must not be.
    private(set) var leaders: [Term: Incarnation] = [:]
    private(set) var violations: [String] = []

    /// A vote that is granted, or a record that is acknowledged, comes from a member's directory;
    /// a term has one leader.
    func watch(_ message: Message, from node: SimulatedNode) {
        guard let replica = node.replica else { return }
        let own = replica.newestMembership.member(node.identifier)
        switch message.body {
        case .voteResponse(let response) where response.granted:
            if own?.incarnation != node.incarnation {
                violations.append("a stranger, \(node.incarnation), grants a vote")
            }
        case .voteRequest:
            if own?.incarnation != node.incarnation {
                violations.append("a stranger, \(node.incarnation), asks for votes")
            }
        case .appendRequest:
            let other = leaders[message.term] ?? node.incarnation
            if other != node.incarnation {
                violations.append(
                    "\(other) and \(node.incarnation) both lead in term \(message.term)")
            }
            leaders[message.term] = node.incarnation
        case .snapshotRequest(let request):
            chunksDelivered.first += request.chunk == 0 ? 1 : 0
            chunksDelivered.all += 1
            chunksDelivered.needed = max(chunksDelivered.needed, Int(request.chunk) + 1)
        case .voteResponse, .appendResponse, .snapshotResponse, .snapshotNeeded, .timeoutNow,
            .readIndexRequest, .readIndexResponse:
            break
        }
    }

    func node(_ identifier: NodeID) -> SimulatedNode {
        guard let found = nodes.first(where: { $0.identifier == identifier }) else {
            preconditionFailure("no node \(identifier)")
        }
        return found
    }

    func startAll() throws {
        for node in nodes {
            try start(node)
        }
    }

    private var bootstrap: ClusterMembership {
        ClusterMembership(
            founding: .zero, voters: nodes.map(\.identifier), outgoing: [], learners: [],
            members: nodes.map {
                Member(
                    node: $0.identifier, incarnation: nil, peerAddress: "n\($0.identifier):1",
                    clientAddress: "n\($0.identifier):2")
            })
    }

    func start(_ node: SimulatedNode) throws {
        var settings = ReplicaSettings(
            node: node.identifier, cluster: cluster, dataDirectory: "/data")
        settings.limits = limits
        settings.raft.electionMilliseconds = 150
        settings.raft.heartbeatMilliseconds = 30
        settings.flushBytes = 16_384
        if let scrubBytesPerSecond { settings.scrubBytesPerSecond = scrubBytesPerSecond }
        if let applyDelayMilliseconds { settings.applyDelayMilliseconds = applyDelayMilliseconds }
        let executor = Executor(
            stores: StoreRegistry([LetterStore(applying: applying)]), limits: limits)
        let opened = try OpenedReplica.open(
            settings: settings, bootstrap: bootstrap, executor: executor,
            fileSystem: node.files, engineFactory: node.engines,
            incarnation: node.incarnation)
        node.loop = SimulatedLoop(world: world)
        node.disk = SimulatedWorker(loop: node.loop, jobNanoseconds: 100_000)
        let worker = { SimulatedWorker(loop: node.loop, jobNanoseconds: 20_000) }
        let applyWorker = SimulatedWorker(loop: node.loop, jobNanoseconds: applyNanoseconds)
        node.epoch += 1
        let transport = SimulatedTransport(node, self)
        node.transport = transport
        let replica = Replica(
            opened,
            resources: ReplicaResources(
                loop: node.loop, diskWorker: node.disk, applyWorker: applyWorker,
                readWorker: worker(), maintenanceWorker: worker(), fileSystem: node.files,
                engineFactory: node.engines, transport: transport,
                logger: Logger(label: "test") { _ in SimulatedLog(node: node) }))
        node.replica = replica
        replica.observer.failed = { node.failure = $0 }
        let back = LoopBound(replica, to: node.loop)
        node.loop.atTurnEnd { back.value.turnEnded() }
        node.loop.turn { back.value.start() }
        for other in nodes where other.identifier != node.identifier {
            transport.connect(to: other)
        }
    }

    /// Ends the process at once; the disk keeps what was synced and some of what was not.
    func crash(_ node: SimulatedNode) {
        node.loop.end()
        node.replica = nil
        node.transport = nil
        for other in nodes {
            other.transport?.lost(node.identifier)
        }
        node.files.crash(.sectors, using: &world.random)
        if let pointer = node.files.bytes(of: "/data/engine/CURRENT") {
            node.engines.crash("/data/engine/" + String(decoding: pointer, as: UTF8.self))
        }
    }

    var leader: SimulatedNode? {
        nodes.filter { $0.replica?.isLeader == true }
            .max { ($0.replica?.report().term ?? .zero) < ($1.replica?.report().term ?? .zero) }
    }

    @discardableResult
    func awaitLeader(milliseconds: UInt64 = 5_000) -> SimulatedNode? {
        world.run(milliseconds: milliseconds) { leader != nil }
        return leader
    }

    /// Proposes on the leader; the outcome, or nil where none came in time.
    func propose(
        _ record: Record, isQuick: Bool = false, milliseconds: UInt64 = 3_000
    ) -> Result<RecordResult, RequestRefusal>? {
        guard let leader, let replica = leader.replica else { return nil }
        let answer = Locked<Result<RecordResult, RequestRefusal>?>(nil)
        let back = LoopBound(replica, to: leader.loop)
        leader.loop.post {
            back.value.propose(record.encoded(), isQuick: isQuick) { result in
                answer.withLock { $0 = result }
            }
        }
        world.run(milliseconds: milliseconds) { answer.withLock { $0 } != nil }
        return answer.withLock { $0 }
    }

    func read(_ name: String, on node: SimulatedNode) throws -> [UInt8]? {
        guard let engine = node.replica?.presentEngine else { return nil }
        return try engine.get(LetterStore.key(name))?.value
    }

    /// Waits until every living node has applied what the leader has committed.
    func settle(milliseconds: UInt64 = 10_000) -> Bool {
        world.run(milliseconds: milliseconds) {
            guard let target = leader?.replica?.report() else { return false }
            return target.commit == target.last
                && nodes.allSatisfy { node in
                    guard let replica = node.replica else { return true }
                    return replica.appliedPosition.index == target.commit
                }
        }
    }

    /// The state digests of all living nodes.
    func digests() throws -> [StateReport] {
        try nodes.compactMap { node in
            guard let engine = node.replica?.presentEngine else { return nil }
            return try StateDigest.of(engine)
        }
    }
}

extension SimulatedCluster {
    /// Three nodes, of which a follower is down and lacks what the others have compacted.
    static func compactedPastSleeper(
        seed: UInt64, chunkBytes: Int, records: Int,
        _ record: (_ number: Int, _ cluster: SimulatedCluster) -> Record
    ) throws -> (cluster: SimulatedCluster, sleeper: SimulatedNode) {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = 40_000
        limits.snapshotChunkBytes = chunkBytes
        let cluster = SimulatedCluster(size: 3, seed: seed, limits: limits)
        try cluster.startAll()
        cluster.awaitLeader()
        let sleeper = try #require(cluster.nodes.first { $0.replica?.isLeader == false })
        cluster.crash(sleeper)
        for number in 0..<records { _ = cluster.propose(record(number, cluster)) }
        cluster.world.run(milliseconds: 2_000)
        #expect((cluster.leader?.replica?.report().compacted ?? .zero) > .zero)
        return (cluster, sleeper)
    }
}
