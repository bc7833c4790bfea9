import Codec
import Histories
import Identifiers
import JSON
import Lockstep
import Transactions
import Wire

/// Transactions that are sent again and again under one number of one session, over broken connections
/// and to other nodes, also after they were answered.
struct SessionWorkload: CheckedWorkload {
    let name = "session"
    let summary = "transactions sent again under their number: one effect, one answer"
    private static let noteName = "session-id"

    private let watcher = FeedWatcher(
        workload: "session", prefix: "svc:/torture/session", noteName: Self.noteName)

    private static func path(_ client: Int) -> String {
        "svc:/torture/session:c\(client)/:properties/state/value"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let client = try setting.connect("torture session")
        defer { client.close() }
        let commit = try await setting.must("setting up sessions") { () throws(LockstepError) in
            try await client.setProperty(
                Self.path(0), type: .count, values: [.count(0)], timeout: setting.timeout)
        }
        watcher.begin(after: commit.index)
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        let watching = Task { await watcher.run(setting) }
        await withTaskGroup(of: Void.self) { group in
            for place in 0..<setting.clients {
                group.addTask {
                    guard let worker = try? Worker(self, place, setting, until: deadline)
                    else { return }
                    var insister = Insister(worker)
                    while await worker.mayGoOn() { await insister.submitNext() }
                    worker.connection.close()
                }
            }
        }
        watching.cancel()
        await watching.value
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await watcher.finish(setting, path: Self.path(0))
    }

    func check(_ history: History) -> [CheckReport] {
        [SessionChecker(workload: name).check(history)]
    }

    /// A transaction as it goes over the wire, with its number as a note.
    fileprivate static func transaction(
        _ value: Int64, by client: Int
    ) throws(LockstepError) -> [UInt8] {
        var steps = Lockstep.Transaction()
        try steps.setProperty(path(client), type: .count, values: [.count(UInt64(value))])
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
}

/// A client with a session of its own, who does not take one answer for an answer.
private struct Insister {
    private static let mostAnswers = 3
    private static let aborted = "aborted"

    private var worker: Worker
    private var endpoint: Endpoint
    private var connection: RawConnection?
    private var session: SessionID?
    private var sequence: UInt64 = 0

    init(_ worker: Worker) {
        self.worker = worker
        endpoint = worker.setting.endpoints[0]
    }

    /// Sends one transaction until it was answered several times, and takes down all answers.
    mutating func submitNext() async {
        let deadline = ContinuousClock.now + worker.setting.timeout
        guard let session = await openSession(until: deadline) else { return }
        let value = worker.uniqueValue()
        guard let bytes = try? SessionWorkload.transaction(value, by: worker.number) else { return }
        sequence += 1
        guard
            let operation = worker.setting.recorder.invoke(
                client: worker.number, workload: worker.workload, function: "submit",
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
            worker.setting.recorder.complete(operation, .unknown("no answer"))
            // What follows in this session would wait for it.
            self.session = nil
        } else if answers.allSatisfy({ $0.list?.last == .text(Self.aborted) }) {
            worker.setting.recorder.complete(operation, .failed("aborted"))
        } else {
            worker.setting.recorder.complete(operation, .done(.list(answers)))
        }
    }

    private mutating func insist(
        _ submission: Submission, until deadline: ContinuousClock.Instant
    ) async -> [Datum] {
        var answers: [Datum] = []
        let wanted = Int.random(in: 1...Self.mostAnswers, using: &worker.generator)
        while answers.count < wanted, ContinuousClock.now < deadline, !Interruption.isRequested {
            if worker.generator.chance(1, in: 4), let connection = await connect(until: deadline) {
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
            if worker.generator.chance(1, in: 2) { connection = nil }
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
        let others = worker.setting.endpoints
        endpoint = leader ?? others[Int.random(in: others.indices, using: &worker.generator)]
        await pause(.milliseconds(20))
    }
}
