import Identifiers

/// What follows from whose data directories the names of the membership stand for.
///
/// The core knows names only. Its shell lets an answer in only from the directory that the membership
/// records for the sender, and tells the core what its own directory may do.
extension ConsensusCore {
    mutating func standingChanged(
        _ next: Standing, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        standing = next
        guard next != .full, isLeader || campaign != nil else { return }
        becomeFollower(term, leader: nil, now, &effects)
    }

    /// Takes up the first members; again where they were agreed anew before anybody voted.
    mutating func founded(
        _ first: Membership, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        precondition(log.last.index == .zero, "founded over a log up to \(log.last)")
        memberships = [(.zero, first)]
        becomeFollower(term, leader: nil, now, &effects)
    }

    mutating func campaignFirst(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard canCampaign, leader == nil, !isLeader, campaign == nil else { return }
        startPreVote(now, &effects)
    }

    mutating func peerReplaced(_ node: NodeID) {
        guard let place = leading?.place(of: node) else { return }
        precondition(!membership.isVoter(node), "voter \(node) was replaced in \(membership)")
        leading?.peers[place] = Progress(node: node, next: log.last.index.next)
    }
}
