package import Codec
package import Identifiers
package import Transactions

/// What two nodes tell each other of their data directories, beside the core's messages.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 4 | length of what follows |
/// | 4 | 1 | 3: a message about founding |
/// | 5 | 4 | CRC32C from offset 9 to the end |
/// | 9 | 1 | 1: standing, 2: proposal |
/// | 10 | … | standing: founding (8, 0 none), 1 if there is a term or a record; proposal: the membership |
package enum FoundingMessage: Hashable, Sendable {
    /// Which founding the sender's directory belongs to, and whether it holds a term or a record; the
    /// first message on a connection, and sent again when it changes.
    case standing(FoundingID, hasBegun: Bool)
    /// The founders and their directories, to be accepted on disk.
    case proposal(ClusterMembership)

    /// The kind byte of these messages.
    package static let kind: UInt8 = 3

    /// The whole message.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.writeUInt32(0)
        writer.writeUInt8(Self.kind)
        writer.writeUInt32(0)
        switch self {
        case .standing(let founding, let hasBegun):
            writer.writeUInt8(1)
            writer.writeUInt64(founding)
            writer.writeBool(hasBegun)
        case .proposal(let membership):
            writer.writeUInt8(2)
            membership.encode(into: &writer)
        }
        writer.patchUInt32(UInt32(writer.count - 4), at: 0)
        writer.patchUInt32(Checksum.crc32c(writer.bytes, in: 9..<writer.count), at: 5)
        return writer.take()
    }

    /// Reads one message from behind its kind byte to the reader's end.
    package static func decode(
        _ body: ByteReader, limits: Limits
    ) throws(DecodingFailure) -> FoundingMessage {
        var reader = body
        let checksum = try reader.readUInt32()
        let start = reader.position
        guard Checksum.crc32c(body.bytes, in: start..<body.end) == checksum else {
            throw .malformed(at: start, what: "checksum of a message about founding")
        }
        let message: FoundingMessage
        switch try reader.readUInt8() {
        case 1:
            let founding = try reader.readUInt64(FoundingID.self)
            message = .standing(founding, hasBegun: try reader.readBool())
        case 2:
            message = .proposal(try ClusterMembership.decode(&reader, limits: limits))
        case let what:
            throw .malformed(at: start, what: "message \(what) about founding")
        }
        try reader.finish()
        return message
    }
}
