package import Codec
package import Identifiers

/// What a snapshot holds; 0, or 1, its `SnapshotName`, the `SnapshotContent` and the row's version.
package struct SnapshotReply: Hashable, Sendable {
    package struct Found: Hashable, Sendable {
        package let name: SnapshotName
        package let content: SnapshotContent
        /// That of the name's row, which an expectation can demand.
        package let version: LogIndex

        package init(name: SnapshotName, content: SnapshotContent, version: LogIndex) {
            self.name = name
            self.content = content
            self.version = version
        }
    }

    package let found: Found?

    package init(found: Found?) {
        self.found = found
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBool(found != nil)
        found?.name.encode(into: &writer)
        found?.content.encode(into: &writer)
        if let found { writer.writeVarint(found.version) }
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        found =
            try reader.readBool()
            ? Found(
                name: try .decode(&reader), content: try .decode(&reader),
                version: LogIndex(try reader.readVarint())) : nil
        try reader.finish()
    }
}

/// A part of a list of snapshots.
///
/// | bytes | field |
/// |---|---|
/// | 1 … | 0, or 1 and the name (varint length, UTF-8) up to which this is all: there may be more |
/// | varint | number of snapshots, then each |
/// | varint length, UTF-8 | name |
/// | … | `SnapshotName` |
package typealias SnapshotListing = Listing<ListedSnapshot>

package struct ListedSnapshot: ListedEntry {
    package let name: String
    package let snapshot: SnapshotName

    package init(name: String, snapshot: SnapshotName) {
        self.name = name
        self.snapshot = snapshot
    }

    package init(name: String, from reader: inout ByteReader) throws(DecodingFailure) {
        self.init(name: name, snapshot: try .decode(&reader))
    }

    package func encode(into writer: inout ByteWriter) {
        snapshot.encode(into: &writer)
    }
}
