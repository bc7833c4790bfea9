package import Codec
package import Identifiers
import KeyValue
import Replication

/// The change feed of each node is trimmed by its bound, and no further.
extension NodeChecker {
    /// Looks at the first change set that a node retains, where it has come to a checkpoint; tells it.
    func checkFeed(
        _ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection, _ before: Seen
    ) -> LogIndex {
        let (applied, distance) = (report.position.index, UInt64(limits.checkpointRecords))
        guard applied.rawValue / distance != before.applied.rawValue / distance else {
            return before.firstRetained
        }
        guard let first = firstRetained(in: replica.presentEngine) else {
            violated(host, "has a change feed of which nobody can tell where it begins")
            return before.firstRetained
        }
        trimmedUpTo = max(trimmedUpTo, first)
        // A snapshot brings a feed that its sender has trimmed.
        if first > before.firstRetained, !Self.hasInstalled(report, before) {
            coverage.count("feeds trimmed")
        }
        if let text = Self.misfit(first, at: applied, disks.mostRecordsOfFrame, limits) {
            violated(host, text)
        }
        return first
    }

    /// What is wrong with a feed that begins at `first` where all up to `applied` is applied and no frame
    /// has more than `frameRecords`; nil where nothing is.
    ///
    /// A checkpoint is at the end of the frame that comes to its place, and what it does not yet reach
    /// goes at the next; so the bound, twice the way between two checkpoints, and no more.
    package static func misfit(
        _ first: LogIndex, at applied: LogIndex, _ frameRecords: Int, _ limits: Limits
    ) -> String? {
        let (kept, bound) = (applied - first.previous, limits.retainedChangeRecords)
        let most = bound + 2 * (limits.checkpointRecords + frameRecords)
        if kept > most {
            return "retains the changes of \(kept) records at \(applied), of at most \(most)"
        }
        if first > LogIndex(1), kept < bound {
            return "retains the changes of \(kept) records at \(applied), and should of \(bound)"
        }
        return nil
    }

    /// The first record whose change set the node retains that has trimmed most, and had by now.
    func newestRetained(_ cluster: SimulatedCluster) -> LogIndex {
        for host in cluster.hosts {
            guard let engine = host.replica?.presentEngine else { continue }
            trimmedUpTo = max(trimmedUpTo, firstRetained(in: engine) ?? trimmedUpTo)
        }
        return trimmedUpTo
    }

    /// The first record whose change set a host retains; nil where nobody can tell.
    func firstRetained(on host: SimulatedHost) -> LogIndex? {
        host.replica.flatMap { firstRetained(in: $0.presentEngine) }
    }

    private func firstRetained(in engine: any Engine) -> LogIndex? {
        try? FeedReader(limits: limits).firstRetained(engine)
    }
}
