import IOCore
import KeyValue
import Replication

/// Reads the engine for one connection, as fast as the client takes the answers.
///
/// On the loop. The read worker asks for room before each read, and without it reads nothing: the
/// read comes back and begins again later, as fresh as was asked for. So what is kept for a client
/// that asks for much and takes nothing is `Limits.connectionOutputBytes` and an answer.
final class AnswerGate {
    /// What a read brings.
    struct Made<Answer: Sendable>: Sendable {
        let answer: Answer
        /// What the answer will take up.
        let bytes: Int
    }

    typealias Job<Answer: Sendable> = @Sendable (any Engine) throws(EngineFailure) -> Made<Answer>

    private let replica: Replica
    private let connection: any Connection
    private let bound: Int
    private let room: AnswerRoom
    private var queue = AnswerQueue<() -> Void>()
    private var isProceeding = false
    private var isClosed = false

    /// - Parameter bound: bytes of answers over which no read begins.
    init(_ connection: any Connection, replica: Replica, bound: Int) {
        self.connection = connection
        self.replica = replica
        self.bound = bound
        room = AnswerRoom(bound: bound)
    }

    /// Runs `job` as `Replica.query` does, when its answer has room; `done` gives the answer to the
    /// connection, and is not called once the gate is closed.
    func query<Answer: Sendable>(
        _ consistency: Consistency, _ job: @escaping Job<Answer>,
        done: @escaping (Result<Answer, RequestRefusal>) -> Void
    ) {
        guard !isClosed else { return }
        queue.append { [unowned self] in begin(consistency, job, done) }
        proceed()
    }

    /// The connection has been given something to send, or has sent it.
    func outputChanged() {
        room.noteUnsent(connection.unsentBytes)
        proceed()
    }

    /// The connection is gone, and all that waits with it.
    func close() {
        isClosed = true
        queue = AnswerQueue()
    }

    private func proceed() {
        // What begins may be refused at once, and come back here.
        guard !isProceeding else { return }
        isProceeding = true
        defer { isProceeding = false }
        while true {
            // What has left in part is not told of, and the worker must not go by what was.
            let unsent = connection.unsentBytes
            room.noteUnsent(unsent)
            guard unsent <= bound, let work = queue.next() else { return }
            work()
        }
    }

    private func begin<Answer: Sendable>(
        _ consistency: Consistency, _ job: @escaping Job<Answer>,
        _ done: @escaping (Result<Answer, RequestRefusal>) -> Void
    ) {
        let room = room
        replica.query(consistency) { engine throws(EngineFailure) -> Made<Answer>? in
            guard room.isOpen else { return nil }
            let made = try job(engine)
            room.made(made.bytes)
            return made
        } done: { [self] result in
            guard !isClosed else { return }
            switch result {
            case .success(nil):
                queue.refused { [unowned self] in begin(consistency, job, done) }
            case .success(let made?):
                queue.answered()
                room.delivered(made.bytes, unsent: connection.unsentBytes + made.bytes)
                done(.success(made.answer))
            case .failure(let refusal):
                queue.answered()
                done(.failure(refusal))
            }
            proceed()
        }
    }
}
