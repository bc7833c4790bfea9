package import Codec

/// A part of a list by names, in their order; what an entry has behind its name, its type tells.
package struct Listing<Entry: ListedEntry>: Hashable, Sendable {
    package let entries: [Entry]
    /// Ask again, after this name; nil: these are the last.
    package let through: String?

    package init(entries: [Entry], through: String?) {
        self.entries = entries
        self.through = through
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBool(through != nil)
        if let through { writer.writeString(through) }
        writer.writeVarint(UInt64(entries.count))
        for entry in entries {
            writer.writeString(entry.name)
            entry.encode(into: &writer)
        }
        return writer.take()
    }

    package init(_ reply: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(reply)
        through = try reader.readBool() ? try reader.readName() : nil
        // A composition has the rows of two pages.
        let limit = PropertyQuery.Page.limits.upperBound * 2
        let count = try reader.readCount(limit: limit, "entry count")
        var entries: [Entry] = []
        for _ in 0..<count {
            let name = try reader.readName()
            entries.append(try Entry(name: name, from: &reader))
        }
        self.entries = entries
        try reader.finish()
    }
}

/// An entry of a `Listing`.
package protocol ListedEntry: Hashable, Sendable {
    var name: String { get }

    /// Reads what follows the name.
    init(name: String, from reader: inout ByteReader) throws(DecodingFailure)

    /// Writes what follows the name.
    func encode(into writer: inout ByteWriter)
}

extension ByteReader {
    fileprivate mutating func readName() throws(DecodingFailure) -> String {
        try readString(limit: NameRules.nameBytes, "name")
    }
}
