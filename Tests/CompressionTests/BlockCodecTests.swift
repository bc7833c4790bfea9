import Compression
import Testing

@Suite struct BlockCodecTests {
    @Test(arguments: [0, 1, 127, 128, 1_000, 100_000])
    func `a block opens to what it was made of`(count: Int) throws {
        let codec = BlockCodec()
        let raw = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let block = codec.compress(raw)
        #expect(block.count <= raw.count + 11)
        #expect(try codec.decompress(block, limit: count) == raw)
    }
}

extension BlockCodecTests {
    @Test func `a block over the limit is refused before anything is allocated`() {
        let codec = BlockCodec()
        let block = codec.compress([UInt8](repeating: 0, count: 1 << 20))
        #expect(block.count < 200)
        #expect(throws: CompressionFailure.overLimit(rawBytes: 1 << 20, limit: 1_000)) {
            try codec.decompress(block, limit: 1_000)
        }
        let lie: [UInt8] = [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0]
        #expect(throws: CompressionFailure.overLimit(rawBytes: .max, limit: 1_000)) {
            try codec.decompress(lie, limit: 1_000)
        }
    }

    @Test func `blocks that are cut or of an unknown codec are refused`() {
        let codec = BlockCodec()
        let block = codec.compress([UInt8](repeating: 5, count: 1_000))
        for count in 0..<block.count {
            #expect(throws: CompressionFailure.self) {
                try codec.decompress(Array(block[..<count]), limit: 1_000)
            }
        }
        #expect(throws: CompressionFailure.malformed("codec 7 is unknown")) {
            try codec.decompress([7, 0], limit: 1_000)
        }
        #expect(throws: CompressionFailure.wrongLength(expected: 3, actual: 2)) {
            try codec.decompress([0, 3, 1, 2], limit: 1_000)
        }
    }
}
