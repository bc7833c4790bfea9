import KeyValue
import Testing

@Suite struct KeyHasherTests {
    @Test func `equal keys hash alike, and each byte and the length count`() {
        let hasher = KeyHasher()
        for count in 0...40 {
            let key = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            #expect(hasher.hash(key) == hasher.hash(Array(key)))
            #expect(hasher.hash(key) != hasher.hash(key + [0]))
            for place in key.indices {
                var other = key
                other[place] ^= 1
                #expect(hasher.hash(key) != hasher.hash(other), "byte \(place) of \(count)")
            }
        }
    }

    @Test func `keys that differ in their last bytes spread over a table`() {
        let hasher = KeyHasher()
        var counts = [Int](repeating: 0, count: 1_024)
        for number in 0..<65_536 {
            let key = Array("svc:/bench/k\(number)".utf8)
            counts[hasher.hash(key) & 1_023] += 1
        }
        // 64 on average; 12 standard deviations either way would be 160.
        #expect(counts.allSatisfy { $0 < 160 })
    }
}
