package import Codec

/// What the name of a snapshot stands for.
///
/// | bytes | field |
/// |---|---|
/// | varint, varint | identity of the name |
/// | varint, varint | identity of the content |
package struct SnapshotName: Hashable, Sendable {
    package let id: EntityID
    /// What was taken; names may share it, and it never changes.
    package let content: EntityID

    package init(id: EntityID, content: EntityID) {
        self.id = id
        self.content = content
    }

    package func encode(into writer: inout ByteWriter) {
        id.encode(into: &writer)
        content.encode(into: &writer)
    }

    package static func decode(_ reader: inout ByteReader) throws(DecodingFailure) -> SnapshotName {
        SnapshotName(id: try .decode(&reader), content: try .decode(&reader))
    }

    /// The encoding alone: what taking and attaching return.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 24)
        encode(into: &writer)
        return writer.take()
    }

    package init(_ bytes: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        self = try .decode(&reader)
        try reader.finish()
    }
}

/// What is known of a snapshot's content without its groups: the row of a content.
///
/// The groups are rows of their own, as they were when the snapshot was taken.
///
/// | bytes | field |
/// |---|---|
/// | varint | number of names that hold it, now or before |
/// | varint length, UTF-8 | the service's name when it was taken |
/// | varint length, UTF-8 | the instance's |
/// | varint | number of groups of the instance |
/// | varint | number of groups of the service |
/// | varint | bytes of all their rows |
package struct SnapshotContent: Hashable, Sendable {
    package var holders: Int
    package let service: String
    package let instance: String
    package let instanceGroups: Int
    package let serviceGroups: Int
    package let groupBytes: Int

    /// Names of one instance; they bound how many may hold a content of it, too.
    package static let nameLimit = 64
    /// Groups of one snapshot, of both levels.
    package static let groupLimit = 1_024
    /// Bytes of the rows of one snapshot's groups.
    package static let groupBytesLimit = 4 << 20
    /// Bytes of the rows of the contents that a name keeps and does not stand for any more; the last
    /// one is kept whatever it takes.
    package static let previousBytesLimit = 4 << 20
    /// Names that may hold one content.
    package static let holderLimit = 65_536

    package init(
        holders: Int, service: String, instance: String, instanceGroups: Int, serviceGroups: Int,
        groupBytes: Int
    ) {
        self.holders = holders
        self.service = service
        self.instance = instance
        self.instanceGroups = instanceGroups
        self.serviceGroups = serviceGroups
        self.groupBytes = groupBytes
    }

    package func encode(into writer: inout ByteWriter) {
        writer.writeVarint(UInt64(holders))
        writer.writeString(service)
        writer.writeString(instance)
        writer.writeVarint(UInt64(instanceGroups))
        writer.writeVarint(UInt64(serviceGroups))
        writer.writeVarint(UInt64(groupBytes))
    }

    package static func decode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> SnapshotContent {
        let holders = try reader.readCount(limit: holderLimit, "snapshot names")
        let service = try reader.readString(limit: NameRules.nameBytes, "service")
        let instance = try reader.readString(limit: NameRules.nameBytes, "instance")
        let instanceGroups = try reader.readCount(limit: groupLimit, "groups of the instance")
        return SnapshotContent(
            holders: holders, service: service, instance: instance,
            instanceGroups: instanceGroups,
            serviceGroups: try reader.readCount(limit: groupLimit, "groups of the service"),
            groupBytes: try reader.readCount(limit: groupBytesLimit, "bytes of groups"))
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        encode(into: &writer)
        return writer.take()
    }

    package init(_ bytes: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        self = try .decode(&reader)
        try reader.finish()
    }
}
