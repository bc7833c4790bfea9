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
