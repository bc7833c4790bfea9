package import Codec

/// A part of a list of whole groups.
///
/// | bytes | field |
/// |---|---|
/// | 1 … | 0, or 1 and the name (varint length, UTF-8) up to which this is all: there may be more |
/// | varint | number of groups, then each |
/// | varint length, UTF-8 | name |
/// | varint length, bytes | `PropertyGroup` |
package struct GroupListing: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let name: String
        package let group: PropertyGroup

        package init(name: String, group: PropertyGroup) {
            self.name = name
            self.group = group
        }
    }

    package let entries: [Entry]
    /// Ask again, after this name; nil: these are the last.
    package let through: String?

    package init(entries: [Entry], through: String?) {
        self.entries = entries
        self.through = through
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeThrough(through)
        writer.writeVarint(UInt64(entries.count))
        for entry in entries {
            writer.writeString(entry.name)
            writer.writeRow(entry.group)
        }
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        through = try reader.readThrough()
        entries = try reader.readEntries { (reader) throws(DecodingFailure) in
            Entry(name: try reader.readName(), group: try reader.readRow())
        }
        try reader.finish()
    }
}

/// The two groups that a composition is made of.
///
/// | bytes | field |
/// |---|---|
/// | 1 | bit 0: the instance has one; bit 1: the service has one |
/// | varint length, bytes | `PropertyGroup` of each |
package struct ComposedReply: Hashable, Sendable {
    package let group: ComposedGroup

    package init(group: ComposedGroup) {
        self.group = group
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(group)
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        group = try reader.readComposed()
        try reader.finish()
    }
}

/// A part of a list of compositions.
///
/// | bytes | field |
/// |---|---|
/// | 1 … | 0, or 1 and the name (varint length, UTF-8) up to which this is all: there may be more |
/// | varint | number of compositions, then each |
/// | varint length, UTF-8 | name |
/// | … | `ComposedReply` |
package struct ComposedListing: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let name: String
        package let group: ComposedGroup

        package init(name: String, group: ComposedGroup) {
            self.name = name
            self.group = group
        }
    }

    package let entries: [Entry]
    /// Ask again, after this name; nil: these are the last.
    package let through: String?

    package init(entries: [Entry], through: String?) {
        self.entries = entries
        self.through = through
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeThrough(through)
        writer.writeVarint(UInt64(entries.count))
        for entry in entries {
            writer.writeString(entry.name)
            writer.write(entry.group)
        }
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        through = try reader.readThrough()
        entries = try reader.readEntries { (reader) throws(DecodingFailure) in
            Entry(name: try reader.readName(), group: try reader.readComposed())
        }
        try reader.finish()
    }
}

extension ByteWriter {
    mutating func writeThrough(_ name: String?) {
        writeBool(name != nil)
        if let name { writeString(name) }
    }

    fileprivate mutating func writeRow(_ group: PropertyGroup) {
        var row = ByteWriter(capacity: group.encodedBytesHint)
        group.encode(into: &row)
        writeBytes(row.bytes)
    }

    fileprivate mutating func write(_ group: ComposedGroup) {
        writeUInt8((group.instance == nil ? 0 : 1) | (group.service == nil ? 0 : 2))
        if let instance = group.instance { writeRow(instance) }
        if let service = group.service { writeRow(service) }
    }
}

extension ByteReader {
    mutating func readThrough() throws(DecodingFailure) -> String? {
        try readBool() ? try readName() : nil
    }

    mutating func readName() throws(DecodingFailure) -> String {
        try readString(limit: NameRules.nameBytes, "name")
    }

    mutating func readEntries<Entry>(
        _ body: (inout ByteReader) throws(DecodingFailure) -> Entry
    ) throws(DecodingFailure) -> [Entry] {
        // A composition has the rows of two pages.
        let limit = PropertyQuery.Page.limits.upperBound * 2
        let count = try readCount(limit: limit, "entry count")
        var entries: [Entry] = []
        for _ in 0..<count {
            entries.append(try body(&self))
        }
        return entries
    }

    fileprivate mutating func readRow() throws(DecodingFailure) -> PropertyGroup {
        try .decode(try readBytes(limit: remaining, "property group"))
    }

    fileprivate mutating func readComposed() throws(DecodingFailure) -> ComposedGroup {
        let place = position
        let bits = try readUInt8()
        guard bits <= 3 else { throw .malformed(at: place, what: "unknown bits \(bits)") }
        return ComposedGroup(
            instance: bits & 1 == 0 ? nil : try readRow(),
            service: bits & 2 == 0 ? nil : try readRow())
    }
}
