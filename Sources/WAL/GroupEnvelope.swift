package import Codec
package import Identifiers

/// The local head of a group; the group's frames follow, one behind the other.
///
/// All integers are little-endian; groups lie at multiples of 8 bytes without gaps.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 4 | magic: "LkGr", or "LkRp" for a repair |
/// | 4 | 4 | CRC32C of the segment id (8 bytes) and of bytes 8 to 47 |
/// | 8 | 8 | sequence: one more than the group before, across segments |
/// | 16 | 8 | current term |
/// | 24 | 8 | vote in that term, 0 for none |
/// | 32 | 8 | base: index of the last record that the log keeps of what was there before |
/// | 40 | 4 | bytes of the frames that follow |
/// | 44 | 4 | CRC32C of the frames' headers, 72 bytes each |
///
/// The base is the record of truncation: a base below the log's end forgets everything behind it.
/// The frames continue at base + 1. A group without frames is a vote or a bare truncation. The body
/// checksum covers the headers alone, because each header has the checksum of its payload: together
/// they verify every byte of the group, and a payload is summed once.
///
/// A repair holds frames that take the place of damaged ones, anywhere below the log's end; its
/// base is that end.
package struct GroupEnvelope: Hashable, Sendable {
    package enum Kind: UInt32, Hashable, Sendable {
        case group = 0x7247_6B4C
        case repair = 0x7052_6B4C
    }

    package let kind: Kind
    package let sequence: UInt64
    package let voting: WriteAheadLog.VotingState
    package let base: LogIndex
    package let bodyBytes: Int
    package let bodyChecksum: UInt32

    package static let byteCount = 48

    package init(
        kind: Kind, sequence: UInt64, voting: WriteAheadLog.VotingState, base: LogIndex,
        bodyBytes: Int, bodyChecksum: UInt32
    ) {
        precondition(
            bodyBytes >= 0 && bodyBytes % 8 == 0 && bodyBytes <= Int(UInt32.max),
            "group body of \(bodyBytes) bytes")
        self.kind = kind
        self.sequence = sequence
        self.voting = voting
        self.base = base
        self.bodyBytes = bodyBytes
        self.bodyChecksum = bodyChecksum
    }

    /// Bytes of the envelope and the frames.
    package var groupBytes: Int {
        Self.byteCount + bodyBytes
    }

    /// The envelope's bytes for the segment with this id.
    package func encoded(segmentID: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.writeUInt32(kind.rawValue)
        writer.writeUInt32(0)
        writer.writeUInt64(sequence)
        writer.writeUInt64(voting.term)
        writer.writeUInt64(voting.vote?.rawValue ?? 0)
        writer.writeUInt64(base)
        writer.writeUInt32(UInt32(bodyBytes))
        writer.writeUInt32(bodyChecksum)
        writer.patchUInt32(
            Checksum.crc32c(
                writer.bytes, in: 8..<Self.byteCount, seed: Self.salt(segmentID: segmentID)),
            at: 4)
        return writer.take()
    }

    /// What the checksum of a segment's envelopes begins with.
    package static func salt(segmentID: UInt64) -> UInt32 {
        var writer = ByteWriter(capacity: 8)
        writer.writeUInt64(segmentID)
        return Checksum.crc32c(writer.bytes)
    }

    /// Reads and verifies the envelope at `offset` of a segment with this salt.
    package static func decode(
        _ bytes: [UInt8], at offset: Int, salt: UInt32
    ) throws(DecodingFailure) -> GroupEnvelope {
        guard offset >= 0, offset <= bytes.count - byteCount else {
            throw .truncated(at: offset, wanted: byteCount)
        }
        var reader = ByteReader(bytes, in: offset..<(offset + byteCount))
        guard let kind = Kind(rawValue: try reader.readUInt32()) else {
            throw .malformed(at: offset, what: "not a group")
        }
        let range = (offset + 8)..<(offset + byteCount)
        guard try reader.readUInt32() == Checksum.crc32c(bytes, in: range, seed: salt) else {
            throw .malformed(at: offset, what: "group checksum mismatch")
        }
        let sequence = try reader.readUInt64()
        let voting = try reader.readVoting()
        let base = try reader.readUInt64(LogIndex.self)
        let bodyBytes = Int(try reader.readUInt32())
        guard bodyBytes % 8 == 0, sequence < 1 << 62, base.rawValue < 1 << 62 else {
            throw .malformed(
                at: offset, what: "group \(sequence) behind \(base), body of \(bodyBytes) bytes")
        }
        return GroupEnvelope(
            kind: kind, sequence: sequence, voting: voting, base: base, bodyBytes: bodyBytes,
            bodyChecksum: try reader.readUInt32())
    }

    /// Continues the body checksum with the header of one frame.
    static func checksum(adding frame: SealedFrame, to seed: UInt32) -> UInt32 {
        Checksum.crc32c(frame.bytes, in: 0..<FrameHeader.byteCount, seed: seed)
    }
}
