package import Identifiers

/// What the core knows of one frame of the log: its place, its term and its size, never its bytes.
///
/// A frame is written, sent, committed and compacted as a whole; a position in the log that the core
/// names (previous, match, commit, compaction) is always the last index of a frame, or 0.
package struct FrameDescriptor: Hashable, Sendable {
    package let firstIndex: LogIndex
    /// Records in the frame, at least 1.
    package let count: UInt32
    package let term: Term
    /// Bytes of the sealed frame; what flow control counts.
    package let byteCount: UInt32
    /// The membership that this frame puts in force; such a frame holds one record.
    package let membership: Membership?

    package init(
        firstIndex: LogIndex, count: UInt32, term: Term, byteCount: UInt32,
        membership: Membership? = nil
    ) {
        precondition(count > 0, "a frame holds no record")
        precondition(membership == nil || count == 1, "a membership frame holds \(count) records")
        self.firstIndex = firstIndex
        self.count = count
        self.term = term
        self.byteCount = byteCount
        self.membership = membership
    }

    package var lastIndex: LogIndex {
        LogIndex(firstIndex.rawValue + UInt64(count) - 1)
    }
}

/// The end of a piece of log: the last index it covers, and that record's term.
package struct LogPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let index: LogIndex
    package let term: Term
    package init(index: LogIndex, term: Term) {
        self.index = index
        self.term = term
    }
    package static let start = LogPosition(index: .zero, term: .zero)

    /// The order of *Raft §5.4.1*: the later term, then the longer log.
    package static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.term, left.index) < (right.term, right.index)
    }

    package var description: String {
        "\(index)/\(term)"
    }
}
