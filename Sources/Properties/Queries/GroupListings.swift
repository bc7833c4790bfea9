package import Codec

/// A part of a list of whole groups.
///
/// | bytes | field |
/// |---|---|
/// | 1 … | 0, or 1 and the name (varint length, UTF-8) up to which this is all: there may be more |
/// | varint | number of groups, then each |
/// | varint length, UTF-8 | name |
/// | varint length, bytes | `PropertyGroup` |
package typealias GroupListing = Listing<ListedGroup>

package struct ListedGroup: ListedEntry {
    package let name: String
    package let group: PropertyGroup

    package init(name: String, group: PropertyGroup) {
        self.name = name
        self.group = group
    }

    package init(name: String, from reader: inout ByteReader) throws(DecodingFailure) {
        self.init(name: name, group: try reader.readRow())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.writeRow(group)
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
package typealias ComposedListing = Listing<ListedComposition>

package struct ListedComposition: ListedEntry {
    package let name: String
    package let group: ComposedGroup

    package init(name: String, group: ComposedGroup) {
        self.name = name
        self.group = group
    }

    package init(name: String, from reader: inout ByteReader) throws(DecodingFailure) {
        self.init(name: name, group: try reader.readComposed())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.write(group)
    }
}

extension ByteWriter {
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
