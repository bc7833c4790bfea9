import IOCore
package import KeyValue
package import Replication
package import WAL

/// How the daemon ends (*sysexits.h*); told in its help.
package enum DaemonExit: Int32, Sendable {
    case success = 0
    case usage = 64
    /// The data directory is damaged, or belongs to another cluster or node.
    case damagedData = 65
    /// The cluster to join does not answer.
    case unavailable = 69
    case software = 70
    case cannotCreate = 73
    case inputOutput = 74
    /// In use by another process; or what a drain waited for did not come.
    case temporary = 75
    case configuration = 78
    /// A second SIGINT or SIGTERM ended it while it drained (128 and the signal's number).
    case interruptedTwice = 130
    case terminatedTwice = 143
}

extension DaemonExit {
    /// How a node ends that cannot go on.
    package init(_ failure: ReplicationFailure) {
        self =
            switch failure {
            case .log(let failure): DaemonExit(failure, otherwise: .inputOutput)
            case .engine(let failure): DaemonExit(failure)
            case .inconsistent, .corruptFrame: .damagedData
            }
    }

    /// How a node ends whose store engine has failed.
    package init(_ failure: EngineFailure) {
        self = failure.isDamage ? .damagedData : .inputOutput
    }

    /// How a node ends whose log has failed; `otherwise` where nothing is damaged or in use.
    package init(_ failure: WALFailure, otherwise: DaemonExit) {
        self =
            switch failure {
            case .file(let file) where file.kind == .locked: .temporary
            case .damaged, .foreign, .unreadable, .segmentMissing, .gap, .chainMismatch,
                .identityMissing, .futureFormat:
                .damagedData
            default: otherwise
            }
    }
}
