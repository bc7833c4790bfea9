package import Codec

/// What a snapshot holds; 0, or 1, its `SnapshotName` and the `SnapshotContent`.
package struct SnapshotReply: Hashable, Sendable {
    package struct Found: Hashable, Sendable {
        package let name: SnapshotName
        package let content: SnapshotContent

        package init(name: SnapshotName, content: SnapshotContent) {
            self.name = name
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
        found?.name.encode(into: &writer)
        found?.content.encode(into: &writer)
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        found =
            try reader.readBool()
            ? Found(name: try .decode(&reader), content: try .decode(&reader)) : nil
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
package struct SnapshotListing: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let name: String
        package let snapshot: SnapshotName

        package init(name: String, snapshot: SnapshotName) {
            self.name = name
            self.snapshot = snapshot
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
            entry.snapshot.encode(into: &writer)
        }
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        through = try reader.readThrough()
        entries = try reader.readEntries { (reader) throws(DecodingFailure) in
            Entry(name: try reader.readName(), snapshot: try .decode(&reader))
        }
        try reader.finish()
    }
}
