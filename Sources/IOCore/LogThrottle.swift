package import Identifiers

/// Bounds how often one kind of message is logged that others can bring about.
package struct LogThrottle: Sendable {
    private let burst: Int
    private let periodMilliseconds: UInt64
    private var periodEnd: MonotonicTime?
    private var admitted = 0
    private var dropped = 0

    /// Lets `burst` messages through in each period.
    package init(burst: Int = 10, periodMilliseconds: UInt64 = 10_000) {
        precondition(burst > 0, "a burst of \(burst) messages")
        self.burst = burst
        self.periodMilliseconds = periodMilliseconds
    }

    /// Whether a message may be logged at `now`: nil if not, else how many were dropped before it.
    package mutating func admit(at now: MonotonicTime) -> Int? {
        if let periodEnd, now < periodEnd {
            guard admitted < burst else {
                dropped += 1
                return nil
            }
        } else {
            periodEnd = now.advanced(milliseconds: periodMilliseconds)
            admitted = 0
        }
        admitted += 1
        defer { dropped = 0 }
        return dropped
    }
}
