package import Codec

/// One property of a group.
package struct Property: Hashable, Sendable {
    package let name: String
    package let content: PropertyContent

    package init(name: String, content: PropertyContent) {
        self.name = name
        self.content = content
    }
}

/// What is known of a group without its properties.
package struct GroupHeader: Hashable, Sendable {
    package let id: EntityID
    package let version: GroupVersion
    package let type: String
    /// False: the group is dropped when the cluster starts.
    package let isPersistent: Bool

    package init(id: EntityID, version: GroupVersion, type: String, isPersistent: Bool) {
        self.id = id
        self.version = version
        self.type = type
        self.isPersistent = isPersistent
    }
}

/// A property group at one version: its row, and what a client gets of it.
package struct PropertyGroup: Hashable, Sendable {
    package let header: GroupHeader
    /// Sorted by name, no name twice.
    package let properties: [Property]

    package init(header: GroupHeader, properties: [Property]) {
        self.header = header
        self.properties = properties
    }

    /// The property `name`, if the group has it.
    package subscript(name: String) -> PropertyContent? {
        let place = Self.place(of: name, in: properties)
        guard place < properties.count, properties[place].name == name else { return nil }
        return properties[place].content
    }

    /// Where `name` is in `properties`, or would be.
    static func place(of name: String, in properties: [Property]) -> Int {
        var lower = 0
        var upper = properties.count
        while lower < upper {
            let middle = (lower + upper) / 2
            if properties[middle].name < name {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        return lower
    }
}

/// The row of a group.
///
/// | bytes | field |
/// |---|---|
/// | 1 | format (1) in the high four bits; bit 0: not persistent |
/// | varint, varint | identity |
/// | varint, varint | version |
/// | varint length, UTF-8 | type of the group |
/// | varint | number of properties, then each, ascending by name |
///
/// | bytes | field of a property |
/// |---|---|
/// | varint length, UTF-8 | name |
/// | … | `PropertyContent` |
extension PropertyGroup {
    private static let format: UInt8 = 1
    /// Properties that one group may have.
    package static let propertyLimit = 65_536

    package func encode(into writer: inout ByteWriter) {
        Self.encodeHeader(header, propertyCount: properties.count, into: &writer)
        for property in properties {
            writer.writeString(property.name)
            property.content.encode(into: &writer)
        }
    }

    /// About as many bytes as the encoding takes.
    package var encodedBytesHint: Int {
        properties.reduce(48) { $0 + $1.name.utf8.count + 1 + $1.content.encodedBytesHint }
    }

    /// Reads a group that a store has written.
    package static func decode(_ bytes: [UInt8]) throws(DecodingFailure) -> PropertyGroup {
        var reader = ByteReader(bytes)
        let header = try decodeHeader(&reader)
        let count = try reader.readCount(limit: propertyLimit, "property count")
        var properties: [Property] = []
        properties.reserveCapacity(min(count, reader.remaining))
        for _ in 0..<count {
            let start = reader.position
            let name = try reader.readString(limit: NameRules.nameBytes, "property name")
            if let last = properties.last, last.name >= name {
                throw .malformed(at: start, what: "properties are not sorted by name")
            }
            properties.append(
                Property(name: name, content: try .decode(&reader, isTrusted: true)))
        }
        try reader.finish()
        return PropertyGroup(header: header, properties: properties)
    }

    /// Reads what stands before the properties.
    package static func decodeHeader(_ reader: inout ByteReader) throws(DecodingFailure)
        -> GroupHeader
    {
        let isPersistent = try checkFormat(&reader)
        let id = try EntityID.decode(&reader)
        let version = try GroupVersion.decode(&reader)
        let type = try reader.readString(limit: NameRules.nameBytes, "property group type")
        return GroupHeader(id: id, version: version, type: type, isPersistent: isPersistent)
    }

    /// Reads the first byte; returns whether the group is persistent.
    @discardableResult
    package static func checkFormat(_ reader: inout ByteReader) throws(DecodingFailure) -> Bool {
        let start = reader.position
        let byte = try reader.readUInt8()
        guard byte >> 4 == format, byte & 0x0F <= 1 else {
            throw .malformed(at: start, what: "property group of unknown format \(byte)")
        }
        return byte & 1 == 0
    }

    /// Whether the group whose row this is, which was checked before it was written, is persistent.
    package static func isPersistent(_ row: [UInt8]) -> Bool {
        row.first.map { $0 & 1 == 0 } ?? false
    }

    /// Writes what stands before the properties.
    package static func encodeHeader(
        _ header: GroupHeader, propertyCount: Int, into writer: inout ByteWriter
    ) {
        _ = encodeFront(
            id: header.id, version: header.version, type: Array(header.type.utf8)[...],
            isPersistent: header.isPersistent, into: &writer)
        writer.writeVarint(UInt64(propertyCount))
    }

    /// Writes what stands before the number of properties; returns where identity, version and type
    /// are.
    package static func encodeFront(
        id: EntityID, version: GroupVersion, type: ArraySlice<UInt8>, isPersistent: Bool,
        into writer: inout ByteWriter
    ) -> Range<Int> {
        writer.writeUInt8(format << 4 | (isPersistent ? 0 : 1))
        let start = writer.count
        id.encode(into: &writer)
        version.encode(into: &writer)
        writer.writeVarint(UInt64(type.count))
        writer.writeRaw(type)
        return start..<writer.count
    }
}
