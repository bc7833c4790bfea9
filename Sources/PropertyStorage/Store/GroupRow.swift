import Codec
import Properties

/// A group's row read in place, as far as an edit needs it.
struct GroupRow {
    let bytes: [UInt8]
    let id: EntityID
    let version: GroupVersion
    /// The type's length and bytes.
    private let type: Range<Int>
    private let propertyCount: Int
    /// Where the first property begins.
    private let start: Int

    /// One property; ranges of the row's bytes.
    struct Property {
        let name: Range<Int>
        /// The name with its length, and the content.
        let all: Range<Int>
        let content: Range<Int>
        let type: PropertyType
    }

    /// What an edit finds in the row.
    struct Place {
        /// Where a property of the name begins, or would.
        let offset: Int
        /// The property of the name, if there is one.
        let property: Property?
    }

    init(_ bytes: [UInt8]) throws(DecodingFailure) {
        self.bytes = bytes
        var reader = ByteReader(bytes)
        try PropertyGroup.checkFormat(&reader)
        id = try EntityID.decode(&reader)
        version = try GroupVersion.decode(&reader)
        let typeStart = reader.position
        _ = try reader.skip(
            try reader.readCount(limit: NameRules.nameBytes, "property group type"))
        type = typeStart..<reader.position
        propertyCount = try reader.readCount(
            limit: PropertyGroup.propertyLimit, "property count")
        start = reader.position
    }

    /// The places of names, which are asked for in ascending order.
    struct Places {
        private let row: GroupRow
        private var reader: ByteReader
        private var remaining: Int
        /// The property that the last name did not reach.
        private var next: Property?

        init(_ row: GroupRow) {
            self.row = row
            reader = ByteReader(row.bytes, in: row.start..<row.bytes.count)
            remaining = row.propertyCount
        }

        /// The place of the name at `range` of `bytes`.
        mutating func place(of bytes: [UInt8], _ range: Range<Int>) throws(DecodingFailure) -> Place
        {
            while let property = try peek() {
                let order = NameRules.order(of: row.bytes, property.name, and: bytes, range)
                if order > 0 { return Place(offset: property.all.lowerBound, property: nil) }
                next = nil
                if order == 0 {
                    return Place(offset: property.all.lowerBound, property: property)
                }
            }
            try reader.finish()
            return Place(offset: row.bytes.count, property: nil)
        }

        private mutating func peek() throws(DecodingFailure) -> Property? {
            if let next { return next }
            guard remaining > 0 else { return nil }
            remaining -= 1
            let start = reader.position
            let name = try reader.skip(
                try reader.readCount(limit: NameRules.nameBytes, "property name"))
            let content = reader.position
            let type = try PropertyContent.skip(&reader, isTrusted: true)
            next = Property(
                name: name, all: start..<reader.position, content: content..<reader.position,
                type: type)
            return next
        }
    }

    /// The number of properties after `edits`, whose places were found in the row.
    func propertyCount(after edits: [EncodedCommit.Edit], at places: [Place]) -> Int {
        var count = propertyCount
        for (edit, place) in zip(edits, places) {
            if place.property == nil { count += 1 }
            if edit.action == .delete { count -= 1 }
        }
        return count
    }

    /// The row after the edits of `commit`, whose places were found in it, at a new version.
    func edited(
        by commit: EncodedCommit, at places: [Place], version: GroupVersion
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: bytes.count + commit.bytes.count + 16)
        writer.writeRaw(bytes, in: 0..<1)
        id.encode(into: &writer)
        version.encode(into: &writer)
        writer.writeRaw(bytes, in: type)
        writer.writeVarint(UInt64(propertyCount(after: commit.edits, at: places)))
        var end = start
        for (edit, place) in zip(commit.edits, places) {
            writer.writeRaw(bytes, in: end..<place.offset)
            writer.writeRaw(commit.bytes, in: edit.written)
            end = place.property?.all.upperBound ?? place.offset
        }
        writer.writeRaw(bytes, in: end..<bytes.count)
        return writer.take()
    }
}

extension EncodedCommit.Edit {
    /// What of the operation goes into the row.
    var written: Range<Int> {
        action == .delete ? property.lowerBound..<property.lowerBound : property
    }
}
