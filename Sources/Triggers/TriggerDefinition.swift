import Codec
package import Transactions

/// What is to happen when a transaction commits (or fails), registered by a transaction itself.
package struct TriggerDefinition: Hashable, Sendable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Inside apply, on every node: may veto.
        case preCommit = 1
        /// A program, run by the leader after the commit.
        case postCommit = 2
        /// A program, run by the leader after an abort.
        case onRollback = 3
    }

    package var name: String
    package var kind: Kind
    /// Changes of these stores count; empty: of all but the triggers' own, so that no trigger can
    /// keep itself from being removed by accident.
    package var stores: [StoreID]
    /// Changes of keys that begin so count; empty: all.
    package var keyPrefixes: [String]
    /// What a pre-commit trigger demands.
    package var conditions: [TriggerCondition]
    /// The program's name in the node's trigger folder; no slash in it.
    package var program: String
    package var arguments: [String]
    /// After this time a run is killed and counts as failed.
    package var timeoutMilliseconds: UInt64
    /// After so many failed runs for one change set the trigger is suspended; 0: it is tried until
    /// the change set has lost its place in the feed.
    package var attemptLimit: UInt64

    package init(
        name: String, kind: Kind, stores: [StoreID] = [], keyPrefixes: [String] = [],
        conditions: [TriggerCondition] = [], program: String = "", arguments: [String] = [],
        timeoutMilliseconds: UInt64 = 30_000, attemptLimit: UInt64 = 0
    ) {
        self.name = name
        self.kind = kind
        self.stores = stores
        self.keyPrefixes = keyPrefixes
        self.conditions = conditions
        self.program = program
        self.arguments = arguments
        self.timeoutMilliseconds = timeoutMilliseconds
        self.attemptLimit = attemptLimit
    }

    /// Whether the filter lets a change through.
    package func matches(_ change: Change) -> Bool {
        guard stores.isEmpty ? change.store != .triggers : stores.contains(change.store) else {
            return false
        }
        return keyPrefixes.isEmpty || keyPrefixes.contains(where: change.hasKey)
    }

    /// Whether a change set is delivered to this trigger.
    package func wants(_ set: ChangeSet) -> Bool {
        switch kind {
        case .preCommit: false
        case .postCommit: set.abort == nil && set.changes.contains(where: matches)
        case .onRollback: set.abort != nil
        }
    }
}

/// One deterministic demand of a pre-commit trigger, with what to say when it is not met.
package struct TriggerCondition: Hashable, Sendable {
    package enum Demand: Hashable, Sendable {
        /// No change of a key with this prefix.
        case noChange(keyPrefix: String)
        /// No deletion of a key with this prefix.
        case noDeletion(keyPrefix: String)
        /// Some change of a key with this prefix, in every transaction that the filter lets through.
        case someChange(keyPrefix: String)
        /// The transaction carries this property.
        case transactionProperty(name: String)
        /// At most so many changes.
        case mostChanges(UInt64)
        /// This row is there after the steps (key without the store's prefix byte).
        case rowPresent(store: StoreID, key: [UInt8])
        /// This row is not there after the steps.
        case rowAbsent(store: StoreID, key: [UInt8])
        /// Something is there after the steps, under a name as changes have it.
        case present(StoreID, key: String)
        /// Nothing is there.
        case absent(StoreID, key: String)
        /// It is there, and of this type.
        case typed(StoreID, key: String, type: String)
        /// It is there, and has exactly these values in their string forms.
        case equal(StoreID, key: String, values: [String])
        /// It is there, and all its values are whole numbers in `[lower, upper]`.
        case inRange(StoreID, key: String, lower: Int64, upper: Int64)
    }
    package var demand: Demand
    package var message: String

    package init(_ demand: Demand, message: String) {
        self.demand = demand
        self.message = message
    }
}

extension TriggerCondition.Demand {
    /// Whether it reads a row that is no store's, which nodes may hold differently.
    var readsReservedRow: Bool {
        switch self {
        case .rowPresent(let store, _), .rowAbsent(let store, _): store.isReserved
        case .noChange, .noDeletion, .someChange, .transactionProperty, .mostChanges, .present,
            .absent, .typed, .equal, .inRange:
            false
        }
    }

    /// The values of one that has several.
    var values: [String] {
        switch self {
        case .equal(_, _, let values): values
        case .noChange, .noDeletion, .someChange, .transactionProperty, .mostChanges, .present,
            .absent, .typed, .inRange, .rowPresent, .rowAbsent:
            []
        }
    }

    /// The bytes of each of its texts and keys.
    var lengths: [Int] {
        switch self {
        case .noChange(let text), .noDeletion(let text), .someChange(let text),
            .transactionProperty(let text), .present(_, let text), .absent(_, let text),
            .inRange(_, let text, _, _):
            [text.utf8.count]
        case .mostChanges: []
        case .rowPresent(_, let key), .rowAbsent(_, let key): [key.count]
        case .typed(_, let key, let type): [key.utf8.count, type.utf8.count]
        case .equal(_, let key, let values): [key.utf8.count] + values.map(\.utf8.count)
        }
    }
}

extension Change {
    /// Whether the key begins so, byte for byte: what Unicode holds to be equal may differ between
    /// versions, and so between nodes.
    func hasKey(prefix: String) -> Bool {
        key.utf8.starts(with: prefix.utf8)
    }

    /// Whether this takes away the trigger of that name.
    func isRemoval(ofTrigger name: String) -> Bool {
        store == .triggers && new == nil && key.utf8.elementsEqual(name.utf8)
    }
}

/// Bounds of trigger definitions; part of the replicated meaning.
package enum TriggerBounds {
    package static let nameBytes = 64
    package static let keyPrefixes = 64
    package static let stores = 16
    package static let conditions = 64
    package static let arguments = 32
    package static let textBytes = 4_096
    package static let values = 64
    package static let attempts: UInt64 = 1_000_000
    package static let longestTimeoutMilliseconds: UInt64 = 3_600_000
}

extension TriggerDefinition {
    /// What is wrong with the definition, or nil.
    package var fault: String? {
        guard Self.isName(name) else {
            return "a trigger's name has 1 to \(TriggerBounds.nameBytes) letters, digits, '-', '_' "
                + "or '.', and begins with a letter"
        }
        if let fault = boundFault ?? kindFault { return fault }
        guard (1...TriggerBounds.longestTimeoutMilliseconds).contains(timeoutMilliseconds) else {
            return "the time-out of trigger \(name) must lie in "
                + "[1, \(TriggerBounds.longestTimeoutMilliseconds)] ms"
        }
        guard attemptLimit <= TriggerBounds.attempts else {
            return "trigger \(name) may be tried \(TriggerBounds.attempts) times at most"
        }
        return nil
    }

    /// What lets a definition that nodes take never run; clients refuse it.
    ///
    /// It is not part of the replicated meaning: a log may hold such definitions.
    package var runFault: String? {
        arguments.contains { $0.utf8.contains(0) }
            ? "an argument of trigger \(name) has a NUL, which no program can be given" : nil
    }

    /// What an encoded definition could not have: nodes refuse it before they look at the rest.
    private var boundFault: String? {
        var counts = [
            ("stores", stores.count, TriggerBounds.stores),
            ("key prefixes", keyPrefixes.count, TriggerBounds.keyPrefixes),
            ("conditions", conditions.count, TriggerBounds.conditions),
            ("arguments", arguments.count, TriggerBounds.arguments),
        ]
        counts += conditions.map {
            ("values in one condition", $0.demand.values.count, TriggerBounds.values)
        }
        for (what, count, most) in counts where count > most {
            return "trigger \(name) has \(count) \(what); \(most) are the most"
        }
        var lengths = keyPrefixes.map { ("a key prefix", $0.utf8.count) }
        lengths += arguments.map { ("an argument", $0.utf8.count) }
        for condition in conditions {
            lengths += condition.demand.lengths.map { ("a condition's text", $0) }
            lengths.append(("a condition's message", condition.message.utf8.count))
        }
        for (what, length) in lengths where length > TriggerBounds.textBytes {
            return "\(what) of trigger \(name) has \(length) bytes; "
                + "\(TriggerBounds.textBytes) are the most"
        }
        return nil
    }

    private var kindFault: String? {
        switch kind {
        case .preCommit:
            guard program.isEmpty, !conditions.isEmpty else {
                return "pre-commit trigger \(name) needs conditions and takes no program"
            }
            guard !conditions.contains(where: \.demand.readsReservedRow) else {
                return "trigger \(name) demands a row of something that is no store"
            }
        case .postCommit, .onRollback:
            guard Self.isProgram(program), conditions.isEmpty else {
                return "trigger \(name) needs the name of a program in the trigger folder, without "
                    + "a slash, and takes no conditions"
            }
            // An aborted transaction has no changes that a filter could look at.
            guard kind == .postCommit || (stores.isEmpty && keyPrefixes.isEmpty) else {
                return "on-rollback trigger \(name) runs for every abort: it takes no stores and "
                    + "key prefixes"
            }
        }
        return nil
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= TriggerBounds.nameBytes else {
            return false
        }
        return isLetter(first)
            && text.utf8.allSatisfy {
                isLetter($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F].contains($0)
            }
    }

    private static func isProgram(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255 && text != "." && text != ".."
            && !text.utf8.contains(0x2F) && !text.utf8.contains(0)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
