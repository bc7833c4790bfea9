package import Identifiers
package import KeyValue
package import Transactions

/// What may still stop a transaction after its last step: the pre-commit triggers.
///
/// It sees what is replicated and nothing else, so that it decides the same on every node. It may
/// remember what it has read from the view as long as the view goes on without a break; `forget`
/// tells it of one.
package protocol CommitGuard: Sendable {
    /// Called before the first step, with the state that the transaction finds.
    mutating func prepare<V: ReadView>(_ view: V) throws(EngineFailure)

    /// Whether `review` is to be called for a transaction that did or did not touch triggers.
    func reviews(touchingTriggers: Bool) -> Bool

    /// Called after the last step; throwing `StoreFailure.abort` undoes the transaction.
    mutating func review<V: ReadView>(
        _ commit: ProposedCommit, in view: V
    ) throws(StoreFailure)

    /// Stores how far post-commit triggers have come.
    mutating func advance<V: View>(
        _ cursors: [TriggerCursor], in view: inout V
    ) throws(EngineFailure)

    /// The state was replaced or rolled back: nothing read from it holds any more.
    mutating func forget()
}

extension CommitGuard {
    package func reviews(touchingTriggers: Bool) -> Bool { true }
}

/// A transaction whose steps have all succeeded.
package struct ProposedCommit: Sendable {
    package let index: LogIndex
    package let timeMilliseconds: UInt64
    package let properties: [TransactionProperty]
    package let changes: [Change]
    /// Who knows what is in the view.
    package let stores: StoreRegistry

    package init(
        index: LogIndex, timeMilliseconds: UInt64, properties: [TransactionProperty],
        changes: [Change], stores: StoreRegistry
    ) {
        self.index = index
        self.timeMilliseconds = timeMilliseconds
        self.properties = properties
        self.changes = changes
        self.stores = stores
    }
}
