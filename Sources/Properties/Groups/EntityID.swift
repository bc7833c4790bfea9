package import Codec
package import Identifiers

/// The identity of a service, an instance or a group: when it was made.
///
/// Never used twice, so that a
/// thing made again under an old name is another thing.
///
/// `ordinal` is the number of changes that the transaction had made before.
package struct EntityID: Hashable, Sendable, CustomStringConvertible {
    package let index: LogIndex
    package let ordinal: UInt32

    package init(index: LogIndex, ordinal: UInt32) {
        self.index = index
        self.ordinal = ordinal
    }

    package var description: String {
        "\(index).\(ordinal)"
    }
}

/// The version of a group's content: when it was last changed.
///
/// It grows, and never comes back.
///
/// `ordinal` is the number of changes that the transaction had made before, so that several commits
/// to a group in one transaction are told apart.
package struct GroupVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let index: LogIndex
    package let ordinal: UInt32

    package init(index: LogIndex, ordinal: UInt32) {
        self.index = index
        self.ordinal = ordinal
    }

    package static func < (left: GroupVersion, right: GroupVersion) -> Bool {
        (left.index, left.ordinal) < (right.index, right.ordinal)
    }

    package var description: String {
        "\(index).\(ordinal)"
    }
}

/// The encoding of both: index (varint), ordinal (varint).
extension EntityID {
    package func encode(into writer: inout ByteWriter) {
        writer.writeVarint(index)
        writer.writeVarint(UInt64(ordinal))
    }

    package static func decode(_ reader: inout ByteReader) throws(DecodingFailure) -> EntityID {
        let index = try reader.readVarint(LogIndex.self)
        return EntityID(
            index: index,
            ordinal: UInt32(try reader.readCount(limit: Int(UInt32.max), "ordinal")))
    }
}

extension GroupVersion {
    package func encode(into writer: inout ByteWriter) {
        writer.writeVarint(index)
        writer.writeVarint(UInt64(ordinal))
    }

    package static func decode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> GroupVersion {
        let index = try reader.readVarint(LogIndex.self)
        return GroupVersion(
            index: index,
            ordinal: UInt32(try reader.readCount(limit: Int(UInt32.max), "ordinal")))
    }
}
