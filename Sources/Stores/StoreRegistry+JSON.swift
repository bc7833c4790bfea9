import Identifiers
package import JSON
package import KeyValue
package import Transactions

extension StoreID {
    /// The name that people use.
    package var name: String {
        switch self {
        case .properties: "properties"
        case .revisions: "revisions"
        case .snapshots: "snapshots"
        case .spaces: "spaces"
        case .triggers: "triggers"
        case _: "store-\(rawValue)"
        }
    }
}

// What a store need not say.
extension Store {
    package func fact<V: ReadView>(named key: String, in view: V) throws(StoreFailure) -> Fact? {
        nil
    }

    package func describe(_ operation: Operation) -> JSONValue {
        .object([
            .init("kind", .exact(UInt64(operation.kind))),
            .init("body", .bytes(operation.body)),
        ])
    }

    package func describe(_ value: [UInt8], of change: Change) -> JSONValue {
        .bytes(value)
    }
}

// What people and triggers read: the same fields in the same order on every node.
extension StoreRegistry {
    /// `{"store", "operation"}` or `{"abort"}`.
    package func describe(_ step: Step) -> JSONValue {
        switch step {
        case .abort(let reason):
            return .object([.init("abort", .string(reason))])
        case .operation(let operation):
            let body =
                self[operation.store]?.describe(operation)
                ?? .object([
                    .init("kind", .exact(UInt64(operation.kind))),
                    .init("body", .bytes(operation.body)),
                ])
            return .object([
                .init("store", .string(operation.store.name)), .init("operation", body),
            ])
        }
    }

    /// `{"completion-mode", "properties", "expectations", "steps"}`; of expectations the number.
    package func describe(_ transaction: Transaction) -> JSONValue {
        let mode: String
        switch transaction.completionMode {
        case .individual: mode = "individual"
        case .grouped: mode = "grouped"
        }
        return .object([
            .init("completion-mode", .string(mode)),
            .init("properties", describe(transaction.properties)),
            .init("expectations", .exact(UInt64(transaction.expectations.count))),
            .init("steps", .array(transaction.steps.map(describe))),
        ])
    }

    /// An object with a field a property.
    package func describe(_ properties: [TransactionProperty]) -> JSONValue {
        .object(properties.map { .init($0.name, .bytes($0.value)) })
    }

    /// `{"step", "store", "key", "old", "new"}`; an absent value is null.
    package func describe(_ change: Change) -> JSONValue {
        let store = self[change.store]
        func value(_ bytes: [UInt8]?) -> JSONValue {
            guard let bytes else { return .null }
            return store?.describe(bytes, of: change) ?? .bytes(bytes)
        }
        return .object([
            .init("step", .exact(UInt64(change.step))),
            .init("store", .string(change.store.name)),
            .init("key", .string(change.key)),
            .init("old", value(change.old)),
            .init("new", value(change.new)),
        ])
    }

    /// `{"index", "time", "properties", "changes"}`, or with `"abort"` in place of the changes.
    package func describe(_ changeSet: ChangeSet) -> JSONValue {
        .object([
            .init("index", .exact(changeSet.index.rawValue)),
            .init("time", .exact(changeSet.timeMilliseconds)),
            .init("properties", describe(changeSet.properties)),
            changeSet.abort.map { .init("abort", describe($0)) }
                ?? .init("changes", .array(changeSet.changes.map(describe))),
        ])
    }

    /// `{"code", "step", "message"}`; a step is null where no single one failed.
    package func describe(_ abort: Abort) -> JSONValue {
        .object([
            .init("code", .string(abort.code.name)),
            .init("step", abort.step.map { .exact(UInt64($0)) } ?? .null),
            .init("message", .string(abort.message)),
        ])
    }

    /// `{"committed": {"index", "results"}}` or `{"aborted": {"index", "abort"}}`.
    package func describe(_ outcome: Outcome) -> JSONValue {
        switch outcome {
        case .committed(let index, let results):
            .object([
                .init(
                    "committed",
                    .object([
                        .init("index", .exact(index.rawValue)),
                        .init("results", .array(results.map(JSONValue.bytes))),
                    ]))
            ])
        case .aborted(let index, let abort):
            .object([
                .init(
                    "aborted",
                    .object([
                        .init("index", .exact(index.rawValue)), .init("abort", describe(abort)),
                    ]))
            ])
        }
    }
}

extension AbortCode {
    /// The name that people and triggers read.
    package var name: String {
        switch self {
        case .requested: "requested"
        case .malformed: "malformed"
        case .notFound: "not-found"
        case .exists: "exists"
        case .typeMismatch: "type-mismatch"
        case .invalidArgument: "invalid-argument"
        case .outOfDate: "out-of-date"
        case .deleted: "deleted"
        case .constraintViolated: "constraint-violated"
        case .expectationFailed: "expectation-failed"
        case .vetoed: "vetoed"
        case .limitExceeded: "limit-exceeded"
        case .unknownStore: "unknown-store"
        case .sessionUnknown: "session-unknown"
        case .sequenceGap: "sequence-gap"
        case .outcomeForgotten: "outcome-forgotten"
        case .permissionDenied: "permission-denied"
        case .contentMissing: "content-missing"
        case .sessionFull: "session-full"
        }
    }
}
