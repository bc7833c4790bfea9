package import Client
package import Identifiers
import Wire

/// When a call that surely did not happen is made again: after ever longer pauses, within its time.
///
/// The core below sees to connections, elections and nodes that lead no more; this is for what the
/// cluster refuses now and may take later. What the process itself lacks (a descriptor) is waited for a
/// second at the most: another thread may close some, and else only the program that waits can.
package struct Attempts {
    private static let shortestMilliseconds: UInt64 = 20
    private static let longestMilliseconds: UInt64 = 1_000
    private static let lackMilliseconds: UInt64 = 1_000

    package let deadline: MonotonicTime
    private var nextMilliseconds = shortestMilliseconds
    /// When what the process lacks is not waited for any more; nil where it has lacked nothing.
    private var endOfLack: MonotonicTime?

    package init(until deadline: MonotonicTime) {
        self.deadline = deadline
    }

    /// How long to wait before the next one, in milliseconds; nil where the failure is to be told.
    ///
    /// - Parameter isQuestion: whether the call changes nothing, so that it may always be made again.
    package mutating func pause(
        after failure: CallFailure, isQuestion: Bool, at now: MonotonicTime
    ) -> UInt64? {
        var end = deadline
        switch failure {
        case .refused(.busy, _): break
        case .unavailable:
            let endOfLack = endOfLack ?? now.advanced(milliseconds: Self.lackMilliseconds)
            self.endOfLack = endOfLack
            end = min(end, endOfLack)
        case .sessionLost, .outcomeUnknown:
            if failure.mayHaveExecuted, !isQuestion { return nil }
        case .refused, .timedOut, .cancelled, .unreachable, .tooLarge,
            .historyLost, .protocolViolation, .closed:
            return nil
        }
        var pause = nextMilliseconds
        if now.advanced(milliseconds: pause) >= end {
            // The whole second, for what the process lacks comes when another thread gives it back.
            guard let endOfLack, endOfLack < deadline, now < endOfLack else { return nil }
            pause = max((endOfLack.nanoseconds - now.nanoseconds) / 1_000_000, 1)
        }
        nextMilliseconds = min(pause * 2, Self.longestMilliseconds)
        return pause
    }
}
