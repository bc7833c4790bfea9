/// The place of one record in the replicated log; the first is 1, and 0 means "before the log".
package struct LogIndex: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
    @inlinable package static var zero: LogIndex { LogIndex(0) }

    @inlinable package var next: LogIndex {
        LogIndex(rawValue + 1)
    }

    /// The index before this one; the index 0 has none, which is the caller's error.
    @inlinable package var previous: LogIndex {
        precondition(rawValue > 0, "log index 0 has no predecessor")
        return LogIndex(rawValue - 1)
    }

    @inlinable package static func + (index: LogIndex, count: Int) -> LogIndex {
        LogIndex(index.rawValue + UInt64(count))
    }

    /// The signed distance from `right` to `left`, in records.
    @inlinable package static func - (left: LogIndex, right: LogIndex) -> Int {
        Int(left.rawValue) - Int(right.rawValue)
    }
}
