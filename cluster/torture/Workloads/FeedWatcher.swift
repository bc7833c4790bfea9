import Histories
import IOCore
import Lockstep

/// A watcher that takes down what it is told of below one prefix, and resumes where it was.
///
/// Observes `start`, `see` and `end` as `FeedChecker` has them.
final class FeedWatcher: Sendable {
    private let workload: String
    private let prefix: String
    private let noteName: String
    /// The index of which it is to be told next.
    private let next = Locked<UInt64>(0)

    /// The note with this name has the number of a commit; others are noted without one.
    init(workload: String, prefix: String, noteName: String) {
        self.workload = workload
        self.prefix = prefix
        self.noteName = noteName
    }

    /// Begins with what is committed after an index.
    func begin(after index: UInt64) {
        next.withLock { $0 = index + 1 }
    }

    private func observe(_ setting: WorkloadSetting, _ function: String, _ value: Datum) {
        let place = Workloads.names.firstIndex(of: workload) ?? Workloads.names.count
        setting.recorder.observe(
            Observation(
                client: place * 100 + 99, workload: workload, function: function, key: "feed",
                value: value))
    }

    /// Watches until the task is cancelled, with a new watch after so many change sets.
    func run(_ setting: WorkloadSetting) async {
        guard let client = try? setting.connect("torture \(workload) watcher") else { return }
        defer { client.close() }
        while !Task.isCancelled {
            do throws(LockstepError) {
                try await watch(client, setting, atMost: 500, through: .max)
            } catch {
                // Said in the history, and watched on from the same place.
                setting.recorder.note("the watch of \(workload) ended: \(error)")
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
        let feed = try client.watch(
            from: .index(start), keyPrefixes: [prefix], timeout: setting.patience)
        for try await set in feed {
            let note = set.properties.first { $0.name == noteName }?.value
            let id = note.flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
            observe(
                setting, "see", [.integer(Int64(set.index)), id.map { .integer($0) } ?? .nothing])
            next.withLock { $0 = max($0, set.index + 1) }
            count += 1
            if count >= atMost || set.index >= end { return }
        }
    }

    /// Commits one thing more at `path`, and watches until it has come.
    func finish(_ setting: WorkloadSetting, path: String) async throws(TortureFailure) {
        let client = try setting.connect("torture \(workload) end")
        defer { client.close() }
        let last = try await setting.must("ending the watch") { () throws(LockstepError) in
            try await client.setProperty(
                path, type: .count, values: [.count(1)], timeout: setting.timeout)
        }
        _ = try await setting.must("watching to the end") { () throws(LockstepError) in
            try await self.watch(client, setting, atMost: .max, through: last.index)
        }
        if next.withLock({ $0 }) > last.index {
            observe(setting, "end", .integer(Int64(last.index)))
        }
    }
}
