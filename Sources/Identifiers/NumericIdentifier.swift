/// An integer that means one thing only, so that it cannot be taken for another.
///
/// Conforming types add no behaviour to the number; arithmetic that makes sense for one of them is
/// declared on that type.
package protocol NumericIdentifier: RawRepresentable, Hashable, Comparable, Sendable,
    CustomStringConvertible
where RawValue == UInt64 {
    init(_ rawValue: UInt64)
}

// Compared and hashed all over in other modules: inlined there, they are what the number's would be.
extension NumericIdentifier {
    @inlinable package init(rawValue: UInt64) {
        self.init(rawValue)
    }

    @inlinable package static func == (left: Self, right: Self) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable package static func != (left: Self, right: Self) -> Bool {
        left.rawValue != right.rawValue
    }

    @inlinable package static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }

    @inlinable package static func > (left: Self, right: Self) -> Bool {
        left.rawValue > right.rawValue
    }

    @inlinable package static func <= (left: Self, right: Self) -> Bool {
        left.rawValue <= right.rawValue
    }

    @inlinable package static func >= (left: Self, right: Self) -> Bool {
        left.rawValue >= right.rawValue
    }

    @inlinable package func hash(into hasher: inout Hasher) {
        hasher.combine(rawValue)
    }

    package var description: String {
        String(rawValue)
    }
}

/// The name of a node, unique in its cluster and never 0; 0 stands for "nobody" on disk and wire.
package struct NodeID: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// A leadership period (*Raft §5.1*); 0 before the first election.
package struct Term: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
    @inlinable package static var zero: Term { Term(0) }
    @inlinable package var next: Term {
        Term(rawValue + 1)
    }
}

/// The incarnation of a data directory: random, made when the directory is made, never 0.
package struct Incarnation: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// One founding of a cluster: which data directories began it together; 0 for none yet.
package struct FoundingID: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
    @inlinable package static var zero: FoundingID { FoundingID(0) }
}

/// A client session: the log index of the record that opened it, so it is never used twice.
package struct SessionID: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// A client's request number within its session; the first is 1.
package struct SequenceNumber: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
    @inlinable package static var zero: SequenceNumber { SequenceNumber(0) }
    @inlinable package var next: SequenceNumber {
        SequenceNumber(rawValue + 1)
    }
}

/// The number of one write that the consensus core has asked for; grows by one a write and never
/// comes back, so that a late completion cannot be taken for a newer one.
package struct WriteID: NumericIdentifier {
    package let rawValue: UInt64
    @inlinable package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
    @inlinable package static var zero: WriteID { WriteID(0) }
    @inlinable package var next: WriteID {
        WriteID(rawValue + 1)
    }
}
