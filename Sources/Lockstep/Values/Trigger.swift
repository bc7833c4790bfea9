import Transactions
import Triggers

/// What is to happen when a transaction commits or fails.
public struct Trigger: Hashable, Sendable {
    /// When a trigger acts, and how.
    public enum Action: Hashable, Sendable {
        /// Inside the transaction, on every node: vetoes it unless all conditions hold.
        case beforeCommit([Condition])
        /// The leader runs a program of its trigger folder after each commit, at least once.
        case afterCommit(program: String, arguments: [String])
        /// The leader runs a program of its trigger folder after each abort, at least once.
        case afterAbort(program: String, arguments: [String])
    }

    /// A demand on a transaction, with what to say when it is not met.
    public struct Condition: Hashable, Sendable {
        public var demand: Demand
        public var message: String

        public init(_ demand: Demand, message: String) {
            self.demand = demand
            self.message = message
        }
    }

    public enum Demand: Hashable, Sendable {
        case noChange(keyPrefix: String)
        case noDeletion(keyPrefix: String)
        case someChange(keyPrefix: String)
        /// The transaction carries a note of this name.
        case note(String)
        case mostChanges(UInt64)
        case rowPresent(store: StoreKind, key: [UInt8])
        case rowAbsent(store: StoreKind, key: [UInt8])
        /// Something is there after the steps, under a name as changes have it.
        case present(StoreKind, key: String)
        case absent(StoreKind, key: String)
        case typed(StoreKind, key: String, type: String)
        /// It has exactly these values, in their string forms.
        case equal(StoreKind, key: String, values: [String])
        /// All its values are whole numbers in `[lower, upper]`.
        case inRange(StoreKind, key: String, lower: Int64, upper: Int64)
    }

    /// The longest time that a run may be given, in milliseconds.
    package static let mostTimeoutMilliseconds = TriggerBounds.longestTimeoutMilliseconds
    /// The bounds of one trigger, in words.
    package static let bounds = """
        \(TriggerBounds.nameBytes) bytes of name, \(TriggerBounds.stores) stores, \
        \(TriggerBounds.keyPrefixes) key prefixes, \(TriggerBounds.conditions) conditions, \
        \(TriggerBounds.values) values a condition, \(TriggerBounds.arguments) arguments, \
        \(TriggerBounds.textBytes) bytes each text
        """

    public var name: String
    public var action: Action
    /// Changes of these stores count; empty: of all but the triggers' own.
    public var stores: [StoreKind]
    /// Changes of keys that begin so count; empty: all.
    public var keyPrefixes: [String]
    /// After this time a run is killed and counts as failed.
    public var timeout: Duration
    /// After so many failed runs for one transaction it is suspended; 0: it is tried again and again.
    public var attemptLimit: UInt64

    public init(
        name: String, action: Action, stores: [StoreKind] = [], keyPrefixes: [String] = [],
        timeout: Duration = .seconds(30), attemptLimit: UInt64 = 0
    ) {
        self.name = name
        self.action = action
        self.stores = stores
        self.keyPrefixes = keyPrefixes
        self.timeout = timeout
        self.attemptLimit = attemptLimit
    }
}

/// A trigger that is in force, and how far it has come.
public struct RegisteredTrigger: Hashable, Sendable {
    public let trigger: Trigger
    /// All transactions up to here have been delivered.
    public let deliveredThrough: UInt64
    /// Why it is suspended; nil if it is not.
    ///
    /// What the leader's status says of the trigger is fresher, and tells failed runs as well.
    public let suspension: String?

    package init(trigger: Trigger, deliveredThrough: UInt64, suspension: String?) {
        self.trigger = trigger
        self.deliveredThrough = deliveredThrough
        self.suspension = suspension
    }
}

extension Transaction {
    /// Registers a trigger, for what commits after this transaction.
    ///
    /// Throws `invalidArgument` with what is wrong with it.
    public mutating func addTrigger(_ trigger: Trigger) throws(LockstepError) {
        let definition = trigger.definition
        if let fault = definition.fault ?? definition.runFault { throw .invalidArgument(fault) }
        steps.append(.operation(TriggerStore.add(definition)))
    }

    /// Removes a trigger; the transaction aborts with `notFound` if there is none.
    public mutating func removeTrigger(_ name: String) {
        steps.append(.operation(TriggerStore.remove(name)))
    }

    /// Ends the suspension of a trigger; delivery goes on behind its cursor.
    public mutating func resumeTrigger(_ name: String) {
        steps.append(.operation(TriggerStore.resume(name)))
    }
}

extension Trigger {
    var definition: TriggerDefinition {
        let kind: TriggerDefinition.Kind
        var conditions: [TriggerCondition] = []
        var (program, arguments) = ("", [String]())
        switch action {
        case .beforeCommit(let demands):
            kind = .preCommit
            conditions = demands.map { TriggerCondition($0.demand.stored, message: $0.message) }
        case .afterCommit(let name, let words):
            (kind, program, arguments) = (.postCommit, name, words)
        case .afterAbort(let name, let words):
            (kind, program, arguments) = (.onRollback, name, words)
        }
        return TriggerDefinition(
            name: name, kind: kind, stores: stores.map(\.identifier), keyPrefixes: keyPrefixes,
            conditions: conditions, program: program, arguments: arguments,
            timeoutMilliseconds: timeout.wholeMilliseconds, attemptLimit: attemptLimit)
    }

    /// A definition as a change has it; nil for one of a later version, some of which is not known here.
    init?(encoded bytes: [UInt8]) {
        guard let definition = TriggerDefinition(encoded: bytes) else { return nil }
        self.init(definition)
        guard self.definition == definition else { return nil }
    }

    /// Stores that this version of the client does not know are left out.
    init(_ definition: TriggerDefinition) {
        let action: Action =
            switch definition.kind {
            case .preCommit:
                .beforeCommit(
                    definition.conditions.compactMap { condition in
                        Demand(condition.demand).map { Condition($0, message: condition.message) }
                    })
            case .postCommit:
                .afterCommit(program: definition.program, arguments: definition.arguments)
            case .onRollback:
                .afterAbort(program: definition.program, arguments: definition.arguments)
            }
        self.init(
            name: definition.name, action: action,
            stores: definition.stores.compactMap { StoreKind($0) },
            keyPrefixes: definition.keyPrefixes,
            timeout: .milliseconds(Int64(clamping: definition.timeoutMilliseconds)),
            attemptLimit: definition.attemptLimit)
    }
}

extension Trigger.Demand {
    fileprivate var stored: TriggerCondition.Demand {
        switch self {
        case .noChange(let prefix): .noChange(keyPrefix: prefix)
        case .noDeletion(let prefix): .noDeletion(keyPrefix: prefix)
        case .someChange(let prefix): .someChange(keyPrefix: prefix)
        case .note(let name): .transactionProperty(name: name)
        case .mostChanges(let count): .mostChanges(count)
        case .rowPresent(let store, let key): .rowPresent(store: store.identifier, key: key)
        case .rowAbsent(let store, let key): .rowAbsent(store: store.identifier, key: key)
        case .present(let store, let key): .present(store.identifier, key: key)
        case .absent(let store, let key): .absent(store.identifier, key: key)
        case .typed(let store, let key, let type): .typed(store.identifier, key: key, type: type)
        case .equal(let store, let key, let values):
            .equal(store.identifier, key: key, values: values)
        case .inRange(let store, let key, let lower, let upper):
            .inRange(store.identifier, key: key, lower: lower, upper: upper)
        }
    }

    fileprivate init?(_ demand: TriggerCondition.Demand) {
        switch demand {
        case .noChange(let prefix): self = .noChange(keyPrefix: prefix)
        case .noDeletion(let prefix): self = .noDeletion(keyPrefix: prefix)
        case .someChange(let prefix): self = .someChange(keyPrefix: prefix)
        case .transactionProperty(let name): self = .note(name)
        case .mostChanges(let count): self = .mostChanges(count)
        case .rowPresent(let store, let key): self.init(store) { .rowPresent(store: $0, key: key) }
        case .rowAbsent(let store, let key): self.init(store) { .rowAbsent(store: $0, key: key) }
        case .present(let store, let key): self.init(store) { .present($0, key: key) }
        case .absent(let store, let key): self.init(store) { .absent($0, key: key) }
        case .typed(let store, let key, let type):
            self.init(store) { .typed($0, key: key, type: type) }
        case .equal(let store, let key, let values):
            self.init(store) { .equal($0, key: key, values: values) }
        case .inRange(let store, let key, let lower, let upper):
            self.init(store) { .inRange($0, key: key, lower: lower, upper: upper) }
        }
    }

    private init?(_ store: StoreID, _ make: (StoreKind) -> Trigger.Demand) {
        guard let store = StoreKind(store) else { return nil }
        self = make(store)
    }
}
