import Glibc
import Histories
import Identifiers
import Lockstep

/// One run of kills, pauses and stalls: a cluster, clients that write, and what is found in the end.
struct KillRun {
    struct Plan {
        var rounds: Nemesis.Rounds
        /// What is done, in words.
        var mode: String
        var seconds: Int
        var patience: Duration
        var clients: Int
        var seed: UInt64
    }

    let plan: Plan
    let cluster: TestCluster

    /// Runs from the start of the nodes to the verdict; leaves the nodes running.
    func run() async -> Verdict {
        let ledger = Ledger(clients: plan.clients)
        var verdict = Verdict(
            seed: plan.seed, mode: plan.mode, planned: plan.rounds, ledger: ledger.contents)
        verdict.isLossy = cluster.plan.fault != .none
        do throws(TortureFailure) {
            let file = try Files.openForAppending(cluster.plan.folder + "/history.jsonl")
            defer { close(file) }
            let recorder = HistoryRecorder(
                seed: plan.seed, title: "\(cluster.plan.nodes) nodes, \(plan.mode)", to: file)
            var failure: TortureFailure?
            do throws(TortureFailure) {
                try await play(ledger, recorder, &verdict)
            } catch {
                failure = Interruption.reason(error)
            }
            recorder.flush()
            verdict.note(failure)
            try Timeline(recorder.history, reports: [], rows: verdict.totals)
                .write(into: cluster.plan.folder)
        } catch {
            verdict.note(error)
        }
        return verdict
    }

    /// Lets clients and faults have their time, and compares the ledger with the cluster.
    private func play(
        _ ledger: Ledger, _ recorder: HistoryRecorder, _ verdict: inout Verdict
    ) async throws(TortureFailure) {
        let observer = try cluster.client(name: "torture observer")
        defer { observer.close() }
        let nemesisPlan = Nemesis.Plan(
            rounds: plan.rounds, deadline: .now + .seconds(plan.seconds), patience: plan.patience)
        var nemesis = Nemesis(
            nemesisPlan, cluster, observer: observer, ledger: ledger, recorder: recorder,
            generator: SeededGenerator(seed: plan.seed))
        defer {
            verdict.tally = nemesis.tally
            verdict.damage = cluster.damage
            // Before anything is written by a client, nothing had to be seen.
            verdict.unwatched = ledger.contents.acknowledged > 0 ? cluster.unwatched : []
            verdict.withheld = cluster.withheld
            verdict.unexpectedEndings = cluster.unexpectedEndings
            verdict.ledger = ledger.contents
        }
        for node in cluster.nodes { try cluster.start(node) }
        try await nemesis.waitForLeader()
        var workload = Workload(
            endpoints: cluster.endpoints, clients: plan.clients, ledger: ledger, seed: plan.seed)
        workload.scribe = LedgerScribe(recorder)
        let follower = LedgerFollower(observer, clients: plan.clients)
        let following = Task { await follower.run() }
        let load = Task { [workload] in await workload.run() }
        do throws(TortureFailure) {
            try await nemesis.run()
        } catch {
            if !Interruption.isRequested { verdict.note(error) }
        }
        load.cancel()
        try cluster.restartFallen()
        await load.value
        following.cancel()
        await following.value
        try Interruption.check()
        let verification = Verification(
            cluster: cluster, client: observer, ledger: ledger.contents,
            followed: follower.contents, patience: plan.patience)
        verdict.findings = try await verification.run()
    }
}

extension HistoryRecorder {
    /// A recorder whose lines go to the end of an open file.
    convenience init(seed: UInt64, title: String, to file: Int32) {
        self.init(
            seed: seed, title: title,
            sink: { bytes in
                if !Files.append(bytes, to: file) {
                    Files.writeError("lockstep-torture: the history cannot be written\n")
                }
            })
    }
}

extension Timeline {
    /// Writes the page that shows the run.
    func write(into folder: String) throws(TortureFailure) {
        let descriptor = try Files.openForAppending(folder + "/timeline.html")
        defer { close(descriptor) }
        guard Files.append(Array(page.utf8), to: descriptor) else {
            throw TortureFailure("cannot write the timeline: \(Files.words(errno))")
        }
    }
}
