import Codec
package import JSON
import Stores
package import Transactions

// What people and triggers read of triggers.
extension TriggerStore {
    package func describe(_ operation: Operation) -> JSONValue {
        switch OperationKind(rawValue: operation.kind) {
        case .add:
            .object([
                .init("operation", .string("add")),
                .init("trigger", Self.describe(definition: operation.body)),
            ])
        case .remove:
            .object([.init("operation", .string("remove")), .init("name", .bytes(operation.body))])
        case .resume:
            .object([.init("operation", .string("resume")), .init("name", .bytes(operation.body))])
        case nil:
            .object([
                .init("kind", .exact(UInt64(operation.kind))),
                .init("body", .bytes(operation.body)),
            ])
        }
    }

    package func describe(_ value: [UInt8], of change: Change) -> JSONValue {
        Self.describe(definition: value)
    }

    private static func describe(definition bytes: [UInt8]) -> JSONValue {
        TriggerDefinition(encoded: bytes)?.json ?? .bytes(bytes)
    }
}

extension TriggerDefinition {
    /// Every field under its name.
    package var json: JSONValue {
        let kindName =
            switch kind {
            case .preCommit: "pre-commit"
            case .postCommit: "post-commit"
            case .onRollback: "on-rollback"
            }
        return .object([
            .init("name", .string(name)), .init("kind", .string(kindName)),
            .init("stores", .array(stores.map { .string($0.name) })),
            .init("key-prefixes", .array(keyPrefixes.map(JSONValue.string))),
            .init("conditions", .array(conditions.map(\.json))),
            .init("program", .string(program)),
            .init("arguments", .array(arguments.map(JSONValue.string))),
            .init("timeout", .exact(timeoutMilliseconds)),
            .init("attempts", .exact(attemptLimit)),
        ])
    }
}

extension TriggerCondition {
    /// The demand and what belongs to it, then the message.
    package var json: JSONValue {
        .object(demand.fields + [.init("message", .string(message))])
    }
}

extension TriggerCondition.Demand {
    fileprivate var fields: [JSONMember] {
        switch self {
        case .noChange(let prefix):
            Self.fields("no-change", .init("prefix", .string(prefix)))
        case .noDeletion(let prefix):
            Self.fields("no-deletion", .init("prefix", .string(prefix)))
        case .someChange(let prefix):
            Self.fields("some-change", .init("prefix", .string(prefix)))
        case .transactionProperty(let name):
            Self.fields("transaction-property", .init("name", .string(name)))
        case .mostChanges(let count):
            Self.fields("most-changes", .init("count", .exact(count)))
        case .rowPresent(let store, let key):
            Self.fields(
                "row-present", .init("store", .string(store.name)), .init("key", .bytes(key)))
        case .rowAbsent(let store, let key):
            Self.fields(
                "row-absent", .init("store", .string(store.name)), .init("key", .bytes(key)))
        case .present(let store, let key):
            Self.fields("present", store, key)
        case .absent(let store, let key):
            Self.fields("absent", store, key)
        case .typed(let store, let key, let type):
            Self.fields("typed", store, key) + [.init("type", .string(type))]
        case .equal(let store, let key, let values):
            Self.fields("equal", store, key)
                + [.init("values", .array(values.map(JSONValue.string)))]
        case .inRange(let store, let key, let lower, let upper):
            Self.fields("in-range", store, key)
                + [.init("lower", .exact(lower)), .init("upper", .exact(upper))]
        }
    }

    private static func fields(
        _ name: String, _ fields: JSONMember...
    ) -> [JSONMember] {
        [.init("demand", .string(name))] + fields
    }

    private static func fields(
        _ name: String, _ store: StoreID, _ key: String
    ) -> [JSONMember] {
        fields(name, .init("store", .string(store.name)), .init("key", .string(key)))
    }
}
