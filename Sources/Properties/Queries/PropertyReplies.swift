package import Codec

/// The identity of a service or an instance; 0, or 1 and the identity.
package struct EntityReply: Hashable, Sendable {
    package let id: EntityID?

    package init(id: EntityID?) {
        self.id = id
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeOptional(id)
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        id = try reader.readBool() ? try EntityID.decode(&reader) : nil
        try reader.finish()
    }
}

/// A group as it is; 0, or 1 and the group's row, or 2 where it is at the version that was known.
package struct GroupReply: Hashable, Sendable {
    package let group: PropertyGroup?
    /// Then `group` is nil.
    package let isUnchanged: Bool

    package init(group: PropertyGroup?) {
        self.group = group
        isUnchanged = false
    }

    private init() {
        group = nil
        isUnchanged = true
    }

    package static let unchanged = GroupReply()

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeUInt8(isUnchanged ? 2 : group == nil ? 0 : 1)
        group?.encode(into: &writer)
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        switch try reader.readUInt8() {
        case 0: self.init(group: nil)
        case 1:
            let row = try reader.readRaw(reader.remaining)
            self.init(group: try PropertyGroup.decode(row))
        case 2: self = .unchanged
        case let tag: throw .malformed(at: 0, what: "unknown group reply \(tag)")
        }
        try reader.finish()
    }
}

/// One property of a group at a version; 0, or 1, the version and `PropertyContent`.
package struct PropertyReply: Hashable, Sendable {
    package struct Found: Hashable, Sendable {
        /// Of the group.
        package let version: GroupVersion
        package let content: PropertyContent

        package init(version: GroupVersion, content: PropertyContent) {
            self.version = version
            self.content = content
        }
    }

    package let found: Found?

    package init(found: Found?) {
        self.found = found
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBool(found != nil)
        found?.version.encode(into: &writer)
        found?.content.encode(into: &writer)
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        if try reader.readBool() {
            let version = try GroupVersion.decode(&reader)
            found = Found(version: version, content: try PropertyContent.decode(&reader))
        } else {
            found = nil
        }
        try reader.finish()
    }
}

/// A part of a list of names.
///
/// | bytes | field |
/// |---|---|
/// | 1 | whether there are more |
/// | varint | number of entries, then each |
/// | varint length, UTF-8 | name |
/// | varint, varint | identity |
/// | 1 … | 0, or 1 and version, type (varint length, UTF-8), persistent (0 or 1) of a group |
package struct PropertyListing: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let name: String
        package let id: EntityID
        /// Set in a list of groups.
        package let group: GroupHeader?

        package init(name: String, id: EntityID, group: GroupHeader?) {
            self.name = name
            self.id = id
            self.group = group
        }
    }

    package let entries: [Entry]
    /// Ask again, after the last name.
    package let hasMore: Bool

    package init(entries: [Entry], hasMore: Bool) {
        self.entries = entries
        self.hasMore = hasMore
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBool(hasMore)
        writer.writeVarint(UInt64(entries.count))
        for entry in entries {
            writer.writeString(entry.name)
            entry.id.encode(into: &writer)
            writer.writeBool(entry.group != nil)
            guard let group = entry.group else { continue }
            group.version.encode(into: &writer)
            writer.writeString(group.type)
            writer.writeBool(group.isPersistent)
        }
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        hasMore = try reader.readBool()
        let count = try reader.readCount(
            limit: PropertyQuery.Page.limits.upperBound, "entry count")
        var entries: [Entry] = []
        for _ in 0..<count {
            let name = try reader.readString(limit: NameRules.nameBytes, "name")
            let id = try EntityID.decode(&reader)
            var group: GroupHeader?
            if try reader.readBool() {
                let version = try GroupVersion.decode(&reader)
                let type = try reader.readString(limit: NameRules.nameBytes, "type")
                group = GroupHeader(
                    id: id, version: version, type: type, isPersistent: try reader.readBool())
            }
            entries.append(Entry(name: name, id: id, group: group))
        }
        self.entries = entries
        try reader.finish()
    }
}
