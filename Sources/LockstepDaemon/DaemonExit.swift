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
    /// In use by another process.
    case temporary = 75
    case configuration = 78
    /// A second SIGINT or SIGTERM ended it while it drained (128 and the signal's number).
    case interruptedTwice = 130
    case terminatedTwice = 143
}
