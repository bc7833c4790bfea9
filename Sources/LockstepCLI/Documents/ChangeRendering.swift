import JSON
import Lockstep
import TextOutput
import Wording

extension Change.Content {
    /// A value before or after, for people.
    fileprivate var text: String {
        switch self {
        case .property(let type, let values): "\(type.rawValue) \(ValueRendering.text(values))"
        case .group(let type, _, let version): "group \(type) \(version)"
        case .entity: "there"
        case .snapshot: "snapshot"
        case .trigger(let trigger): "\(trigger.action.word): \(trigger.action.text)"
        case .other(let bytes): Words.counted(bytes.count, "byte")
        }
    }

    fileprivate var document: JSONValue {
        switch self {
        case .property(let type, let values): ValueRendering.document(type, values)
        case .group(let type, let isPersistent, let version):
            [
                "group-type": .string(type), "persistent": .boolean(isPersistent),
                "version": .string(version.description),
            ]
        case .entity, .snapshot: [:]
        case .trigger(let trigger): .object(trigger.members)
        case .other(let bytes): ["bytes": .number(bytes.count)]
        }
    }
}

extension Change {
    var document: JSONValue {
        var members: [JSONMember] = [
            JSONMember("step", .number(step)),
            JSONMember("store", store.map { .string($0.rawValue) } ?? .null),
            JSONMember("key", .string(key)),
            JSONMember("old", oldContent?.document ?? .null),
            JSONMember("new", newContent?.document ?? .null),
        ]
        if isResumption { members.append(JSONMember("resumed", .boolean(true))) }
        return .object(members)
    }

    var row: [String] {
        let (old, new) =
            isResumption
            ? ("suspended", "resumed") : (oldContent?.text ?? "-", newContent?.text ?? "-")
        return ["\(step)", store?.rawValue ?? "?", key, old, new]
    }
}

extension ChangeSet {
    var document: JSONValue {
        var members: [JSONMember] = [
            JSONMember("index", .number(index)),
            JSONMember("time-ms", .number(timeMilliseconds)),
            JSONMember(
                "notes",
                .object(
                    properties.map {
                        JSONMember($0.name, .string(String(decoding: $0.value, as: UTF8.self)))
                    })),
            JSONMember("changes", .array(changes.map(\.document))),
        ]
        if let abort { members.append(JSONMember("abort", abort.document)) }
        return .object(members)
    }

    /// The changes as a table; empty if there are none.
    var table: String {
        guard !changes.isEmpty else { return "" }
        var table = Table([
            .init("STEP", .right), .init("STORE"), .init("KEY"), .init("OLD"), .init("NEW"),
        ])
        for change in changes { table.append(change.row) }
        return table.text
    }
}

extension TransactionAbort {
    var document: JSONValue {
        [
            "index": .number(index), "step": step.map { .number($0) } ?? .null,
            "code": .string(code.rawValue), "message": .string(message),
        ]
    }
}
