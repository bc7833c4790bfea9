import Identifiers
import Replication

/// What a node takes its log for, held against what its disk has.
extension NodeChecker {
    /// Where the log ends, what of it counts as durable, and what a snapshot has left of it.
    func checkEnd(
        _ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection, _ before: Seen
    ) {
        if report.end < before.end { disks.endsLog(host.diskName, at: report.end) }
        if report.flushed > before.flushed {
            // A snapshot alone puts both there at once.
            let isSame = report.position.index == report.flushed
            disks.holdsEngine(
                host.diskName, report.flushed, isSame ? report.position.digest : nil,
                end: report.end, isMending: before.hasMended || report.firstUnreadable != nil)
        }
        guard report.durable != before.durable else { return }
        if report.durable > max(report.end, report.compacted) {
            violated(host, "takes \(report.durable) for durable, and its log ends at \(report.end)")
        }
        // What a repair has found again need not have been written again.
        guard !before.hasMended, report.firstUnreadable == nil,
            let digest = replica.chainDigest(at: report.durable),
            !disks.holds(host.diskName, report.durable, digest)
        else { return }
        violated(host, "takes \(report.durable) for durable, which its disk does not hold")
    }

    /// A record is cut off for a leader of a later term that does not have it (*Raft §5.3*), by a log with
    /// a hole in it too: somebody has stood since its term, and where one leader alone comes into question that
    /// still leads, it lacks the record.
    func cutOff(_ disk: DiskModels.Disk, _ ends: [DiskModels.End]) {
        guard let now = seen[disk.host] else { return }
        // Who stood may have led, and have ended in the very turn.
        let stood = Set(candidacies.keys).union(leaders.keys)
        for end in ends {
            let terms = stood.filter { $0 > end.term && $0 <= now.term }
            guard let term = terms.first else {
                return violated(
                    disk.host,
                    "cuts off \(end.index) of term \(end.term), since which nobody has led")
            }
            // Which of several leaders it was for cannot be told.
            guard terms.count == 1, let leader = leaders[term], let replica = replica(leader),
                replica.isLeader, replica.inspection().term == term
            else { continue }
            guard leader == disk.host || replica.chainDigest(at: end.index) == end.digest else {
                continue
            }
            return violated(
                disk.host,
                "cuts off \(end.index) of term \(end.term), which n\(leader) has, the leader of "
                    + "term \(term)")
        }
    }
}
