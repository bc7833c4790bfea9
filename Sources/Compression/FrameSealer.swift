package import Codec
import Digests
package import Identifiers

/// Seals records into frames: compresses where that gains, chains the digest, adds the checksums.
///
/// For one thread at a time; the zstd context, the digest context and the scratch buffer are used
/// again for every frame.
package final class FrameSealer {
    /// Below this many bytes zstd gains a few, and takes longer than all else that sealing does.
    package static let leastCompressedBytes = 512

    private let limits: Limits
    private let compressor = ZstdCompressor()
    private let digester = Digester()
    private var scratch: [UInt8] = []

    package init(limits: Limits) {
        self.limits = limits
    }

    /// The frame of these records, whose encoding is `raw`.
    ///
    /// The frame's bytes and records must be within the limits, which is the caller's to see to.
    package func seal(
        kind: FrameKind, term: Term, firstIndex: LogIndex, count: UInt32, raw: [UInt8],
        previous: ChainDigest
    ) -> SealedFrame {
        precondition(
            raw.count <= limits.frameBytes,
            "a frame of \(raw.count) bytes is over the limit of \(limits.frameBytes)")
        precondition(
            count <= limits.frameRecords,
            "a frame of \(count) records is over the limit of \(limits.frameRecords)")
        let digest = ChainDigest.of(
            kind: kind, term: term, firstIndex: firstIndex, count: count, raw: raw,
            previous: previous, digester: digester)
        let compressedBytes = compress(raw)
        let storedBytes = compressedBytes ?? raw.count
        let checksum =
            compressedBytes == nil
            ? Checksum.crc32c(raw) : Checksum.crc32c(scratch, in: 0..<storedBytes)
        let header = FrameHeader(
            kind: kind, codec: compressedBytes == nil ? .raw : .zstd, term: term,
            firstIndex: firstIndex, count: count, storedBytes: UInt32(storedBytes),
            rawBytes: UInt32(raw.count), payloadChecksum: checksum, previousDigest: previous,
            digest: digest)
        var writer = ByteWriter(capacity: header.frameBytes)
        header.encode(to: &writer)
        if compressedBytes == nil {
            writer.writeRaw(raw)
        } else {
            writer.writeRaw(scratch[0..<storedBytes])
        }
        while writer.count < header.frameBytes {
            writer.writeUInt8(0)
        }
        return SealedFrame(header: header, bytes: writer.take())
    }

    /// Compresses into `scratch`; nil where that would not save at least the 8 bytes that the
    /// frame's padding can cost.
    private func compress(_ raw: [UInt8]) -> Int? {
        guard raw.count >= Self.leastCompressedBytes else { return nil }
        if scratch.count < raw.count {
            scratch = [UInt8](repeating: 0, count: raw.count + raw.count / 2)
        }
        guard let count = compressor.compress(raw, into: &scratch, at: 0), count <= raw.count - 8
        else { return nil }
        return count
    }
}
