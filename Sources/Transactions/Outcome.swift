package import Identifiers

/// What became of a transaction: the same on every node, and the answer to every retry.
package enum Outcome: Hashable, Sendable {
    /// One result a step, in the encoding of the step's store (often empty).
    case committed(index: LogIndex, results: [[UInt8]])
    case aborted(index: LogIndex, Abort)
}

/// Why a transaction was undone.
package struct Abort: Error, Hashable, Sendable, CustomStringConvertible {
    /// The step that failed, counted from 0; nil where an expectation, a trigger or the record as a
    /// whole did.
    package let step: Int?
    package let code: AbortCode
    /// What failed, where, and what to do next; part of the replicated outcome, so made from state
    /// and record alone.
    package let message: String

    package init(step: Int?, code: AbortCode, message: String) {
        self.step = step
        self.code = code
        self.message = message
    }

    package var description: String {
        if let step { "step \(step): \(message)" } else { message }
    }
}

/// The kinds of abort; numbers are part of the log and wire formats.
///
/// | code | abort |
/// |--:|---|
/// | 1 | requested: a step says so |
/// | 2 | malformed: the body of an operation, an expectation or a read cannot be read |
/// | 3 | not-found |
/// | 4 | exists |
/// | 5 | type-mismatch |
/// | 6 | invalid-argument |
/// | 7 | out-of-date: a base version was not the present one any more |
/// | 8 | deleted: also if there is another one under the name |
/// | 9 | constraint-violated |
/// | 10 | expectation-failed |
/// | 11 | vetoed: by a pre-commit trigger |
/// | 12 | limit-exceeded |
/// | 13 | unknown-store: the cluster has no such store |
/// | 14 | session-unknown: it has expired or never was; what became of earlier tries is not known |
/// | 15 | sequence-gap: a sequence number was left out |
/// | 16 | outcome-forgotten: the client has acknowledged it |
/// | 17 | permission-denied |
/// | 18 | content-missing |
/// | 19 | session-full: too many outcomes, or too large ones, that are not acknowledged; the request keeps its place |
package enum AbortCode: UInt8, Sendable, CaseIterable {
    case requested = 1
    case malformed = 2
    case notFound = 3
    case exists = 4
    case typeMismatch = 5
    case invalidArgument = 6
    /// A base version was not the present one any more.
    case outOfDate = 7
    /// The thing was deleted (also if recreated under its name).
    case deleted = 8
    case constraintViolated = 9
    case expectationFailed = 10
    /// A pre-commit trigger said no.
    case vetoed = 11
    case limitExceeded = 12
    case unknownStore = 13
    /// The session has expired or never was: outcome of earlier tries unknown, nothing executed.
    case sessionUnknown = 14
    /// A gap in the session's sequence numbers.
    case sequenceGap = 15
    /// The outcome was acknowledged by the client and has been forgotten.
    case outcomeForgotten = 16
    case permissionDenied = 17
    case contentMissing = 18
    /// The session has too many or too large outcomes that its client has not acknowledged: nothing
    /// was executed, and the request keeps its place.
    case sessionFull = 19
}

/// One change of one named thing, as triggers and change feeds see it.
package struct Change: Hashable, Sendable {
    /// The step that made it, counted from 0.
    package let step: UInt32
    package let store: StoreID
    /// The name a person would use, such as `svc:/system/x:default/:properties/pg/prop`.
    package let key: String
    /// The value before and after in the store's encoding; nil: absent.
    package let old: [UInt8]?
    package let new: [UInt8]?

    package init(step: UInt32, store: StoreID, key: String, old: [UInt8]?, new: [UInt8]?) {
        self.step = step
        self.store = store
        self.key = key
        self.old = old
        self.new = new
    }
}

/// A committed (or, for `on_rollback` triggers, aborted) transaction as the feed keeps it.
package struct ChangeSet: Hashable, Sendable {
    package let index: LogIndex
    /// Replicated time, milliseconds since 1970.
    package let timeMilliseconds: UInt64
    package let properties: [TransactionProperty]
    package let changes: [Change]
    /// Set for a transaction that was aborted; then `changes` is empty.
    package let abort: Abort?

    package init(
        index: LogIndex, timeMilliseconds: UInt64, properties: [TransactionProperty],
        changes: [Change], abort: Abort?
    ) {
        self.index = index
        self.timeMilliseconds = timeMilliseconds
        self.properties = properties
        self.changes = changes
        self.abort = abort
    }
}
