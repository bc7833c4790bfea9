import Identifiers
import Raft
import Replication
import Transactions

/// What makes a leader one, and what it may commit.
extension NodeChecker {
    /// A leader has been voted for on the disks of a majority (*Raft §5.2*).
    func checkVotes(_ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection) {
        eachVoterSet(of: replica) { voters in
            let count = voters.count {
                votes.hasGiven($0.rawValue, to: host.node, in: report.term)
            }
            guard count <= voters.count / 2 else { return }
            violated(
                host,
                "leads in term \(report.term) by the votes on \(count) of \(voters.count) "
                    + "voters' disks")
        }
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
        eachVoterSet(of: replica) { voters in
            let count = voters.count { votes.knows($0.rawValue, report.term) }
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

    private func eachVoterSet(of replica: Replica, _ body: ([NodeID]) -> Void) {
        let membership = replica.newestMembership
        for voters in [membership.voters, membership.outgoing] where !voters.isEmpty {
            body(voters)
        }
    }
}
