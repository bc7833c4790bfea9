import Histories
import Identifiers
import Lockstep

/// Lets faults happen to a cluster: each kind once by itself, then several at once, by a seed.
struct FaultRun {
    struct Plan {
        var kinds: [FaultKind]
        var deadline: ContinuousClock.Instant
        /// The longest that the cluster may go without an acknowledgement once all is well.
        var patience: Duration
        /// How many faults may be under way at once, after each kind has been alone.
        var mostAtOnce = 3
        /// The times of one fault, in milliseconds.
        var hold = 1_500...3_500
    }

    /// What became of one kind.
    struct Row {
        var times = 0
        /// The longest time without an acknowledgement while it was alone, recovery included.
        var silence = Duration.zero
        /// From its end, alone, to the tenth acknowledgement.
        var recovery = Duration.zero
    }

    let plan: Plan
    let cluster: TestCluster
    let watch: LeaderWatch
    let recorder: HistoryRecorder
    let meter: ProgressMeter
    private(set) var stage: FaultStage
    private var chooser: FaultChooser
    private var generator: SeededGenerator
    private var scenes: [FaultStage.Scene] = []
    private(set) var rows: [FaultKind: Row] = [:]
    /// The most that were under way at one moment.
    private(set) var mostAtOnce = 0

    init(
        _ plan: Plan, _ cluster: TestCluster, watch: LeaderWatch, observer: LockstepClient,
        recorder: HistoryRecorder, meter: ProgressMeter, seed: UInt64
    ) {
        self.plan = plan
        self.cluster = cluster
        self.watch = watch
        self.recorder = recorder
        self.meter = meter
        generator = SeededGenerator(seed: seed)
        chooser = FaultChooser(generator: SeededGenerator(seed: generator.next()))
        stage = FaultStage(
            cluster, observer: observer, recorder: recorder, patience: plan.patience,
            generator: SeededGenerator(seed: generator.next()))
    }

    /// Kinds that happened and met nothing.
    var unmet: [FaultKind] {
        plan.kinds.filter { rows[$0] != nil && stage.met[$0, default: 0] == 0 }
    }

    /// Kinds that the run did not come to.
    var unreached: [FaultKind] {
        plan.kinds.filter { rows[$0] == nil }
    }

    /// Whether there were to be several at once, and never were.
    var isUnmixed: Bool {
        plan.mostAtOnce > 1 && mostAtOnce < 2 && FaultKind.canMix(plan.kinds)
    }

    private var mayGoOn: Bool {
        !Interruption.isRequested && ContinuousClock.now < plan.deadline
    }

    /// Does as much of the plan as the time allows, and leaves a cluster without faults.
    mutating func run() async throws(TortureFailure) {
        do throws(TortureFailure) {
            try await waitForProgress()
            try await waitForAll()
            for kind in plan.kinds.shuffled(using: &generator) where mayGoOn {
                try await alone(kind)
            }
            // What met nothing by chance, such as a link that nobody used, has a second turn.
            for kind in unmet where mayGoOn { try await alone(kind) }
            while mayGoOn, plan.mostAtOnce > 1 { try await mix() }
        } catch {
            // What is under way ends all the same, so that the checkers can look at the cluster.
            try? await endAll()
            throw error
        }
    }

    // MARK: - One by itself

    private mutating func alone(_ kind: FaultKind) async throws(TortureFailure) {
        _ = meter.markGap()
        guard try await begin(kind) else { return }
        while let end = scenes.first?.end, ContinuousClock.now < end, !Interruption.isRequested {
            try await advance()
        }
        try await endAll()
        let start = ContinuousClock.now
        try await waitForProgress()
        let recovery = ContinuousClock.now - start
        let silence = meter.markGap()
        rows[kind, default: Row()].recovery = max(rows[kind]?.recovery ?? .zero, recovery)
        rows[kind, default: Row()].silence = max(rows[kind]?.silence ?? .zero, silence)
        try await waitForAll()
    }

    // MARK: - Several at once

    /// Some twenty seconds of faults that come and go, then a time without.
    private mutating func mix() async throws(TortureFailure) {
        let end = min(plan.deadline, .now + generator.milliseconds(in: 10_000...20_000))
        var next = ContinuousClock.now
        while ContinuousClock.now < end, !Interruption.isRequested {
            if next <= .now, scenes.count < plan.mostAtOnce,
                let kind = plan.kinds.randomElement(using: &generator), isCompatible(kind)
            {
                // Where nothing else may be in the way, nodes that have just been started may not either.
                if FaultKind.needingAllNodes.contains(kind) { try await waitForAll() }
                _ = try await begin(kind)
                next = .now + generator.milliseconds(in: 100...1_500)
            }
            try await advance()
            while let place = scenes.firstIndex(where: { $0.end <= .now }) {
                // Where a node has to come back as a voter, nothing may be in its way.
                if scenes[place].kind.isExclusive {
                    try await endAll()
                } else {
                    try await finish(scenes.remove(at: place))
                }
            }
        }
        try await endAll()
        try await waitForProgress()
        try await waitForAll()
    }

    private func isCompatible(_ kind: FaultKind) -> Bool {
        if FaultKind.needingAllNodes.contains(kind) { return scenes.isEmpty }
        return !scenes.contains { $0.kind == kind || ($0.kind.isExclusive && kind.isExclusive) }
    }

    // MARK: - Begin and end

    /// Begins a fault of a kind; false if there is no node for it at the moment.
    private mutating func begin(_ kind: FaultKind) async throws(TortureFailure) -> Bool {
        let view = FaultChooser.View(
            nodes: Array(cluster.nodes), spare: cluster.spare, leader: watch.leader,
            busy: Set(scenes.flatMap(\.busy)), small: cluster.plan.small)
        guard let trouble = chooser.trouble(kind, view) else { return false }
        let number = recorder.beginFault(
            kind: kind.rawValue, nodes: trouble.nodes, details: trouble.details)
        let now = ContinuousClock.now
        var scene = FaultStage.Scene(
            number: number, kind: kind, trouble: trouble,
            end: now + generator.milliseconds(in: plan.hold), nextStep: now)
        rows[kind, default: Row()].times += 1
        do throws(TortureFailure) {
            try await stage.begin(&scene)
        } catch {
            scenes.append(scene)
            throw error
        }
        scenes.append(scene)
        mostAtOnce = max(mostAtOnce, scenes.count)
        return true
    }

    private mutating func advance() async throws(TortureFailure) {
        try cluster.restartPardoned()
        for place in scenes.indices { try await stage.advance(&scenes[place]) }
        await pause(.milliseconds(10))
    }

    private mutating func finish(_ scene: FaultStage.Scene) async throws(TortureFailure) {
        defer { recorder.endFault(scene.number) }
        try await stage.end(scene)
    }

    /// Ends all faults, those last after which a node has to come back; then the first failure of
    /// these is thrown.
    private mutating func endAll() async throws(TortureFailure) {
        let ending = scenes.filter { !$0.kind.isExclusive } + scenes.filter(\.kind.isExclusive)
        scenes = []
        var failure: TortureFailure?
        for scene in ending {
            do throws(TortureFailure) {
                try await finish(scene)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    /// Waits for acknowledgements that came after all faults were over.
    private func waitForProgress() async throws(TortureFailure) {
        let before = meter.count
        let time = Patience(plan.patience, cluster)
        while meter.count < before + 10 {
            guard !Interruption.isRequested else { return }
            try cluster.restartPardoned()
            guard !time.isOver else {
                throw TortureFailure(
                    "no progress within \(plan.patience) without faults; "
                        + "not running: \(cluster.stopped)")
            }
            await pause(.milliseconds(10))
        }
    }

    /// Waits until all nodes are back: the next fault is not to meet one that the fault before has
    /// still in its hands.
    private func waitForAll() async throws(TortureFailure) {
        try cluster.restartFallen()
        try await stage.waitForAll()
    }
}

extension FaultStage.Scene {
    /// Nodes that no other fault may touch; those of the network touch none.
    var busy: [Int] {
        kind.isOfNetwork ? [] : trouble.nodes
    }
}
