package import Properties
import Wording

/// Which snapshots of an instance are people's own.
package enum SnapshotNames {
    /// Those that imports, refreshes and restarters take, for which room is kept.
    package static let kept = ["initial", "last-import", "previous", "running", "start"]

    /// Why people may neither take nor delete a snapshot of that name; nil where they may.
    ///
    /// What imports compare with, and what runs, must be what it says.
    package static func refusal(of path: SnapshotPath) -> CommandFailure? {
        let reason: String
        switch path.name {
        case "last-import":
            reason = "import takes it, and compares with it what the next document wants"
        case "running": reason = "it is what runs; lockstep scf refresh takes it"
        case "start": reason = "a restarter takes it when it starts the instance"
        default: return nil
        }
        return CommandFailure(
            .negative, "\(path.name) is no name for a snapshot of your own: \(reason)")
    }

    /// Why there is no room for another snapshot beside those of the names `present`; nil where
    /// there is.
    package static func refusal(
        of path: SnapshotPath, beside present: [String]
    ) -> CommandFailure? {
        let names = Set(present).union(kept)
        let most = SnapshotContent.nameLimit
        guard !names.contains(path.name), names.count >= most else { return nil }
        let own = Words.counted(names.count - kept.count, "snapshot")
        return CommandFailure(
            .negative,
            "\(path.instance) has \(own) of people's own, and room for no more beside "
                + "\(kept.joined(separator: ", ")); delete one first")
    }
}
