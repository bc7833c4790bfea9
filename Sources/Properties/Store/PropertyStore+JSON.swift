import Codec
package import Transactions

// What people and triggers read.
extension PropertyStore {
    package func describe(_ value: [UInt8], of change: Change) -> JSONValue {
        (try? PropertyChangeValue(value))?.json ?? .bytes(value)
    }

    package func describe(_ operation: Operation) -> JSONValue {
        guard let read = try? PropertyOperation(operation) else {
            return .object([
                .init("kind", .unsigned(UInt64(operation.kind))),
                .init("body", .bytes(operation.body)),
            ])
        }
        return read.json
    }
}

extension PropertyOperation {
    /// `{"operation", "path", …}`; what is not given is left out.
    package var json: JSONValue {
        switch self {
        case .addService(let path):
            Self.object("add-service", path)
        case .addInstance(let path, let serviceID):
            Self.object("add-instance", path, Self.field("service-id", serviceID?.description))
        case .addGroup(let path, let ownerID, let creation):
            Self.object(
                "add-group", path,
                Self.field("owner-id", ownerID?.description) + creation.fields)
        case .delete(let path, let id):
            Self.object("delete", path, Self.field("id", id?.description))
        case .commitGroup(let commit):
            Self.object(
                "commit-group", commit.path,
                Self.field("id", commit.groupID?.description)
                    + Self.field("base", commit.base?.description)
                    + (commit.creation?.fields ?? [])
                    + [.init("edits", .array(commit.edits.map(\.json)))])
        case .replaceGroup(let replacement):
            Self.object(
                "replace-group", replacement.path,
                Self.field("id", replacement.groupID?.description)
                    + Self.field("base", replacement.base?.description)
                    + (replacement.creation?.fields ?? [])
                    + [
                        .init(
                            "properties",
                            .object(
                                replacement.properties.map { .init($0.name, $0.content.json) }))
                    ])
        case .dropNonPersistentGroups:
            .object([.init("operation", .string("drop-non-persistent-groups"))])
        }
    }

    private static func object(
        _ name: String, _ path: PropertyPath, _ more: [JSONValue.Field] = []
    ) -> JSONValue {
        .object(
            [.init("operation", .string(name)), .init("path", .string(path.description))] + more)
    }

    private static func field(_ name: String, _ text: String?) -> [JSONValue.Field] {
        text.map { [.init(name, .string($0))] } ?? []
    }
}

extension GroupCreation {
    fileprivate var fields: [JSONValue.Field] {
        [.init("group-type", .string(type)), .init("persistent", .bool(isPersistent))]
    }
}

extension PropertyEdit {
    fileprivate var json: JSONValue {
        let action =
            switch self {
            case .new: "new"
            case .change: "change"
            case .changeType: "change-type"
            case .delete: "delete"
            case .set: "set"
            }
        return .object(
            [.init("action", .string(action)), .init("name", .string(name))]
                + (content.map { [.init("content", $0.json)] } ?? []))
    }
}
