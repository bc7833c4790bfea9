import Codec
import Identifiers
import Testing

@Suite struct FrameTests {
    private func frame(raw: [UInt8], count: UInt32 = 3) -> SealedFrame {
        let header = FrameHeader(
            kind: .entries, codec: .raw, term: Term(4), firstIndex: LogIndex(10), count: count,
            storedBytes: UInt32(raw.count), rawBytes: UInt32(raw.count),
            payloadChecksum: Checksum.crc32c(raw),
            previousDigest: ChainDigest(Bits128(high: 1, low: 2)),
            digest: ChainDigest(Bits128(high: 3, low: 4)))
        var writer = ByteWriter()
        header.encode(to: &writer)
        writer.writeRaw(raw)
        while writer.count < header.frameBytes {
            writer.writeUInt8(0)
        }
        return SealedFrame(header: header, bytes: writer.take())
    }

    @Test(arguments: 0...17)
    func `a frame is read as it was written, wherever it lies`(count: Int) throws {
        let frame = frame(raw: [UInt8](repeating: 0xA5, count: count))
        #expect(frame.bytes.count % 8 == 0)
        #expect(frame.bytes.count - FrameHeader.byteCount - count < 8)
        #expect(try SealedFrame.decode(frame.bytes, limits: .standard) == frame)
        let moved = [1, 2, 3] + frame.bytes + [9]
        #expect(try SealedFrame.decode(moved, at: 3, limits: .standard) == frame)
        #expect(frame.header.lastIndex == LogIndex(12))
    }

    @Test func `no flipped bit and no cut goes unnoticed`() {
        let frame = frame(raw: Array("nine bytes".utf8))
        for place in frame.bytes.indices {
            for bit in 0..<8 {
                var bytes = frame.bytes
                bytes[place] ^= 1 << UInt8(bit)
                #expect(throws: DecodingFailure.self) {
                    try SealedFrame.decode(bytes, limits: .standard)
                }
            }
            #expect(throws: DecodingFailure.self) {
                try SealedFrame.decode(Array(frame.bytes[..<place]), limits: .standard)
            }
        }
    }

    @Test func `lengths and counts over the limits are refused, though sealed`() throws {
        var limits = Limits()
        limits.frameBytes = 8
        limits.frameRecords = 3
        _ = try SealedFrame.decode(
            frame(raw: [UInt8](repeating: 1, count: 8)).bytes, limits: limits)
        #expect(
            throws: DecodingFailure.overLimit(at: 0, what: "frame raw bytes", value: 9, limit: 8)
        ) {
            try SealedFrame.decode(
                self.frame(raw: [UInt8](repeating: 1, count: 9)).bytes, limits: limits)
        }
        #expect(
            throws: DecodingFailure.overLimit(at: 0, what: "frame records", value: 4, limit: 3)
        ) {
            try SealedFrame.decode(self.frame(raw: [1], count: 4).bytes, limits: limits)
        }
    }

    /// Changes fields and seals them again, as a peer that lies would.
    @Test(arguments: [
        (0, UInt8(3), "frame kind 3 is unknown"), (1, 2, "frame codec 2 is unknown"),
        (2, 1, "reserved bytes of a frame header are not 0"),
        (1, 1, "frame stores 10 bytes for 10"), (28, 11, "frame stores 11 bytes for 10"),
        (24, 0, "frame of 0 records"), (0, 2, "frame of 3 records"),
        (16, 0, "frame begins at index 0"),
    ])
    func `a header that lies is refused`(place: Int, value: UInt8, words: String) {
        var bytes = frame(raw: Array("nine bytes".utf8)).bytes
        bytes[place] = value
        let head = Checksum.crc32c(bytes, in: 0..<4)
        var writer = ByteWriter(continuing: bytes)
        writer.patchUInt32(Checksum.crc32c(bytes, in: 8..<72, seed: head), at: 4)
        bytes = writer.take()
        #expect(throws: DecodingFailure.malformed(at: 0, what: words)) {
            try SealedFrame.decode(bytes, limits: .standard)
        }
    }
}
