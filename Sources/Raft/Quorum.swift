package import Identifiers

/// Majorities of one set of voters, or of both sets during a joint change (*Raft §6*).
package enum Quorum {
    /// The highest index that a majority of each voter set has reached; nil without voters.
    package static func committed(
        _ membership: Membership, match: (NodeID) -> LogIndex
    ) -> LogIndex? {
        #if PLANTED_BUGS
            if PlantedBug.learnerCounted.isActive, !membership.isJoint {
                let counted = membership.voters + membership.learners
                return counted.map(match).sorted(by: >)[membership.voters.count / 2]
            }
        #endif
        guard let incoming = majorityIndex(membership.voters, match) else { return nil }
        #if PLANTED_BUGS
            if PlantedBug.jointQuorumOneSided.isActive { return incoming }
        #endif
        guard membership.isJoint, let outgoing = majorityIndex(membership.outgoing, match) else {
            return incoming
        }
        return min(incoming, outgoing)
    }

    /// Whether those for whom `holds` is true are a majority of each voter set.
    package static func isReached(_ membership: Membership, _ holds: (NodeID) -> Bool) -> Bool {
        guard hasMajority(membership.voters, holds) else { return false }
        #if PLANTED_BUGS
            if PlantedBug.jointQuorumOneSided.isActive { return true }
        #endif
        return !membership.isJoint || hasMajority(membership.outgoing, holds)
    }

    private static func hasMajority(_ voters: [NodeID], _ holds: (NodeID) -> Bool) -> Bool {
        guard !voters.isEmpty else { return false }
        var count = 0
        for voter in voters where holds(voter) {
            count += 1
        }
        #if PLANTED_BUGS
            if PlantedBug.quorumOfHalf.isActive { return count * 2 >= voters.count }
        #endif
        return count > voters.count / 2
    }

    private static func majorityIndex(
        _ voters: [NodeID], _ match: (NodeID) -> LogIndex
    ) -> LogIndex? {
        guard !voters.isEmpty else { return nil }
        #if PLANTED_BUGS
            if PlantedBug.unorderedQuorum.isActive { return match(voters[voters.count / 2]) }
        #endif
        if voters.count == 3 {
            // The median without an array: the common case, at every acknowledgement.
            let (a, b, c) = (match(voters[0]), match(voters[1]), match(voters[2]))
            return max(min(a, b), min(max(a, b), c))
        }
        let reached = voters.map(match).sorted(by: >)
        #if PLANTED_BUGS
            if PlantedBug.quorumOfHalf.isActive { return reached[(voters.count - 1) / 2] }
        #endif
        return reached[voters.count / 2]
    }
}
