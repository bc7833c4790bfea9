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
        nodes.cluster.fabric.unblock(leader.name, host.name)
        nodes.cluster.fabric.unblock(host.name, leader.name)
    }
}
