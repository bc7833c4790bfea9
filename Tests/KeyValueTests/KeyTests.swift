import Identifiers
import KeyValue
import Testing

@Suite struct KeyTests {
    /// A tuple of a number, a string of bytes and a number, compared as tuples are.
    private struct Tuple: Comparable {
        let number: UInt64
        let bytes: [UInt8]
        let last: UInt64

        static func < (left: Tuple, right: Tuple) -> Bool {
            if left.number != right.number { return left.number < right.number }
            if left.bytes != right.bytes {
                return left.bytes.lexicographicallyPrecedes(right.bytes)
            }
            return left.last < right.last
        }

        static func random(_ random: inout SeededGenerator) -> Tuple {
            let alphabet: [UInt8] = [0x00, 0x01, 0x02, 0x61, 0xFE, 0xFF]
            let bytes = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            return Tuple(number: number(&random), bytes: bytes, last: number(&random))
        }

        /// Numbers of all lengths, and those at which the length changes.
        static func number(_ random: inout SeededGenerator) -> UInt64 {
            let base: UInt64 = random.next() >> UInt64.random(in: 0...63, using: &random)
            let edges: [UInt64] = [0, 1, 247, 248, 255, 256, 65535, 65536, 1 << 56, .max]
            return Bool.random(using: &random) ? base : edges[Int(base % 10)]
        }

        var key: [UInt8] {
            var encoder = KeyEncoder([7])
            encoder.append(number)
            encoder.append(bytes)
            encoder.append(last)
            return encoder.bytes
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `keys sort as their tuples do and come back whole`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4_000 {
            let left = Tuple.random(&random)
            let right = Tuple.random(&random)
            #expect(left.key.lexicographicallyPrecedes(right.key) == (left < right))
            var decoder = KeyDecoder(left.key, from: 1)
            let number = try decoder.readUInt64()
            let bytes = try decoder.readBytes()
            let last = try decoder.readUInt64()
            try decoder.finish()
            #expect(Tuple(number: number, bytes: bytes, last: last) == left)
        }
    }

    @Test(arguments: [4, 5] as [UInt64])
    func `the range of a prefix holds the keys that begin with its components`(
        seed: UInt64
    ) {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4_000 {
            let left = Tuple.random(&random)
            let right = Tuple.random(&random)
            var whole = KeyEncoder([7])
            whole.append(left.number)
            whole.append(left.bytes)
            let isUnder = left.number == right.number && left.bytes == right.bytes
            #expect(KeyRange(prefix: whole.bytes).contains(right.key) == isUnder)
            var start = KeyEncoder([7])
            start.append(left.number)
            start.append(startOf: left.bytes)
            let begins = left.number == right.number && right.bytes.starts(with: left.bytes)
            // Bytes that follow an escaped zero never look like its escape.
            #expect(KeyRange(prefix: start.bytes).contains(right.key) == begins)
        }
    }

    @Test func `the bytes are as documented`() {
        var encoder = KeyEncoder([0x50])
        encoder.append(5)
        encoder.append(247)
        encoder.append(248)
        encoder.append(LogIndex(0x1234))
        encoder.append("aé")
        encoder.append([0x00, 0x01, 0xFF])
        encoder.append(byte: 9)
        encoder.append(rest: [0x00])
        let expected: [UInt8] = [
            0x50, 5, 0xF7, 0xF8, 0xF8, 0xF9, 0x12, 0x34, 0x61, 0xC3, 0xA9, 0x00, 0x01,
            0x00, 0xFF, 0x01, 0xFF, 0x00, 0x01, 9, 0x00,
        ]
        #expect(encoder.bytes == expected)
    }

    @Test func `each kind of component is read back`() throws {
        var encoder = KeyEncoder()
        encoder.append(byte: 3)
        encoder.append(NodeID(300))
        encoder.append("a\0b")
        encoder.append(rest: [0, 1, 2])
        var decoder = KeyDecoder(encoder.bytes)
        #expect(try decoder.readByte() == 3)
        #expect(try decoder.read(NodeID.self) == NodeID(300))
        #expect(try decoder.readString() == "a\0b")
        #expect(!decoder.isAtEnd)
        #expect(decoder.readRest() == [0, 1, 2])
        try decoder.finish()
    }

    @Test func `what no encoder writes is refused with its place`() {
        #expect(throws: KeyDecodingFailure.truncated(at: 0, what: "a byte")) {
            var decoder = KeyDecoder([])
            _ = try decoder.readByte()
        }
        #expect(throws: KeyDecodingFailure.truncated(at: 2, what: "an integer")) {
            var decoder = KeyDecoder([0xF9, 0x12])
            _ = try decoder.readUInt64()
        }
        for bytes in [[0xF8, 0xF7], [0xF9, 0x00, 0xFF]] as [[UInt8]] {
            let what = "integer is not in its shortest form"
            #expect(throws: KeyDecodingFailure.malformed(at: 0, what: what)) {
                var decoder = KeyDecoder(bytes)
                _ = try decoder.readUInt64()
            }
        }
        for bytes in [[0x61], [0x61, 0x00], [0x00, 0xFF]] as [[UInt8]] {
            #expect(throws: KeyDecodingFailure.truncated(at: bytes.count, what: "a byte string")) {
                var decoder = KeyDecoder(bytes)
                _ = try decoder.readBytes()
            }
        }
        #expect(throws: KeyDecodingFailure.malformed(at: 2, what: "byte 2 after an escape")) {
            var decoder = KeyDecoder([0x61, 0x00, 0x02])
            _ = try decoder.readBytes()
        }
        #expect(throws: KeyDecodingFailure.malformed(at: 0, what: "string is not UTF-8")) {
            var decoder = KeyDecoder([0xC3, 0x00, 0x01])
            _ = try decoder.readString()
        }
        #expect(throws: KeyDecodingFailure.excess(at: 1, byteCount: 2)) {
            var decoder = KeyDecoder([1, 2, 3])
            _ = try decoder.readByte()
            try decoder.finish()
        }
    }

    @Test func `failures say where and what`() {
        let texts = [
            KeyDecodingFailure.truncated(at: 4, what: "an integer").description,
            KeyDecodingFailure.malformed(at: 2, what: "string is not UTF-8").description,
            KeyDecodingFailure.excess(at: 1, byteCount: 2).description,
        ]
        #expect(
            texts == [
                "key ends at byte 4 within an integer",
                "key is malformed at byte 2: string is not UTF-8",
                "key has 2 bytes too many from byte 1",
            ])
    }

    @Test func `the range of a prefix ends where its last byte can grow`() {
        #expect(KeyRange(prefix: [1, 0xFF]).upper == [2])
        #expect(KeyRange(prefix: [0xFF, 0xFF]).upper == nil)
        #expect(KeyRange(prefix: []).contains([]))
        #expect(!KeyRange(prefix: [1]).contains([2]))
    }
}
