internal import Codec

/// Compresses and opens blocks of bytes that carry their own raw length, such as snapshot chunks.
///
/// | offset | bytes | field |
/// |--:|--:|---|
/// | 0 | 1 | codec: 0 raw, 1 zstd |
/// | 1 | 1–10 | varint: raw bytes |
/// | | | stored bytes, to the end of the block |
///
/// The block has no checksum; what carries it has one. For one thread at a time.
package final class BlockCodec {
    private let compressor = ZstdCompressor()
    private let decompressor = ZstdDecompressor()

    package init() {}

    /// The block that stands for `raw`, at most 11 bytes longer.
    package func compress(_ raw: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: 11 + raw.count)
        writer.writeUInt8(1)
        writer.writeVarint(UInt64(raw.count))
        let head = writer.count
        var block = writer.take()
        block.append(contentsOf: repeatElement(0, count: raw.count))
        if raw.count >= FrameSealer.leastCompressedBytes,
            let count = compressor.compress(raw, into: &block, at: head), count < raw.count
        {
            block.removeLast(raw.count - count)
            return block
        }
        block[0] = 0
        block.replaceSubrange(head..., with: raw)
        return block
    }

    /// The bytes that `block` stands for, at most `limit` of them.
    ///
    /// - Throws: `overLimit` before anything is allocated; `malformed`, `zstd`, `wrongLength`.
    package func decompress(_ block: [UInt8], limit: Int) throws(CompressionFailure) -> [UInt8] {
        var reader = ByteReader(block)
        let codec: UInt8
        let rawBytes: UInt64
        do {
            codec = try reader.readUInt8()
            rawBytes = try reader.readVarint()
        } catch {
            throw .malformed(error.description)
        }
        guard rawBytes <= UInt64(max(limit, 0)) else {
            throw .overLimit(rawBytes: rawBytes, limit: limit)
        }
        switch codec {
        case 0:
            guard reader.remaining == Int(rawBytes) else {
                throw .wrongLength(expected: Int(rawBytes), actual: reader.remaining)
            }
            return Array(block[reader.position..<reader.end])
        case 1:
            return try decompressor.decompress(
                block, in: reader.position..<reader.end, rawBytes: Int(rawBytes))
        default:
            throw .malformed("codec \(codec) is unknown")
        }
    }
}
