/// How long to wait before the next attempt: doubling, bounded, with jitter.
struct Backoff {
    let shortestMilliseconds: UInt64
    let longestMilliseconds: UInt64
    private(set) var failures: UInt64 = 0

    init(shortestMilliseconds: UInt64, longestMilliseconds: UInt64) {
        precondition(
            shortestMilliseconds > 0, "a shortest back-off of \(shortestMilliseconds) ms")
        self.shortestMilliseconds = shortestMilliseconds
        self.longestMilliseconds = max(shortestMilliseconds, longestMilliseconds)
    }

    /// The wait in `[half, whole]` of `shortest * 2^failures`, at most `longest`.
    mutating func next(randomBits: UInt64) -> UInt64 {
        let doublings = min(failures, 20)
        failures += 1
        let whole = min(longestMilliseconds, shortestMilliseconds << doublings)
        let half = whole / 2
        return half + randomBits % (whole - half + 1)
    }

    mutating func reset() {
        failures = 0
    }
}
