import Codec
import Compression
package import IOCore
package import Identifiers
package import KeyValue
package import Logging
package import Raft
package import Transactions
import WAL

/// Carries messages to other replicas; on the loop.
///
/// Loss is allowed, corruption is not.
package protocol PeerTransport: AnyObject {
    /// Sends buffers one behind the other; false where there is no connection.
    func send(_ buffers: [[UInt8]], to node: NodeID) -> Bool
    /// Ends the connection to a peer that broke the protocol.
    func drop(_ node: NodeID, reason: String)
    /// The data directory that a connected peer named in its handshake; nil where none is connected.
    func incarnation(of node: NodeID) -> Incarnation?
    /// Says who is in the cluster and where, as of the record at `index`; for a node that knows no
    /// cluster yet, whom to ask.
    func update(_ membership: ClusterMembership, asOf index: LogIndex)
}

/// The threads and files that a replica works with.
package struct ReplicaResources {
    package let loop: any EventLoop
    /// Writes and reads the log.
    package let diskWorker: any Worker
    /// Applies frames.
    package let applyWorker: any Worker
    /// Serves reads and makes snapshots for followers.
    package let readWorker: any Worker
    /// Flushes the engine, installs snapshots, computes digests.
    package let maintenanceWorker: any Worker
    package let fileSystem: any FileSystem
    package let engineFactory: any EngineFactory
    package let transport: any PeerTransport
    package let logger: Logger

    package init(
        loop: any EventLoop, diskWorker: any Worker, applyWorker: any Worker,
        readWorker: any Worker, maintenanceWorker: any Worker, fileSystem: any FileSystem,
        engineFactory: any EngineFactory, transport: any PeerTransport, logger: Logger
    ) {
        self.loop = loop
        self.diskWorker = diskWorker
        self.applyWorker = applyWorker
        self.readWorker = readWorker
        self.maintenanceWorker = maintenanceWorker
        self.fileSystem = fileSystem
        self.engineFactory = engineFactory
        self.transport = transport
        self.logger = logger
    }
}

/// The shell round the consensus core: steps it and performs its effects.
///
/// Lives on the loop. Blocking work goes to four workers and comes back as posted closures.
/// Records wait in `waiting` until the end of a turn, are sealed into frames, and their completions
/// wait in `sealed` until the frame has been applied here.
package final class Replica {
    let resources: ReplicaResources
    let settings: ReplicaSettings
    let incarnation: Incarnation
    let loop: any EventLoop
    let logger: Logger
    var raft: ConsensusCore
    var writer: LogWriter?
    let sealer: FrameSealer
    var cache: FrameCache
    /// The chain digest of the last frame of the log, which the next frame continues.
    var lastDigest: ChainDigest
    /// The chain digests of the newest frames.
    var chain: ChainTail

    // Effects
    var effects: [Effect] = []
    var isStepping = false
    var queuedInputs: [Input] = []
    /// The message being stepped, for the bytes that the core does not see.
    var incoming: PeerMessage?
    /// The frame being proposed.
    var proposal: SealedFrame?
    var membershipToPropose: Membership?
    /// The first record of a new cluster.
    var firstRecord: ClusterMembership?
    /// Messages that must not leave before a write is durable, in order.
    var held: [(after: WriteID, message: Message, to: NodeID)] = []
    var durable = WriteID.zero
    var deadline: TimerID?
    var outboxes: [NodeID: Outbox] = [:]
    /// When each peer was last heard of.
    var heard = NodeTable<MonotonicTime>()
    /// When this leader began each of its rounds.
    var rounds = RoundTimes()
    /// When that was sent, at the earliest, by which each peer last acknowledged this node as its leader.
    var acknowledged = NodeTable<MonotonicTime>()

    // Proposals
    var waiting: [WaitingRecord] = []
    /// What waits and what is sealed, as `WaitingRecord.countedBytes`.
    var waitingBytes = 0
    var sealed: [SealedProposals] = []
    var sealedBytes = 0
    var clock: ReplicatedClock

    // Apply
    let applier: ApplierOwner
    /// Until when turns are not applied on the loop, because one of them took long there.
    var appliesElsewhereUntil = MonotonicTime.zero
    var position: AppliedPosition
    var membership: ClusterMembership {
        didSet { directories = recordedDirectories }
    }
    /// Memberships of the log that have not been applied yet, in order.
    var logMemberships: [(index: LogIndex, membership: ClusterMembership)] {
        didSet { directories = recordedDirectories }
    }
    /// The directory recorded for each node; asked for with every message.
    private(set) var directories = NodeTable<Incarnation>()
    var applyTarget: LogIndex
    var isApplying = false
    /// Runs while what is committed gathers.
    var applyTimer: TimerID?
    /// Up to where there was something to apply when the present turn began, or the last one.
    var turnTarget = LogIndex.zero
    var sessionCount = 0
    var sessionFillings: UInt64 = 0

    // Reads
    /// Linearizable reads that have not been answered, wherever they are.
    var readsUnderWay = 0
    var nextNonce: UInt64
    var gatheredReads: [PendingRead] = []
    var confirmingReads: [UInt64: [PendingRead]] = [:]
    var readsAwaitingApply: [(index: LogIndex, read: PendingRead)] = []
    let engine: Locked<any Engine>
    /// As of when the state here is.
    var freshness = Freshness()

    // Snapshots
    var sources: [NodeID: WorkerBound<SnapshotSource>] = [:]
    var sourcesInTheMaking: Set<NodeID> = []
    let openSources = WorkerBound(SnapshotSources())
    var intake: WorkerBound<SnapshotIntake>?
    /// The chunk that `intake` waits for.
    var intakeWants: UInt64 = 0
    var isInstalling = false
    var isStoring = false
    /// Until when no chunk is taken, as one could not be stored, and for how long that is.
    var intakePause: (end: MonotonicTime, milliseconds: UInt64)?
    var intakeThrottle = LogThrottle(burst: 2, periodMilliseconds: 30_000)
    /// A snapshot whose engine has taken over, while there is no room for the log to begin behind it.
    var roomlessSnapshot: RoomlessSnapshot?
    let location: EngineLocation

    // Identity
    /// The first members of the cluster as configured; empty for a node that joins one.
    let founders: ClusterMembership
    /// Who is connected, with which data directory.
    var peers = NodeTable<PeerIdentity>()
    /// A founding is being written to disk.
    var isAccepting = false
    var isFoundingAgreed = false
    var standing = Standing.full
    /// Whether the directory held a term or a record when that was last looked at.
    var wasBegun = false
    /// What the peers were last told of this directory.
    var announced: FoundingMessage?
    var lastNotice = ""
    /// What keeps a lost directory's member from coming back, for people.
    var rejoinObstacle: String?

    // Duties and maintenance
    var leadership: UInt64 = 0
    var flushed: LogIndex
    /// The flushed index when frames to remove were looked for last.
    var compactionSought = LogIndex.zero
    var isFlushing = false
    var isCompacting = false
    var flushStarted: MonotonicTime
    var bytesSinceFlush = 0
    var recordsSinceFlush = 0
    var digestWaiters: [UInt64: (Result<StateReport, RequestRefusal>) -> Void] = [:]
    var isDigesting = false
    var reports: [StateReport] = []
    /// Who waits for the check of the log that is under way; empty where none is.
    var verifyWaiters: [(Result<LogReport, RequestRefusal>) -> Void] = []
    var administration: ((Result<LogIndex, RequestRefusal>) -> Void)?
    /// What `administration` waits for where that is leadership to move.
    var transfer: PendingTransfer?
    /// What a leader has asked this node for before it had applied enough.
    var postponedRun: PostponedRun?
    /// While leadership is offered that no operator asked to move.
    var isResigning = false
    /// Places of nodes that a membership change under way brings in.
    var newMembers: [Member] = []
    var knownDamage: [DamagedRange] = []
    /// What of the recovery table it has come to, besides what the log tells.
    var steps: RecoverySteps = []
    /// Exists while damage stands in the way of a vote.
    var repair: RepairState?
    /// Peers whose question about lost frames is being answered.
    var servingRepairs: Set<NodeID> = []
    /// How far the scrub in the background has come.
    var scrubPlace = ScrubPlace.beginning
    /// Whether a part of the log is being scrubbed.
    var isScrubbing = false
    /// Reads of frames' headers that clients have asked for and that are under way.
    var logFramesUnderWay = 0
    /// Looks in a row at which the disk was too busy for the scrub.
    var busyScrubLooks = 0
    var scrubThrottle = LogThrottle(burst: 2, periodMilliseconds: 60_000)
    var dutyTurn: UInt64 = 0
    /// What the consensus was told of the disk last.
    var diskHealth = DiskHealth.good
    /// Whether the log has not answered for too long.
    var isDiskHung = false
    /// Whether the log has no room, or no descriptor for a file that it needs.
    var isDiskFull = false
    /// Whether it is a descriptor that it had not when it said so.
    var writerLacksDescriptors = false
    /// Whether the engine was not flushed for want of room.
    var isEngineFull = false
    var isStopped = false
    var started: MonotonicTime
    package var observer = ReplicaObserver()

    /// Takes over what `OpenedReplica.open` recovered; on the loop.
    package init(_ opened: consuming OpenedReplica, resources: ReplicaResources) {
        let loop = resources.loop
        precondition(loop.isCurrent, "a replica is made on its loop")
        self.resources = resources
        self.loop = loop
        settings = opened.settings
        incarnation = opened.incarnation
        logger = resources.logger
        let now = loop.now
        var core = opened.settings.raft
        core.seed = loop.randomBits()
        raft = ConsensusCore(
            identifier: opened.settings.node, settings: core, recovered: opened.recovered, now: now)
        sealer = FrameSealer(limits: opened.settings.limits)
        cache = FrameCache(byteLimit: opened.settings.limits.frameCacheBytes)
        lastDigest = opened.lastDigest
        chain = opened.chain
        applier = ApplierOwner(opened.applier, worker: resources.applyWorker, loop: loop)
        position = opened.applier.position
        membership = opened.membership
        logMemberships = opened.logMemberships
        founders = opened.founders
        applyTarget = opened.applier.position.index
        engine = Locked(opened.applier.engine)
        location = opened.location
        flushed = opened.applier.position.index
        flushStarted = now
        started = now
        nextNonce = loop.randomBits() | 1
        clock = ReplicatedClock(opened.applier.position.timeMilliseconds)
        let log = opened.log
        let voting = opened.recovered.hardState
        writer = LogWriter(
            loop: loop, worker: resources.diskWorker, log: log,
            voting: .init(term: voting.term, vote: voting.vote),
            isMending: opened.recovered.hiddenEnd != nil
        ) { [unowned self] event in
            writerReported(event)
        }
        directories = recordedDirectories
        knownDamage = opened.damage
        steps = opened.steps
        let obstacles = opened.damage.filter { $0.last > flushed }
        if !obstacles.isEmpty {
            repair = RepairState(obstacles, helpers: opened.others, now: now)
            for range in obstacles {
                logger.error("the log is damaged", metadata: ["what": "\(range)"])
            }
        }
    }

    /// Begins: connects to the others and starts the timers.
    package func start() {
        resources.transport.update(
            membership.members.isEmpty ? founders : membership, asOf: position.index)
        membershipChanged()
        step(.tick)
        scheduleDuties()
    }

    /// Everything of one turn has arrived: seal what waits, write what has gathered.
    package func turnEnded() {
        guard !isStopped else { return }
        confirmGatheredReads()
        sealWaiting()
        writer?.flush()
    }

    /// A message of a peer.
    package func received(_ message: PeerMessage, from node: NodeID) {
        guard !isStopped, isAdmitted(message.message, from: node) else { return }
        // A leader that leads on runs the log, whatever it has asked before.
        if case .appendRequest = message.message.body, message.message.term >= raft.term {
            postponedRun = nil
        }
        // While a snapshot takes over or a repair ends, frames are lost on the way, so to speak.
        if isInstalling || repair?.isEnding == true, !message.frames.isEmpty { return }
        if isMember(node) {
            heard[node] = loop.now
        }
        if let complaint = complaint(about: message) {
            logger.error(
                "a peer has sent frames that do not fit the log",
                metadata: ["peer": "\(node)", "what": "\(complaint)"])
            resources.transport.drop(node, reason: complaint)
            return
        }
        guard !isAskedTooEarly(message.message, by: node) else { return }
        incoming = message
        step(.message(message.message, from: node))
        incoming = nil
        noteCommit(of: message.message, from: node)
    }

    /// What is wrong with the frames of a message, by the chain of digests; nil where nothing is.
    private func complaint(about message: PeerMessage) -> String? {
        guard case .appendRequest(let request) = message.message.body, !message.frames.isEmpty,
            message.message.term >= raft.term
        else { return nil }
        let previous = request.previous
        let agrees =
            previous.index <= raft.commitIndex
            || raft.log.term(at: previous.index) == previous.term
        return chain.complaint(
            about: message.frames, behind: previous.index, agrees: agrees,
            isHeld: { raft.term(at: $0.lastIndex) == $0.term })
    }

    /// The connection to a peer was made or lost.
    package func connectionChanged(_ node: NodeID) {
        guard !isStopped else { return }
        outboxes[node] = nil
        peers[node] = resources.transport.incarnation(of: node).map { PeerIdentity($0) }
        if peers[node] != nil {
            send(ownStanding, to: node)
        }
        step(.peerUnreachable(node))
    }

    /// Stops for good: nothing is sent, written or answered any more.
    package func stop() {
        guard !isStopped else { return }
        isStopped = true
        writer?.stop()
        if let deadline { loop.cancel(deadline) }
        failEverything(.outcomeUnknown)
        closeSources()
        abandonIntake()
    }

    func fail(_ failure: ReplicationFailure) {
        guard !isStopped else { return }
        logger.critical("the node stops", metadata: ["reason": "\(failure)"])
        stop()
        observer.failed(failure)
    }
}

/// What the owner of a replica wants to hear of; all calls on the loop.
package struct ReplicaObserver {
    /// The node cannot go on.
    package var failed: (ReplicationFailure) -> Void = { _ in }
    /// Role, term or leader has changed.
    package var roleChanged: (RoleReport) -> Void = { _ in }
    /// A turn has been applied.
    package var applied: (AppliedTurn) -> Void = { _ in }
    /// An engine brought by a snapshot has taken over.
    package var stateReplaced: (AppliedPosition) -> Void = { _ in }

    package init() {}
}

/// A record that waits to be sealed, and who wants to know what became of it.
struct WaitingRecord {
    /// What a record takes in a frame besides its bytes, at the most: its length, and before the first
    /// the time.
    static let framingBytes = 10

    let bytes: [UInt8]
    /// What of the bound of proposals it takes: nothing where it is the node's own.
    let countedBytes: Int
    /// Whether to apply it takes little time, but for the checkpoint that it may bring.
    let isQuick: Bool
    let done: (Result<RecordResult, RequestRefusal>) -> Void
}

/// The completions of one sealed frame, by record.
struct SealedProposals {
    let firstIndex: LogIndex
    let lastIndex: LogIndex
    /// What they take of the bound of proposals.
    let byteCount: Int
    let done: [(Result<RecordResult, RequestRefusal>) -> Void]
    /// Whether all of its records are.
    let isQuick: Bool
    /// Whether its commit ends the change of membership that an operator waits for.
    let endsChange: Bool
}
