import Glibc
import Histories
import Identifiers
import Lockstep

/// Kills, pauses and stalls nodes, and sees that the cluster comes back each time.
struct Nemesis {
    /// How often each thing is to be done, or was.
    struct Rounds {
        /// Processes, of which several may go at one moment.
        var kills = 0
        var pauses = 0
        var stalls = 0
    }

    struct Plan {
        var rounds: Rounds
        var deadline: ContinuousClock.Instant
        /// The longest that the cluster may go without an acknowledgement once all nodes run.
        var patience: Duration
    }

    struct Tally {
        var rounds = Rounds()
        var leaderKills = 0
        var wholeKills = 0
        var freshReads = 0
        var refusedReads = 0
        var staleReads = 0
        /// Pauses that are not counted, for the old leader said nothing.
        var unansweredReads = 0
        var stall = StallTally()
        var failovers = 0
        /// The longest time from the moment when all nodes were started to an acknowledgement.
        var longestRecovery = Duration.zero
    }

    let plan: Plan
    let cluster: TestCluster
    let observer: LockstepClient
    let ledger: Ledger
    let recorder: HistoryRecorder
    var generator: SeededGenerator
    var tally = Tally()
    private(set) var lastTerm: UInt64 = 0

    init(
        _ plan: Plan, _ cluster: TestCluster, observer: LockstepClient, ledger: Ledger,
        recorder: HistoryRecorder, generator: SeededGenerator
    ) {
        self.plan = plan
        self.cluster = cluster
        self.observer = observer
        self.ledger = ledger
        self.recorder = recorder
        self.generator = generator
    }

    /// The node that leads in the highest term, among those that answer.
    mutating func leader() async -> Int? {
        var best: NodeStatus?
        for report in await observer.statusOfAllNodes(timeout: .milliseconds(500)) {
            guard case .success(let status) = report.status, status.role == .leader else {
                continue
            }
            if status.term > best?.term ?? 0 { best = status }
        }
        guard let best else { return nil }
        if best.term > lastTerm {
            if lastTerm > 0 { tally.failovers += 1 }
            lastTerm = best.term
            recorder.noteLeader(node: Int(best.node), term: best.term)
        }
        return Int(best.node)
    }

    /// Waits for a leader; fails when there is none in time.
    @discardableResult
    mutating func waitForLeader() async throws(TortureFailure) -> Int {
        let time = Patience(plan.patience, cluster)
        while !time.isOver, !Interruption.isRequested {
            if let leader = await leader() { return leader }
            guard cluster.stopped.isEmpty else {
                throw TortureFailure("nodes \(cluster.stopped) have ended; see their logs")
            }
            await pause(.milliseconds(50))
        }
        throw TortureFailure("no leader within \(plan.patience)")
    }

    private var mayGoOn: Bool {
        !Interruption.isRequested && ContinuousClock.now < plan.deadline
    }

    /// Does what the plan says, or as much of it as the time allows.
    mutating func run() async throws(TortureFailure) {
        while mayGoOn, tally.rounds.kills < plan.rounds.kills {
            try await killRound()
        }
        while mayGoOn, tally.rounds.pauses < plan.rounds.pauses {
            try await pauseRound()
        }
        while mayGoOn, tally.rounds.stalls < plan.rounds.stalls {
            try await stallRound()
        }
    }

    // MARK: - Kills

    private mutating func killRound() async throws(TortureFailure) {
        await pause(generator.milliseconds(in: 50...400))
        let victims = await victims()
        if victims.count == cluster.plan.nodes, cluster.plan.fault == .ignoresSync {
            cluster.drainDiskCaches()
            await pause(generator.milliseconds(in: 200...500))
        }
        let fault = recorder.beginFault(kind: "kill", nodes: victims)
        defer { recorder.endFault(fault) }
        try await cluster.kill(victims, using: &generator)
        // Long enough, half of the time, for the others to elect and go on without it.
        await pause(generator.milliseconds(in: generator.chance(1, in: 2) ? 0...100 : 400...1_200))
        for node in victims.shuffled(using: &generator) {
            try cluster.start(node)
            if generator.chance(1, in: 2) { await pause(generator.milliseconds(in: 0...200)) }
        }
        try await waitForProgress()
    }

    /// Whom to kill at one moment: mostly one, the leader at least every other time.
    private mutating func victims() async -> [Int] {
        let leader = await leader()
        var order = cluster.nodes.shuffled(using: &generator)
        if let leader, tally.leaderKills * 2 <= tally.rounds.kills || generator.chance(1, in: 4) {
            order.removeAll { $0 == leader }
            order.insert(leader, at: 0)
        }
        let wholeIsDue = cluster.plan.fault == .none ? 1 : 4
        var count = 1
        if generator.chance(wholeIsDue, in: 12) {
            count = order.count
        } else if generator.chance(1, in: 8) {
            count = min(2, order.count)
        }
        let victims = Array(order.prefix(count))
        tally.rounds.kills += count
        if count == cluster.plan.nodes { tally.wholeKills += 1 }
        if let leader, victims.contains(leader) { tally.leaderKills += 1 }
        return victims
    }

    /// Waits for acknowledgements that came after all nodes were started.
    mutating func waitForProgress() async throws(TortureFailure) {
        let before = ledger.acknowledged
        let start = ContinuousClock.now
        let time = Patience(plan.patience, cluster)
        while ledger.acknowledged < before + 10 {
            guard !Interruption.isRequested else { return }
            guard !time.isOver else {
                throw TortureFailure(
                    "no progress within \(plan.patience) with all nodes started; "
                        + "not running: \(cluster.stopped); kills so far: \(tally.rounds.kills)")
            }
            await pause(.milliseconds(10))
        }
        tally.longestRecovery = max(tally.longestRecovery, ContinuousClock.now - start)
        try cluster.restartFallen()
        _ = await leader()
    }

    // MARK: - Pauses

    private static let probe = "svc:/torture/probe/:properties/state/count"

    /// Stops the leader until another one has acknowledged a write, then reads through the old one,
    /// which does not know yet that it leads no more.
    private mutating func pauseRound() async throws(TortureFailure) {
        await pause(generator.milliseconds(in: 100...600))
        let old = try await waitForLeader()
        let reader = try connection(to: [old])
        let writer = try connection(to: cluster.nodes.filter { $0 != old })
        defer {
            reader.close()
            writer.close()
        }
        // So that the reader is connected before the leader stands still.
        guard (try? await Workload.count(at: Self.probe, by: reader, timeout: .seconds(3))) != nil
        else { return }
        let fault = recorder.beginFault(kind: "pause", nodes: [old])
        defer { recorder.endFault(fault) }
        cluster.signal(old, SIGSTOP)
        defer { cluster.signal(old, SIGCONT) }
        // Never again the same, though this round should not count.
        let value = UInt64(tally.rounds.pauses + tally.unansweredReads + 1)
        do throws(LockstepError) {
            try await writer.setProperty(
                Self.probe, type: .count, values: [.count(value)], timeout: plan.patience)
        } catch {
            if Interruption.isRequested { return }
            throw TortureFailure("no write while node \(old) stood still: \(error)")
        }
        await pause(generator.milliseconds(in: 0...2_000))
        // Sent while the old leader stands, so that it is the first thing it sees when it goes on.
        async let answer = Self.answer(of: reader, at: Self.probe, timeout: .seconds(5))
        await pause(.milliseconds(50))
        cluster.signal(old, SIGCONT)
        switch await answer {
        case .refused: tally.refusedReads += 1
        case .value(let seen) where seen >= value: tally.freshReads += 1
        case .value: tally.staleReads += 1
        case .none: tally.unansweredReads += 1
        }
        tally.rounds.pauses = tally.freshReads + tally.refusedReads + tally.staleReads
        try await waitForProgress()
    }

    /// What became of one read.
    enum Answer {
        case value(UInt64)
        /// The node said that it cannot.
        case refused
        /// It said nothing.
        case none
    }

    /// Reads a count, 0 where there is none.
    static func answer(
        of reader: LockstepClient, at path: String, timeout: Duration
    ) async -> Answer {
        do throws(LockstepError) {
            return .value(try await Workload.count(at: path, by: reader, timeout: timeout))
        } catch {
            if case .refused = error { return .refused }
            return .none
        }
    }

    func connection(to nodes: [Int]) throws(TortureFailure) -> LockstepClient {
        var configuration = ClientConfiguration(endpoints: nodes.map(cluster.endpoint))
        configuration.name = "torture nemesis"
        configuration.connectTimeout = .milliseconds(500)
        return try OpenClients.open(configuration)
    }
}
