import Histories

/// Several workloads at the same time over one cluster, all in one history.
struct WorkloadRun: Sendable {
    let workloads: [any CheckedWorkload]
    let setting: WorkloadSetting

    /// Makes what the workloads need; the cluster must have a leader, and no fault in force.
    func setUp() async throws(TortureFailure) {
        for workload in workloads { try await workload.setUp(setting) }
    }

    /// Runs the clients of all until the deadline or an interruption.
    func run(until deadline: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            for workload in workloads {
                group.addTask { await workload.run(setting, until: deadline) }
            }
        }
    }

    /// Reads what is there in the end; all faults must be over.
    ///
    /// One that cannot end is noted, and its end is missing from the history, which the verdict tells.
    func finish() async {
        for workload in workloads {
            do throws(TortureFailure) {
                try await workload.finish(setting)
            } catch {
                setting.recorder.note("\(workload.name) has no end: \(error)")
            }
        }
    }

    /// What the checkers of all say; looks at nothing but the history.
    static func check(
        _ history: History, _ workloads: [any CheckedWorkload]
    ) -> [CheckReport] {
        let reports = workloads.flatMap { $0.check(history) }
        // Of nothing else nobody can say that it was as promised.
        guard !reports.isEmpty else { return [] }
        return reports + [CommitOrderChecker().check(history), LeaderChecker().check(history)]
    }
}
