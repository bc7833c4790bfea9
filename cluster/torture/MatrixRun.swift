import Glibc
import Histories
import IOCore
import Lockstep

/// One run of the fault harness: a cluster, workloads, faults, and what is found in the end.
struct MatrixRun {
    struct Plan {
        var kinds: [FaultKind]
        /// Besides the ledger, which always is kept.
        var workloads: [any CheckedWorkload]
        var seconds: Int
        var patience: Duration
        var clients: Int
        var mostAtOnce: Int
        /// Operations a second of all clients together; nil: as fast as they are answered.
        var rate: Int?
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
            if kind == .diskFull { return (kind, "no namespaces, so nothing can be mounted") }
            return nil
        }
    }

    /// What all parts of a run share.
    private struct Means {
        let meter: ProgressMeter
        let ledger: Ledger
        let recorder: HistoryRecorder
        let observer: LockstepClient
        let watch: LeaderWatch
    }

    /// Runs from the start of the nodes to the verdict; leaves the nodes running.
    func run() async -> MatrixVerdict {
        let meter = ProgressMeter()
        let ledger = Ledger(clients: plan.clients, meter: meter)
        var verdict = MatrixVerdict(
            seed: plan.seed, network: cluster.plan.network.name, ledger: ledger.contents)
        let start = ContinuousClock.now
        do throws(TortureFailure) {
            let file = try Files.openForAppending(cluster.plan.folder + "/history.jsonl")
            defer { close(file) }
            let recorder = HistoryRecorder(seed: plan.seed, title: title, to: file)
            defer { recorder.flush() }
            let observer = try cluster.client(name: "torture observer")
            defer { observer.close() }
            let watch = LeaderWatch(observer, recorder: recorder)
            for node in cluster.nodes { try cluster.start(node) }
            let watching = Task { await watch.run() }
            let means = Means(
                meter: meter, ledger: ledger, recorder: recorder, observer: observer, watch: watch)
            var failure: TortureFailure?
            do throws(TortureFailure) {
                try await play(means, &verdict)
            } catch {
                failure = Interruption.reason(error)
            }
            watching.cancel()
            await watching.value
            verdict.failovers = watch.changes
            // The drawing has all of it in its table.
            complete(&verdict, ledger, since: start)
            if failure == nil {
                do throws(TortureFailure) {
                    try await look(at: recorder.history, &verdict)
                } catch {
                    failure = error
                }
            }
            if let failure { verdict.note(failure) }
            try Timeline(recorder.history, reports: verdict.reports, rows: verdict.totals)
                .write(into: cluster.plan.folder)
        } catch {
            verdict.note(error)
        }
        complete(&verdict, ledger, since: start)
        return verdict
    }

    private func complete(
        _ verdict: inout MatrixVerdict, _ ledger: Ledger, since start: ContinuousClock.Instant
    ) {
        verdict.ledger = ledger.contents
        verdict.provokedEndings = cluster.provokedEndings
        verdict.withheld = cluster.withheld
        verdict.unexpectedEndings = cluster.unexpectedEndings
        verdict.seconds = Int((ContinuousClock.now - start) / .seconds(1))
    }

    /// Lets clients and faults have their time, and compares the ledger with the cluster.
    private func play(
        _ means: Means, _ verdict: inout MatrixVerdict
    ) async throws(TortureFailure) {
        try await waitForLeader(means.watch)
        let pacer = plan.rate.map { Pacer(operationsPerSecond: $0) }
        let checked = WorkloadRun(
            workloads: plan.workloads, setting: setting(means.recorder, pacer))
        try await checked.setUp()
        let workload = Workload(
            endpoints: cluster.endpoints, clients: plan.clients, ledger: means.ledger,
            seed: plan.seed, pacer: pacer)
        let follower = LedgerFollower(means.observer, clients: plan.clients)
        let following = Task { await follower.run() }
        let load = Task { await workload.run() }
        let deadline = ContinuousClock.now + .seconds(plan.seconds)
        let checkedLoad = Task { await checked.run(until: deadline) }
        var faults = FaultRun(
            faultPlan, cluster, watch: means.watch, observer: means.observer,
            recorder: means.recorder, meter: means.meter, seed: plan.seed)
        do throws(TortureFailure) {
            try await faults.run()
        } catch {
            if !Interruption.isRequested { verdict.note(error) }
            checkedLoad.cancel()
        }
        verdict.longestSilence = means.meter.longestGap
        load.cancel()
        note(faults, &verdict)
        await load.value
        await checkedLoad.value
        following.cancel()
        await following.value
        try cluster.restartFallen()
        try Interruption.check()
        let verification = Verification(
            cluster: cluster, client: means.observer, ledger: means.ledger.contents,
            followed: follower.contents, patience: plan.patience)
        verdict.findings = try await verification.run()
        await checked.finish()
        try Interruption.check()
    }

    /// The thread of checkers that an interruption has not waited for, which the process's end takes.
    private static let unjoined = Locked<JoinableThread?>(nil)

    /// Lets the checkers look at what was taken down; an interruption does not wait for them, since they
    /// may take minutes.
    ///
    /// They have a thread of their own: with one processor the pool of tasks has one, and nobody would
    /// see an interruption meanwhile.
    private func look(
        at history: History, _ verdict: inout MatrixVerdict
    ) async throws(TortureFailure) {
        let workloads = plan.workloads
        let found = Locked<HistoryVerdict?>(nil)
        let thread = JoinableThread(name: "checkers") {
            let told = HistoryVerdict(history, workloads)
            found.withLock { $0 = told }
        }
        var told: HistoryVerdict?
        while told == nil {
            do throws(TortureFailure) {
                try Interruption.check()
            } catch {
                Self.unjoined.withLock { $0 = thread }
                throw error
            }
            await pause(.milliseconds(10))
            told = found.withLock { $0 }
        }
        thread.join()
        guard let told else { return }
        verdict.tallies = told.tallies
        verdict.neverDone = told.neverDone
        verdict.reports = told.reports
    }

    private var title: String {
        "\(cluster.plan.nodes) nodes, \(plan.kinds.map(\.rawValue).joined(separator: " "))"
    }

    private func setting(_ recorder: HistoryRecorder, _ pacer: Pacer?) -> WorkloadSetting {
        let all = Array(cluster.nodes) + (cluster.spare.map { [$0] } ?? [])
        return WorkloadSetting(
            endpoints: cluster.endpoints, recorder: recorder, seed: plan.seed,
            patience: plan.patience, pacer: pacer,
            programs: Dictionary(
                uniqueKeysWithValues: all.map { ($0, cluster.programFolder($0)) }))
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
        verdict.mostAtOnce = faults.mostAtOnce
        guard !Interruption.isRequested else { return }
        verdict.isUnmixed = faults.isUnmixed
        verdict.unmet = faults.unmet
        verdict.unreached = faults.unreached
    }

    private func waitForLeader(_ watch: LeaderWatch) async throws(TortureFailure) {
        let time = Patience(plan.patience, cluster)
        while watch.leader == nil {
            guard !time.isOver, !Interruption.isRequested else {
                throw TortureFailure("no leader within \(plan.patience) of the start")
            }
            guard cluster.stopped.isEmpty else {
                throw TortureFailure("nodes \(cluster.stopped) have ended; see their logs")
            }
            await pause(.milliseconds(20))
        }
    }
}
