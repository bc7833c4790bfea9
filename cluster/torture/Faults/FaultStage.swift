import Glibc
import Histories
import Identifiers
import Lockstep

/// Carries faults out on a cluster: begins, goes on with, and ends them.
struct FaultStage {
    /// A fault under way.
    struct Scene {
        let number: Int
        let kind: FaultKind
        let trouble: Trouble
        /// When it is to end.
        let end: ContinuousClock.Instant
        /// For what goes in turns: what comes next, and when.
        var step = 0
        var nextStep: ContinuousClock.Instant
        /// What the evidence counted at the beginning.
        var evidence = 0
    }

    let cluster: TestCluster
    let observer: LockstepClient
    let recorder: HistoryRecorder
    let patience: Duration
    var generator: SeededGenerator
    /// How often each kind met a call, a packet or a process.
    private(set) var met: [FaultKind: Int] = [:]

    init(
        _ cluster: TestCluster, observer: LockstepClient, recorder: HistoryRecorder,
        patience: Duration, generator: SeededGenerator
    ) {
        self.cluster = cluster
        self.observer = observer
        self.recorder = recorder
        self.patience = patience
        self.generator = generator
    }

    private var packets: (any PacketFaults)? {
        cluster.plan.network.faults
    }

    mutating func meet(_ kind: FaultKind, _ times: Int = 1) {
        met[kind, default: 0] += times
    }

    /// What the switch and the nodes' libraries have counted of such a trouble.
    private func evidence(_ trouble: Trouble) -> Int {
        switch trouble {
        case .links:
            let counts = packets?.counts ?? LinkTable.Counts()
            return counts.dropped + counts.delayed + counts.duplicated
        case .disk(let node, _), .unreadable(let node, _):
            guard let hits = cluster.troubles[node]?.hits else { return 0 }
            return Int(hits.failures + hits.stalls + hits.delays)
        case .clock(let nodes, _):
            return nodes.reduce(0) { $0 + Int(cluster.troubles[$1]?.hits.shiftedClockReads ?? 0) }
        case .clockRate(let nodes, _):
            return nodes.reduce(0) { $0 + Int(cluster.troubles[$1]?.hits.bentClockReads ?? 0) }
        case .kill, .stop, .pulses, .restart, .fullDisk, .transfer, .membership, .rot, .wipe:
            return 0
        }
    }

    // MARK: - Begin

    mutating func begin(_ scene: inout Scene) async throws(TortureFailure) {
        scene.evidence = evidence(scene.trouble)
        switch scene.trouble {
        case .links(let links): packets?.apply(links, fault: scene.number)
        case .kill(let nodes):
            meet(scene.kind, nodes.count)
            try await cluster.kill(nodes, using: &generator)
        case .stop(let node):
            if cluster.signal(node, SIGSTOP) { meet(scene.kind) }
        case .pulses, .restart, .transfer: break
        case .disk(let node, let settings):
            cluster.setMayEnd(node, settings.writeError != 0 || settings.syncError != 0)
            try change(node) { settings.lay(over: &$0) }
        case .unreadable(let node, let permille):
            cluster.setMayEnd(node, true)
            try await cluster.kill([node], using: &generator)
            try change(node) {
                $0.readError = EIO
                $0.permille = permille
            }
            try cluster.start(node)
        case .fullDisk(let node):
            cluster.setMayEnd(node, true)
            try cluster.fillDisk(node, leaving: Int.random(in: 0...8_192, using: &generator))
        case .clock(let nodes, let seconds):
            for node in nodes { try change(node) { $0.wallNanoseconds += seconds * 1_000_000_000 } }
        case .clockRate(let nodes, let permille):
            for node in nodes { try change(node) { $0.ratePermille = Int32(permille) } }
        case .membership(let node, _): try await join(node, scene.kind)
        case .rot(let node): try await rot(node, scene.kind)
        case .wipe(let node):
            try await cluster.kill([node], using: &generator)
            try await cluster.wipe(node)
            try cluster.start(node)
            meet(scene.kind)
        }
    }

    private func change(
        _ node: Int, _ body: (inout TroubleControl.Settings) -> Void
    ) throws(TortureFailure) {
        guard let trouble = cluster.troubles[node] else {
            throw TortureFailure("node \(node) has no disk that can fail")
        }
        try trouble.change(body)
    }

    private mutating func rot(_ node: Int, _ kind: FaultKind) async throws(TortureFailure) {
        try await cluster.kill([node], using: &generator)
        if let place = try LogRot.strike(
            log: cluster.dataFolder(node) + "/log", using: &generator)
        {
            recorder.note("flipped in the log of node \(node): \(place)")
            meet(kind)
        }
        try cluster.start(node)
    }

    // MARK: - Go on

    /// Does the next step of what goes in turns, if it is due.
    mutating func advance(_ scene: inout Scene) async throws(TortureFailure) {
        guard scene.nextStep <= .now else { return }
        scene.step += 1
        switch scene.trouble {
        case .pulses(let node, let stopped, let running):
            let isStop = scene.step % 2 == 1
            if cluster.signal(node, isStop ? SIGSTOP : SIGCONT) { meet(scene.kind) }
            scene.nextStep = .now + (isStop ? stopped : running)
        case .restart(let nodes) where scene.step <= nodes.count:
            // The one before must be back; if packets are in its way, those faults come to an end.
            guard await silent().isEmpty else {
                scene.step -= 1
                return
            }
            try await restart(nodes[scene.step - 1])
            scene.nextStep = .now + .milliseconds(700)
            meet(scene.kind)
        case .transfer:
            // Refused where there is no leader at the moment; that is an answer too.
            let isDone =
                (try? await observer.transferLeadership(timeout: .seconds(2))) != nil
            if isDone { meet(scene.kind) }
            scene.nextStep = .now + generator.milliseconds(in: 300...1_500)
        case .fullDisk(let node):
            // The log has room prepared; what needs more now is the store.
            scene.nextStep = .now + .milliseconds(500)
            do throws(LockstepError) {
                _ = try await observer.snapshot(
                    of: cluster.endpoint(node), timeout: .seconds(2))
            } catch {
                // A node that runs and cannot be reached has not said that it has no room.
                if case .unreachable = error, cluster.isRunning(node) { return }
                recorder.note("no snapshot on the full disk of node \(node): \(error)")
                meet(scene.kind)
                scene.nextStep = scene.end
            }
        case .links, .kill, .stop, .restart, .disk, .unreadable, .clock, .clockRate,
            .membership, .rot, .wipe:
            scene.nextStep = scene.end
        }
    }

    private func restart(_ node: Int) async throws(TortureFailure) {
        await cluster.terminate(node, patience: .seconds(20))
        try cluster.start(node)
    }

    /// Nodes of the beginning that do not say how they are.
    private func silent() async -> [Int] {
        let reports = await observer.statusOfAllNodes(timeout: .milliseconds(500))
        return cluster.nodes.filter { node in
            !cluster.isRunning(node)
                || !reports.contains { report in
                    guard case .success(let status) = report.status else { return false }
                    return Int(status.node) == node
                }
        }
    }

    /// Waits until all nodes of the beginning run and say how they are; no fault may be in force.
    func waitForAll() async throws(TortureFailure) {
        let time = Patience(patience, cluster)
        while !Interruption.isRequested {
            try cluster.restartPardoned()
            let silent = await silent()
            if silent.isEmpty { return }
            guard !time.isOver else {
                throw TortureFailure(
                    "nodes \(silent) do not answer within \(patience) without faults; "
                        + "not running: \(cluster.stopped)")
            }
            await pause(.milliseconds(20))
        }
    }

    // MARK: - End

    mutating func end(_ scene: Scene) async throws(TortureFailure) {
        meet(scene.kind, evidence(scene.trouble) - scene.evidence)
        // Nothing is made well again for nodes that are about to be killed.
        if Interruption.isRequested { return }
        switch scene.trouble {
        case .links: packets?.heal(fault: scene.number)
        case .kill(let nodes):
            for node in nodes.shuffled(using: &generator) { try cluster.start(node) }
        case .stop(let node), .pulses(let node, _, _): cluster.signal(node, SIGCONT)
        case .restart(let nodes):
            for place in scene.step..<max(scene.step, nodes.count) {
                try await waitForAll()
                try await restart(nodes[place])
                meet(scene.kind)
            }
        case .transfer: break
        case .disk(let node, let settings):
            try change(node) { settings.lift(from: &$0) }
            try recover(node)
        case .unreadable(let node, _):
            try change(node) {
                $0.readError = 0
                $0.permille = 1_000
            }
            try recover(node)
        case .fullDisk(let node):
            cluster.emptyDisk(node)
            try recover(node)
        case .clock(let nodes, let seconds):
            for node in nodes { try change(node) { $0.wallNanoseconds -= seconds * 1_000_000_000 } }
        case .clockRate(let nodes, _):
            for node in nodes { try change(node) { $0.ratePermille = 1_000 } }
        case .membership(let node, let again): try await leave(node, again: again, scene.kind)
        case .rot(let node), .wipe(let node): try await waitForVoter(node)
        }
    }

    /// Starts a node again that the trouble has made end.
    private func recover(_ node: Int) throws(TortureFailure) {
        cluster.setMayEnd(node, false)
        try cluster.start(node)
    }
}

extension TroubleControl.Settings {
    /// Adds what is wrong here to what else is wrong with a node.
    func lay(over other: inout Self) {
        let clocks = (other.wallNanoseconds, other.ratePermille)
        other = self
        (other.wallNanoseconds, other.ratePermille) = clocks
    }

    /// Takes it away again; a clock keeps its jump and its rate.
    func lift(from other: inout Self) {
        let clocks = (other.wallNanoseconds, other.ratePermille)
        other = Self()
        (other.wallNanoseconds, other.ratePermille) = clocks
    }
}
