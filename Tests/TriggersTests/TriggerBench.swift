import Codec
import Identifiers
import KeyValue
import Stores
import Transactions
import Triggers

/// A store of numbers: body[0] is the key, the rest its decimal digits; an empty rest deletes.
struct NumberStore: Store {
    var identifier: StoreID { .properties }

    func validate(_ operation: Operation) throws(StoreFailure) {}

    func apply<V: View>(
        _ operation: Operation, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        let key = [identifier.rawValue, operation.body[0]]
        let old = try view.row(key)?.value
        let new = operation.body.count > 1 ? Array(operation.body.dropFirst()) : nil
        if let new { view.put(key, new) } else { view.delete(key) }
        let name = String(decoding: [operation.body[0]], as: UTF8.self)
        context.record(store: identifier, key: "n/" + name, old: old, new: new)
        return []
    }

    func read<V: ReadView>(
        kind: UInt8, body: [UInt8], from view: V
    ) throws(StoreFailure) -> [UInt8] {
        []
    }

    func fact<V: ReadView>(named key: String, in view: V) throws(StoreFailure) -> Fact? {
        guard let last = key.utf8.last, key.hasPrefix("n/") else { return nil }
        return try view.row([identifier.rawValue, last]).map {
            Fact(type: "number", values: [$0.value])
        }
    }
}

/// The trigger store beside a store of numbers, with the guard.
struct TriggerBench {
    let store: TriggerStore
    let registry: StoreRegistry
    var view = Overlay(over: MemoryEngine())
    private var executor: Executor
    private(set) var index = LogIndex(0)
    private(set) var last: Execution?

    init(limits: Limits = .standard) {
        store = TriggerStore(limits: limits)
        registry = StoreRegistry([NumberStore(), store])
        executor = Executor(stores: registry, commitGuard: TriggerGuard(), limits: limits)
    }

    /// Runs the steps as one transaction; returns why it aborted, nil where it committed.
    @discardableResult
    mutating func run(
        _ steps: [Operation], properties: [TransactionProperty] = []
    ) throws -> Abort? {
        index = index.next
        view.version = index
        let execution = try executor.execute(
            Transaction(steps: steps.map(Step.operation), properties: properties),
            index: index, timeMilliseconds: 1_000, in: &view)
        last = execution
        switch execution.outcome {
        case .committed: return nil
        case .aborted(_, let abort): return abort
        }
    }

    /// Sets numbers, written as `a=5`; `a=` deletes.
    @discardableResult
    mutating func set(_ texts: String..., properties: [String] = []) throws -> Abort? {
        try run(
            texts.map { text in
                let bytes = Array(text.utf8)
                return Operation(
                    store: .properties, kind: 1, body: [bytes[0]] + Array(bytes.dropFirst(2)))
            }, properties: properties.map { TransactionProperty(name: $0, value: []) })
    }

    /// Registers a pre-commit trigger of one condition on everything.
    mutating func guardAll(
        _ name: String, _ demand: TriggerCondition.Demand, prefixes: [String] = []
    ) throws -> Abort? {
        try run([
            TriggerStore.add(
                TriggerDefinition(
                    name: name, kind: .preCommit, keyPrefixes: prefixes,
                    conditions: [TriggerCondition(demand, message: "\(name) says no")]))
        ])
    }

    mutating func advance(_ cursors: TriggerCursor...) throws {
        index = index.next
        view.version = index
        try executor.apply(cursors, to: &view)
    }

    mutating func forget() {
        executor.stateReplaced()
    }

    func list() throws -> [RegisteredTrigger] {
        let bytes: [UInt8]
        do throws(StoreFailure) {
            bytes = try store.read(kind: TriggerStore.listRead, body: [], from: view)
        } catch {
            throw Abort(step: nil, code: .malformed, message: "\(error)")
        }
        return try TriggerStore.decodeList(bytes, limits: .standard)
    }
}
