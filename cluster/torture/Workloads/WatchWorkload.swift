import Histories
import Lockstep

/// Writers, and a watcher that must see each of their commits in order, once; it resumes now and then.
struct WatchWorkload: CheckedWorkload {
    let name = "watch"
    let summary = "a watch that is resumed now and then: every commit in order, once"
    let functions = ["commit"]
    private let watcher = FeedWatcher(workload: "watch")

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await watcher.setUp(setting)
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        await watcher.watch(setting) {
            await Worker.runAll(self, setting, until: deadline) { worker in
                await commit(worker.uniqueValue(), worker)
                await pause(worker.generator.milliseconds(in: 0...10))
            }
        }
    }

    private func commit(_ value: Int64, _ worker: Worker) async {
        let path = watcher.path(worker.number)
        let noteName = watcher.noteName
        await worker.perform("commit", "feed", [.integer(value)]) { client throws(LockstepError) in
            var transaction = Transaction()
            try transaction.setProperty(path, type: .count, values: [.count(UInt64(value))])
            transaction.setNote(noteName, to: Array("\(value)".utf8))
            let commit = try await client.commit(transaction, timeout: worker.setting.timeout)
            return .integer(Int64(commit.index))
        }
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await watcher.finish(setting)
    }

    func check(_ history: History) -> [CheckReport] {
        [FeedChecker(workload: name).check(history)]
    }
}
