import Histories
import Lockstep

/// Writers, and a watcher that must see each of their commits in order, once; it resumes now and then.
struct WatchWorkload: CheckedWorkload {
    let name = "watch"
    let summary = "a watch that is resumed now and then: every commit in order, once"
    private static let noteName = "watch-id"

    private let watcher = FeedWatcher(
        workload: "watch", prefix: "svc:/torture/watch", noteName: Self.noteName)

    private static func path(_ client: Int) -> String {
        "svc:/torture/watch:w\(client)/:properties/state/value"
    }

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let client = try setting.connect("torture watch")
        defer { client.close() }
        let commit = try await setting.must("setting up the watch") { () throws(LockstepError) in
            try await client.setProperty(
                Self.path(0), type: .count, values: [.count(0)], timeout: setting.timeout)
        }
        watcher.begin(after: commit.index)
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        let watching = Task { await watcher.run(setting) }
        await Worker.runAll(self, setting, until: deadline) { worker in
            await Self.commit(worker.uniqueValue(), worker)
            await pause(worker.generator.milliseconds(in: 0...10))
        }
        watching.cancel()
        await watching.value
    }

    private static func commit(_ value: Int64, _ worker: Worker) async {
        await worker.perform("commit", "feed", [.integer(value)]) { client throws(LockstepError) in
            var transaction = Transaction()
            try transaction.setProperty(
                path(worker.number), type: .count, values: [.count(UInt64(value))])
            transaction.setNote(noteName, to: Array("\(value)".utf8))
            let commit = try await client.commit(transaction, timeout: worker.setting.timeout)
            return .integer(Int64(commit.index))
        }
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await watcher.finish(setting, path: Self.path(0))
    }

    func check(_ history: History) -> [CheckReport] {
        [FeedChecker(workload: name).check(history)]
    }
}
