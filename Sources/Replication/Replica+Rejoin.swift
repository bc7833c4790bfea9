import Identifiers
import Logging
import Raft
import Transactions

/// How a member whose data directory was lost comes back: the leader makes it a learner, records
/// its new directory, and makes it a voter again once it has caught up.
///
/// Each is a membership change of its own, and any leader goes on where another one stopped: what
/// is to be done follows from the membership and from who is connected. The old directory stays
/// recorded until the name votes no more, so the new one is counted nowhere before it is promoted.
extension Replica {
    /// Takes the next step for one member, where one is due and can commit; on the leader.
    func considerReplacements() {
        rejoinObstacle = nil
        #if PLANTED_BUGS
            if PlantedBug.wipedNodeVotes.isActive { return }
        #endif
        guard raft.canChangeMembership, administration == nil, logMemberships.isEmpty,
            raft.membership == membership.core, standing == .full
        else { return }
        for member in membership.members where member.node != settings.node {
            guard let peer = peers[member.node], let founding = peer.founding,
                founding == .zero || founding == membership.founding
            else { continue }
            let isReplaced = member.incarnation != peer.incarnation
            if isReplaced, isHeld(member) { continue }
            if membership.voters.contains(member.node) {
                guard isReplaced, canSpare(member.node) else { continue }
                demote(member, peer.incarnation)
                return
            }
            if isReplaced {
                record(peer.incarnation, of: member)
                return
            }
            if member.isRejoining, isCaughtUp(member.node) {
                promote(member)
                return
            }
        }
    }

    /// Whether the member's directory was replaced so lately that another one must wait.
    private func isHeld(_ member: Member) -> Bool {
        guard member.replacedMilliseconds > 0 else { return false }
        let age = stamp() - min(stamp(), member.replacedMilliseconds)
        guard age < settings.replacementPauseMilliseconds else { return false }
        rejoinObstacle =
            "node \(member.node) has lost its data directory twice within "
            + "\(settings.replacementPauseMilliseconds) ms; it is taken in after a pause"
        return true
    }

    /// Whether a majority of the other voters is there to commit that this one votes no more.
    private func canSpare(_ node: NodeID) -> Bool {
        let rest = membership.voters.filter { $0 != node }
        let there = rest.filter { voter in
            voter == settings.node
                || isMember(voter) && raft.progress(of: voter)?.isRecentlyActive == true
        }
        guard there.count > rest.count / 2 else {
            rejoinObstacle =
                "node \(node) has lost its data directory; it is taken in when a majority of the "
                + "other voters is there"
            return false
        }
        return true
    }

    private func demote(_ member: Member, _ incarnation: Incarnation) {
        logger.warning(
            "a voter comes back with another data directory: it becomes a learner",
            metadata: [
                "node": "\(member.node)", "incarnation": "\(incarnation)",
                "recorded": "\(member.incarnation.map(\.description) ?? "none")",
            ])
        var changed = member
        changed.isRejoining = true
        newMembers = [changed]
        step(
            .reconfigure(
                voters: membership.voters.filter { $0 != member.node },
                learners: membership.learners + [member.node]))
    }

    private func record(_ incarnation: Incarnation, of member: Member) {
        var next = membership
        for place in next.members.indices where next.members[place].node == member.node {
            next.members[place].incarnation = incarnation
            if member.incarnation != nil {
                next.members[place].replacedMilliseconds = stamp()
            }
        }
        logger.warning(
            "a learner's data directory is recorded; it gets the log from now on",
            metadata: ["node": "\(member.node)", "incarnation": "\(incarnation)"])
        propose(next)
        heard[member.node] = nil
        step(.peerReplaced(member.node))
    }

    private func promote(_ member: Member) {
        logger.warning(
            "a member has caught up after the loss of its data directory: it votes again",
            metadata: ["node": "\(member.node)"])
        var changed = member
        changed.isRejoining = false
        newMembers = [changed]
        step(
            .reconfigure(
                voters: membership.voters + [member.node],
                learners: membership.learners.filter { $0 != member.node }))
    }

    // MARK: Telling

    /// Logs the notice when it changes.
    func tellNotice() {
        let text = notice
        guard text != lastNotice else { return }
        lastNotice = text
        if !text.isEmpty {
            logger.warning("waiting", metadata: ["what": "\(text)"])
        }
    }

    /// What this node waits for, and what to do about it; empty where all is well.
    var notice: String {
        if let notice = noticeOfDisk { return notice }
        if newestMembership.voters.isEmpty { return noticeOfEmptyDirectory }
        if let peer = peers.first(where: { isOfAnotherFounding($0.value) })?.key {
            return "node \(peer) belongs to another founding of this cluster: empty the data "
                + "directory of the one that is not wanted"
        }
        if standing == .none {
            return "the cluster knows another data directory of node \(settings.node): this one "
                + "does not vote until the leader has taken it in as a learner"
        }
        if standing == .votesOnly {
            return "waits until all first members have agreed to begin the cluster; start them all"
        }
        return rejoinObstacle ?? noticeOfLostRecords ?? noticeOfLostVoters
    }

    private var noticeOfDisk: String? {
        if lacksDescriptors {
            return "there are no file descriptors left: this node takes no proposals; raise the "
                + "limit of open files"
        }
        if isLogFull || isEngineFull {
            return "the disk is full: this node takes no proposals; free some space below "
                + settings.dataDirectory
        }
        guard isDiskHung else { return nil }
        return "the disk has not answered for over \(settings.diskHangMilliseconds) ms: this node "
            + "does not lead or vote until it does"
    }

    /// What nobody else can give either.
    private var noticeOfLostRecords: String? {
        guard let repair, repair.vainRounds > 2, let lost = repair.ranges.first else { return nil }
        return "\(lost), and no other node can give them: this node does not vote until one can; "
            + "start the nodes that are down, or put the file back from a backup"
    }

    private func isOfAnotherFounding(_ peer: PeerIdentity) -> Bool {
        guard let founding = peer.founding, founding != .zero else { return false }
        return founding != newestMembership.founding && peer.hasBegun
    }

    private var noticeOfEmptyDirectory: String {
        guard !founders.voters.isEmpty else {
            return "waits to be added to the cluster: lockstep member add \(settings.node) "
                + "--peer HOST:PORT --client HOST:PORT"
        }
        let knowing = peers.first {
            $0.value.hasBegun && ($0.value.founding ?? .zero) != .zero
        }
        if let knowing = knowing?.key {
            return "this data directory is empty, and node \(knowing) holds the cluster's log: "
                + "waits until the cluster's leader takes this node in as a learner; for that a "
                + "majority of the voters must run with their own directories"
        }
        let missing = founders.voters.filter { node in
            node != settings.node && peers[node]?.founding == nil
        }
        guard !missing.isEmpty else { return "waits until all first members agree to begin" }
        let names = missing.map(\.description).joined(separator: ", ")
        return "waits for node \(names): empty directories begin a cluster only when all of its "
            + "first members are there, as one of them may hold its log. Start what is missing; "
            + "if its directory is lost and the cluster was to be new, leave it out of the members "
            + "of all, with empty directories"
    }

    private var noticeOfLostVoters: String {
        let lost = newestMembership.voters.filter { node in
            node != settings.node && peers[node] != nil && !isMember(node)
        }
        let left = newestMembership.voters.count - lost.count
        guard !lost.isEmpty, raft.leader == nil, left <= newestMembership.voters.count / 2 else {
            return ""
        }
        let names = lost.map(\.description).joined(separator: ", ")
        return "node \(names) came back with an empty data directory, and \(left) of "
            + "\(newestMembership.voters.count) voters are no majority: put a lost directory back; "
            + "or save what this one holds, and begin a new cluster with empty directories"
    }
}
