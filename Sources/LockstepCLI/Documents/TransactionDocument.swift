import Codec
package import JSON
package import Lockstep
import Wording

/// A transaction as a JSON document, as `lockstep txn` reads it.
package enum TransactionDocument {
    /// The schema, for people.
    package static let schema = """
        DOCUMENT
          {"steps": [STEP, …], "expect": [EXPECTATION, …], "notes": {NAME: TEXT, …},
           "completion": "individual" or "grouped"}
          Only steps is needed. All steps happen, in order, or none does.

        EXPECTATIONS, which must hold before the first step
          {"path": GROUP, "at": INDEX}    its last change is that of the transaction INDEX
          {"path": GROUP, "absent": true}
          {"store": STORE, "key": HEX, "at": INDEX}, {"store": STORE, "key": HEX, "absent": true}
                                          the same of any row, key in hexadecimal

        STEPS
          {"op": "set", "path": PROPERTY, "type": TYPE, "values": [VALUE, …], "group-type": NAME,
           "base": VERSION}
          {"op": "delete", "path": PROPERTY, GROUP, INSTANCE or SERVICE, "base": VERSION}
          {"op": "replace-group", "path": GROUP, "group-type": NAME, "base": VERSION,
           "properties": {NAME: {"type": TYPE, "values": [VALUE, …]}, …}}
          {"op": "add-service", "path": SERVICE}
          {"op": "add-instance", "path": INSTANCE}
          {"op": "add-group", "path": GROUP, "group-type": NAME, "persistent": true or false}
          {"op": "add-trigger", "name": NAME, "kind": KIND, "stores": [STORE, …],
           "key-prefixes": [TEXT, …], "program": NAME, "arguments": [TEXT, …],
           "conditions": [{"demand": {OPTION: VALUE}, "message": TEXT}, …],
           "timeout-ms": MILLISECONDS, "attempts": NUMBER}
          {"op": "remove-trigger", "name": NAME}
          {"op": "resume-trigger", "name": NAME}
          {"op": "abort", "reason": TEXT}

        With group-type, set and replace-group make the service, instance and group that are \
        missing; without it, what is missing aborts the transaction.

        With base, the transaction aborts unless the group is at that version; of delete, for a \
        property only. VERSION is what `lockstep get --json` shows, such as "27.0", and its part \
        before the point the INDEX of an expectation.

        A trigger is written as lockstep trigger list --json shows it, without its state: a KIND that runs a program \
        has a program, pre-commit has conditions, the rest may be left out. An OPTION is one of \
        lockstep trigger add without its dashes, such as "forbid-deletion".

        PATHS     svc:/service[:instance][/:properties/group[/property]]
        TYPES     boolean count integer time opaque astring ustring uri fmri host hostname
                  net_address net_address_v4 net_address_v6
        VALUES    true and false for boolean; numbers for count and integer; strings for all: a time
                  is SECONDS[.FRACTION], opaque is hexadecimal
        LIMITS    \(Limits.standard.operationsPerTransaction) steps and as many expectations, \
        \(Limits.standard.transactionProperties) notes, \
        \(Limits.standard.transactionBytes >> 20) MiB in all;
                  \(PropertyValue.mostTextBytes) bytes a text value, \
        \(PropertyValue.mostOpaqueBytes) an opaque one, \(PropertyValue.mostValues) a property;
                  \(Limits.standard.valueBytes >> 20) MiB a group;
                  \(Limits.standard.triggers) triggers of a cluster, \
        \(Limits.standard.triggerBytes >> 20) MiB in all; one
                  has those that lockstep trigger add --help tells
        """

    private enum Kind: String, CaseIterable {
        case set
        case delete
        case replaceGroup = "replace-group"
        case addService = "add-service"
        case addInstance = "add-instance"
        case addGroup = "add-group"
        case addTrigger = "add-trigger"
        case removeTrigger = "remove-trigger"
        case resumeTrigger = "resume-trigger"
        case abort

        var members: [String] {
            switch self {
            case .set: ["op", "path", "type", "values", "group-type", "base"]
            case .delete: ["op", "path", "base"]
            case .addService, .addInstance: ["op", "path"]
            case .replaceGroup: ["op", "path", "group-type", "base", "properties"]
            case .addGroup: ["op", "path", "group-type", "persistent"]
            case .addTrigger:
                [
                    "op", "name", "kind", "stores", "key-prefixes", "program", "arguments",
                    "conditions", "timeout-ms", "attempts",
                ]
            case .removeTrigger, .resumeTrigger: ["op", "name"]
            case .abort: ["op", "reason"]
            }
        }

        /// What the path may name; empty for steps that have none.
        var locations: [PropertyLocation.Kind] {
            switch self {
            case .set: [.property]
            case .delete: [.service, .instance, .group, .property]
            case .replaceGroup, .addGroup: [.group]
            case .addService: [.service]
            case .addInstance: [.instance]
            case .addTrigger, .removeTrigger, .resumeTrigger, .abort: []
            }
        }
    }

    /// Reads a whole document; the failure names the place by its path.
    package static func read(_ root: JSONValue) throws(SchemaFailure) -> Transaction {
        let place = JSONPlace(root)
        let members = try place.members(allowed: ["steps", "expect", "notes", "completion"])
        var transaction = Transaction()
        guard let steps = members["steps"] else { throw place.failure("has no member \"steps\"") }
        for step in try steps.elements() {
            try append(step, to: &transaction)
        }
        if let expectations = members["expect"] {
            for expectation in try expectations.elements() {
                try expect(expectation, of: &transaction)
            }
        }
        if let notes = members["notes"] {
            guard case .object(let entries) = notes.value else {
                throw notes.failure("must be an object, not \(notes.value.kind)")
            }
            for entry in entries {
                guard let note = notes.member(entry.name) else { continue }
                transaction.setNote(entry.name, to: Array(try note.string().utf8))
            }
        }
        if let completion = members["completion"] {
            transaction.completionMode = try completion.choice(of: Transaction.CompletionMode.self)
        }
        return transaction
    }

    private static func append(
        _ place: JSONPlace, to transaction: inout Transaction
    ) throws(SchemaFailure) {
        guard let operation = place.member("op") else {
            guard case .object = place.value else {
                throw place.failure(
                    "must be an object with a member \"op\", not \(place.value.kind)")
            }
            throw place.failure("has no member \"op\"")
        }
        let kind = try operation.choice(of: Kind.self)
        let members = try place.members(allowed: kind.members)
        let fields = Fields(place: place, members: members)
        switch kind {
        case .abort: transaction.abort(reason: try fields.need("reason").string())
        case .addTrigger:
            let trigger = try trigger(fields)
            do throws(LockstepError) {
                try transaction.addTrigger(trigger)
            } catch {
                throw place.failure(error)
            }
        case .removeTrigger: transaction.removeTrigger(try fields.need("name").string())
        case .resumeTrigger: transaction.resumeTrigger(try fields.need("name").string())
        case .set, .delete, .replaceGroup, .addService, .addInstance, .addGroup:
            let edit = try edit(kind, fields)
            do throws(LockstepError) {
                try append(kind, edit, to: &transaction)
            } catch {
                throw place.failure(error)
            }
        }
    }

    /// What a step on the properties is made of.
    private struct Edit {
        var path: String
        var isProperty = false
        var groupType: String?
        var base: GroupVersion?
        var isPersistent = true
        var properties: [PropertyDefinition] = []
    }

    private static func edit(_ kind: Kind, _ fields: Fields) throws(SchemaFailure) -> Edit {
        let location = try fields.location(allowed: kind.locations)
        var edit = Edit(path: location.path, isProperty: location.kind == .property)
        edit.groupType = try fields.groupType()
        edit.base = try fields.base()
        if kind == .delete, !edit.isProperty, let base = fields.members["base"] {
            throw base.failure("belongs to the deletion of a property only")
        }
        switch kind {
        case .set: edit.properties = [try definition(location.property ?? "", fields)]
        case .replaceGroup: edit.properties = try properties(fields.need("properties"))
        case .addGroup:
            _ = try fields.need("group-type")
            edit.isPersistent = try fields.members["persistent"]?.boolean() ?? true
        case .delete, .addService, .addInstance, .addTrigger, .removeTrigger, .resumeTrigger,
            .abort:
            break
        }
        return edit
    }

    private static func append(
        _ kind: Kind, _ edit: Edit, to transaction: inout Transaction
    ) throws(LockstepError) {
        switch kind {
        case .set:
            for property in edit.properties {
                try transaction.setProperty(
                    edit.path, type: property.type, values: property.values,
                    groupType: edit.groupType, base: edit.base)
            }
        case .delete where edit.isProperty:
            try transaction.deleteProperty(edit.path, base: edit.base)
        case .delete: try transaction.deleteEntity(edit.path)
        case .replaceGroup:
            try transaction.replaceGroup(
                edit.path, properties: edit.properties, groupType: edit.groupType,
                base: edit.base)
        case .addService, .addInstance: try transaction.addEntity(edit.path)
        case .addGroup:
            try transaction.addGroup(
                edit.path, type: edit.groupType ?? "", isPersistent: edit.isPersistent)
        case .addTrigger, .removeTrigger, .resumeTrigger, .abort:
            preconditionFailure("\(kind) is no step on the properties")
        }
    }

    private static func properties(
        _ place: JSONPlace
    ) throws(SchemaFailure) -> [PropertyDefinition] {
        guard case .object(let entries) = place.value else {
            throw place.failure("must be an object, not \(place.value.kind)")
        }
        var properties: [PropertyDefinition] = []
        for entry in entries {
            guard let own = place.member(entry.name) else { continue }
            guard PropertyLocation.isPropertyName(entry.name) else {
                throw own.failure(
                    "is no name of a property: a letter, then letters, digits, - and _")
            }
            let members = try own.members(allowed: ["type", "values"])
            properties.append(try definition(entry.name, Fields(place: own, members: members)))
        }
        return properties
    }

    private static func definition(
        _ name: String, _ fields: Fields
    ) throws(SchemaFailure) -> PropertyDefinition {
        let type = try fields.need("type").choice(of: PropertyType.self)
        var values: [PropertyValue] = []
        let list = try fields.need("values")
        let elements = try list.elements()
        guard elements.count <= PropertyValue.mostValues else {
            throw list.failure(
                "has \(Words.counted(elements.count, "value")), the most of a property are"
                    + " \(PropertyValue.mostValues)")
        }
        for element in elements {
            values.append(try value(element, type))
        }
        return PropertyDefinition(name: name, type: type, values: values)
    }

    private static func value(
        _ place: JSONPlace, _ type: PropertyType
    ) throws(SchemaFailure) -> PropertyValue {
        let text: String
        switch place.value {
        case .string(let string): text = string
        case .number(let digits) where type == .count || type == .integer: text = digits
        case .boolean(let truth) where type == .boolean: text = truth ? "true" : "false"
        case .null, .boolean, .number, .array, .object:
            throw place.failure("must be a value of type \(type.rawValue), not \(place.value.kind)")
        }
        guard let value = PropertyValue(stringBytes: Array(text.utf8), type: type) else {
            throw place.failure(
                ValueRendering.excess(text, type)
                    ?? "must be a value of type \(type.rawValue), not \(Words.quoted(text))"
            )
        }
        return value
    }

    /// The members of one step.
    struct Fields {
        let place: JSONPlace
        let members: [String: JSONPlace]

        func need(_ name: String) throws(SchemaFailure) -> JSONPlace {
            guard let member = members[name] else {
                throw place.failure("has no member \"\(name)\"")
            }
            return member
        }

        func location(
            allowed: [PropertyLocation.Kind]
        ) throws(SchemaFailure) -> PropertyLocation {
            let member = try need("path")
            let text = try member.string()
            guard let location = PropertyLocation(argument: text), allowed.contains(location.kind)
            else {
                let kinds = allowed.map(\.rawValue).joined(separator: ", ")
                throw member.failure("must be the path of: \(kinds), not \(Words.quoted(text))")
            }
            return location
        }

        func base() throws(SchemaFailure) -> GroupVersion? {
            guard let member = members["base"] else { return nil }
            let text = try member.string()
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, let index = UInt64(parts[0]), let ordinal = UInt32(parts[1])
            else {
                throw member.failure(
                    "must be a group's version such as \"27.0\", not \(Words.quoted(text))")
            }
            return GroupVersion(index: index, ordinal: ordinal)
        }

        func groupType() throws(SchemaFailure) -> String? {
            guard let member = members["group-type"] else { return nil }
            let type = try member.string()
            guard PropertyLocation.isGroupType(type) else {
                throw member.failure("is no name of a group's type: \(Words.quoted(type))")
            }
            return type
        }
    }
}

extension JSONPlace {
    /// A failure of what is written here, as the library has it.
    func failure(_ error: LockstepError) -> SchemaFailure {
        if case .invalidArgument(let fault) = error { return failure("is wrong: \(fault)") }
        return failure("is wrong: \(error)")
    }
}
