import ArgumentParser
package import JSON
package import Lockstep
import TextOutput
import Wording

/// The words and the JSON of all triggers: what is registered, and what the leader says of its runs.
package struct TriggerReport {
    private let triggers: [RegisteredTrigger]
    private let live: [String: TriggerStatus]
    private let hasLeader: Bool

    /// Without a leader's status, what is replicated has to do.
    package init(_ triggers: [RegisteredTrigger], leader: [TriggerStatus]?) {
        self.triggers = triggers
        hasLeader = leader != nil
        live = Dictionary((leader ?? []).map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }

    package var text: String {
        var table = Table([
            .init("NAME"), .init("KIND"), .init("FILTER"), .init("DOES"),
            .init("DELIVERED", .right), .init("LAG", .right), .init("STATE"),
        ])
        for trigger in triggers {
            let own = trigger.trigger
            let filter = (own.stores.map(\.rawValue) + own.keyPrefixes).joined(separator: " ")
            let isDelivered = own.action.isDelivered
            let lag = live[own.name].map { Units.count($0.lagRecords) } ?? "-"
            table.append([
                own.name, own.action.word, filter.isEmpty ? "all" : filter, own.action.text,
                isDelivered ? Units.count(delivered(trigger)) : "-", isDelivered ? lag : "-",
                state(of: trigger).text,
            ])
        }
        return table.text
    }

    package var document: JSONValue {
        .array(
            triggers.map { trigger in
                let own = trigger.trigger
                let state = state(of: trigger)
                return .object(
                    own.members + [
                        JSONMember(
                            "delivered-through",
                            own.action.isDelivered ? .number(delivered(trigger)) : .null),
                        JSONMember(
                            "lag-records", live[own.name].map { .number($0.lagRecords) } ?? .null),
                        JSONMember("state", .string(state.word)),
                        JSONMember("reason", state.reason.map { .string($0) } ?? .null),
                    ])
            })
    }

    private func delivered(_ trigger: RegisteredTrigger) -> UInt64 {
        live[trigger.trigger.name]?.deliveredThrough ?? trigger.deliveredThrough
    }

    private func state(of trigger: RegisteredTrigger) -> TriggerStateWords {
        guard trigger.trigger.action.isDelivered else { return .init(word: "in-force") }
        if let state = live[trigger.trigger.name]?.state { return .init(state) }
        if let reason = trigger.suspension { return .init(.suspended(reason)) }
        // The leader is about to begin with one that it does not name yet.
        return hasLeader ? .init(.running) : .init(word: "unknown")
    }
}

/// The word for a state, and its reason where there is one.
struct TriggerStateWords {
    var word: String
    var reason: String?

    init(word: String) {
        self.word = word
    }

    init(_ state: TriggerState) {
        (word, reason) =
            switch state {
            case .running: ("running", nil)
            case .failing(let reason): ("failing", reason)
            case .suspended(let reason): ("suspended", reason)
            case .unknown(let number, let reason):
                ("unknown (\(number))", reason.isEmpty ? nil : reason)
            }
    }

    var text: String {
        reason.map { "\(word): \($0)" } ?? word
    }
}

/// When a trigger acts.
enum TriggerKind: String, ExpressibleByArgument, CaseIterable {
    case preCommit = "pre-commit"
    case postCommit = "post-commit"
    case onRollback = "on-rollback"
}

extension Trigger {
    /// Every field under its name, as the step `add-trigger` of a transaction reads them.
    var members: [JSONMember] {
        [
            JSONMember("name", .string(name)),
            JSONMember("kind", .string(action.word)),
            JSONMember("stores", .array(stores.map { .string($0.rawValue) })),
            JSONMember("key-prefixes", .array(keyPrefixes.map { .string($0) })),
        ] + action.members + [
            JSONMember("timeout-ms", .number(timeout.milliseconds)),
            JSONMember("attempts", .number(attemptLimit)),
        ]
    }
}

extension Trigger.Action {
    var word: String {
        switch self {
        case .beforeCommit: TriggerKind.preCommit.rawValue
        case .afterCommit: TriggerKind.postCommit.rawValue
        case .afterAbort: TriggerKind.onRollback.rawValue
        }
    }

    var text: String {
        switch self {
        case .beforeCommit(let conditions):
            Words.counted(conditions.count, "condition")
        case .afterCommit(let program, let arguments), .afterAbort(let program, let arguments):
            ([program] + arguments).joined(separator: " ")
        }
    }

    /// Whether it has a cursor.
    var isDelivered: Bool {
        if case .beforeCommit = self { false } else { true }
    }

    var members: [JSONMember] {
        switch self {
        case .beforeCommit(let conditions):
            [
                JSONMember(
                    "conditions",
                    .array(
                        conditions.map {
                            [
                                "demand": $0.demand.document,
                                "message": .string($0.message),
                            ]
                        }))
            ]
        case .afterCommit(let program, let arguments), .afterAbort(let program, let arguments):
            [
                JSONMember("program", .string(program)),
                JSONMember("arguments", .array(arguments.map { .string($0) })),
            ]
        }
    }
}

extension Trigger.Demand {
    /// `{OPTION: VALUE}`, with the option of `trigger add` that makes it.
    var document: JSONValue {
        let (option, value) = field
        return .object([JSONMember(option.rawValue, value)])
    }

    private var field: (TriggerConditions.Option, JSONValue) {
        switch self {
        case .noChange(let prefix): (.forbidChange, .string(prefix))
        case .noDeletion(let prefix): (.forbidDeletion, .string(prefix))
        case .someChange(let prefix): (.demandChange, .string(prefix))
        case .note(let name): (.demandNote, .string(name))
        case .mostChanges(let count): (.mostChanges, .number(count))
        case .present(_, let key): (.requirePresent, .string(key))
        case .absent(_, let key): (.requireAbsent, .string(key))
        case .typed(_, let key, let type): (.requireType, .string("\(key)=\(type)"))
        case .equal(_, let key, let values):
            (.requireValue, .array(values.map { .string("\(key)=\($0)") }))
        case .inRange(_, let key, let lower, let upper):
            (.requireRange, .string("\(key)=\(lower)..\(upper)"))
        case .rowPresent(let store, let key):
            (.requireRow, .string("\(store.rawValue):\(JSONValue.hexadecimal(key))"))
        case .rowAbsent(let store, let key):
            (.forbidRow, .string("\(store.rawValue):\(JSONValue.hexadecimal(key))"))
        }
    }
}
