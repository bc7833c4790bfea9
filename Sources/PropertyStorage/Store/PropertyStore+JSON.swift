import Codec
package import JSON
package import KeyValue
package import Properties
package import Stores
package import Transactions

// What people and triggers read.
extension PropertyStore {
    /// A property's type and values; of a group its type, of others what they are.
    package func fact<V: ReadView>(named key: String, in view: V) throws(StoreFailure) -> Fact? {
        guard let path = PropertyPath(key) else { return nil }
        guard path.group != nil else {
            guard try view.row(PropertyKeys.key(path)) != nil else { return nil }
            return Fact(type: path.instance == nil ? "service" : "instance", values: [])
        }
        guard let group = try group(path, in: view) else { return nil }
        guard let name = path.property else { return Fact(type: group.header.type, values: []) }
        return group[name].map {
            Fact(type: $0.type.description, values: $0.values.map(\.stringBytes))
        }
    }

    package func describe(_ value: [UInt8], of change: Change) -> JSONValue {
        (try? PropertyChangeValue(value))?.json ?? .bytes(value)
    }

    package func describe(_ operation: Operation) -> JSONValue {
        guard let read = try? PropertyOperation(operation) else {
            return .object([
                .init("kind", .exact(UInt64(operation.kind))),
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
        case .noteBoots(let boots):
            .object([
                .init("operation", .string("note-boots")),
                .init(
                    "boots",
                    .object(boots.map { .init("\($0.node)", .exact($0.boot)) })),
            ])
        case .takeSnapshot(let take):
            Self.object(
                "take-snapshot", take.snapshot,
                Self.field("instance-id", take.instanceID?.description) + take.mode.fields)
        case .attachSnapshot(let source, let target):
            Self.object(
                "attach-snapshot", target.path,
                Self.field("id", target.id?.description)
                    + Self.field("source", source.path.description)
                    + Self.field("source-id", source.id?.description))
        case .deleteSnapshot(let reference):
            Self.object(
                "delete-snapshot", reference.path, Self.field("id", reference.id?.description))
        case .fileSnapshots(let filing):
            Self.object("file-snapshots", filing.service, filing.fields)
        }
    }

    private static func object(
        _ name: String, _ path: some CustomStringConvertible, _ more: [JSONMember] = []
    ) -> JSONValue {
        .object(
            [.init("operation", .string(name)), .init("path", .string(path.description))] + more)
    }

    fileprivate static func field(_ name: String, _ text: String?) -> [JSONMember] {
        text.map { [.init(name, .string($0))] } ?? []
    }
}

extension SnapshotTake.Mode {
    fileprivate var fields: [JSONMember] {
        switch self {
        case .new: [.init("mode", .string("new"))]
        case .replace(let id):
            [.init("mode", .string("replace"))]
                + PropertyOperation.field("id", id?.description)
        case .set: [.init("mode", .string("set"))]
        }
    }
}

extension SnapshotFiling {
    fileprivate var fields: [JSONMember] {
        let all = instances.map { JSONMember($0.name, .array($0.groups.map(\.json))) }
        return [
            .init("name", .string(name)), .init("groups", .array(groups.map(\.json))),
            .init("instances", .object(all)),
        ]
    }
}

extension SnapshotFiling.Group {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "type": .string(type),
            "properties": .object(properties.map { .init($0.name, $0.content.json) }),
        ]
    }
}

extension GroupCreation {
    fileprivate var fields: [JSONMember] {
        [.init("group-type", .string(type)), .init("persistent", .boolean(isPersistent))]
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
