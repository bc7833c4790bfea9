package import KeyValue
package import Transactions

/// Lets pre-commit triggers review each transaction, and takes up the leader's cursors.
///
/// Definitions are read once and again after each transaction that may have changed them, so that
/// without triggers a transaction pays nothing.
package struct TriggerGuard: CommitGuard {
    /// The pre-commit triggers by name; nil: to be read.
    private var definitions: [TriggerDefinition]?

    package init() {}

    package mutating func prepare<V: ReadView>(_ view: V) throws(EngineFailure) {
        guard definitions == nil else { return }
        definitions = try TriggerStore.list(in: view).map(\.definition).filter {
            $0.kind == .preCommit
        }
    }

    package mutating func review<V: ReadView>(
        _ commit: ProposedCommit, in view: V
    ) throws(StoreFailure) {
        let present = definitions ?? []
        if commit.changes.contains(where: { $0.store == .triggers }) {
            // Whether it commits or not, the next transaction reads them anew.
            definitions = nil
        }
        for definition in present where commit.changes.contains(where: definition.matches) {
            for condition in definition.conditions {
                guard try isMet(condition.demand, commit, in: view) else {
                    throw .abort(
                        .vetoed, "trigger \(definition.name): \(condition.message)")
                }
            }
        }
    }

    private func isMet<V: ReadView>(
        _ demand: TriggerCondition.Demand, _ commit: ProposedCommit, in view: V
    ) throws(StoreFailure) -> Bool {
        switch demand {
        case .noChange(let prefix):
            return !commit.changes.contains { $0.key.hasPrefix(prefix) }
        case .noDeletion(let prefix):
            return !commit.changes.contains { $0.new == nil && $0.key.hasPrefix(prefix) }
        case .someChange(let prefix):
            return commit.changes.contains { $0.key.hasPrefix(prefix) }
        case .transactionProperty(let name):
            return commit.properties.contains { $0.name == name }
        case .mostChanges(let count):
            return UInt64(commit.changes.count) <= count
        case .rowPresent(let store, let key):
            return try row(store, key, in: view) != nil
        case .rowAbsent(let store, let key):
            return try row(store, key, in: view) == nil
        }
    }

    private func row<V: ReadView>(
        _ store: StoreID, _ key: [UInt8], in view: V
    ) throws(StoreFailure) -> Row? {
        do {
            return try view.get([store.rawValue] + key)
        } catch {
            throw .engine(error)
        }
    }

    package mutating func advance<V: View>(
        _ cursors: [TriggerCursor], in view: inout V
    ) throws(EngineFailure) {
        for cursor in cursors {
            // A trigger removed meanwhile stays removed; a cursor never goes back.
            guard let present = try TriggerStore.cursor(of: cursor.trigger, in: view),
                cursor.deliveredThrough >= present.deliveredThrough
            else { continue }
            TriggerStore.writeCursor(cursor, to: &view)
        }
    }

    package mutating func forget() {
        definitions = nil
    }
}
