package import Identifiers

/// What the records of a frame are.
package enum FrameKind: UInt8, Hashable, Sendable {
    case entries = 1
    /// One record, a membership.
    case membership = 2
}

/// How a frame's payload is stored.
package enum FrameCodec: UInt8, Hashable, Sendable {
    case raw = 0
    case zstd = 1
}

/// The self-checksummed head of a frame, the same on every node, on disk and on the wire.
///
/// All integers are little-endian. A frame is its header, its stored payload, and zeroes up to a
/// multiple of 8 bytes.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 1 | kind: 1 entries, 2 membership |
/// | 1 | 1 | codec: 0 raw, 1 zstd |
/// | 2 | 2 | 0 |
/// | 4 | 4 | CRC32C of bytes 0 to 3 and 8 to 71 |
/// | 8 | 8 | term |
/// | 16 | 8 | index of the first record, at least 1 |
/// | 24 | 4 | records, at least 1; exactly 1 for a membership |
/// | 28 | 4 | stored bytes of the payload |
/// | 32 | 4 | raw bytes of the payload; equal to stored for raw, more for zstd |
/// | 36 | 4 | CRC32C of the stored payload |
/// | 40 | 16 | chain digest of the log before this frame: high word, low word |
/// | 56 | 16 | chain digest of the log with this frame |
/// | 72 | | stored payload |
///
/// The chain digest is SHA-256, cut to its first 128 bits, of this preamble and the raw payload:
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 16 | previous chain digest: high word, low word |
/// | 16 | 8 | term |
/// | 24 | 8 | index of the first record |
/// | 32 | 4 | records |
/// | 36 | 4 | raw bytes |
/// | 40 | 1 | kind |
/// | 41 | 7 | 0 |
package struct FrameHeader: Hashable, Sendable {
    package let kind: FrameKind
    package let codec: FrameCodec
    package let term: Term
    package let firstIndex: LogIndex
    /// Records in the frame.
    package let count: UInt32
    package let storedBytes: UInt32
    package let rawBytes: UInt32
    /// CRC32C of the stored payload.
    package let payloadChecksum: UInt32
    package let previousDigest: ChainDigest
    package let digest: ChainDigest

    /// Bytes of an encoded header.
    package static let byteCount = 72

    package init(
        kind: FrameKind, codec: FrameCodec, term: Term, firstIndex: LogIndex, count: UInt32,
        storedBytes: UInt32, rawBytes: UInt32, payloadChecksum: UInt32,
        previousDigest: ChainDigest, digest: ChainDigest
    ) {
        precondition(firstIndex > .zero && count > 0, "frame at \(firstIndex) of \(count) records")
        precondition(
            kind == .entries || count == 1, "a membership frame holds \(count) records")
        precondition(
            firstIndex.rawValue <= UInt64.max - UInt64(count),
            "frame at \(firstIndex) of \(count) records")
        precondition(
            codec == .raw ? storedBytes == rawBytes : storedBytes < rawBytes,
            "\(storedBytes) bytes stored for \(rawBytes), codec \(codec)")
        self.kind = kind
        self.codec = codec
        self.term = term
        self.firstIndex = firstIndex
        self.count = count
        self.storedBytes = storedBytes
        self.rawBytes = rawBytes
        self.payloadChecksum = payloadChecksum
        self.previousDigest = previousDigest
        self.digest = digest
    }

    /// The index of the last record.
    package var lastIndex: LogIndex {
        LogIndex(firstIndex.rawValue + UInt64(count) - 1)
    }

    /// Bytes of the whole frame: header, payload and padding; a multiple of 8.
    package var frameBytes: Int {
        Self.frameBytes(storedBytes: Int(storedBytes))
    }

    /// Bytes of a whole frame with a stored payload of `storedBytes`.
    package static func frameBytes(storedBytes: Int) -> Int {
        (byteCount + storedBytes + 7) & ~7
    }

    /// Appends the `byteCount` bytes of the header.
    package func encode(to writer: inout ByteWriter) {
        let start = writer.count
        writer.writeUInt8(kind.rawValue)
        writer.writeUInt8(codec.rawValue)
        writer.writeUInt16(0)
        writer.writeUInt32(0)
        writer.writeUInt64(term)
        writer.writeUInt64(firstIndex)
        writer.writeUInt32(count)
        writer.writeUInt32(storedBytes)
        writer.writeUInt32(rawBytes)
        writer.writeUInt32(payloadChecksum)
        writer.writeBits128(previousDigest.bits)
        writer.writeBits128(digest.bits)
        writer.patchUInt32(Self.checksum(writer.bytes, at: start), at: start + 4)
    }

    /// Reads and verifies the header at `offset`, and holds its lengths against `limits`.
    ///
    /// - Throws: `DecodingFailure` for anything that `encode` could not have written, and for
    ///   lengths and counts over the limits.
    package static func decode(
        _ bytes: [UInt8], at offset: Int, limits: Limits
    ) throws(DecodingFailure) -> FrameHeader {
        guard offset >= 0, offset <= bytes.count - byteCount else {
            throw .truncated(at: offset, wanted: byteCount)
        }
        var reader = ByteReader(bytes, in: offset..<(offset + byteCount))
        let kindByte = try reader.readUInt8()
        let codecByte = try reader.readUInt8()
        let zero = try reader.readUInt16()
        guard try reader.readUInt32() == checksum(bytes, at: offset) else {
            throw .malformed(at: offset, what: "frame header checksum mismatch")
        }
        guard let kind = FrameKind(rawValue: kindByte) else {
            throw .malformed(at: offset, what: "frame kind \(kindByte) is unknown")
        }
        guard let codec = FrameCodec(rawValue: codecByte) else {
            throw .malformed(at: offset, what: "frame codec \(codecByte) is unknown")
        }
        guard zero == 0 else {
            throw .malformed(at: offset, what: "reserved bytes of a frame header are not 0")
        }
        let term = try reader.readUInt64(Term.self)
        let firstIndex = try reader.readUInt64(LogIndex.self)
        let count = try reader.readUInt32()
        let storedBytes = try reader.readUInt32()
        let rawBytes = try reader.readUInt32()
        try check(
            kind: kind, codec: codec, firstIndex: firstIndex, count: count,
            storedBytes: storedBytes, rawBytes: rawBytes, at: offset, limits: limits)
        let payloadChecksum = try reader.readUInt32()
        let previous = ChainDigest(try reader.readBits128())
        return FrameHeader(
            kind: kind, codec: codec, term: term, firstIndex: firstIndex, count: count,
            storedBytes: storedBytes, rawBytes: rawBytes, payloadChecksum: payloadChecksum,
            previousDigest: previous, digest: ChainDigest(try reader.readBits128()))
    }

    private static func check(
        kind: FrameKind, codec: FrameCodec, firstIndex: LogIndex, count: UInt32,
        storedBytes: UInt32, rawBytes: UInt32, at offset: Int, limits: Limits
    ) throws(DecodingFailure) {
        guard firstIndex > .zero, firstIndex.rawValue <= UInt64.max - UInt64(count) else {
            throw .malformed(at: offset, what: "frame begins at index \(firstIndex)")
        }
        guard count > 0, kind == .entries || count == 1 else {
            throw .malformed(at: offset, what: "frame of \(count) records")
        }
        guard count <= limits.frameRecords else {
            throw .overLimit(
                at: offset, what: "frame records", value: UInt64(count),
                limit: UInt64(limits.frameRecords))
        }
        guard rawBytes <= limits.frameBytes else {
            throw .overLimit(
                at: offset, what: "frame raw bytes", value: UInt64(rawBytes),
                limit: UInt64(limits.frameBytes))
        }
        guard codec == .raw ? storedBytes == rawBytes : storedBytes < rawBytes else {
            throw .malformed(
                at: offset, what: "frame stores \(storedBytes) bytes for \(rawBytes)")
        }
    }

    private static func checksum(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        let seed = Checksum.crc32c(bytes, in: offset..<(offset + 4))
        return Checksum.crc32c(bytes, in: (offset + 8)..<(offset + byteCount), seed: seed)
    }
}
