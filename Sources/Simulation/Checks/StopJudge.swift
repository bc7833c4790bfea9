import IOCore
package import Replication
import WAL

/// Tells whether a process that ended by itself, or refused its data, had a reason: its own disk's.
package struct StopJudge {
    /// What the disk has refused to the process.
    private let refusals: [FileFailure]

    package init(_ disk: SimulatedDisk) {
        refusals = disk.refusals
    }

    /// Whether the disk has refused what `failure` speaks of, and not something else.
    package func explains(_ failure: ReplicationFailure) -> Bool {
        switch failure {
        case .log(.stopped):
            !refusals.isEmpty
        case .log(let failure) where failure.isDiskFull:
            refusals.contains { $0.kind == .noSpace }
        case .log, .engine, .corruptFrame, .inconsistent:
            isNamed(in: "\(failure)")
        }
    }

    /// The same of an error that a start has thrown.
    package func explains(_ error: any Error) -> Bool {
        if let failure = error as? ReplicationFailure { return explains(failure) }
        if let failure = error as? WALFailure { return explains(ReplicationFailure.log(failure)) }
        return isNamed(in: "\(error)")
    }

    private func isNamed(in text: String) -> Bool {
        refusals.contains { text.contains($0.description) }
    }
}
