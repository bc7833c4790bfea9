import Codec
import IOCore
import Identifiers
import KeyValue
import Logging
import Replication
import Stores
import Transactions
import Wire

/// Serves one client request with the replica; on the loop.
///
/// Every request is answered once, but for reads of a connection that is gone.
final class ClientService {
    let replica: Replica
    let executor: Executor
    let limits: Limits
    let feed: FeedReader
    /// Fills in what the node knows beyond its replica.
    var status: () -> NodeStatus
    /// Whether this node has been removed from the cluster.
    var isRemoved: () -> Bool = { false }

    init(
        replica: Replica, executor: Executor, limits: Limits,
        status: @escaping () -> NodeStatus
    ) {
        self.replica = replica
        self.executor = executor
        self.limits = limits
        self.status = status
        feed = FeedReader(limits: limits)
    }

    /// - Parameter gate: the connection's, through which its large answers are read.
    func serve(
        _ request: Request, through gate: AnswerGate, answer: @escaping (Response) -> Void
    ) {
        switch request {
        case .openSession(let timeToLive, let description):
            openSession(timeToLive, description, answer)
        case .submit(let submission):
            submit(submission, gate, answer)
        case .keepAlive(let session):
            proposeForSession(.touchSession(session), session, answer)
        case .closeSession(let session):
            proposeForSession(.closeSession(session), session, answer)
        case .read(let read):
            serve(read, gate, answer)
        case .status:
            answer(.status(status()))
        case .stateDigest(let index):
            digest(at: index, answer)
        case .memberAdd, .memberRemove, .memberPromote, .transfer, .snapshot, .verify, .logFrames:
            administer(request, answer)
        case .watch, .watchCredit, .watchCancel:
            preconditionFailure("watches are served by their connection")
        }
    }

    // MARK: Sessions and transactions

    private func openSession(
        _ timeToLive: UInt64, _ description: String, _ answer: @escaping (Response) -> Void
    ) {
        let bounded = min(max(timeToLive, 1_000), 24 * 3_600_000)
        let record = Record.openSession(timeToLiveMilliseconds: bounded, description: description)
        replica.propose(record.encoded()) { result in
            switch result {
            case .success(.sessionOpened(let session)): answer(.sessionOpened(session))
            case .success(.refused(let abort)):
                answer(.error(.refused(.busy, abort.message)))
            case .success: answer(.error(.interrupted(reason: "the record was not a session's")))
            case .failure(let refusal): answer(.error(refusal.wire))
            }
        }
    }

    private func proposeForSession(
        _ record: Record, _ session: SessionID, _ answer: @escaping (Response) -> Void
    ) {
        replica.propose(record.encoded()) { [unowned self] result in
            switch result {
            case .success(.refused): answer(.error(.sessionExpired(session)))
            case .success: answer(.done(replica.appliedPosition.index))
            case .failure(let refusal): answer(.error(refusal.wire))
            }
        }
    }

    private func submit(
        _ submission: Submission, _ gate: AnswerGate, _ answer: @escaping (Response) -> Void
    ) {
        // What the log takes up must be readable on every node; whether it makes sense is decided
        // when it is applied, so that every sequence number has an outcome.
        let isQuick: Bool
        do throws(DecodingFailure) {
            var reader = ByteReader(submission.transaction)
            let transaction = try Transaction.decode(&reader, limits: limits)
            try reader.finish()
            isQuick = executor.isQuick(transaction)
        } catch {
            switch error {
            case .overLimit(_, let what, let size, let limit):
                answer(.error(.tooLarge(what: what, size: size, limit: limit)))
            case .truncated, .malformed:
                answer(.error(.refused(.invalidArgument, "transaction: \(error)")))
            }
            return
        }
        let record = Record.encodedTransaction(
            submission.transaction, origin: submission.origin)
        replica.propose(record, isQuick: isQuick) { [unowned self] result in
            switch result {
            case .success(.outcome(let outcome)):
                answerOutcome(outcome, submission, gate, answer)
            case .success:
                answer(.error(.interrupted(reason: "the record was not a transaction")))
            case .failure(let refusal):
                answer(.error(refusal.wire))
            }
        }
    }

    private func answerOutcome(
        _ outcome: [UInt8], _ submission: Submission, _ gate: AnswerGate,
        _ answer: @escaping (Response) -> Void
    ) {
        let header = try? OutcomeHeader.peek(outcome)
        if case .aborted(_, .sessionUnknown)? = header {
            answer(.error(.sessionExpired(submission.origin.session)))
            return
        }
        guard submission.wantsChanges, case .committed(let index)? = header else {
            answer(.outcome(outcome, changes: nil))
            return
        }
        // The outcome may be known before the engine has the changes.
        replica.whenApplied(index) { [self] in
            answerOutcome(outcome, at: index, gate, answer)
        }
    }

    /// Answers with the changes that the feed holds of the record at `index`.
    private func answerOutcome(
        _ outcome: [UInt8], at index: LogIndex, _ gate: AnswerGate,
        _ answer: @escaping (Response) -> Void
    ) {
        let feed = feed
        gate.query(.local) { engine throws(EngineFailure) -> AnswerGate.Made<[UInt8]?> in
            let changes = try feed.page(from: index, byteLimit: 1, in: engine).changeSets
                .first { $0.index == index }?.encoded()
            return AnswerGate.Made(answer: changes, bytes: outcome.count + (changes?.count ?? 0))
        } done: { [limits] result in
            let changes = (try? result.get()) ?? nil
            // An answer that fits is worth more than one that is refused for its changes, which
            // would make a commit look like a failure.
            let bytes = outcome.count + (changes?.count ?? 0) + 64
            answer(
                .outcome(outcome, changes: bytes <= limits.clientAnswerBytes ? changes : nil))
        }
    }

    // MARK: Reads

    private func serve(
        _ read: ReadRequest, _ gate: AnswerGate, _ answer: @escaping (Response) -> Void
    ) {
        let consistency: Consistency =
            switch read.consistency {
            case .linearizable: .linearizable
            case .stale(let lag): .stale(maximumLagMilliseconds: lag)
            case .local: .local
            }
        let executor = executor
        gate.query(consistency) { engine throws(EngineFailure) -> AnswerGate.Made<ReadAnswer> in
            let pinned = try engine.pin()
            defer { pinned.close() }
            let applied = try AppliedPosition.read(pinned).index
            do throws(StoreFailure) {
                let bytes = try executor.read(
                    read.store, kind: read.kind, body: read.body, from: pinned)
                return AnswerGate.Made(answer: .result(applied, bytes), bytes: bytes.count)
            } catch {
                switch error {
                case .abort(let code, let message):
                    return AnswerGate.Made(
                        answer: .aborted(applied, code, message), bytes: message.utf8.count)
                case .engine(let failure): throw failure
                }
            }
        } done: { result in
            switch result {
            case .success(.result(let applied, let bytes)):
                answer(.readResult(applied: applied, bytes))
            case .success(.aborted(let applied, let code, let message)):
                answer(.readAborted(applied: applied, code, message: message))
            case .failure(let refusal):
                answer(.error(refusal.wire))
            }
        }
    }

    private enum ReadAnswer: Sendable {
        case result(LogIndex, [UInt8])
        case aborted(LogIndex, AbortCode, String)
    }

    private func digest(at index: LogIndex?, _ answer: @escaping (Response) -> Void) {
        if let index {
            guard let report = replica.digest(at: index) else {
                let applied = replica.appliedPosition.index
                let reason =
                    applied < index
                    ? "this node has applied record \(applied), and record \(index) is asked for"
                    : "no digest of record \(index) is remembered here"
                answer(.error(.unavailable(reason: reason, retryAfterMilliseconds: 100)))
                return
            }
            answer(.digest(at: report.index, report.digest))
            return
        }
        replica.requestDigest { result in
            switch result {
            case .success(let report): answer(.digest(at: report.index, report.digest))
            case .failure(let refusal): answer(.error(refusal.wire))
            }
        }
    }
}

extension RequestRefusal {
    /// The refusal as the native protocol words it.
    var wire: RequestError {
        switch self {
        case .notLeader(let hint):
            .notLeader(node: hint?.node, clientAddress: hint?.clientAddress ?? "")
        case .unavailable(let reason):
            .unavailable(reason: reason, retryAfterMilliseconds: 50)
        case .noRoom(let reason):
            .noRoom(reason: reason)
        case .outcomeUnknown:
            .interrupted(reason: "leadership was lost before the outcome was known")
        case .refused(let kind, let reason):
            .refused(RefusalCode(kind), reason)
        }
    }
}

extension RefusalCode {
    /// The kind of a replica's refusal on the wire.
    init(_ kind: RefusalKind) {
        self =
            switch kind {
            case .invalidArgument: .invalidArgument
            case .notFound: .notFound
            case .exists: .exists
            case .wrongState: .wrongState
            case .busy: .busy
            }
    }
}
