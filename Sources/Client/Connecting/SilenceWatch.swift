import Identifiers

/// Finds out when the other end of an open connection has fallen silent: a node that is stopped, or
/// a network that swallows everything, ends no connection by itself.
///
/// A node answers a status request at once, whatever else it is busy with. So one is sent after a
/// second without a word while something is awaited, and after three the connection is given up.
/// The owner calls `check` every `periodMilliseconds` while the connection is open.
struct SilenceWatch {
    static let periodMilliseconds: UInt64 = 1_000
    private static let patienceMilliseconds: UInt64 = 3_000

    /// What a look at the connection asks its owner to do.
    enum Verdict: Equatable {
        case healthy
        /// Ask the node for its status; call `probeAnswered` when it answers.
        case probe
        /// Give the connection up.
        case silent(milliseconds: UInt64)
    }

    private var lastHeard: MonotonicTime
    private var isProbing = false

    init(from now: MonotonicTime) {
        lastHeard = now
    }

    /// Something has arrived.
    mutating func heard(at now: MonotonicTime) {
        lastHeard = now
    }

    /// The status request that a verdict asked for is answered.
    mutating func probeAnswered() {
        isProbing = false
    }

    mutating func check(at now: MonotonicTime, isAwaiting: Bool) -> Verdict {
        guard isAwaiting else {
            lastHeard = now
            return .healthy
        }
        let quiet = now.milliseconds(since: lastHeard)
        if quiet >= Self.patienceMilliseconds, isProbing { return .silent(milliseconds: quiet) }
        guard quiet >= Self.periodMilliseconds, !isProbing else { return .healthy }
        isProbing = true
        return .probe
    }
}
