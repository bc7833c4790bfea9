package import Codec
package import JSON
import Transactions

/// What a change of this store holds before or after.
///
/// | first byte | the rest |
/// |---|---|
/// | 1, a property | `PropertyContent` |
/// | 2, a group | identity, version, type (varint length, UTF-8), persistent (0 or 1) |
/// | 3, a service or an instance | identity |
/// | 4, a snapshot | `SnapshotName` |
package enum PropertyChangeValue: Hashable, Sendable {
    case property(PropertyContent)
    case group(GroupHeader)
    case entity(EntityID)
    case snapshot(SnapshotName)

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: encodedBytesHint)
        switch self {
        case .property(let content):
            writer.writeUInt8(1)
            content.encode(into: &writer)
        case .group(let header):
            writer.writeUInt8(2)
            header.id.encode(into: &writer)
            header.version.encode(into: &writer)
            writer.writeString(header.type)
            writer.writeBool(header.isPersistent)
        case .entity(let id):
            writer.writeUInt8(3)
            id.encode(into: &writer)
        case .snapshot(let snapshot):
            writer.writeUInt8(4)
            snapshot.encode(into: &writer)
        }
        return writer.take()
    }

    private var encodedBytesHint: Int {
        switch self {
        case .property(let content): content.encodedBytesHint + 1
        case .group(let header): header.type.utf8.count + 32
        case .entity: 16
        case .snapshot: 32
        }
    }

    package init(_ bytes: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        switch try reader.readUInt8() {
        case 1:
            self = .property(try .decode(&reader))
        case 2:
            let id = try EntityID.decode(&reader)
            let version = try GroupVersion.decode(&reader)
            let type = try reader.readString(limit: NameRules.nameBytes, "property group type")
            self = .group(
                GroupHeader(
                    id: id, version: version, type: type, isPersistent: try reader.readBool()))
        case 3:
            self = .entity(try .decode(&reader))
        case 4:
            self = .snapshot(try .decode(&reader))
        case let tag:
            throw .malformed(at: 0, what: "unknown change value \(tag)")
        }
        try reader.finish()
    }

    /// `{"type", "values"}`, `{"id", "group-type", "persistent"}`, `{"id"}` or `{"id", "content"}`.
    package var json: JSONValue {
        switch self {
        case .property(let content):
            content.json
        case .group(let header):
            .object([
                .init("id", .string(header.id.description)),
                .init("group-type", .string(header.type)),
                .init("persistent", .boolean(header.isPersistent)),
            ])
        case .entity(let id):
            .object([.init("id", .string(id.description))])
        case .snapshot(let snapshot):
            .object([
                .init("id", .string(snapshot.id.description)),
                .init("content", .string(snapshot.content.description)),
            ])
        }
    }
}

extension PropertyContent {
    /// `{"type", "values"}`; numbers and booleans as themselves, all else in its string form.
    package var json: JSONValue {
        .object([
            .init("type", .string(type.description)),
            .init("values", .array(values.map(\.json))),
        ])
    }
}

extension PropertyValue {
    package var json: JSONValue {
        switch self {
        case .boolean(let value): .boolean(value)
        case .count(let value): .exact(value)
        case .integer(let value): .exact(value)
        case .time, .text, .opaque: .bytes(stringBytes)
        }
    }
}
