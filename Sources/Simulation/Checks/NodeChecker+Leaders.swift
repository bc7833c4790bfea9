import Identifiers
import Raft
import Replication
import Transactions

/// What makes a leader one, and what it may commit.
extension NodeChecker {
    /// A leader has been voted for on the disks of a majority (*Raft §5.2*).
    func checkVotes(_ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection) {
        eachVoterSet(of: replica.newestMembership) { voters in
            let count = voters.count {
                votes.hasGiven($0, to: host.node, in: report.term)
            }
            guard count <= voters.count / 2 else { return }
            violated(
                host,
                "leads in term \(report.term) by the votes on \(count) of \(voters.count) "
                    + "voters' disks")
        }
    }

    /// A vote goes to a log that has all that the voter's has (*Raft §5.4.1*), and comes from a
    /// directory that the voter's log knows of, unless it is the host's first.
    ///
    /// One that is being removed still votes, for itself too, until that is committed (*thesis §4.2.2*).
    func checkGrant(
        _ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection, _ before: Seen
    ) {
        guard let candidate = report.vote,
            report.term != before.term || report.vote != before.vote
        else { return }
        let term = replica.term(at: report.last)
        if report.role == .candidate, let term {
            candidacies[report.term, default: [:]][host.node] = LogPosition(
                index: report.last, term: term)
        }
        if host.isReplaced, replica.recorded(host.node) != Incarnation(host.incarnation) {
            violated(
                host, "votes in term \(report.term) with a directory that its log does not know")
        }
        // The leader of the term may have sent frames of it by now.
        guard let term, term < report.term, candidate != host.node,
            let end = candidacies[report.term]?[candidate]
        else { return }
        let own = LogPosition(index: report.last, term: term)
        guard end < own else { return }
        violated(
            host,
            "votes in term \(report.term) for \(candidate), whose log ends at \(end), its own at "
                + "\(own)")
    }

    /// A leader commits records of its own term alone (*Raft §5.4.2*), when a majority's disks know of
    /// that term: an older leader could have them cut off what they hold otherwise.
    func checkCommit(
        _ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection, _ before: Seen
    ) {
        guard report.role == .leader, before.role == .leader, before.term == report.term else {
            return
        }
        if let term = replica.term(at: report.commit), term != report.term {
            violated(
                host, "leads in term \(report.term) and commits \(report.commit) of term \(term)")
        }
        eachVoterSet(of: replica.newestMembership) { voters in
            let count = voters.count { votes.knows($0, report.term) }
            guard count <= voters.count / 2 else { return }
            violated(
                host,
                "commits \(report.commit) in term \(report.term), of which \(count) of "
                    + "\(voters.count) voters' disks know")
        }
    }

    /// What decides majorities is what the log says.
    func checkMembership(
        _ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection, _ before: Seen
    ) {
        guard report.role != before.role || report.commit > before.commit,
            !replica.hasMembershipOfLog
        else { return }
        violated(host, "decides by another membership than the newest of its log")
    }

    /// Calls `body` with the disks of each set whose majority decides: those that are recorded, so that
    /// a voter whose directory was lost is counted with what it lost, and not with what it has instead.
    func eachVoterSet(
        of membership: ClusterMembership, _ body: ([DiskModels.Disk]) -> Void
    ) {
        for voters in [membership.voters, membership.outgoing] where !voters.isEmpty {
            body(
                voters.map { node in
                    let recorded = membership.member(node)?.incarnation
                    return DiskModels.Disk(node.rawValue, recorded ?? firstIncarnation(of: node))
                })
        }
    }

    /// Until a founder's directory is recorded, its first one counts.
    private func firstIncarnation(of node: NodeID) -> Incarnation {
        Incarnation(SimulatedHost.firstIncarnation(node.rawValue))
    }

    /// Who votes, stands or leads does so in the data directory that its membership records: an empty
    /// one under an old name knows nothing of what its name has promised.
    func checkIncarnation(
        _ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection, _ before: Seen
    ) {
        let hasVoted =
            report.vote != nil && (report.vote != before.vote || report.term != before.term)
        let stands =
            switch report.role {
            case .preCandidate, .candidate, .leader: true
            case .follower, .learner: false
            }
        let hasRisen = report.role != before.role && stands
        guard hasVoted || hasRisen, let own = replica.newestMembership.member(host.node),
            let recorded = own.incarnation, recorded != Incarnation(host.incarnation)
        else { return }
        violated(
            host,
            "\(hasVoted ? "votes" : "stands") in term \(report.term) with the directory "
                + "\(host.incarnation), where \(recorded) is recorded")
    }
}
