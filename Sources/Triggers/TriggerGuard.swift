package import KeyValue
package import Stores
package import Transactions

/// Lets pre-commit triggers review each transaction, and takes up the leader's cursors.
///
/// Definitions are read once and again after each transaction that may have changed them, so that
/// without triggers a transaction pays nothing.
package struct TriggerGuard: CommitGuard {
    /// The pre-commit triggers by name; nil: to be read.
    private var definitions: [TriggerDefinition]?

    package init() {}

    @specialized(where V == Overlay)
    package mutating func prepare<V: ReadView>(_ view: V) throws(EngineFailure) {
        guard definitions == nil else { return }
        definitions = try TriggerStore.list(in: view).map(\.definition).filter {
            $0.kind == .preCommit
        }
    }

    package func reviews(touchingTriggers: Bool) -> Bool {
        touchingTriggers || definitions?.isEmpty == false
    }

    @specialized(where V == Overlay)
    package mutating func review<V: ReadView>(
        _ commit: ProposedCommit, in view: V
    ) throws(StoreFailure) {
        let present = definitions ?? []
        if commit.changes.contains(where: { $0.store == .triggers }) {
            // Whether it commits or not, the next transaction reads them anew.
            definitions = nil
        }
        for definition in present where commit.changes.contains(where: definition.matches) {
            // However it is made, a trigger can be removed by a transaction of its own.
            if commit.changes.allSatisfy({ $0.isRemoval(ofTrigger: definition.name) }) { continue }
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
            return !commit.changes.contains { $0.hasKey(prefix: prefix) }
        case .noDeletion(let prefix):
            return !commit.changes.contains { $0.new == nil && $0.hasKey(prefix: prefix) }
        case .someChange(let prefix):
            return commit.changes.contains { $0.hasKey(prefix: prefix) }
        case .transactionProperty(let name):
            return commit.properties.contains { $0.name.utf8.elementsEqual(name.utf8) }
        case .mostChanges(let count):
            return UInt64(commit.changes.count) <= count
        case .rowPresent(let store, let key):
            return try view.row([store.rawValue] + key) != nil
        case .rowAbsent(let store, let key):
            return try view.row([store.rawValue] + key) == nil
        case .present(let store, let key):
            return try fact(store, key, commit, in: view) != nil
        case .absent(let store, let key):
            return try fact(store, key, commit, in: view) == nil
        case .typed(let store, let key, let type):
            return try fact(store, key, commit, in: view)?.type.utf8.elementsEqual(type.utf8)
                ?? false
        case .equal(let store, let key, let values):
            return try fact(store, key, commit, in: view)?.values == values.map { Array($0.utf8) }
        case .inRange(let store, let key, let lower, let upper):
            guard let fact = try fact(store, key, commit, in: view) else { return false }
            return fact.values.allSatisfy { bytes in
                guard let number = Int128(String(decoding: bytes, as: UTF8.self)) else {
                    return false
                }
                return Int128(lower) <= number && number <= Int128(upper)
            }
        }
    }

    private func fact<V: ReadView>(
        _ store: StoreID, _ key: String, _ commit: ProposedCommit, in view: V
    ) throws(StoreFailure) -> Fact? {
        try commit.stores[store]?.fact(named: key, in: view)
    }

    package mutating func advance<V: View>(
        _ cursors: [TriggerCursor], in view: inout V
    ) throws(EngineFailure) {
        for cursor in cursors {
            // A trigger removed meanwhile stays removed; a cursor never goes back.
            guard let present = try TriggerStore.cursor(of: cursor.trigger, in: view),
                cursor.deliveredThrough >= present.cursor.deliveredThrough
            else { continue }
            TriggerStore.writeCursor(
                cursor, gapAcceptedThrough: present.gapAcceptedThrough, to: &view)
        }
    }

    package mutating func forget() {
        definitions = nil
    }
}
