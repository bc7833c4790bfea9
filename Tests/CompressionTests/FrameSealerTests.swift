import Codec
import Compression
import Digests
import Identifiers
import Testing

@Suite struct FrameSealerTests {
    private let sealer = FrameSealer(limits: .standard)
    private let opener = FrameOpener(limits: .standard)

    private func seal(_ raw: [UInt8], previous: ChainDigest = .empty) -> SealedFrame {
        sealer.seal(
            kind: .entries, term: Term(2), firstIndex: LogIndex(5), count: 1, raw: raw,
            previous: previous)
    }

    private func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 99
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    @Test(arguments: [0, 1, 511, 512, 513, 4_000, 1_000_000])
    func `what was sealed opens to the same bytes`(count: Int) throws {
        for raw in [noise(count), [UInt8](repeating: 7, count: count)] {
            let frame = seal(raw)
            #expect(try SealedFrame.decode(frame.bytes, limits: .standard) == frame)
            #expect(try opener.open(frame) == raw)
            #expect(try opener.openUnverified(frame) == raw)
            #expect(frame.header.rawBytes == count)
        }
    }

    @Test func `zstd is used where it gains and nowhere else`() {
        #expect(seal([UInt8](repeating: 7, count: 511)).header.codec == .raw)
        #expect(seal([UInt8](repeating: 7, count: 512)).header.codec == .zstd)
        #expect(seal(noise(4_000)).header.codec == .raw)
    }

    @Test func `the digest chains raw contents, not their compression`() {
        let first = seal([1, 2, 3])
        let second = seal([1, 2, 3], previous: first.header.digest)
        #expect(second.header.previousDigest == first.header.digest)
        #expect(second.header.digest != first.header.digest)
        #expect(seal([1, 2, 3]) == first)
        let digest = ChainDigest.of(
            kind: .entries, term: Term(2), firstIndex: LogIndex(5), count: 1, raw: [1, 2, 3],
            previous: .empty, digester: Digester())
        #expect(digest == first.header.digest)
    }

    /// The frame with another header over the same payload, as a peer that lies would send it.
    private func forged(
        _ frame: SealedFrame, codec: FrameCodec, rawBytes: UInt32, stored: [UInt8]
    ) throws -> SealedFrame {
        let header = FrameHeader(
            kind: .entries, codec: codec, term: Term(2), firstIndex: LogIndex(5), count: 1,
            storedBytes: UInt32(stored.count), rawBytes: rawBytes,
            payloadChecksum: Checksum.crc32c(stored), previousDigest: .empty,
            digest: frame.header.digest)
        var writer = ByteWriter()
        header.encode(to: &writer)
        writer.writeRaw(stored)
        while writer.count < header.frameBytes {
            writer.writeUInt8(0)
        }
        return SealedFrame(header: header, bytes: writer.take())
    }

    @Test func `lying lengths and bombs are refused`() throws {
        let bomb = seal([UInt8](repeating: 0, count: 4 << 20))
        #expect(bomb.bytes.count < 1_000)
        let stored = Array(bomb.bytes[bomb.payloadRange])
        let short = try forged(bomb, codec: .zstd, rawBytes: 100_000, stored: stored)
        #expect(throws: CompressionFailure.zstd("Destination buffer is too small")) {
            try opener.open(short)
        }
        let small = seal([UInt8](repeating: 0, count: 1_000))
        let long = try forged(
            small, codec: .zstd, rawBytes: 1_001, stored: Array(small.bytes[small.payloadRange]))
        #expect(throws: CompressionFailure.wrongLength(expected: 1_001, actual: 1_000)) {
            try opener.open(long)
        }
        var limits = Limits()
        limits.frameBytes = 1_000
        let narrow = FrameOpener(limits: limits)
        #expect(throws: CompressionFailure.overLimit(rawBytes: 4 << 20, limit: 1_000)) {
            try narrow.open(bomb)
        }
        let changed = try forged(bomb, codec: .raw, rawBytes: 3, stored: [1, 2, 3])
        #expect(throws: CompressionFailure.digestMismatch(changed.header)) {
            try opener.open(changed)
        }
        #expect(try opener.openUnverified(changed) == [1, 2, 3])
    }

    @Test(arguments: 1...4)
    func `mutated frames open to their bytes or to an error`(seed: UInt64) {
        print("seed \(seed)")
        var state = seed
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let part = Array("the same words again and again and again; ".utf8) + noise(100)
        let raw = [[UInt8]](repeating: part, count: 6).flatMap { $0 }
        let frame = seal(raw)
        for _ in 0..<500 {
            var stored = Array(frame.bytes[frame.payloadRange])
            for _ in 0...(next() % 3) {
                stored[next() % stored.count] = UInt8(truncatingIfNeeded: next())
            }
            stored.removeLast(next() % 4)
            guard
                let forged = try? forged(
                    frame, codec: .zstd, rawBytes: frame.header.rawBytes, stored: stored)
            else { continue }
            if let opened = try? opener.open(forged) {
                #expect(opened == raw)
            }
        }
    }
}
