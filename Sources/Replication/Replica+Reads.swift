import Codec
import IOCore
package import Identifiers
package import KeyValue
import Raft

/// How fresh a read must be.
package enum Consistency: Hashable, Sendable {
    /// Sees every transaction acknowledged before the read began.
    case linearizable
    /// What this node has applied, if that is all that a leader it has heard of had committed at some
    /// moment within this time.
    case stale(maximumLagMilliseconds: UInt64)
    /// What this node has applied, whatever that is.
    case local
}

/// A read that waits for its index.
struct PendingRead {
    let run: () -> Void
    let fail: (RequestRefusal) -> Void
}

extension Replica {
    /// Runs `job` over the engine on the read worker, once the state is as fresh as asked for, and
    /// `done` with its result on the loop.
    package func query<Answer: Sendable>(
        _ consistency: Consistency,
        _ job: @escaping @Sendable (any Engine) throws(EngineFailure) -> Answer,
        done: @escaping (Result<Answer, RequestRefusal>) -> Void
    ) {
        guard !isStopped else {
            done(.failure(.unavailable("the node is stopping")))
            return
        }
        switch consistency {
        case .local:
            perform(job, done: done)
        case .stale(let lag):
            guard isFresh(within: lag) else {
                done(
                    .failure(
                        .unavailable(
                            "what this node holds may be older than \(lag) ms; ask another")))
                return
            }
            perform(job, done: done)
        case .linearizable:
            let bound = settings.limits.pendingReads
            guard readsUnderWay < bound else {
                done(.failure(.noRoom("\(bound) reads are waiting; try again")))
                return
            }
            readsUnderWay += 1
            let end: (Result<Answer, RequestRefusal>) -> Void = { [unowned self] result in
                readsUnderWay -= 1
                done(result)
            }
            gatheredReads.append(
                PendingRead(
                    run: { [unowned self] in perform(job, done: end) },
                    fail: { end(.failure($0)) }))
        }
    }

    /// The last moment at which nobody else can have led: a majority has acknowledged what was sent since.
    ///
    /// When an answer is read tells nothing: it may have waited for long, on its way or in this process.
    private var leadAsOf: MonotonicTime? {
        let membership = raft.membership
        let own = settings.node
        if Quorum.isReached(membership, { $0 == own }) { return loop.now }
        return acknowledged.values.sorted(by: >).first { time in
            Quorum.isReached(membership) { node in
                node == own || acknowledged[node].map { $0 >= time } == true
            }
        }
    }

    private func isFresh(within milliseconds: UInt64) -> Bool {
        freshness.applied(position.index)
        if raft.isLeader {
            noteOwnCommit()
        }
        guard let time = freshness.asOf else { return false }
        return loop.now.milliseconds(since: time) <= milliseconds
    }

    /// Remembers what a leader says to be committed, as of now.
    func noteCommit(of message: Message, from node: NodeID) {
        switch message.body {
        case .appendRequest(let request)
        where message.term == raft.term && raft.leader == node
            && raft.log.term(at: request.commit) == raft.term:
            // Before a record of its term, a leader cannot tell all that is committed.
            freshness.applied(position.index)
            freshness.heard(request.commit, at: loop.now)
        case .appendResponse(let response) where message.term == raft.term && raft.isLeader:
            // Times of rounds are milliseconds apart; the same one once more tells nothing.
            guard let sent = rounds.time(of: response.readNonce, in: message.term),
                acknowledged[node].map({ sent > $0 }) ?? true
            else { return }
            acknowledged[node] = sent
            noteOwnCommit()
        default:
            break
        }
    }

    /// Remembers what this leader has committed, as of when it was surely the only one: that of a few
    /// who still follow it says nothing, where a majority may have elected another.
    private func noteOwnCommit() {
        guard raft.hasCommittedOfItsTerm, let time = leadAsOf else { return }
        freshness.applied(position.index)
        freshness.heard(raft.commitIndex, at: time)
    }

    /// Asks for one read index for all reads of this turn.
    func confirmGatheredReads() {
        guard !gatheredReads.isEmpty else { return }
        let nonce = nextNonce
        #if PLANTED_BUGS
            if PlantedBug.readNonceReused.isActive { nextNonce &-= 1 }
        #endif
        nextNonce &+= 1
        confirmingReads[nonce] = gatheredReads
        gatheredReads = []
        step(.read(nonce: nonce))
    }

    /// Runs `job` when the record at `index`, which is committed, is applied here, or will not be soon.
    package func whenApplied(_ index: LogIndex, _ job: @escaping () -> Void) {
        guard index > position.index, !isStopped else { return job() }
        readsAwaitingApply.append((index, PendingRead(run: job, fail: { _ in job() })))
    }

    func readsConfirmed(_ nonce: UInt64, at index: LogIndex) {
        guard let reads = confirmingReads.removeValue(forKey: nonce) else { return }
        for read in reads {
            if isApplied(index) {
                read.run()
            } else if isDiskHung {
                // What it waits for is not applied here until the disk answers.
                read.fail(.notLeader(leaderHint))
            } else {
                readsAwaitingApply.append((index, read))
            }
        }
        if !readsAwaitingApply.isEmpty { pumpApply() }
    }

    private func isApplied(_ index: LogIndex) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.readBeforeApplied.isActive { return true }
        #endif
        return index <= position.index
    }

    func readsFailed(_ nonce: UInt64, _ refusal: Refusal) {
        guard let reads = confirmingReads.removeValue(forKey: nonce) else { return }
        let described = describe(refusal)
        reads.forEach { $0.fail(described) }
    }

    /// Refuses reads of what is not applied here, and will not be before the engine has room.
    func refuseWaitingReads() {
        let reads = readsAwaitingApply
        readsAwaitingApply = []
        reads.forEach {
            $0.read.fail(
                .unavailable("this node's disk is full; free some space on it, or ask another"))
        }
    }

    func releaseReads() {
        guard !readsAwaitingApply.isEmpty else { return }
        let ready = readsAwaitingApply.filter { $0.index <= position.index }
        readsAwaitingApply.removeAll { $0.index <= position.index }
        ready.forEach { $0.read.run() }
    }

    private func perform<Answer: Sendable>(
        _ job: @escaping @Sendable (any Engine) throws(EngineFailure) -> Answer,
        done: @escaping (Result<Answer, RequestRefusal>) -> Void
    ) {
        let engine = engine
        let loop = loop
        let back = LoopBound((self, done), to: loop)
        resources.readWorker.submit {
            let result: Result<Answer, EngineFailure>
            do throws(EngineFailure) {
                result = .success(try job(engine.withLock { $0 }))
            } catch {
                result = .failure(error)
            }
            loop.post {
                let (replica, done) = back.value
                replica.noteFailure(of: result)
                done(result.mapError { .unavailable("\($0)") })
            }
        }
    }

    /// A store that cannot be read must not go on to lead, or to be taken for a copy: its node stops.
    func noteFailure<Answer>(of result: Result<Answer, EngineFailure>) {
        if case .failure(let failure) = result { fail(.engine(failure)) }
    }
}
