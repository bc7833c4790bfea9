package import Identifiers
package import JSON
package import KeyValue
package import Transactions

/// What a store knows while it applies one step, and where it leaves the step's changes.
package struct ApplyContext: Sendable {
    /// The index of the record being applied.
    package let index: LogIndex
    /// Replicated time, milliseconds since 1970.
    package let timeMilliseconds: UInt64
    /// The step being applied, counted from 0.
    package var step: UInt32 = 0
    /// What the transaction has changed so far, in order.
    package private(set) var changes = EncodedChanges()
    /// Bytes that steps have copied into rows beyond what they carry; bounded like the changes.
    package var copiedBytes = 0
    /// Bytes of the rows of which steps have changed a part, each counted as often as it was read and
    /// written whole for that.
    package var rewrittenBytes = 0

    package init(index: LogIndex, timeMilliseconds: UInt64) {
        self.index = index
        self.timeMilliseconds = timeMilliseconds
    }

    package mutating func record(store: StoreID, key: String, old: [UInt8]?, new: [UInt8]?) {
        changes.append(step: step, store: store, key: key, old: old, new: new)
    }

    /// Notes a change whose key is UTF-8.
    package mutating func record(
        store: StoreID, key: [UInt8], old: EncodedChanges.Value?, new: EncodedChanges.Value?
    ) {
        changes.append(step: step, store: store, key: key, old: old, new: new)
    }
}

/// Why a store did not apply a step.
package enum StoreFailure: Error, Sendable {
    /// The step cannot be: undo the transaction, go on with the next.
    case abort(AbortCode, String)
    /// The engine failed: stop the node.
    case engine(EngineFailure)
}

/// One of the stores: applies its operations to rows below its own prefix byte, and nothing else.
///
/// `apply` is a pure function of the view, the operation and the context. A store that throws may
/// leave its rows half changed: the caller rolls the view back.
package protocol Store: Sendable {
    var identifier: StoreID { get }

    /// Checks what can be checked without state, before an operation enters the log.
    func validate(_ operation: Operation) throws(StoreFailure)

    /// Whether to apply it takes little time, however large the state: well under a millisecond, as
    /// a rule, if the rows that it touches are in memory.
    func isQuick(_ operation: Operation) -> Bool

    /// Applies and returns the step's result in the store's encoding.
    func apply<V: View>(
        _ operation: Operation, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8]

    /// Answers a read in the store's encoding; `kind` and `body` are the store's own.
    func read<V: ReadView>(
        kind: UInt8, body: [UInt8], from view: V
    ) throws(StoreFailure) -> [UInt8]

    /// What is there under the name that changes have; nil where there is nothing.
    func fact<V: ReadView>(named key: String, in view: V) throws(StoreFailure) -> Fact?

    /// Words an operation for people; bytes that cannot be read are shown as they are.
    func describe(_ operation: Operation) -> JSONValue

    /// Words the old or new value of one of the store's changes for people and triggers.
    func describe(_ value: [UInt8], of change: Change) -> JSONValue
}

extension Store {
    package func isQuick(_ operation: Operation) -> Bool { false }
}
