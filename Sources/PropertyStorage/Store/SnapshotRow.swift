import Codec
import Properties

/// The row of a snapshot's name: what it stands for, and what it stood for before.
///
/// What was replaced last is kept, so that whoever looked at it can go on reading.
///
/// | bytes | field |
/// |---|---|
/// | … | `SnapshotName` |
/// | varint | number of contents that it stood for before and that are kept |
/// | varint, varint | for each of them, the last one first: its identity |
struct SnapshotRow: Hashable {
    let name: SnapshotName
    /// Without a repetition, the last one first.
    let previous: [EntityID]

    /// How many contents are kept that a name does not stand for any more.
    static let previousLimit = 16

    /// The contents that it holds.
    var contents: [EntityID] {
        [name.content] + previous
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 40)
        name.encode(into: &writer)
        writer.writeVarint(UInt64(previous.count))
        previous.forEach { $0.encode(into: &writer) }
        return writer.take()
    }

    init(name: SnapshotName, previous: [EntityID]) {
        self.name = name
        self.previous = previous
    }

    init(_ bytes: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        name = try .decode(&reader)
        let count = try reader.readCount(limit: Self.previousLimit, "contents kept")
        var kept: [EntityID] = []
        for _ in 0..<count { kept.append(try .decode(&reader)) }
        previous = kept
        try reader.finish()
    }
}
