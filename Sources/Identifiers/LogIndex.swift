/// The place of one record in the replicated log; the first is 1, and 0 means "before the log".
package struct LogIndex: NumericIdentifier {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
    package static let zero = LogIndex(0)

    package var next: LogIndex {
        LogIndex(rawValue + 1)
    }

    /// The index before this one; the index 0 has none, which is the caller's error.
    package var previous: LogIndex {
        precondition(rawValue > 0, "log index 0 has no predecessor")
        return LogIndex(rawValue - 1)
    }

    package static func + (index: LogIndex, count: Int) -> LogIndex {
        LogIndex(index.rawValue + UInt64(count))
    }

    /// The signed distance from `right` to `left`, in records.
    package static func - (left: LogIndex, right: LogIndex) -> Int {
        Int(left.rawValue) - Int(right.rawValue)
    }
}
