import Histories
import IOCore
import Identifiers
import Lockstep

/// One client of a workload: asks one thing after the other and takes down what it was told.
struct Worker: Sendable {
    let workload: String
    let number: Int
    let connection: LockstepClient
    let setting: WorkloadSetting
    let deadline: ContinuousClock.Instant
    var generator: SeededGenerator
    private var values = 0
    /// Operations that have brought no result.
    private let unanswered = Locked(0)

    /// Client `place` of a workload; it makes its choices from the run's seed.
    init(
        _ workload: some CheckedWorkload, _ place: Int, _ setting: WorkloadSetting,
        until deadline: ContinuousClock.Instant
    ) throws(TortureFailure) {
        self.workload = workload.name
        number = setting.firstClient(of: workload) + place
        connection = try setting.connect("torture \(workload.name) \(place)")
        self.setting = setting
        self.deadline = deadline
        generator = SeededGenerator(seed: setting.seed &+ UInt64(number) &* 0x9E37_79B9)
    }

    /// Waits for the turn of another operation; false if there is no time left for one.
    func mayGoOn() async -> Bool {
        await setting.pacer?.turn()
        return !Interruption.isRequested && !Task.isCancelled && ContinuousClock.now < deadline
            && !setting.recorder.isFull
    }

    /// A value that no other client of the run writes, and this one never again.
    mutating func uniqueValue() -> Int64 {
        values += 1
        return Int64(number) * 1_000_000 + Int64(values)
    }

    /// Runs clients at the same time, each in a loop, and closes their connections.
    static func runAll(
        _ workload: some CheckedWorkload, _ setting: WorkloadSetting,
        until deadline: ContinuousClock.Instant, clients: Int? = nil,
        _ body: @escaping @Sendable (inout Worker) async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for place in 0..<(clients ?? setting.clients) {
                group.addTask {
                    guard
                        var worker = try? Worker(workload, place, setting, until: deadline)
                    else { return }
                    while await worker.mayGoOn() { await body(&worker) }
                    worker.connection.close()
                }
            }
        }
    }

    /// Runs one more client after the others, when all faults are over, and waits for a leader first.
    ///
    /// Observes `end` when each operation of `body`, which is run again where that is needed, has had
    /// its result: without it nothing is known of what came after the last result before.
    static func finish(
        _ workload: some CheckedWorkload, _ setting: WorkloadSetting,
        _ body: (Worker) async throws(TortureFailure) -> Void
    ) async throws(TortureFailure) {
        let worker = try Worker(
            workload, setting.clients, setting, until: .now + setting.patience)
        defer { worker.connection.close() }
        _ = try await setting.must("the last reads of \(workload.name)") {
            () throws(LockstepError) in
            try await worker.connection.names(.services, timeout: setting.timeout)
        }
        repeat {
            worker.unanswered.withLock { $0 = 0 }
            try await body(worker)
        } while worker.unanswered.withLock({ $0 }) > 0 && ContinuousClock.now < worker.deadline
            && !Interruption.isRequested
        let left = worker.unanswered.withLock { $0 }
        guard left == 0 else { throw TortureFailure("\(left) of the last reads had no answer") }
        setting.recorder.observe(
            Observation(
                client: worker.number, workload: worker.workload, function: "end", key: "reads",
                value: .nothing))
    }

    /// Does one operation, and takes down its invocation and what became of it.
    ///
    /// An error of which the client library does not say that nothing was executed makes the outcome
    /// unknown. Returns the result if there is one.
    @discardableResult
    func perform(
        _ function: String, _ key: String, _ arguments: [Datum] = [],
        _ body: (LockstepClient) async throws(LockstepError) -> Datum
    ) async -> Datum? {
        guard
            let operation = setting.recorder.invoke(
                client: number, workload: workload, function: function, key: key,
                arguments: arguments)
        else {
            unanswered.withLock { $0 += 1 }
            return nil
        }
        do throws(LockstepError) {
            let result = try await body(connection)
            setting.recorder.complete(operation, .done(result))
            return result
        } catch {
            setting.recorder.complete(
                operation,
                error.mayHaveExecuted ? .unknown(error.description) : .failed(error.description))
        }
        unanswered.withLock { $0 += 1 }
        // The cluster may be without a leader: no need to press.
        await pause(.milliseconds(20))
        return nil
    }
}

extension LockstepError {
    /// Whether the cluster undid a transaction because what it was made from had changed.
    var isConflict: Bool {
        guard case .aborted(let abort) = self else { return false }
        return abort.code == .outOfDate || abort.code == .expectationFailed
    }
}

extension Property {
    /// The first value, if it is a count.
    var count: Int64? {
        guard case .count(let value)? = values.first else { return nil }
        return Int64(exactly: value)
    }
}
