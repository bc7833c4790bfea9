import Identifiers
package import Transactions

/// An ordered list of steps that takes effect wholly or not at all, on every node.
///
/// Build one by calling its methods in the order in which the steps shall happen, then give it to
/// `LockstepClient.submit`. Expectations are looked at before the first step.
public struct Transaction: Hashable, Sendable {
    /// How jobs that a transaction starts end together.
    public enum CompletionMode: String, Hashable, Sendable, CaseIterable {
        case individual
        case grouped
    }

    package var steps: [Step] = []
    package var expectations: [Expectation] = []
    private var notes: [String: [UInt8]] = [:]

    public var completionMode = CompletionMode.individual
    /// Whether the answer shall hold the changes.
    public var wantsChanges = false

    public init() {}

    /// A step in a store's own encoding, for stores that have no methods here.
    public mutating func append(store: StoreKind, kind: UInt8, body: [UInt8]) {
        steps.append(.operation(Operation(store: store.identifier, kind: kind, body: body)))
    }

    /// Fails the transaction here, so that nothing of it takes effect.
    public mutating func abort(reason: String) {
        steps.append(.abort(reason: reason))
    }

    /// Aborts unless the row was last changed by the transaction with index `version`.
    public mutating func expect(store: StoreKind, key: [UInt8], at version: UInt64) {
        expectations.append(
            .keyAtVersion(store: store.identifier, key: key, version: .init(version)))
    }

    /// Aborts if the row is there.
    public mutating func expectAbsent(store: StoreKind, key: [UInt8]) {
        expectations.append(.keyAbsent(store: store.identifier, key: key))
    }

    /// Sets a note that triggers and watches see; a second one of the same name replaces the first.
    public mutating func setNote(_ name: String, to value: [UInt8]) {
        notes[name] = value
    }

    /// The number of steps.
    public var stepCount: Int {
        steps.count
    }

    /// The transaction as it goes into the log.
    var replicated: Transactions.Transaction {
        let properties = notes.sorted { Array($0.key.utf8).lexicographicallyPrecedes($1.key.utf8) }
        let mode: Transactions.CompletionMode =
            switch completionMode {
            case .individual: .individual
            case .grouped: .grouped
            }
        return Transactions.Transaction(
            steps: steps, expectations: expectations,
            properties: properties.map {
                Transactions.TransactionProperty(name: $0.key, value: $0.value)
            },
            completionMode: mode)
    }
}
