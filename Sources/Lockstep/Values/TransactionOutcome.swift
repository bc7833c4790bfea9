/// What became of a transaction, the same on every node and for every retry.
public enum TransactionOutcome: Hashable, Sendable {
    case committed(Commit)
    case aborted(TransactionAbort)
}

/// A transaction that took effect.
public struct Commit: Hashable, Sendable {
    /// Its place in the log.
    public let index: UInt64
    /// What each step returned, in order; the encoding is the store's, and often empty.
    public let results: [[UInt8]]
    /// What it changed, where the transaction asked for it.
    public let changes: ChangeSet?

    public init(index: UInt64, results: [[UInt8]], changes: ChangeSet?) {
        self.index = index
        self.results = results
        self.changes = changes
    }
}

/// Why a transaction or read was undone.
public struct TransactionAbort: Hashable, Sendable, CustomStringConvertible {
    /// The place in the log of the aborted transaction; for a read, the state it was answered from.
    public let index: UInt64
    /// The step that failed, counted from 0; nil where it was not a step.
    public let step: Int?
    public let code: AbortReason
    public let message: String

    public init(index: UInt64, step: Int?, code: AbortReason, message: String) {
        self.index = index
        self.step = step
        self.code = code
        self.message = message
    }

    public var description: String {
        if let step { "step \(step): \(message)" } else { message }
    }
}

/// The kinds of abort.
public enum AbortReason: String, Hashable, Sendable, CaseIterable {
    case requested
    case malformed
    case notFound
    case exists
    case typeMismatch
    case invalidArgument
    case outOfDate
    case deleted
    case constraintViolated
    case expectationFailed
    case vetoed
    case limitExceeded
    case unknownStore
    case sessionUnknown
    case sequenceGap
    case outcomeForgotten
    case permissionDenied
    case contentMissing
    case sessionFull
}

/// The stores of a cluster.
public enum StoreKind: String, Hashable, Sendable, CaseIterable {
    case properties
    case revisions
    case snapshots
    case spaces
    case triggers
}

/// One change of one named thing.
public struct Change: Hashable, Sendable {
    /// The step that made it, counted from 0.
    public let step: Int
    /// nil for a store that this version of the client does not know.
    public let store: StoreKind?
    public let key: String
    /// The value before and after in the store's encoding; nil: absent.
    public let old: [UInt8]?
    public let new: [UInt8]?

    public init(step: Int, store: StoreKind?, key: String, old: [UInt8]?, new: [UInt8]?) {
        self.step = step
        self.store = store
        self.key = key
        self.old = old
        self.new = new
    }
}

/// A transaction as a watch sees it.
public struct ChangeSet: Hashable, Sendable {
    public let index: UInt64
    /// The cluster's time, milliseconds since 1970.
    public let timeMilliseconds: UInt64
    /// Name and value of the transaction's own properties, sorted by name.
    public let properties: [TransactionProperty]
    public let changes: [Change]
    /// Set for an aborted transaction; then `changes` is empty.
    public let abort: TransactionAbort?

    public init(
        index: UInt64, timeMilliseconds: UInt64, properties: [TransactionProperty],
        changes: [Change], abort: TransactionAbort?
    ) {
        self.index = index
        self.timeMilliseconds = timeMilliseconds
        self.properties = properties
        self.changes = changes
        self.abort = abort
    }
}

/// A note that travels with a transaction, shown to triggers and watches.
public struct TransactionProperty: Hashable, Sendable {
    public let name: String
    public let value: [UInt8]

    public init(name: String, value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
