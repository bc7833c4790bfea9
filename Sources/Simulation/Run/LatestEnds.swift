/// When disturbances end: where two of one thing overlap, the later end counts.
package struct LatestEnds: Sendable {
    /// Nanoseconds of the world.
    private var ends: [String: UInt64] = [:]

    package init() {}

    /// The disturbance lasts at least until `time`.
    package mutating func lasts(_ what: String, until time: UInt64) {
        ends[what] = max(ends[what] ?? 0, time)
    }

    /// Whether nothing keeps the disturbance up at `time`.
    package func isOver(_ what: String, at time: UInt64) -> Bool {
        (ends[what] ?? 0) <= time
    }
}
