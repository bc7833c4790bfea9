import Histories
import IOCore
import Lockstep

/// A watcher that takes down what it is told of below one prefix, and resumes where it was.
///
/// Observes `start`, `see` and `end` as `FeedChecker` has them.
final class FeedWatcher: Sendable {
    private let workload: String
    /// The note that has the number of a commit; commits without it are taken down without one.
    let noteName: String
    /// The index of which it is to be told next.
    private let next = Locked<UInt64>(0)

    /// Watches what the workload of that name changes.
    init(workload: String) {
        self.workload = workload
        noteName = "\(workload)-id"
    }

    private var prefix: String {
        "svc:/torture/\(workload)"
    }

    /// The property that a client changes.
    func path(_ client: Int) -> String {
        "\(prefix):c\(client)/:properties/state/value"
    }

    /// Commits the first change; what is committed after it is to be seen.
    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        let index = try await commit(0, setting, "setting up the watch")
        next.withLock { $0 = index + 1 }
    }

    private func commit(
        _ value: UInt64, _ setting: WorkloadSetting, _ what: String
    ) async throws(TortureFailure) -> UInt64 {
        let client = try setting.connect("torture \(workload)")
        defer { client.close() }
        return try await setting.must(what) { () throws(LockstepError) in
            try await client.setProperty(
                self.path(0), type: .count, values: [.count(value)], timeout: setting.timeout
            ).index
        }
    }

    private func observe(_ setting: WorkloadSetting, _ function: String, _ value: Datum) {
        let place = Workloads.names.firstIndex(of: workload) ?? Workloads.names.count
        setting.recorder.observe(
            Observation(
                client: place * 100 + 99, workload: workload, function: function, key: "feed",
                value: value))
    }

    /// Watches as long as `body` runs.
    func watch(_ setting: WorkloadSetting, during body: () async -> Void) async {
        let watching = Task { await run(setting) }
        await body()
        watching.cancel()
        await watching.value
    }

    /// Watches until the task is cancelled, with a new watch after so many change sets.
    private func run(_ setting: WorkloadSetting) async {
        guard let client = try? setting.connect("torture \(workload) watcher") else { return }
        defer { client.close() }
        while !Task.isCancelled, !Interruption.isRequested {
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
        _ client: LockstepClient, _ setting: WorkloadSetting, atMost: Int, through end: UInt64,
        _ pulse: Pulse? = nil
    ) async throws(LockstepError) {
        let start = next.withLock { $0 }
        observe(setting, "start", .integer(Int64(start)))
        var count = 0
        let feed = try client.watch(
            from: .index(start), keyPrefixes: [prefix], timeout: setting.patience)
        for try await set in feed {
            pulse?.beat()
            let note = set.properties.first { $0.name == noteName }?.value
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
        let last = try await commit(1, setting, "ending the watch")
        let client = try setting.connect("torture \(workload) end")
        defer { client.close() }
        try await setting.must("watching to the end") { () throws(LockstepError) in
            try await withStallGuard(setting.patience) { pulse throws(LockstepError) in
                try await self.watch(client, setting, atMost: .max, through: last, pulse)
            }
            let seen = self.next.withLock { $0 }
            guard seen > last else {
                throw .outcomeUnknown("the watch stood still at \(seen), before \(last)")
            }
        }
        observe(setting, "end", .integer(Int64(last)))
    }
}
