import Histories
import Lockstep

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
                    var insister = SessionInsister(
                        workload: name, client: worker.number, path: Self.path(worker.number),
                        noteName: Self.noteName, endpoints: setting.endpoints,
                        recorder: setting.recorder, timeout: setting.timeout, seed: setting.seed)
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
}
