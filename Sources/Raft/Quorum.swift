package import Identifiers

/// The arithmetic of majorities, joint ones included (*Raft §6*); pure functions of a membership.
///
/// An empty set of voters never agrees; an empty set of outgoing voters asks nothing.
package enum Quorum {
    /// Whether the nodes for which `agrees` holds are a quorum.
    package static func isMet(_ membership: Membership, agrees: (NodeID) -> Bool) -> Bool {
        guard !membership.voters.isEmpty, isMajority(of: membership.voters, agrees) else {
            return false
        }
        return membership.outgoing.isEmpty || isMajority(of: membership.outgoing, agrees)
    }

    /// The highest index that a quorum has reached, where `match` tells each node's.
    package static func reached(
        _ membership: Membership, match: (NodeID) -> LogIndex
    ) -> LogIndex {
        let index = reached(membership.voters, match)
        guard membership.isJoint else { return index }
        return min(index, reached(membership.outgoing, match))
    }

    private static func isMajority(of nodes: [NodeID], _ agrees: (NodeID) -> Bool) -> Bool {
        var count = 0
        for node in nodes where agrees(node) {
            count += 1
        }
        return count > nodes.count / 2
    }

    /// The largest value that more than half of the nodes have at least.
    ///
    /// Quadratic in the voters, who are few, and free of allocation.
    private static func reached(_ nodes: [NodeID], _ match: (NodeID) -> LogIndex) -> LogIndex {
        var best = LogIndex.zero
        for node in nodes {
            let value = match(node)
            guard value > best else { continue }
            var count = 0
            for other in nodes where match(other) >= value {
                count += 1
            }
            if count > nodes.count / 2 {
                best = value
            }
        }
        return best
    }
}
