package import Identifiers

/// Who votes and who only receives; in a joint change, two sets of voters (*Raft §6*).
///
/// Arrays are sorted and hold no name twice. A node is in one of voters and learners; during a joint
/// change it may be in `outgoing` as well.
package struct Membership: Hashable, Sendable {
    /// The voters, the new ones during a joint change.
    package let voters: [NodeID]
    /// The old voters during a joint change; empty otherwise.
    package let outgoing: [NodeID]
    /// Nodes that receive the log and do not vote.
    package let learners: [NodeID]

    package init(voters: [NodeID], outgoing: [NodeID] = [], learners: [NodeID] = []) {
        self.voters = voters.sorted()
        self.outgoing = outgoing.sorted()
        self.learners = learners.sorted()
    }

    package var isJoint: Bool {
        !outgoing.isEmpty
    }

    /// Everybody named, sorted, once each.
    package var everyone: [NodeID] {
        Set(voters).union(outgoing).union(learners).sorted()
    }

    package func isVoter(_ node: NodeID) -> Bool {
        voters.contains(node) || outgoing.contains(node)
    }

    package func contains(_ node: NodeID) -> Bool {
        isVoter(node) || learners.contains(node)
    }

    /// The membership that ends this joint change.
    package var settled: Membership {
        Membership(voters: voters, learners: learners)
    }
}
