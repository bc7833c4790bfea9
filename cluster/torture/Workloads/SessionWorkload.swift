import Histories
import Lockstep

/// Transactions that are sent again and again under one number of one session, over broken connections
/// and to other nodes, also after they were answered.
struct SessionWorkload: CheckedWorkload {
    let name = "session"
    let summary = "transactions sent again under their number: one effect, one answer"
    let functions = ["submit"]
    private let watcher = FeedWatcher(workload: "session")

    func setUp(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await watcher.setUp(setting)
    }

    func run(_ setting: WorkloadSetting, until deadline: ContinuousClock.Instant) async {
        await watcher.watch(setting) {
            await withTaskGroup(of: Void.self) { group in
                for place in 0..<setting.clients {
                    group.addTask { await insist(place, setting, until: deadline) }
                }
            }
        }
    }

    private func insist(
        _ place: Int, _ setting: WorkloadSetting, until deadline: ContinuousClock.Instant
    ) async {
        guard let worker = try? Worker(self, place, setting, until: deadline) else { return }
        var insister = SessionInsister(
            workload: name, client: worker.number, path: watcher.path(worker.number),
            noteName: watcher.noteName, endpoints: setting.endpoints, recorder: setting.recorder,
            timeout: setting.timeout, seed: setting.seed)
        while await worker.mayGoOn() { await insister.submitNext() }
        worker.connection.close()
    }

    func finish(_ setting: WorkloadSetting) async throws(TortureFailure) {
        try await watcher.finish(setting)
    }

    func check(_ history: History) -> [CheckReport] {
        [SessionChecker(workload: name).check(history)]
    }
}
