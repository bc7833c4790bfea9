package import Codec
import Identifiers
package import Transactions

/// What came of executing one transaction.
package struct Execution: Sendable {
    /// The encoding of `outcome`.
    package let encodedOutcome: [UInt8]
    /// Why it was undone; nil where it committed.
    package let abort: Abort?
    private let index: LogIndex
    /// Replicated time, milliseconds since 1970.
    private let timeMilliseconds: UInt64
    private let properties: [TransactionProperty]
    /// Empty where it aborted.
    private let changes: EncodedChanges

    init(
        committed outcome: consuming CommittedOutcome, index: LogIndex, timeMilliseconds: UInt64,
        properties: [TransactionProperty], changes: EncodedChanges
    ) {
        encodedOutcome = outcome.take()
        abort = nil
        self.index = index
        self.timeMilliseconds = timeMilliseconds
        self.properties = properties
        self.changes = changes
    }

    init(
        aborted abort: Abort, index: LogIndex, timeMilliseconds: UInt64,
        properties: [TransactionProperty]
    ) {
        encodedOutcome = Outcome.aborted(index: index, abort).encoded()
        self.abort = abort
        self.index = index
        self.timeMilliseconds = timeMilliseconds
        self.properties = properties
        changes = EncodedChanges()
    }

    /// The answer to the client, and to every retry.
    package var outcome: Outcome {
        if let abort { return .aborted(index: index, abort) }
        var reader = ByteReader(encodedOutcome)
        do {
            return try .decode(&reader, results: .max, resultBytes: .max)
        } catch {
            preconditionFailure("an outcome that was encoded here cannot be read: \(error)")
        }
    }

    /// Whether definitions of triggers changed.
    package var touchedTriggers: Bool {
        changes.touchTriggers
    }

    /// Whether the feed keeps a change set of it: not where it committed and changed nothing.
    package var hasChangeSet: Bool {
        abort != nil || !changes.isEmpty
    }

    /// What the feed keeps; nil where there is nothing.
    package var changeSet: ChangeSet? {
        guard hasChangeSet else { return nil }
        return ChangeSet(
            index: index, timeMilliseconds: timeMilliseconds, properties: properties,
            changes: changes.decoded(), abort: abort)
    }

    /// Writes the encoding of `changeSet`, which is not nil.
    package func encodeChangeSet(into writer: inout ByteWriter) {
        precondition(hasChangeSet, "no change set of record \(index)")
        ChangeSet.encodeFront(
            index: index, timeMilliseconds: timeMilliseconds, properties: properties,
            isAborted: abort != nil, into: &writer)
        guard let abort else {
            changes.encode(into: &writer)
            return
        }
        abort.encode(into: &writer)
    }
}

/// The outcome of a transaction, encoded result by result as its steps succeed.
struct CommittedOutcome {
    private var writer: ByteWriter
    private(set) var resultBytes = 0

    /// Begins an outcome that will have `results` results.
    init(index: LogIndex, results: Int) {
        // A buffer of its own: one that is kept and shared would keep its capacity for ever.
        writer = ByteWriter(capacity: 16 + min(results, 64) * 16)
        Outcome.encodeFront(committedAt: index, results: results, into: &writer)
    }

    mutating func append(_ result: [UInt8]) {
        writer.writeBytes(result)
        resultBytes += result.count
    }

    consuming func take() -> [UInt8] {
        writer.take()
    }
}
