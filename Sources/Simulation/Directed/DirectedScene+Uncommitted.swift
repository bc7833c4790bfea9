import Codec
import Identifiers
import Replication
import WAL

/// Rows at the end of a log, of which nobody knows yet what becomes of it.
extension DirectedScene {
    /// A leader whom nobody follows any more writes so many groups, and its process ends.
    private mutating func writeAlone(_ groups: UInt64) throws(Unmet) {
        try need(nodes.start(), "nobody leads")
        last = try need(nodes.write(20), "a write was not acknowledged")
        try need(nodes.settle(), "the nodes have not come to one state")
        host = try need(nodes.cluster.leader, "nobody leads")
        for other in others { nodes.cluster.crash(other, .none) }
        for number in 1...groups {
            nodes.propose(1)
            let end = LogIndex(last.rawValue + number)
            nodes.world.run(milliseconds: 40) {
                (host.replica?.inspection().durable ?? .zero) >= end
            }
        }
        nodes.cluster.crash(host, .none)
        let end = nodes.groups(host).last?.records?.upperBound
        try need(end == LogIndex(last.rawValue + groups), "its log ends at \(end ?? .zero)")
    }

    private var others: [SimulatedHost] {
        nodes.hosts.filter { $0 !== host }
    }

    /// Starts the others, which come to a leader of a later term.
    private func goOnWithout() throws(Unmet) {
        for other in others { nodes.cluster.start(other) }
        try need(
            nodes.world.run(milliseconds: 20_000) { nodes.cluster.leader != nil },
            "nobody leads without it")
    }

    /// The others have gone on with other records where the first is damaged that a leader had alone.
    mutating func giveWay() throws(Unmet) {
        try writeAlone(3)
        let group = try need(nodes.group(host, holding: last.next), "no group holds the record")
        nodes.flip(host, group.path, at: group.payload)
        try goOnWithout()
        last = try need(nodes.write(5), "a write was not acknowledged")
    }

    /// All that a leader had alone is lost with its digests, behind a vote for the term of another leader,
    /// whose log ends before.
    mutating func forget() throws(Unmet) {
        try writeAlone(3)
        try goOnWithout()
        let leader = try need(nodes.cluster.leader, "nobody leads")
        nodes.cluster.fabric.block(leader.name, host.name)
        nodes.cluster.fabric.block(host.name, leader.name)
        nodes.cluster.start(host)
        let limits = nodes.limits
        let hasVote = nodes.world.run(milliseconds: 20_000) {
            LogGroup.all(of: host.disk, limits: limits).last?.records == nil
        }
        try need(hasVote, "it does not learn of the term")
        nodes.cluster.crash(host, .none)
        for place in 1...3 {
            let record = LogIndex(last.rawValue + UInt64(place))
            let group = try need(nodes.group(host, holding: record), "no group holds \(record)")
            nodes.flip(host, group.path, at: group.offset + GroupEnvelope.byteCount + 8)
        }
        connect(host, leader)
    }

    /// Of the last group the engine holds the first frame, and the header of the last is lost with the number
    /// of its records; what brings frames of the leader comes behind its answer.
    mutating func beginAnew() throws(Unmet) {
        nodes.cluster.flushings = [(64 << 20, 1 << 20, 500)]
        let frame = try splitGroup()
        host.batchesKept = 0
        nodes.cluster.crash(host, .none)
        nodes.flip(host, frame.path, at: frame.offset + 8)
        let leader = try need(nodes.cluster.leader, "nobody leads")
        connect(host, leader)
        nodes.cluster.fabric.harm.losesFrames = true
        nodes.cluster.start(host)
        nodes.world.run(milliseconds: 20_000) { nodes.steps(host).contains(.beganAnewInDamage) }
        nodes.cluster.fabric.harm.losesFrames = false
    }

    /// Has a host write a group of which its engine then holds the first frame, and not the last.
    ///
    /// The last has several records. The host and the leader are apart then.
    ///
    /// - Returns: where the last frame begins.
    private mutating func splitGroup() throws(Unmet) -> (path: String, offset: Int) {
        try need(nodes.start(), "nobody leads")
        last = try need(nodes.write(20), "a write was not acknowledged")
        try need(nodes.settle(), "the nodes have not come to one state")
        let leader = try need(nodes.cluster.leader, "nobody leads")
        host = try need(nodes.hosts.first { $0 !== leader }, "there is no follower")
        let third = try need(nodes.hosts.first { $0 !== leader && $0 !== host }, "it is alone")
        // The first of these is on its way to the disk, and what comes meanwhile gathers behind it.
        host.process?.diskWorker.isStalled = true
        last = try need(nodes.write(2), "a write was not acknowledged")
        nodes.world.run(milliseconds: 40)
        nodes.cluster.fabric.block(third.name, leader.name)
        nodes.cluster.fabric.block(host.name, leader.name)
        nodes.propose(12)
        nodes.world.run(milliseconds: 40)
        host.process?.diskWorker.isStalled = false
        let end = LogIndex(last.rawValue + 12)
        nodes.world.run(milliseconds: 40) { (host.replica?.inspection().durable ?? .zero) >= end }
        nodes.cluster.fabric.block(leader.name, host.name)
        nodes.cluster.fabric.unblock(third.name, leader.name)
        nodes.world.run(milliseconds: 5_000) { host.replica?.inspection().flushed == last }
        let group = try need(nodes.groups(host).last, "the log is empty")
        let frames = group.frames
        try need(frames.first?.records.upperBound == last, "its last group has \(frames)")
        let lost = frames[frames.count - 1]
        try need(
            lost.records.lowerBound < lost.records.upperBound, "its last frame has \(lost.records)")
        try need(
            host.replica?.inspection().flushed == last && nodes.cluster.leader === leader,
            "the engine has not the first frame alone, or another leads")
        return (group.path, lost.offset)
    }

    private func connect(_ one: SimulatedHost, _ other: SimulatedHost) {
        nodes.cluster.fabric.unblock(one.name, other.name)
        nodes.cluster.fabric.unblock(other.name, one.name)
    }
}
