import Codec
import Digests
import Identifiers
import Testing

@Suite struct ChecksumTests {
    @Test func `the checksum is CRC32C as RFC 3720 gives it`() {
        #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(Checksum.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(Checksum.crc32c(Array(0..<32)) == 0x46DD_794E)
        #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xE306_9283)
        #expect(Checksum.crc32c([]) == 0)
    }

    @Test func `a processor without the instruction gets the same checksum`() {
        var random = SeededGenerator(seed: 32)
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let seed = UInt32.random(in: .min ... .max, using: &random)
            #expect(
                Checksum.portableCRC32C(bytes, seed: seed) == Checksum.crc32c(bytes, seed: seed))
        }
        #expect(Checksum.portableCRC32C(Array("123456789".utf8)) == 0xE306_9283)
    }

    @Test func `a checksum continues from the one before`() {
        let bytes = Array("the quick brown fox jumps over the lazy dog".utf8)
        for cut in 0...bytes.count {
            let head = Checksum.crc32c(bytes, in: 0..<cut)
            #expect(
                Checksum.crc32c(bytes, in: cut..<bytes.count, seed: head) == Checksum.crc32c(bytes))
        }
    }

    @Test func `one digester gives SHA-256 again and again`() {
        let digester = Digester()
        for _ in 0..<2 {
            digester.update(Array("a".utf8))
            digester.update(Array("bc".utf8))
            #expect(
                digester.finishBits128().description == "ba7816bf8f01cfea414140de5dae2223")
        }
        #expect(digester.finish().prefix(4) == [0xE3, 0xB0, 0xC4, 0x42])
    }
}
