import JSON
import Lockstep

extension TransactionDocument {
    /// The trigger that a step adds, written as `lockstep trigger list --json` shows it.
    static func trigger(_ fields: Fields) throws(SchemaFailure) -> Trigger {
        let name = try fields.need("name").string()
        let kind = try fields.need("kind").choice(of: TriggerKind.self)
        var stores: [StoreKind] = []
        for store in try fields.members["stores"]?.elements() ?? [] {
            stores.append(try store.choice(of: StoreKind.self))
        }
        var trigger = Trigger(
            name: name, action: try action(kind, fields), stores: stores,
            keyPrefixes: try texts(fields.members["key-prefixes"]))
        if let timeout = fields.members["timeout-ms"] {
            let most = Int64(Trigger.mostTimeoutMilliseconds)
            trigger.timeout = .milliseconds(try timeout.integer(1...most))
        }
        trigger.attemptLimit = try fields.members["attempts"]?.integer() ?? 0
        return trigger
    }

    private static func action(
        _ kind: TriggerKind, _ fields: Fields
    ) throws(SchemaFailure) -> Trigger.Action {
        let unwanted = kind == .preCommit ? ["program", "arguments"] : ["conditions"]
        for name in unwanted {
            if let member = fields.members[name] {
                throw member.failure("belongs to no trigger of kind \(kind.rawValue)")
            }
        }
        if kind == .preCommit {
            var conditions: [Trigger.Condition] = []
            for condition in try fields.need("conditions").elements() {
                conditions.append(try self.condition(condition))
            }
            return .beforeCommit(conditions)
        }
        let program = try fields.need("program").string()
        let arguments = try texts(fields.members["arguments"])
        return kind == .postCommit
            ? .afterCommit(program: program, arguments: arguments)
            : .afterAbort(program: program, arguments: arguments)
    }

    private static func condition(_ place: JSONPlace) throws(SchemaFailure) -> Trigger.Condition {
        let fields = Fields(
            place: place, members: try place.members(allowed: ["demand", "message"]))
        let demand = try fields.need("demand")
        let members = try demand.members(allowed: TriggerConditions.Option.allCases.map(\.rawValue))
        guard members.count == 1, let (name, value) = members.first,
            let option = TriggerConditions.Option(rawValue: name)
        else { throw demand.failure("must have one member, not \(members.count)") }
        var demands = TriggerConditions()
        demands.message = try fields.members["message"]?.string()
        try read(value, option, into: &demands)
        let conditions: [Trigger.Condition]
        do throws(TriggerConditions.Fault) {
            conditions = try demands.conditions()
        } catch {
            throw value.failure("is wrong: \(error.message)")
        }
        guard conditions.count == 1, let condition = conditions.first else {
            throw value.failure("must be the values of one property")
        }
        return condition
    }

    private static func read(
        _ value: JSONPlace, _ option: TriggerConditions.Option,
        into demands: inout TriggerConditions
    ) throws(SchemaFailure) {
        switch option {
        case .forbidChange: demands.forbidChange = [try value.string()]
        case .forbidDeletion: demands.forbidDeletion = [try value.string()]
        case .demandChange: demands.demandChange = [try value.string()]
        case .demandNote: demands.demandNote = [try value.string()]
        case .mostChanges: demands.mostChanges = try value.integer()
        case .requirePresent: demands.requirePresent = [try value.string()]
        case .requireAbsent: demands.requireAbsent = [try value.string()]
        case .requireType: demands.requireType = [try value.string()]
        case .requireValue:
            // The only value of a property needs no brackets.
            if case .string(let only) = value.value {
                demands.requireValue = [only]
            } else {
                demands.requireValue = try texts(value)
            }
        case .requireRange: demands.requireRange = [try value.string()]
        case .requireRow: demands.requireRow = [try value.string()]
        case .forbidRow: demands.forbidRow = [try value.string()]
        }
    }

    private static func texts(_ place: JSONPlace?) throws(SchemaFailure) -> [String] {
        var texts: [String] = []
        for element in try place?.elements() ?? [] {
            texts.append(try element.string())
        }
        return texts
    }
}
