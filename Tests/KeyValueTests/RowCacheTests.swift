import Identifiers
import KeyValue
import Testing

@Suite struct RowCacheTests {
    private static func row(_ version: UInt64, bytes: Int) -> Row {
        let value = Array(repeating: UInt8(truncatingIfNeeded: version), count: bytes)
        return Row(version: LogIndex(version), value: value)
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

    @Test(arguments: [11, 3])
    func `a key drives out another from its place, and the other's deletion leaves it`(hash: Int) {
        var cache = RowCache(count: 8, byteLimit: .max)
        cache.insert([1], hash: 3, Self.row(1, bytes: 4))
        cache.insert([2], hash: hash, Self.row(2, bytes: 4))
        #expect(cache.find([1], hash: 3) == nil)
        cache.update([1], hash: 3, nil)
        #expect(cache.find([2], hash: hash) == Self.row(2, bytes: 4))
    }

    @Test func `a buffer with room to spare is not kept`() throws {
        var value: [UInt8] = []
        value.reserveCapacity(1_000)
        value += [1, 2, 3]
        var cache = RowCache(count: 8, byteLimit: .max)
        cache.update([1], hash: 3, Row(version: LogIndex(1), value: value))
        let kept = try #require(cache.find([1], hash: 3))
        #expect(kept.value == [1, 2, 3] && kept.value.capacity < 100)
        #expect(cache.byteCount < 250)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `it stays within its bound and tells what was written last`(seed: UInt64) {
        let limit = 64 * RowCache.placeBytes + 20 * (RowCache.rowBytes + 60)
        var cache = RowCache(count: 64, byteLimit: limit)
        var known: [[UInt8]: Row] = [:]
        var random = SeededGenerator(seed: seed)
        let hasher = KeyHasher(seed: seed)
        var found = 0
        for step in 0..<20_000 {
            let key = [UInt8.random(in: 0..<200, using: &random)]
            let hash = hasher.hash(key)
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                cache.update(key, hash: hash, nil)
                known[key] = nil
            case 1...4:
                let row = Self.row(UInt64(step), bytes: Int.random(in: 0..<80, using: &random))
                cache.update(key, hash: hash, row)
                known[key] = row
            default:
                guard let row = cache.find(key, hash: hash) else { continue }
                #expect(row == known[key])
                found += 1
            }
            #expect(cache.byteCount + 64 * RowCache.placeBytes <= limit)
        }
        #expect(found > 200)
        let rows = known.keys.compactMap { key in
            cache.find(key, hash: hasher.hash(key)).map { key.count + $0.value.count }
        }
        // An array may have a little more room than was asked for.
        let least = rows.reduce(0, +) + rows.count * RowCache.rowBytes
        #expect(rows.count > 5)
        #expect((least...(least + rows.count * 96)).contains(cache.byteCount))
    }

    @Test func `places are a power of two, and leave most of the memory to rows`() {
        for byteLimit in [0, 1, 150, 210, 1_000, 26 << 10, 64 << 20, 1 << 38] {
            let count = RowCache.placeCount(byteLimit: byteLimit)
            #expect(count & (count - 1) == 0, "\(byteLimit) bytes, \(count) places")
            #expect(count * RowCache.placeBytes <= byteLimit / 4)
            // Twice as many could not all hold a row.
            #expect(max(2 * count, 1) * RowCache.smallRowBytes > byteLimit)
        }
        #expect(RowCache.placeCount(byteLimit: 64 << 20) == 262_144)
    }

    @Test(arguments: [(4, 10), (4, 4 * RowCache.placeBytes + 10), (0, Int.max)])
    func `a bound that no row fits into keeps none`(count: Int, byteLimit: Int) {
        var cache = RowCache(count: count, byteLimit: byteLimit)
        cache.update([1], hash: 1, Self.row(1, bytes: 4))
        #expect(cache.find([1], hash: 1) == nil)
        #expect(cache.byteCount == 0)
    }
}
