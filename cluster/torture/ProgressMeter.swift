import IOCore

/// Counts what the cluster acknowledges to clients, and the gaps between.
final class ProgressMeter: Sendable {
    private struct State {
        var count = 0
        var last = ContinuousClock.now
        var longestGap = Duration.zero
        /// The longest since the last `markGap`.
        var longestGapSinceMark = Duration.zero
    }

    private let state = Locked(State())

    /// How many there were.
    var count: Int {
        state.withLock(\.count)
    }

    /// The longest time without one, up to now.
    var longestGap: Duration {
        state.withLock { max($0.longestGap, ContinuousClock.now - $0.last) }
    }

    /// Notes that a client was told of success.
    func note() {
        let now = ContinuousClock.now
        state.withLock { state in
            state.count += 1
            let gap = now - state.last
            state.last = now
            state.longestGap = max(state.longestGap, gap)
            state.longestGapSinceMark = max(state.longestGapSinceMark, gap)
        }
    }

    /// The longest gap since the last call of this, up to now; the next one begins here.
    func markGap() -> Duration {
        let now = ContinuousClock.now
        return state.withLock { state in
            defer { state.longestGapSinceMark = .zero }
            return max(state.longestGapSinceMark, now - state.last)
        }
    }
}
