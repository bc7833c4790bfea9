import Histories
import IOCore
import Lockstep

/// Writers, and a watcher that must see each of their commits in order, once; it resumes now and then.
final class WatchWorkload: CheckedWorkload {
    let name = "watch"
    let summary = "a watch that is resumed now and then: every commit in order, once"
    static let noteName = "watch-id"

    /// The index of which the watcher is to be told next.
    private let next = Locked<UInt64>(0)

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
        next.withLock { $0 = commit.index + 1 }
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            let watcher = Task { await watch(setting) }
            group.addTask {
                await Worker.runAll(self, setting, until: deadline) { worker in
                    await Self.commit(worker.uniqueValue(), worker)
                    await pause(worker.generator.milliseconds(in: 0...10))
                }
            }
            await group.waitForAll()
            watcher.cancel()
            await watcher.value
        }
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

    // MARK: - The watcher

    private func observe(_ setting: WorkloadSetting, _ function: String, _ value: Datum) {
        setting.recorder.observe(
            Observation(
                client: setting.firstClient(of: self) + 99, workload: name, function: function,
                key: "feed", value: value))
    }

    /// Watches until the task is cancelled, with a new watch after so many change sets.
    private func watch(_ setting: WorkloadSetting) async {
        guard let client = try? setting.connect("torture watcher") else { return }
        defer { client.close() }
        while !Task.isCancelled {
            do throws(LockstepError) {
                try await watch(client, setting, atMost: 500, through: .max)
            } catch {
                // Said in the history, and watched on from the same place.
                setting.recorder.note("the watch ended: \(error)")
                await pause(.milliseconds(50))
            }
        }
    }

    /// Takes down what one watch brings, until `atMost` change sets or the index `end` have come.
    private func watch(
        _ client: LockstepClient, _ setting: WorkloadSetting, atMost: Int, through end: UInt64
    ) async throws(LockstepError) {
        let start = next.withLock { $0 }
        observe(setting, "start", .integer(Int64(start)))
        var count = 0
        for try await set in try client.watch(
            from: .index(start), keyPrefixes: ["svc:/torture/watch"], timeout: setting.patience)
        {
            let note = set.properties.first { $0.name == Self.noteName }?.value
            let id = note.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
            observe(
                setting, "see", [.integer(Int64(set.index)), id.map { .integer($0) } ?? .nothing])
            next.withLock { $0 = max($0, set.index + 1) }
            count += 1
            if count >= atMost || set.index >= end { return }
        }
    }

    /// Commits one thing more, and watches until it has come.
    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let client = try setting.connect("torture watch end")
        defer { client.close() }
        let last = try await setting.must("ending the watch") { () throws(LockstepError) in
            try await client.setProperty(
                Self.path(0), type: .count, values: [.count(1)], timeout: setting.timeout)
        }
        _ = try await setting.must("watching to the end") { () throws(LockstepError) in
            try await self.watch(client, setting, atMost: .max, through: last.index)
        }
        if next.withLock({ $0 }) > last.index {
            observe(setting, "end", .integer(Int64(last.index)))
        }
    }

    func check(_ history: History) -> [CheckReport] {
        [FeedChecker(workload: name).check(history)]
    }
}
