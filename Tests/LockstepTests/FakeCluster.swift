import Codec
import IOCore
import Identifiers
import Sessions
import Transactions
import Wire

/// Nodes that share one log at once, with the mishaps that a test orders.
final class FakeCluster {
    /// What becomes of the next submission that reaches the leader.
    enum Mishap {
        /// Executed, but the connection breaks before the answer.
        case executedUnanswered
        /// The connection breaks before anything is executed.
        case lost
        case unavailable
        case interrupted
        case refused
        /// Nothing is executed, and nobody answers.
        case silent
    }

    struct Session {
        var highest: UInt64 = 0
        var acknowledgedThrough: UInt64 = 0
        var outcomes: [UInt64: [UInt8]] = [:]
    }

    let loop: MemoryLoop
    let network: MemoryNetwork
    let addresses: [Address]
    var leader: Int?
    /// Nodes know who leads; otherwise they say that they know nobody.
    var givesHints = true
    var mishaps: [Mishap] = []
    /// The leader closes each connection behind its first answer.
    var closesBehindAnswers = false
    private var closedAt: MonotonicTime?
    /// How long after each such end a node was connected to again.
    var millisecondsBehindEnds: [UInt64] = []
    /// What happens once while a submission is executed whose answer is lost.
    var meanwhile: (() -> Void)?
    /// Nodes that accept connections and requests, and answer nothing.
    var silentNodes: Set<Int> = []
    var sessions: [UInt64: Session] = [:]
    /// The transactions that took effect, in order.
    var executed: [Transactions.Transaction] = []
    var changes: [Transactions.ChangeSet] = []
    var firstRetained: UInt64 = 1
    var log: UInt64 = 0
    var connections: [FakeNodeConnection] = []
    var handshakes = 0
    var requests: [Request] = []
    var cancelledWatches = 0
    /// Outcomes that a session may hold unacknowledged.
    var outcomesPerSession = Int.max
    /// Linearizable reads that may be under way, and how long each takes.
    var readRoom = Int.max
    var readMilliseconds: UInt64 = 0
    var readsUnderWay = 0
    /// What the next linearizable reads are refused with.
    var readRefusals: [RequestError] = []
    private var listeners: [any Listener] = []

    init(nodes: Int = 3, leader: Int? = 0) throws {
        loop = MemoryLoop()
        network = MemoryNetwork(loop)
        addresses = (0..<nodes).map { Address(host: "127.0.0.1", port: UInt16(7_000 + $0)) }
        self.leader = leader
        for node in addresses.indices {
            listeners.append(
                try network.listen(on: addresses[node]) { [unowned self] connection in
                    handshakes += 1
                    noteConnection()
                    let served = FakeNodeConnection(connection, self, node)
                    connections.append(served)
                    connection.setHandler(served)
                })
        }
    }

    private func noteConnection() {
        guard let closedAt else { return }
        millisecondsBehindEnds.append(loop.now.milliseconds(since: closedAt))
        self.closedAt = nil
    }

    /// Takes down that the leader has closed a connection behind an answer.
    func noteEnd() {
        closedAt = loop.now
    }

    /// Nobody listens there any more, and who is connected is cut off.
    func stop(_ node: Int) {
        listeners[node].close()
        for served in connections where served.node == node { served.cut() }
    }

    func hint() -> RequestError {
        guard givesHints, let leader else { return .notLeader(node: nil, clientAddress: "") }
        return .notLeader(
            node: NodeID(UInt64(leader + 1)), clientAddress: "\(addresses[leader])")
    }

    func openSession() -> SessionID {
        log += 1
        sessions[log] = Session()
        return SessionID(log)
    }

    /// Executes once, or repeats the first answer, as the replicated session table does.
    func submit(_ submission: Submission) -> [UInt8] {
        let origin = submission.origin
        let place = origin.sequence.rawValue
        func abort(_ code: AbortCode) -> [UInt8] {
            Outcome.aborted(
                index: LogIndex(log), Abort(step: nil, code: code, message: "\(code)")
            ).encoded()
        }
        log += 1
        guard var session = sessions[origin.session.rawValue] else { return abort(.sessionUnknown) }
        if let known = session.outcomes[place] { return known }
        guard place > session.acknowledgedThrough else { return abort(.outcomeForgotten) }
        guard place == session.highest + 1 else { return abort(.sequenceGap) }
        let open = session.outcomes.count { $0.key > origin.acknowledgedThrough.rawValue }
        guard open < outcomesPerSession else { return abort(.sessionFull) }
        var reader = ByteReader(submission.transaction)
        guard let transaction = try? Transaction.decode(&reader, limits: .standard) else {
            return abort(.malformed)
        }
        let outcome = execute(transaction)
        session.highest = place
        session.outcomes[place] = outcome
        session.acknowledgedThrough = origin.acknowledgedThrough.rawValue
        session.outcomes = session.outcomes.filter { $0.key > session.acknowledgedThrough }
        sessions[origin.session.rawValue] = session
        return outcome
    }

    private func execute(_ transaction: Transactions.Transaction) -> [UInt8] {
        for (place, step) in transaction.steps.enumerated() {
            if case .abort(let reason) = step {
                let abort = Abort(step: place, code: .requested, message: reason)
                return Outcome.aborted(index: LogIndex(log), abort).encoded()
            }
        }
        if !transaction.steps.isEmpty { executed.append(transaction) }
        commitChange("key\(log)")
        let results = transaction.steps.map { _ in [UInt8]() }
        return Outcome.committed(index: LogIndex(log), results: results).encoded()
    }

    /// Records a change as of the present end of the log, and tells the watches.
    func commitChange(_ key: String, to values: [[UInt8]] = [[1]]) {
        let made = values.map {
            Change(step: 0, store: .properties, key: key, old: nil, new: $0)
        }
        changes.append(
            ChangeSet(
                index: LogIndex(log), timeMilliseconds: 5, properties: [], changes: made,
                abort: nil))
        for served in connections { served.feedWatches() }
    }
}

/// The server's end of one connection.
final class FakeNodeConnection: ConnectionHandler {
    let node: Int
    private let connection: any Connection
    private unowned let cluster: FakeCluster
    private var session: ClientSession
    private var watches: [(RequestID, WatchRequest, next: UInt64)] = []

    init(_ connection: any Connection, _ cluster: FakeCluster, _ node: Int) {
        self.connection = connection
        self.cluster = cluster
        self.node = node
        session = ClientSession(
            identity: .init(
                cluster: ClusterID(Bits128(high: 1, low: 1)), node: NodeID(UInt64(node + 1)),
                incarnation: Incarnation(1)))
    }

    func received(_ bytes: [UInt8]) {
        take(session.received(bytes))
    }

    func drained() {}

    func closed(_ reason: String) {
        session.connectionClosed()
        watches = []
    }

    func cut() {
        session.connectionClosed()
        connection.close(flush: false)
    }

    private func take(_ actions: [ClientSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): connection.send(bytes)
            case .perform(let identifier, let request): perform(identifier, request)
            case .creditGranted: feedWatches()
            case .cancelWatch(let identifier):
                cluster.cancelledWatches += 1
                watches.removeAll { $0.0 == identifier }
                answer(identifier, .watchEnded(.cancelled))
            case .watchRefused(let identifier):
                watches.removeAll { $0.0 == identifier }
            case .setReading: break
            case .close: connection.close(flush: true)
            }
        }
    }

    func answer(_ identifier: RequestID, _ response: Response) {
        take(session.answered(identifier, response))
        guard cluster.closesBehindAnswers, cluster.leader == node else { return }
        connection.close(flush: true)
        cluster.noteEnd()
    }

    private func perform(_ identifier: RequestID, _ request: Request) {
        guard !session.isClosed else { return }
        cluster.requests.append(request)
        guard !cluster.silentNodes.contains(node) else { return }
        switch request {
        case .status:
            let status = NodeStatus(
                node: NodeID(UInt64(node + 1)), cluster: nil, incarnation: Incarnation(1),
                role: cluster.leader == node ? .leader : .follower)
            answer(identifier, .status(status))
        case .watch(let watch):
            start(identifier, watch)
        default:
            guard cluster.leader == node else {
                answer(identifier, .error(cluster.hint()))
                return
            }
            lead(identifier, request)
        }
    }

    private func lead(_ identifier: RequestID, _ request: Request) {
        switch request {
        case .openSession:
            answer(identifier, .sessionOpened(cluster.openSession()))
        case .submit(let submission):
            submit(identifier, submission)
        case .keepAlive(let name), .closeSession(let name):
            let isKnown = cluster.sessions[name.rawValue] != nil
            answer(identifier, isKnown ? .done(.zero) : .error(.sessionExpired(name)))
        case .read(let read):
            self.read(identifier, read)
        case .memberAdd:
            if cluster.mishaps.isEmpty {
                answer(identifier, .done(LogIndex(9)))
            } else {
                cluster.mishaps.removeFirst()
                cut()
            }
        case .verify where cluster.mishaps.first == .silent:
            break
        case .memberRemove, .memberPromote, .transfer, .snapshot, .verify, .stateDigest, .status,
            .logFrames, .watch, .watchCredit, .watchCancel:
            answer(identifier, .error(.refused(.wrongState, "not here")))
        }
    }

    private func read(_ identifier: RequestID, _ read: ReadRequest) {
        let applied = LogIndex(cluster.log)
        let result: Response =
            read.kind == 0
            ? .readAborted(applied: applied, .notFound, message: "nothing")
            : .readResult(applied: applied, read.body)
        guard read.consistency == .linearizable else { return answer(identifier, result) }
        guard cluster.readRefusals.isEmpty else {
            return answer(identifier, .error(cluster.readRefusals.removeFirst()))
        }
        guard cluster.readsUnderWay < cluster.readRoom else {
            let text = "\(cluster.readRoom) reads are waiting"
            return answer(identifier, .error(.noRoom(reason: text)))
        }
        guard cluster.readMilliseconds > 0 else { return answer(identifier, result) }
        cluster.readsUnderWay += 1
        let bound = LoopBound((self, cluster), to: cluster.loop)
        let end = cluster.loop.now.advanced(milliseconds: cluster.readMilliseconds)
        _ = cluster.loop.schedule(at: end) {
            let (served, cluster) = bound.value
            cluster.readsUnderWay -= 1
            if !served.session.isClosed { served.answer(identifier, result) }
        }
    }

    private func submit(_ identifier: RequestID, _ submission: Submission) {
        guard !cluster.mishaps.isEmpty else {
            let set = submission.wantsChanges ? cluster.changes.last?.encoded() : nil
            answer(identifier, .outcome(cluster.submit(submission), changes: set))
            return
        }
        switch cluster.mishaps.removeFirst() {
        case .executedUnanswered:
            _ = cluster.submit(submission)
            cluster.meanwhile?()
            cluster.meanwhile = nil
            cut()
        case .lost: cut()
        case .unavailable:
            let error = RequestError.unavailable(reason: "busy", retryAfterMilliseconds: 30)
            answer(identifier, .error(error))
        case .interrupted:
            _ = cluster.submit(submission)
            answer(identifier, .error(.interrupted(reason: "stepped down")))
        case .refused: answer(identifier, .error(.refused(.busy, "there are too many sessions")))
        case .silent: break
        }
    }

    private func start(_ identifier: RequestID, _ watch: WatchRequest) {
        let first: UInt64 =
            switch watch.start {
            case .now: cluster.log + 1
            case .from(let index): index.rawValue
            }
        guard first >= cluster.firstRetained else {
            let end = WatchEnd.retentionPassed(firstRetained: LogIndex(cluster.firstRetained))
            answer(identifier, .watchEnded(end))
            return
        }
        answer(identifier, .watchStarted(first: LogIndex(first)))
        watches.append((identifier, watch, first))
        feedWatches()
    }

    func feedWatches() {
        for place in watches.indices {
            let (identifier, watch, next) = watches[place]
            let wanted = cluster.changes.filter { $0.index.rawValue >= next }
            let sets = wanted.compactMap(watch.filtered).prefix(session.credit(of: identifier))
            guard let last = sets.last else { continue }
            watches[place].next = last.index.rawValue + 1
            let response = Response.changeSets(through: last.index, sets.map { $0.encoded() })
            answer(identifier, response)
        }
    }
}
