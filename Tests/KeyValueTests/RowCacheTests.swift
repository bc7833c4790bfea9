import Identifiers
import KeyValue
import Testing

@Suite struct RowCacheTests {
    private static func row(_ version: UInt64, bytes: Int) -> Row {
        Row(
            version: LogIndex(version), value: Array(repeating: UInt8(version & 0xFF), count: bytes)
        )
    }

    @Test func `what is written is kept, and what is deleted is not`() {
        var cache = RowCache(count: 8, byteLimit: .max)
        cache.update([1], hash: 3, Self.row(1, bytes: 4))
        #expect(cache.find([1], hash: 3) == Self.row(1, bytes: 4))
        cache.update([1], hash: 3, Self.row(2, bytes: 5))
        #expect(cache.find([1], hash: 3) == Self.row(2, bytes: 5))
        cache.update([1], hash: 3, nil)
        #expect(cache.find([1], hash: 3) == nil)
        #expect(cache.byteCount == 0)
    }

    @Test func `a row that grows too large leaves nothing of its former self`() {
        var cache = RowCache(count: 8, byteLimit: .max)
        cache.update([1], hash: 3, Self.row(1, bytes: RowCache.valueBytes))
        #expect(cache.find([1], hash: 3) != nil)
        cache.update([1], hash: 3, Self.row(2, bytes: RowCache.valueBytes + 1))
        #expect(cache.find([1], hash: 3) == nil)
        #expect(cache.byteCount == 0)
    }

    @Test func `a key drives out another from its place, and the other's deletion leaves it there`()
    {
        var cache = RowCache(count: 8, byteLimit: .max)
        cache.insert([1], hash: 3, Self.row(1, bytes: 4))
        cache.insert([2], hash: 11, Self.row(2, bytes: 4))
        #expect(cache.find([1], hash: 3) == nil)
        cache.update([1], hash: 3, nil)
        #expect(cache.find([2], hash: 11) == Self.row(2, bytes: 4))
    }

    @Test func `its bytes stay within their bound, and what it tells is the last that was written`()
    {
        let limit = 20 * (RowCache.placeBytes + 40)
        var cache = RowCache(count: 64, byteLimit: limit)
        var known: [[UInt8]: Row] = [:]
        var random = SeededGenerator(seed: 7)
        var found = 0
        for step in 0..<20_000 {
            let key = [UInt8.random(in: 0..<200, using: &random)]
            let hash = Int(key[0]) &* 0x9E37_79B9
            if Bool.random(using: &random) {
                let row = Self.row(UInt64(step), bytes: Int.random(in: 0..<80, using: &random))
                cache.update(key, hash: hash, row)
                known[key] = row
            } else if let row = cache.find(key, hash: hash) {
                #expect(row == known[key])
                found += 1
            }
            #expect(cache.byteCount <= limit)
        }
        #expect(found > 500)
    }

    @Test func `a bound that no row fits into keeps none, and no places keep none`() {
        var cache = RowCache(count: 4, byteLimit: 10)
        cache.update([1], hash: 1, Self.row(1, bytes: 4))
        #expect(cache.find([1], hash: 1) == nil)
        #expect(cache.byteCount == 0)
        var none = RowCache(count: 0, byteLimit: .max)
        none.update([1], hash: 1, Self.row(1, bytes: 4))
        #expect(none.find([1], hash: 1) == nil)
    }
}
