package import Identifiers

/// Which store an operation or change belongs to; also the first byte of that store's keys.
///
/// | byte | store |
/// |--:|---|
/// | below 0x10 | none: the replica's own rows |
/// | 0x10 | properties |
/// | 0x20 | revisions; not in this version |
/// | 0x30 | snapshots; not in this version |
/// | 0x40 | spaces; not in this version |
/// | 0x50 | triggers |
package struct StoreID: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
    package static let properties = StoreID(rawValue: 0x10)
    package static let revisions = StoreID(rawValue: 0x20)
    package static let snapshots = StoreID(rawValue: 0x30)
    package static let spaces = StoreID(rawValue: 0x40)
    package static let triggers = StoreID(rawValue: 0x50)

    /// Whether the key space is no store's but the replica's own.
    package var isReserved: Bool {
        rawValue < 0x10
    }
}

/// One step of a transaction, in the encoding of the store it is for.
package struct Operation: Hashable, Sendable {
    package let store: StoreID
    /// The store's own operation number.
    package let kind: UInt8
    /// The store's own encoding of the operation.
    package let body: [UInt8]

    package init(store: StoreID, kind: UInt8, body: [UInt8]) {
        self.store = store
        self.kind = kind
        self.body = body
    }
}

/// A step of a transaction as it stands in the record.
package enum Step: Hashable, Sendable {
    case operation(Operation)
    /// Fails the transaction here, as QEMU's `abort` action does.
    case abort(reason: String)
}

/// What must still be true when the transaction is applied, or it aborts before its first step.
///
/// Keys are rows of the named store, without the store's prefix byte; an empty upper end of a range
/// is the end of the store.
package enum Expectation: Hashable, Sendable {
    case keyAtVersion(store: StoreID, key: [UInt8], version: LogIndex)
    case keyAbsent(store: StoreID, key: [UInt8])
    /// SHA-256, cut to 128 bits, over the keys and versions of `[lower, upper)`.
    case rangeDigest(store: StoreID, lower: [UInt8], upper: [UInt8], digest: Bits128)

    /// The store whose rows it reads.
    package var store: StoreID {
        switch self {
        case .keyAtVersion(let store, _, _), .keyAbsent(let store, _),
            .rangeDigest(let store, _, _, _):
            store
        }
    }
}

/// How jobs that a transaction starts end together (QEMU's `completion-mode`).
package enum CompletionMode: UInt8, Sendable {
    case individual = 0
    case grouped = 1
}

/// An ordered list of steps that happens wholly or not at all.
package struct Transaction: Hashable, Sendable {
    package var steps: [Step]
    package var expectations: [Expectation]
    /// Name and value, sorted by name, no name twice; shown to triggers and change feeds.
    package var properties: [TransactionProperty]
    package var completionMode: CompletionMode

    package init(
        steps: [Step], expectations: [Expectation] = [], properties: [TransactionProperty] = [],
        completionMode: CompletionMode = .individual
    ) {
        self.steps = steps
        self.expectations = expectations
        self.properties = properties
        self.completionMode = completionMode
    }
}

package struct TransactionProperty: Hashable, Sendable {
    package let name: String
    package let value: [UInt8]
    package init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}

/// Who sent a transaction: what makes it happen exactly once.
package struct Origin: Hashable, Sendable {
    package let session: SessionID
    package let sequence: SequenceNumber
    /// The client has the answers to all sequences up to here; they may be forgotten.
    package let acknowledgedThrough: SequenceNumber
    package init(
        session: SessionID, sequence: SequenceNumber, acknowledgedThrough: SequenceNumber
    ) {
        self.session = session
        self.sequence = sequence
        self.acknowledgedThrough = acknowledgedThrough
    }
}
