package import Codec
package import Identifiers

extension ChainDigest {
    /// The digest of the log that continues `previous` with one frame of these contents.
    package static func of(
        kind: FrameKind, term: Term, firstIndex: LogIndex, count: UInt32, raw: [UInt8],
        previous: ChainDigest, digester: Digester
    ) -> ChainDigest {
        var preamble = ByteWriter(capacity: 48)
        preamble.writeBits128(previous.bits)
        preamble.writeUInt64(term)
        preamble.writeUInt64(firstIndex)
        preamble.writeUInt32(count)
        preamble.writeUInt32(UInt32(raw.count))
        preamble.writeUInt64(UInt64(kind.rawValue))
        digester.update(preamble.bytes)
        digester.update(raw)
        return ChainDigest(digester.finishBits128())
    }
}
