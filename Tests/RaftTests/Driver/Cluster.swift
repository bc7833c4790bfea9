import Identifiers
import Raft

/// Nodes, their disks and the network between them, on one simulated clock; deterministic.
///
/// A message takes `networkDelay`, a flush `diskDelay`; what happens is told in `transcript`.
final class Cluster {
    struct Envelope {
        let from: NodeID
        let to: NodeID
        let message: Message
        /// The applied state that a snapshot's chunk stands for.
        let history: [FrameDescriptor]
    }

    enum Event {
        case deliver(Envelope)
        case flushed(NodeID, incarnation: Int)
    }

    /// How a random schedule treats messages.
    struct Chaos {
        var lossOneIn = 0
        var duplicateOneIn = 0
        var delay: ClosedRange<UInt64> = 1...1
        var diskDelay: ClosedRange<UInt64> = 1...1
    }

    static let chunks: UInt64 = 3

    var now = MonotonicTime.zero
    var nodes: [ClusterNode] = []
    var queue: [(due: MonotonicTime, sequence: Int, event: Event)] = []
    var sequence = 0
    var chaos = Chaos()
    var random: SeededGenerator
    var settings = Settings()
    /// Whether a new leader proposes its first record at once.
    var proposesFirstRecord = true
    /// Pairs that cannot talk, the smaller name first.
    var cuts: Set<[NodeID]> = []
    /// Messages for which this is false are lost.
    var passes: (NodeID, NodeID, Message) -> Bool = { _, _, _ in true }
    var checker = Checker()
    var transcript: [String] = []
    var nextByteCount: UInt32 = 1
    var nextNonce: UInt64 = 1
    /// Inputs that effects of the step under way have called for.
    var deferred: [(node: NodeID, action: Deferred)] = []

    enum Deferred {
        case firstRecord
        case membership(Membership)
        case input(Input)
    }

    init(
        voters: ClosedRange<UInt64>, blank: [UInt64] = [], seed: UInt64 = 1,
        electionMilliseconds: UInt64 = 100, heartbeatMilliseconds: UInt64 = 20
    ) {
        random = SeededGenerator(seed: seed &* 0xD129_0D3B_52F1_DD15 &+ 1)
        settings.electionMilliseconds = electionMilliseconds
        settings.heartbeatMilliseconds = heartbeatMilliseconds
        settings.transferMilliseconds = electionMilliseconds
        let membership = Membership(voters: voters.map { NodeID($0) })
        nodes = voters.map { ClusterNode(NodeID($0), membership) }
        nodes += blank.map { ClusterNode(NodeID($0), Membership(voters: [])) }
    }

    func place(_ node: NodeID) -> Int {
        guard let place = nodes.firstIndex(where: { $0.identifier == node }) else {
            preconditionFailure("no node \(node)")
        }
        return place
    }

    subscript(_ node: UInt64) -> ClusterNode {
        get { nodes[place(NodeID(node))] }
        set { nodes[place(NodeID(node))] = newValue }
    }

    /// The leader of the highest term that is up.
    var leader: NodeID? {
        nodes.filter { $0.core?.isLeader == true }
            .max { ($0.core?.term ?? .zero) < ($1.core?.term ?? .zero) }?.identifier
    }

    func core(_ node: UInt64) -> ConsensusCore? {
        self[node].core
    }

    // MARK: Nodes

    func start() {
        for node in nodes { start(node.identifier) }
    }

    func start(_ node: NodeID) {
        let place = place(node)
        precondition(!nodes[place].isUp, "node \(node) is up")
        var mine = settings
        mine.seed = node.rawValue &* 7_919 &+ UInt64(nodes[place].incarnation) &+ random.next()
        nodes[place].incarnation += 1
        nodes[place].log = nodes[place].disk.readable
        nodes[place].disk.isHidden = !nodes[place].disk.obstacles.isEmpty
        nodes[place].durable = .zero
        nodes[place].core = ConsensusCore(
            identifier: node, settings: mine, recovered: nodes[place].disk.recovered, now: now)
        tell("\(node) starts")
        step(node, .tick)
    }

    /// Loses what was not on disk, but for the first `surviving` writes under way.
    func crash(_ node: NodeID, surviving: Int = 0) {
        let place = place(node)
        for _ in 0..<surviving { _ = nodes[place].disk.completeOne() }
        nodes[place].disk.pending = []
        nodes[place].core = nil
        nodes[place].held = []
        nodes[place].log = []
        nodes[place].deadline = nil
        nodes[place].isFlushScheduled = false
        nodes[place].sending = [:]
        nodes[place].receiving = nil
        checker.forget(node)
        tell("\(node) crashes")
    }

    // MARK: Network

    /// Lets only nodes of the same group talk; a node in none is alone.
    func partition(_ groups: [UInt64]...) {
        cuts = []
        for left in nodes.map(\.identifier) {
            for right in nodes.map(\.identifier) where left < right {
                let together = groups.contains {
                    $0.contains(left.rawValue) && $0.contains(right.rawValue)
                }
                if !together { cuts.insert([left, right]) }
            }
        }
        tell("partition \(groups)")
    }

    func heal() {
        cuts = []
        passes = { _, _, _ in true }
        tell("healed")
    }

    func transmit(
        _ message: Message, from: NodeID, to: NodeID, history: [FrameDescriptor] = []
    ) {
        checker.leaves(message, nodes[place(from)], to: to)
        tell("\(from)→\(to) \(describe(message))")
        guard !cuts.contains([min(from, to), max(from, to)]), passes(from, to, message),
            nodes.contains(where: { $0.identifier == to }),
            chaos.lossOneIn == 0 || !random.oneIn(chaos.lossOneIn)
        else { return }
        let envelope = Envelope(from: from, to: to, message: message, history: history)
        enqueue(.deliver(envelope), after: UInt64.random(in: chaos.delay, using: &random))
        if chaos.duplicateOneIn > 0, random.oneIn(chaos.duplicateOneIn) {
            let later = UInt64.random(in: chaos.delay, using: &random) * 8
            enqueue(.deliver(envelope), after: later)
        }
    }

    func enqueue(_ event: Event, after milliseconds: UInt64) {
        sequence += 1
        queue.append((now.advanced(milliseconds: milliseconds), sequence, event))
    }

    // MARK: Disk

    func holdDisk(_ node: UInt64) {
        self[node].isDiskHeld = true
        tell("\(node) disk held")
    }

    func releaseDisk(_ node: UInt64) {
        self[node].isDiskHeld = false
        tell("\(node) disk released")
        scheduleFlush(NodeID(node))
    }

    func scheduleFlush(_ node: NodeID) {
        let place = place(node)
        guard !nodes[place].isDiskHeld, !nodes[place].isFlushScheduled,
            !nodes[place].disk.pending.isEmpty
        else { return }
        nodes[place].isFlushScheduled = true
        enqueue(
            .flushed(node, incarnation: nodes[place].incarnation),
            after: UInt64.random(in: chaos.diskDelay, using: &random))
    }

    // MARK: Time

    /// Lets everything happen that is due within `milliseconds`.
    func run(_ milliseconds: UInt64) {
        let end = now.advanced(milliseconds: milliseconds)
        while runNext(until: end) {}
        now = end
    }

    /// Runs until `condition` holds; whether it did within `milliseconds`.
    func run(upTo milliseconds: UInt64, until condition: (Cluster) -> Bool) -> Bool {
        let end = now.advanced(milliseconds: milliseconds)
        while !condition(self) {
            guard runNext(until: end) else { return false }
        }
        return true
    }

    /// Does the next thing, messages and flushes before timers; false where none is due.
    private func runNext(until end: MonotonicTime) -> Bool {
        let first = queue.indices.min {
            (queue[$0].due, queue[$0].sequence) < (queue[$1].due, queue[$1].sequence)
        }
        let timer = nodes.filter { $0.deadline != nil }.min {
            ($0.deadline ?? end) < ($1.deadline ?? end)
        }
        if let first, queue[first].due <= min(end, timer?.deadline ?? end) {
            now = max(now, queue[first].due)
            perform(queue.remove(at: first).event)
            return true
        }
        guard let timer, let deadline = timer.deadline, deadline <= end else { return false }
        now = max(now, deadline)
        nodes[place(timer.identifier)].deadline = nil
        step(timer.identifier, .tick)
        return true
    }

    func tell(_ line: String) {
        transcript.append("\(now.nanoseconds / 1_000_000) \(line)")
    }
}
