/// A reading of a clock that never goes back; nanoseconds since an origin of the clock's choice.
package struct MonotonicTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let nanoseconds: UInt64
    @inlinable package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }
    @inlinable package static var zero: MonotonicTime { MonotonicTime(nanoseconds: 0) }

    @inlinable package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The time `milliseconds` later.
    @inlinable package func advanced(milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds + milliseconds * 1_000_000)
    }

    /// Whole milliseconds from `earlier` to this time; 0 where `earlier` is later.
    @inlinable package func milliseconds(since earlier: MonotonicTime) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? (nanoseconds - earlier.nanoseconds) / 1_000_000 : 0
    }

    package var description: String {
        "\(nanoseconds / 1_000_000) ms"
    }
}
