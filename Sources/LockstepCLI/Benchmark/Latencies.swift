/// Counts of durations by size, exact to 1/64: room for any number of them, whatever they are.
package struct Latencies: Sendable {
    private static let steps = 64
    private var counts: [UInt64] = []
    package private(set) var count: UInt64 = 0
    package private(set) var mostNanoseconds: UInt64 = 0

    package init() {}

    /// Adds one duration.
    package mutating func add(nanoseconds: UInt64) {
        let bucket = Self.bucket(nanoseconds)
        if bucket >= counts.count {
            counts.append(contentsOf: repeatElement(0, count: bucket + 1 - counts.count))
        }
        counts[bucket] += 1
        count += 1
        mostNanoseconds = max(mostNanoseconds, nanoseconds)
    }

    /// The duration that this share, in `[0, 1]`, of all does not exceed; 0 if there are none.
    package func nanoseconds(atShare share: Double) -> UInt64 {
        precondition((0...1).contains(share), "share \(share)")
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((share * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (bucket, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return min(Self.upperBound(bucket), mostNanoseconds) }
        }
        return mostNanoseconds
    }

    private static func bucket(_ value: UInt64) -> Int {
        guard value >= UInt64(steps) else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let shift = exponent - 6
        return (shift + 1) * steps + Int(value >> UInt64(shift)) - steps
    }

    /// The largest value in a bucket.
    private static func upperBound(_ bucket: Int) -> UInt64 {
        guard bucket >= steps else { return UInt64(bucket) }
        let shift = UInt64(bucket / steps - 1)
        let leading = UInt64(bucket % steps + steps)
        return leading << shift | (1 << shift - 1)
    }
}

extension Latencies {
    /// Adds all durations of `other`.
    package mutating func merge(_ other: Latencies) {
        if other.counts.count > counts.count {
            counts.append(
                contentsOf: repeatElement(0, count: other.counts.count - counts.count))
        }
        for (bucket, number) in other.counts.enumerated() { counts[bucket] += number }
        count += other.count
        mostNanoseconds = max(mostNanoseconds, other.mostNanoseconds)
    }
}
