/// How many of a thousand trigger programs fail on a host, whichever process runs them.
///
/// Where two disturbances overlap, the worse counts until its own end.
package struct FailureRates: Sendable {
    /// Each lasts until an end in nanoseconds of the world.
    private var rates: [(perMille: UInt64, end: UInt64)] = []

    package init() {}

    package mutating func fail(perMille: UInt64, until end: UInt64) {
        rates.append((perMille, end))
    }

    package func perMille(at time: UInt64) -> UInt64 {
        rates.filter { time < $0.end }.map(\.perMille).max() ?? 0
    }
}
