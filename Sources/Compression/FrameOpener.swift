package import Codec
import Digests
internal import Identifiers

/// Opens frames: the inverse of `FrameSealer`, for bytes that may come from anywhere.
///
/// For one thread at a time.
package final class FrameOpener {
    private let limits: Limits
    private let decompressor = ZstdDecompressor()
    private let digester = Digester()

    package init(limits: Limits) {
        self.limits = limits
    }

    /// The raw payload, with its length and the chain digest verified.
    ///
    /// - Throws: `overLimit` before anything is allocated; `zstd`, `wrongLength`,
    ///   `digestMismatch`.
    package func open(_ frame: SealedFrame) throws(CompressionFailure) -> [UInt8] {
        let raw = try openUnverified(frame)
        let header = frame.header
        let digest = ChainDigest.of(
            kind: header.kind, term: header.term, firstIndex: header.firstIndex,
            count: header.count, raw: raw, previous: header.previousDigest, digester: digester)
        guard digest == header.digest else { throw .digestMismatch(header) }
        return raw
    }

    /// The raw payload without the chain digest being computed.
    ///
    /// For a frame that this node has sealed itself, or has opened with `open` before and read
    /// again under its checksums: it saves the SHA-256, most of the cost.
    package func openUnverified(_ frame: SealedFrame) throws(CompressionFailure) -> [UInt8] {
        let header = frame.header
        guard header.rawBytes <= limits.frameBytes else {
            throw .overLimit(rawBytes: UInt64(header.rawBytes), limit: limits.frameBytes)
        }
        switch header.codec {
        case .raw:
            return Array(frame.bytes[frame.payloadRange])
        case .zstd:
            return try decompressor.decompress(
                frame.bytes, in: frame.payloadRange, rawBytes: Int(header.rawBytes))
        }
    }
}
