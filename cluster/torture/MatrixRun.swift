import Glibc
import Histories
import Lockstep

/// One run of the fault harness: a cluster, workloads, faults, and what is found in the end.
struct MatrixRun {
    struct Plan {
        var kinds: [FaultKind]
        var seconds: Int
        var patience: Duration
        var clients: Int
        var mostAtOnce: Int
        var seed: UInt64
    }

    let plan: Plan
    let cluster: TestCluster

    /// Kinds of a list that cannot be had on a network, with the reason.
    static func unavailable(
        _ kinds: [FaultKind], isolated: Bool
    ) -> [(kind: FaultKind, reason: String)] {
        guard !isolated else { return [] }
        return kinds.compactMap { kind in
            if kind.isOfNetwork { return (kind, "no namespaces, so packets cannot be touched") }
            if kind == .diskFull { return (kind, "no namespaces, so nothing can be mounted") }
            return nil
        }
    }

    /// Runs from the start of the nodes to the verdict; leaves the nodes running.
    func run() async -> MatrixVerdict {
        let meter = ProgressMeter()
        let ledger = Ledger(clients: plan.clients, meter: meter)
        var verdict = MatrixVerdict(
            seed: plan.seed, network: cluster.plan.network.name, ledger: ledger.contents)
        let start = ContinuousClock.now
        let recorder = HistoryRecorder(seed: plan.seed, title: "lockstep-torture")
        do throws(TortureFailure) {
            let observer = try cluster.client(name: "torture observer")
            defer { observer.close() }
            let watch = LeaderWatch(observer, recorder: recorder)
            for node in cluster.nodes { try cluster.start(node) }
            let watching = Task { await watch.run() }
            try await waitForLeader(watch)
            let workload = Workload(
                endpoints: cluster.endpoints, clients: plan.clients, ledger: ledger,
                seed: plan.seed)
            let load = Task { await workload.run() }
            var faults = FaultRun(
                faultPlan, cluster, watch: watch, observer: observer, recorder: recorder,
                meter: meter, seed: plan.seed)
            do throws(TortureFailure) {
                try await faults.run()
            } catch {
                verdict.failure = error.description
            }
            verdict.longestSilence = meter.longestGap
            load.cancel()
            note(faults, &verdict)
            await load.value
            verdict.ledger = ledger.contents
            try cluster.restartFallen()
            if Interruption.isRequested { throw TortureFailure("interrupted") }
            let verification = Verification(
                cluster: cluster, client: observer, ledger: ledger.contents,
                patience: plan.patience)
            verdict.findings = try await verification.run()
            watching.cancel()
            await watching.value
            verdict.failovers = watch.changes
        } catch {
            verdict.failure = (verdict.failure.map { $0 + "; " } ?? "") + error.description
        }
        verdict.provokedEndings = cluster.provokedEndings
        verdict.unexpectedEndings = cluster.unexpectedEndings
        verdict.seconds = Int((ContinuousClock.now - start) / .seconds(1))
        return verdict
    }

    private var faultPlan: FaultRun.Plan {
        FaultRun.Plan(
            kinds: plan.kinds, deadline: .now + .seconds(plan.seconds), patience: plan.patience,
            mostAtOnce: plan.mostAtOnce)
    }

    private func note(_ faults: FaultRun, _ verdict: inout MatrixVerdict) {
        verdict.faults = plan.kinds.map { kind in
            MatrixVerdict.FaultRow(
                kind: kind, row: faults.rows[kind] ?? FaultRun.Row(),
                met: faults.stage.met[kind, default: 0])
        }
        if !Interruption.isRequested { verdict.unmet = faults.unmet }
    }

    private func waitForLeader(_ watch: LeaderWatch) async throws(TortureFailure) {
        let deadline = ContinuousClock.now + plan.patience
        while watch.leader == nil {
            guard ContinuousClock.now < deadline, !Interruption.isRequested else {
                throw TortureFailure("no leader within \(plan.patience) of the start")
            }
            guard cluster.stopped.isEmpty else {
                throw TortureFailure("nodes \(cluster.stopped) have ended; see their logs")
            }
            await pause(.milliseconds(20))
        }
    }
}
