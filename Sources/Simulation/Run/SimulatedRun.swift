package import Codec
package import Identifiers
import Node
import Raft
import Replication
import Transactions
import Triggers

/// How long a run is, and how large.
package struct RunSettings: Sendable {
    /// Those of the cluster at first; three may become four in some runs, unless `keepsFounders`.
    package var founders = 3
    package var keepsFounders = false
    package var spares = 1
    /// Clients that write, and read now and then.
    package var clients = 4
    /// Clients that only read, so that a node which nobody else follows any more is asked too.
    package var readers = 2
    /// Clients of the client library, with some operations under way at once.
    package var pipelined = 1
    /// Frames that a leader sends in one message.
    package var framesPerAppend = 4_096
    package var faultMilliseconds: UInt64 = 20_000
    /// Whether processes flush their engines often.
    package var flushesOften = false
    /// Within this time after the last fault the cluster must be well again.
    package var healMilliseconds: UInt64 = 60_000
    /// Up to how long clients pause between two operations; nil for as short as each kind does by itself.
    package var thinkMilliseconds: UInt64?
    /// Whether there are no faults.
    package var isCalm = false
    /// How long the sessions of some clients live that nobody uses.
    package var sessionMilliseconds: UInt64 = 20_000
    /// Jobs that a run may take; the longest take some hundred thousand.
    package var steps: UInt64 = 20_000_000
    /// Every disk says that syncs are done, and does none: such a run must fail.
    package var disksLie = false
    package var limits: Limits
    #if PLANTED_BUGS
        /// The mistake that all nodes make.
        package var planted: PlantedBug?
    #endif

    package init() {
        var limits = Limits.standard
        limits.segmentBytes = 256 << 10
        limits.frameBytes = 64 << 10
        limits.transactionBytes = 32 << 10
        limits.retainedLogBytes = 512 << 10
        limits.snapshotChunkBytes = 16 << 10
        // Some hundred rows, so that a run drives out rows that it needs again.
        limits.cachedRowBytes = 24 << 10
        self.limits = limits
    }

    /// Some runs keep little of the log, in short segments and with many flushes, so that who lags behind
    /// needs a snapshot, even a leader with many frames to itself; and some send few frames at a time.
    package mutating func vary(by seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x0BB1_7E5D_0BB1_7E5D)
        if founders == 3, !keepsFounders { founders = random.pick([3, 3, 3, 3, 3, 4]) }
        limits.retainedLogBytes = random.pick([512 << 10, 64 << 10, 8 << 10, 8 << 10])
        limits.segmentBytes = random.pick([256 << 10, 128 << 10])
        framesPerAppend = random.pick([4_096, 4_096, 2, 1])
        limits.frameCacheBytes = random.pick([24 << 20, 4 << 10])
        sessionMilliseconds = random.pick([2_000, 20_000])
        lowerBounds(using: &random)
        guard limits.retainedLogBytes == 8 << 10 else { return }
        limits.segmentBytes = 16 << 10
        limits.frameCacheBytes = 4 << 10
        limits.uncommittedFrames = 1_024
        flushesOften = true
    }

    /// Some bounds are so low, in some runs, that these come up to them.
    private mutating func lowerBounds(using random: inout SeededGenerator) {
        // Everybody who may ever be a member at a time, and one that is replaced.
        limits.members = founders + spares + 1
        limits.inflightAppendsPerPeer = random.pick([256, 32])
        limits.pendingProposalBytes = random.pick([64 << 20, 64 << 20, 3 << 10])
        // So few that a client of the library meets it with reads of its own.
        limits.pendingReads = random.pick([100_000, 100_000, 2])
        // As many as there are clients with one.
        limits.sessions = random.pick([100_000, 100_000, clients + pipelined])
        (limits.outcomesPerSession, limits.outcomeBytesPerSession) = random.pick([
            (1_024, 16 << 20), (1_024, 16 << 20), (4, 16 << 20), (1_024, 96),
        ])
        // A run has a few thousand records.
        (limits.checkpointRecords, limits.retainedChangeRecords) = random.pick([
            (4_096, 262_144), (4_096, 262_144), (64, 1_024), (32, 256),
        ])
    }
}

/// What came of one run.
package struct Verdict: Sendable {
    package let seed: UInt64
    package var violations: [String] = []
    package var coverage = Coverage()
    package var counts = LedgerCounts()
    package var traceLines: [String] = []
    package var traceDigest = Bits128.zero
    package var steps: UInt64 = 0
    /// Simulated time that nodes ran for, all together.
    package var nodeSeconds = 0.0
    /// The schedule's entries, those that were left out included.
    package var schedule: Schedule

    package init(seed: UInt64, schedule: Schedule) {
        self.seed = seed
        self.schedule = schedule
    }

    package var passed: Bool { violations.isEmpty }
}

/// One run: a cluster, clients, faults from a seed; then all faults end, and all must be well.
package final class SimulatedRun {
    private let seed: UInt64
    private let settings: RunSettings
    private let schedule: Schedule
    private let world: World
    private let trace: Trace
    private let cluster: SimulatedCluster
    private let checker: NodeChecker
    private let ledger = Ledger()
    private let injector: FaultInjector
    private var clients: [any RunClient] = []
    private var violations: [String] = [] {
        didSet { violations.dropFirst(oldValue.count).forEach(found) }
    }
    private let audit = WatchedTrigger.audit()
    private let undone = WatchedTrigger.undone()
    private var triggers: [WatchedTrigger] { [audit, undone] }
    private var watcher: SimulatedWatcher?
    /// When an operator looks at the triggers next, in nanoseconds of the world.
    private var nextLook: UInt64 = 0
    /// Whether what was read was held to what was written.
    private var isJudged = false
    /// Whether the trigger is there that vetoes what is forbidden.
    private var isGuarded = false

    /// A run of `seed`; with `only`, of these entries of its schedule.
    package init(
        seed: UInt64, settings: RunSettings = RunSettings(), only: [Int]? = nil,
        keepsTrace: Bool = false
    ) {
        self.seed = seed
        var settings = settings
        settings.vary(by: seed)
        self.settings = settings
        let whole = Schedule(
            seed: seed, hosts: settings.founders, milliseconds: settings.faultMilliseconds)
        schedule = (settings.isCalm ? [] : only).map(whole.keeping) ?? whole
        world = World(seed: seed, stepBound: settings.steps)
        trace = Trace(keepsLines: keepsTrace)
        cluster = SimulatedCluster(
            founders: settings.founders, spares: settings.spares, world: world, trace: trace,
            limits: settings.limits)
        cluster.framesPerAppend = settings.framesPerAppend
        if settings.flushesOften { cluster.flushings = SimulatedCluster.manyFlushes }
        checker = NodeChecker(limits: settings.limits)
        injector = FaultInjector(cluster, checker)
        wire()
    }

    /// Whether change sets are trimmed in it.
    private var trims: Bool {
        settings.limits.retainedChangeRecords < Limits.standard.retainedChangeRecords
    }

    private func wire() {
        checker.watch(
            cluster, mayHaveLost: { [unowned self] in injector.impairment?.host === $0 },
            turnEnded: { [unowned self] host, report in
                injector.turnEnded(host, report)
                lookAtTriggers(host, report)
            },
            synced: { [unowned self] in injector.syncedGroup($0, endsWithVote: $1) })
        checker.found = { [unowned self] in found($0) }
        checker.disks.found = { [unowned self] in found($0) }
        ledger.found = { [unowned self] in found($0) }
        for trigger in triggers { trigger.deliveries.found = { [unowned self] in found($0) } }
        checker.noted = { [unowned self] host, text in trace.note(world, host.name, text) }
        checker.hasCommitted = { [unowned self] in trace.mix("committed \($0) \($1)") }
        cluster.ends = { [unowned self] in checker.ends($0) }
        cluster.refused = { [unowned self] in injector.refused($0, $1) }
        cluster.stoppedItself = { [unowned self] in injector.stoppedItself($0, $1) }
        cluster.crashedMidway = { [unowned self] host, doing, isOpening in
            injector.crashedMidway(host, at: doing, isOpening: isOpening)
        }
        cluster.delivered = { [unowned self] host, delivery in
            guard let term = host.replica?.inspection().term,
                let trigger = triggers.first(where: { $0.definition.name == delivery.trigger })
            else { return }
            trigger.deliveries.ran(
                host, term: term, LogIndex(delivery.index), succeeded: delivery.succeeded)
        }
        ledger.acknowledged = { [unowned self] in audit.deliveries.ended($0) }
        ledger.aborted = { [unowned self] in undone.deliveries.ended($0) }
        ledger.answered = { [unowned self] in checker.answered($0) }
        ledger.highestApplied = { [unowned self] in checker.highestApplied }
        ledger.sessionsFullThrough = { [unowned self] in checker.sessionsFullThrough }
        makeClients()
    }

    /// A violation goes into the timeline where it is found.
    private func found(_ violation: String) {
        trace.note(world, "VIOLATION", violation)
    }

    private func makeClients() {
        watcher = SimulatedWatcher(
            "w1", fabric: cluster.fabric,
            addresses: cluster.hosts.prefix(settings.founders).map(\.clientAddress),
            ledger: ledger, limits: settings.limits)
        watcher?.sawCommit = { [unowned self] in audit.deliveries.ended($0) }
        watcher?.sawAbort = { [unowned self] in undone.deliveries.ended($0) }
        watcher?.firstRetained = { [unowned self] in checker.newestRetained(cluster) }
        if trims { watcher?.olderPerMille = 150 }
        for number in 1...(settings.clients + settings.readers) {
            let client = SimulatedClient(
                "c\(number)", fabric: cluster.fabric,
                addresses: cluster.hosts.prefix(settings.founders).map(\.clientAddress),
                ledger: ledger, limits: settings.limits, trace: trace)
            client.forbiddenPerMille = 20
            if let think = settings.thinkMilliseconds { client.pauseMilliseconds = 0...think }
            if number > settings.clients { client.readsPerMille = 1_000 }
            // Some find a new leader before the old one knows of it.
            if number <= 2 { client.patienceMilliseconds = 60 * UInt64(number) }
            client.acknowledgesLate = number == 4
            if number == 3 {
                client.sessionMilliseconds = settings.sessionMilliseconds
                if client.sessionMilliseconds <= 2_000 { client.restsPerMille = 4 }
            }
            clients.append(client)
        }
        for number in 0..<settings.pipelined {
            clients.append(
                PipelinedClient(
                    "p\(number + 1)", fabric: cluster.fabric,
                    addresses: cluster.hosts.prefix(settings.founders).map(\.clientAddress),
                    ledger: ledger, limits: settings.limits,
                    sessionMilliseconds: settings.sessionMilliseconds,
                    pauseMilliseconds: settings.thinkMilliseconds ?? 120))
        }
    }

    /// Runs it to its end.
    package func run() -> Verdict {
        #if PLANTED_BUGS
            return PlantedBug.$chosen.withValue(settings.planted) { runPhases() }
        #else
            return runPhases()
        #endif
    }

    private func runPhases() -> Verdict {
        injector.clients = clients.map(\.name) + [watcher?.name].compactMap { $0 }
        begin()
        injector.arrange(schedule)
        clients.forEach { $0.start() }
        watcher?.start()
        pass(settings.faultMilliseconds)
        injector.heal()
        recover()
        compare()
        return verdict()
    }

    // MARK: Phases

    private func begin() {
        for host in cluster.hosts.prefix(settings.founders) {
            host.disk.faults.liesAboutSyncs = settings.disksLie
            cluster.start(host)
        }
        guard world.run(milliseconds: 20_000, until: { cluster.leader != nil }) else {
            violations.append("no leader within 20 s of the first start")
            return
        }
        // Leaders come and go in the first moments.
        for trigger in triggers {
            for _ in 0..<5 where trigger.deliveries.since == nil {
                trigger.add(to: cluster)
                world.run(milliseconds: 2_000) { trigger.deliveries.since != nil }
            }
        }
        for _ in 0..<5 where !isGuarded { addGuardian() }
        var missing = triggers.filter { $0.deliveries.since == nil }.map(\.definition.name)
        if !isGuarded { missing.append("guardian") }
        for name in missing {
            violations.append("the trigger \(name) could not be added in 10 s")
        }
        if settings.limits.sessions < Limits.standard.sessions { openAnother() }
    }

    /// Opens a session that nobody uses, and one of the clients has to wait for until it expires.
    private func openAnother() {
        let record = Record.openSession(timeToLiveMilliseconds: 3_000, description: "nobody's")
        cluster.leader?.replica?.propose(record.encoded()) { _ in }
        world.run(milliseconds: 100)
    }

    /// Looks each 200 ms whether a trigger is suspended, because changes were trimmed before they were
    /// delivered, and resumes it, as an operator does.
    private func operate() {
        guard trims, world.time >= nextLook else { return }
        nextLook = world.time + 200_000_000
        let newest = checker.newestRetained(cluster)
        violations += triggers.compactMap { $0.resume(in: cluster, newestRetained: newest) }
    }

    private func lookAtTriggers(_ host: SimulatedHost, _ report: ReplicaInspection) {
        guard trims else { return }
        for trigger in triggers {
            trigger.look(at: host, report) { checker.firstRetained(on: host) }
        }
    }

    /// Adds the trigger that vetoes what is forbidden; a second try is told that it is there.
    private func addGuardian() {
        cluster.propose(TriggerStore.add(ClientOperation.guardian)) { [weak self] _ in
            self?.isGuarded = true
        }
        world.run(milliseconds: 2_000) { isGuarded }
    }

    private func pass(_ milliseconds: UInt64) {
        for _ in 0..<milliseconds / 100 {
            world.run(milliseconds: 100)
            injector.settle()
            operate()
            guard isClean else { return }
        }
    }

    /// All faults are over: every client must get on, and all nodes must come to the same state.
    private func recover() {
        guard isClean else { return }
        let before = clients.map(\.finished)
        let isServed = world.run(milliseconds: settings.healMilliseconds) {
            operate()
            return cluster.leader != nil
                && zip(clients, before).allSatisfy { $0.finished >= $1 + 3 }
        }
        if !isServed {
            let waiting = zip(clients, before).filter { $0.finished < $1 + 3 }.map(\.0.state)
            violations.append(
                "\(settings.healMilliseconds) ms after the last fault, "
                    + "these wait: \(waiting.joined(separator: "; ")); leader "
                    + "\(cluster.leader?.name ?? "none")")
            describeHosts()
            return
        }
        trace.note(world, "clients", "have all been served, and stop")
        clients.forEach { $0.stop() }
        let isSettled = world.run(milliseconds: settings.healMilliseconds) {
            operate()
            return clients.allSatisfy(\.isIdle) && cluster.isSettled
                && triggers.allSatisfy(\.deliveries.isComplete)
                && watcher.map { $0.next > told } != false
        }
        if !isSettled {
            let complete = triggers.map {
                "deliveries of \($0.definition.name) complete: \($0.deliveries.isComplete); "
            }
            violations.append(
                "\(settings.healMilliseconds) ms after the clients' last operation the nodes have "
                    + "not come to one state; " + complete.joined()
                    + "watched up to \(watcher?.next ?? .zero)")
            describeHosts()
        }
    }

    /// The highest index that a client was told is committed, or that a trigger was told of.
    private var told: LogIndex {
        triggers.map(\.deliveries.highest).reduce(ledger.highest, max)
    }

    private func describeHosts() {
        for host in cluster.hosts {
            guard let report = host.replica?.report() else {
                violations.append(
                    "  \(host.name) is down: \(host.failure.map { "\($0)" } ?? "no failure")")
                continue
            }
            violations.append(
                "  \(host.name) \(report.role) term \(report.term) commit \(report.commit) "
                    + "applied \(report.position.index) durable \(report.durable) "
                    + "last \(report.last) repairing \(report.isRepairing) \(report.notice)")
        }
    }

    private func compare() {
        guard isClean else { return }
        violations += watcher?.missing() ?? []
        let history = watcher?.wholeHistory ?? []
        let unknown = watcher?.unknown ?? []
        isJudged = watcher != nil && unknown.isEmpty
        if isJudged { violations += ledger.judge(history) }
        violations += audit.deliveries.differences(history.map(\.index), but: unknown)
        // Not all that abort are a client's: of what a watch was not told, nobody knows them all.
        violations += undone.deliveries.differences(
            watcher?.aborts.sorted() ?? [], but: watcher?.lost ?? [])
        if let leader = cluster.leader {
            for trigger in triggers {
                violations += DeliveryChecker.objections(inTheEnd: trigger.registered(on: leader))
            }
        }
        let model = ledger.model(history)
        // A node that was removed need not have heard of it: the leader knows who is a member.
        guard let members = cluster.leader?.replica?.newestMembership else {
            violations.append("no leader at the end")
            return
        }
        var digests: [String: String] = [:]
        for host in cluster.hosts where members.member(host.node) != nil {
            guard let replica = host.replica else {
                violations.append("\(host.name) is a member, and does not run at the end")
                continue
            }
            do {
                let report = try StateDigest.of(replica.presentEngine)
                digests[host.name] = "\(report.index) \(report.digest)"
            } catch {
                violations.append("\(host.name): its state cannot be read: \(error)")
            }
            violations += FeedChecker.check(host, ledger, history, limits: settings.limits)
            violations += RowChecker.check(host, model, limits: settings.limits)
        }
        trace.mix("states \(digests.sorted { $0.key < $1.key })")
        if Set(digests.values).count > 1 {
            violations.append("states differ: \(digests.sorted { $0.key < $1.key })")
        }
    }

    private var isClean: Bool {
        !world.isExhausted && violations.isEmpty && checker.violations.isEmpty
            && ledger.violations.isEmpty && checker.disks.violations.isEmpty
            && triggers.allSatisfy(\.deliveries.violations.isEmpty)
    }

    private func verdict() -> Verdict {
        cluster.hosts.forEach(checker.ends)
        cluster.ends = { _ in }
        var verdict = Verdict(seed: seed, schedule: schedule)
        if world.isExhausted {
            verdict.violations.append(
                "the run does not end: \(world.steps) steps at \(world.time / 1_000_000) ms")
        }
        verdict.violations +=
            checker.violations + triggers.flatMap(\.deliveries.violations)
            + checker.disks.violations + ledger.violations + violations
        verdict.coverage = injector.coverage
        verdict.coverage.merge(checker.coverage)
        verdict.coverage.count("truncations", checker.disks.truncations)
        for host in cluster.hosts {
            for (name, count) in host.diskCounts.byName { verdict.coverage.count(name, count) }
        }
        let fabric = cluster.fabric.counts
        verdict.coverage.count("messages lost", fabric.lost)
        verdict.coverage.count("messages repeated", fabric.repeated)
        verdict.coverage.count("messages reordered", fabric.reordered)
        verdict.coverage.count("connections broken", fabric.broken)
        verdict.coverage.count("trigger deliveries", audit.deliveries.count)
        verdict.coverage.count("trigger deliveries of aborts", undone.deliveries.count)
        verdict.coverage.count("watches resumed", watcher?.resumptions ?? 0)
        verdict.coverage.count("watches of what was told before", watcher?.comparisons ?? 0)
        verdict.coverage.count("watches refused for trimmed changes", watcher?.refusals ?? 0)
        verdict.coverage.count("gaps of a trigger accepted", audit.deliveries.gapsAccepted)
        verdict.coverage.count(
            "gaps of a trigger of aborts accepted", undone.deliveries.gapsAccepted)
        if isClean, !isJudged { verdict.coverage.count(Coverage.unjudged) }
        verdict.coverage.count("requests repeated", ledger.counts.repeats)
        verdict.coverage.count("vetoes", ledger.counts.vetoed)
        verdict.coverage.count("sessions expired", ledger.counts.expired)
        verdict.coverage.count("transactions refused for a bound", ledger.counts.refusedProposals)
        verdict.coverage.count("reads refused for a bound", ledger.counts.refusedReads)
        verdict.coverage.count("sessions refused for a bound", ledger.counts.refusedSessions)
        verdict.coverage.count("sessions without room for an outcome", ledger.counts.fullSessions)
        let library = clients.compactMap { $0 as? PipelinedClient }
        verdict.coverage.count(
            "operations of the client library", library.reduce(0) { $0 + $1.finished })
        verdict.coverage.count("reads put off", library.reduce(0) { $0 + $1.readsPutOff })
        verdict.coverage.count("conditions that held", ledger.conditionsHeld)
        verdict.coverage.count("conditions that failed", ledger.failedConditions.count)
        verdict.counts = ledger.counts
        verdict.steps = world.steps
        verdict.nodeSeconds = Double(cluster.nodeNanoseconds) / 1e9
        verdict.traceLines = trace.lines
        // Whatever has drawn from the world in another order shows in its luck.
        trace.mix("steps \(world.steps) time \(world.time) luck \(world.random.next())")
        verdict.traceDigest = trace.finish()
        clients.forEach { $0.end() }
        watcher?.end()
        cluster.end()
        return verdict
    }
}
