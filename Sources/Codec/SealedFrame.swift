internal import Identifiers

/// One whole frame as it is on disk and on the wire: header, stored payload, padding.
///
/// It has been made by a sealer, or both of its checksums have been verified; the chain digest is
/// verified where the payload is opened.
package struct SealedFrame: Hashable, Sendable, CustomStringConvertible {
    package let header: FrameHeader
    /// All bytes of the frame; their number is `header.frameBytes`.
    package let bytes: [UInt8]

    /// Joins a header and the whole frame's bytes that begin with it.
    package init(header: FrameHeader, bytes: [UInt8]) {
        precondition(
            bytes.count == header.frameBytes,
            "\(bytes.count) bytes for a frame of \(header.frameBytes)")
        self.header = header
        self.bytes = bytes
    }

    /// Reads the frame at `offset` and verifies header, payload checksum, padding and bounds.
    ///
    /// - Throws: `DecodingFailure`; nothing is allocated before every check has passed.
    package static func decode(
        _ bytes: [UInt8], at offset: Int = 0, limits: Limits
    ) throws(DecodingFailure) -> SealedFrame {
        let header = try FrameHeader.decode(bytes, at: offset, limits: limits)
        try verifyPayload(of: header, in: bytes, at: offset)
        return SealedFrame(
            header: header, bytes: Array(bytes[offset..<(offset + header.frameBytes)]))
    }

    /// Verifies payload checksum and padding of the frame at `offset`, whose header is known.
    package static func verifyPayload(
        of header: FrameHeader, in bytes: [UInt8], at offset: Int
    ) throws(DecodingFailure) {
        guard offset >= 0, header.frameBytes <= bytes.count - offset else {
            throw .truncated(at: offset, wanted: header.frameBytes)
        }
        let payload = offset + FrameHeader.byteCount
        let padding = payload + Int(header.storedBytes)
        guard Checksum.crc32c(bytes, in: payload..<padding) == header.payloadChecksum else {
            throw .malformed(at: payload, what: "frame payload checksum mismatch")
        }
        for place in padding..<(offset + header.frameBytes) where bytes[place] != 0 {
            throw .malformed(at: place, what: "padding of a frame is not 0")
        }
    }

    /// Place, term and digest; not the bytes.
    package var description: String {
        "frame \(header.firstIndex)–\(header.lastIndex) of term \(header.term), digest "
            + "\(header.digest), \(bytes.count) bytes"
    }

    /// Where the stored payload is in `bytes`.
    package var payloadRange: Range<Int> {
        FrameHeader.byteCount..<(FrameHeader.byteCount + Int(header.storedBytes))
    }
}
