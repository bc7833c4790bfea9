import Codec
package import Histories
import Identifiers
import JSON
package import Lockstep
import Transactions
import Wire

/// A client with a session of its own, who does not take one answer for an answer.
package struct SessionInsister {
    private static let mostAnswers = 3
    private static let aborted = "aborted"

    private let workload: String
    private let client: Int
    private let path: String
    private let noteName: String
    private let endpoints: [Endpoint]
    private let recorder: HistoryRecorder
    private let timeout: Duration
    private var generator: SeededGenerator
    private var values: Int64 = 0
    private var endpoint: Endpoint
    private var connection: RawConnection?
    private var session: SessionID?
    private var sequence: UInt64 = 0

    /// A client that sets the count at `path` to one value after the other, each of which is the note
    /// `noteName` of its transaction, and is found in no other client's.
    ///
    /// `timeout` is how long it insists on one transaction. Its choices come from the seed.
    package init(
        workload: String, client: Int, path: String, noteName: String, endpoints: [Endpoint],
        recorder: HistoryRecorder, timeout: Duration, seed: UInt64
    ) {
        precondition(!endpoints.isEmpty, "client \(client) of \(workload) has no endpoints")
        self.workload = workload
        self.client = client
        self.path = path
        self.noteName = noteName
        self.endpoints = endpoints
        self.recorder = recorder
        self.timeout = timeout
        generator = SeededGenerator(seed: seed &+ UInt64(client) &* 0x9E37_79B9)
        endpoint = endpoints[0]
    }

    /// Sends one transaction until it was answered several times, and takes down all answers.
    package mutating func submitNext() async {
        let deadline = ContinuousClock.now + timeout
        guard let session = await openSession(until: deadline) else { return }
        values += 1
        let value = Int64(client) * 1_000_000 + values
        guard let bytes = try? transaction(value) else { return }
        sequence += 1
        guard
            let operation = recorder.invoke(
                client: client, workload: workload, function: "submit",
                key: "\(session)/\(sequence)", arguments: [.integer(value)])
        else { return }
        let submission = Submission(
            origin: Origin(
                session: session, sequence: SequenceNumber(sequence),
                acknowledgedThrough: SequenceNumber(sequence - 1)),
            wantsChanges: false, transaction: bytes)
        let answers = await insist(submission, until: deadline)
        if answers.contains(where: { $0.list?.last == .text(Self.aborted) }) {
            // One session more; what is after an abort would be aborted as well.
            self.session = nil
        }
        if answers.isEmpty {
            recorder.complete(operation, .unknown("no answer"))
            // What follows in this session would wait for it.
            self.session = nil
        } else if answers.allSatisfy({ $0.list?.last == .text(Self.aborted) }) {
            recorder.complete(operation, .failed("aborted"))
        } else {
            recorder.complete(operation, .done(.list(answers)))
        }
    }

    /// A transaction as it goes over the wire, with its number as a note.
    private func transaction(_ value: Int64) throws(LockstepError) -> [UInt8] {
        var steps = Lockstep.Transaction()
        try steps.setProperty(path, type: .count, values: [.count(UInt64(value))])
        let transaction = Transactions.Transaction(
            steps: steps.steps, expectations: [],
            properties: [
                Transactions.TransactionProperty(name: noteName, value: Array("\(value)".utf8))
            ],
            completionMode: .individual)
        var writer = ByteWriter()
        transaction.encode(into: &writer)
        return writer.take()
    }

    private mutating func insist(
        _ submission: Submission, until deadline: ContinuousClock.Instant
    ) async -> [Datum] {
        var answers: [Datum] = []
        let wanted = Int.random(in: 1...Self.mostAnswers, using: &generator)
        while answers.count < wanted, ContinuousClock.now < deadline, !Interruption.isRequested {
            if generator.chance(1, in: 4), let connection = await connect(until: deadline) {
                // Sent, and given up before the answer.
                _ = connection.send(.submit(submission))
                self.connection = nil
            }
            guard let response = await ask(.submit(submission), until: deadline) else { continue }
            guard case .outcome(let bytes, _) = response, let answer = Self.answer(bytes) else {
                if case .error(.sessionExpired) = response { break }
                continue
            }
            answers.append(answer)
            if generator.chance(1, in: 2) { connection = nil }
        }
        return answers
    }

    /// The index and the bytes of an outcome; nil for what is none.
    private static func answer(_ bytes: [UInt8]) -> Datum? {
        var reader = ByteReader(bytes)
        switch try? Transactions.Outcome.decode(&reader, limits: .standard) {
        case .committed(let index, _)?:
            return [.integer(Int64(index.rawValue)), .text(JSONValue.hexadecimal(bytes))]
        case .aborted(let index, _)?:
            return [.integer(Int64(index.rawValue)), .text(aborted)]
        case nil: return nil
        }
    }

    private mutating func openSession(
        until deadline: ContinuousClock.Instant
    ) async -> SessionID? {
        while session == nil, ContinuousClock.now < deadline, !Interruption.isRequested {
            let request = Request.openSession(
                timeToLiveMilliseconds: 60_000, description: "torture session")
            guard case .sessionOpened(let opened)? = await ask(request, until: deadline)
            else { continue }
            session = opened
            sequence = 0
        }
        return session
    }

    private mutating func connect(until deadline: ContinuousClock.Instant) async -> RawConnection? {
        if let connection { return connection }
        let limit = min(deadline, .now + .milliseconds(500))
        connection = await RawConnection.open(endpoint, until: limit)
        if connection == nil { await lookElsewhere(nil) }
        return connection
    }

    /// Asks once; nil where there is no answer, and then another node is asked next.
    private mutating func ask(
        _ request: Request, until deadline: ContinuousClock.Instant
    ) async -> Response? {
        guard let connection = await connect(until: deadline) else { return nil }
        let limit = min(deadline, .now + .seconds(1))
        guard let number = connection.send(request),
            let response = await connection.answer(to: number, until: limit)
        else {
            await lookElsewhere(nil)
            return nil
        }
        switch response {
        case .error(.notLeader(_, let address)): await lookElsewhere(Endpoint(address))
        case .error: await lookElsewhere(nil)
        default: break
        }
        return response
    }

    private mutating func lookElsewhere(_ leader: Endpoint?) async {
        connection = nil
        let others = endpoints
        endpoint = leader ?? others[Int.random(in: others.indices, using: &generator)]
        await pause(.milliseconds(20))
    }
}
