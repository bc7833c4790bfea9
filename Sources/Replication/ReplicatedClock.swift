package import Identifiers

/// Replicated time: monotone, and driven on by the leader's own monotonic clock alone, so that a
/// wall clock that is wrong or jumps can expire nobody.
package struct ReplicatedClock {
    private var time: UInt64
    /// The reading of the monotonic clock that `time` has come up to.
    private var countedTo: MonotonicTime?

    /// Goes on from `time`, in milliseconds; 0 for a cluster that has no time yet.
    package init(_ time: UInt64) {
        self.time = time
    }

    /// The log says that it is at least this late.
    package mutating func observe(_ replicated: UInt64) {
        time = max(time, replicated)
    }

    /// The first leader of a cluster begins its time with the wall clock's.
    package mutating func begin(wallMilliseconds: UInt64) {
        if time == 0 { time = max(1, wallMilliseconds) }
    }

    /// The time to stamp a frame with.
    ///
    /// It is behind the log's for as long as not all of the log has been observed; who applies a
    /// frame lets no time go back.
    package mutating func stamp(now: MonotonicTime) -> UInt64 {
        guard let start = countedTo else {
            countedTo = now
            return time
        }
        // What is left of a millisecond is kept for the next reading.
        let whole = now.milliseconds(since: start)
        time += whole
        countedTo = start.advanced(milliseconds: whole)
        return time
    }

    /// A new leader starts to count from what the log says.
    package mutating func restart(now: MonotonicTime) {
        countedTo = now
    }
}
