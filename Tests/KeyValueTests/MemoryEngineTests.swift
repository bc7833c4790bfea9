import Identifiers
import KeyValue
import Testing

@Suite struct MemoryEngineTests {
    private static func put(_ keys: [UInt8]..., version: UInt64 = 1) -> WriteBatch {
        var batch = WriteBatch()
        for key in keys {
            batch.changes.append(
                .put(key: key, row: Row(version: LogIndex(version), value: key)))
        }
        return batch
    }

    /// Random batches, in all more rows than several chunks hold, so that chunks split, empty and join.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `it does what a dictionary does`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let engine = MemoryEngine(writeBufferBytes: 5_000)
        var naive = NaiveView()
        var pins: [(any PinnedState, NaiveView)] = []
        for round in 0..<40 {
            var batch = WriteBatch()
            for _ in 0..<Int.random(in: 1...75, using: &random) {
                switch Int.random(in: 0..<60, using: &random) {
                case 0...14:
                    let key = random.key(length: 7)
                    batch.changes.append(.delete(key: key))
                    naive.delete(key)
                default:
                    let key = random.key(length: 7)
                    let row = Row(version: LogIndex(UInt64(round)), value: random.value())
                    batch.changes.append(.put(key: key, row: row))
                    naive.rows[key] = row
                }
            }
            try engine.write(batch)
            #expect(engine.rowCount == naive.rows.count)
            let range = random.range(length: 7)
            let reverse = Bool.random(using: &random)
            #expect(
                try engine.rows(range, reverse: reverse) == naive.rows(range, reverse: reverse))
            #expect(try engine.rows() == naive.rows())
            let key = random.key(length: 7)
            #expect(try engine.get(key) == naive.get(key))
            if round % 9 == 0 {
                pins.append((try engine.pin(), naive))
            }
        }
        for (pin, rows) in pins {
            #expect(try pin.rows() == rows.rows())
            let key = random.key(length: 7)
            #expect(try pin.get(key) == rows.get(key))
            pin.close()
        }
        let kept = engine.unflushedBatchCount
        #expect(try engine.crash(keeping: kept).rows() == naive.rows())
    }

    @Test func `keys that only grow, then go from the front, are kept in order`() throws {
        let engine = MemoryEngine()
        var expected: [[UInt8]] = []
        for number in 0..<3000 as Range<UInt64> {
            var key = KeyEncoder([1])
            key.append(number)
            expected.append(key.bytes)
            try engine.write(Self.put(key.bytes))
        }
        #expect(try engine.rows().map(\.key) == expected)
        for key in expected.prefix(2999) {
            var batch = WriteBatch()
            batch.changes.append(.delete(key: key))
            try engine.write(batch)
        }
        #expect(try engine.rows().map(\.key) == expected.suffix(1))
    }

    @Test(arguments: 0...3)
    func `a crash leaves the flushed state and as many later batches as asked`(
        kept: Int
    ) throws {
        let engine = MemoryEngine()
        try engine.write(Self.put([1], [2]))
        try engine.flush()
        try engine.write(Self.put([3], [4]))
        try engine.write(Self.put([5]))
        var last = WriteBatch()
        last.changes = [.delete(key: [1]), .delete(key: [2]), .delete(key: [3])]
        try engine.write(last)
        #expect(engine.unflushedBatchCount == 3)
        let left = engine.crash(keeping: kept)
        let expected: [[[UInt8]]] = [
            [[1], [2]], [[1], [2], [3], [4]], [[1], [2], [3], [4], [5]], [[4], [5]],
        ]
        #expect(try left.rows().map(\.key) == expected[kept])
        #expect(left.unflushedBatchCount == 0)
        #expect(try left.crash().rows().map(\.key) == expected[kept])
    }

    @Test func `past its write buffer the oldest batches become durable`() throws {
        let engine = MemoryEngine(writeBufferBytes: 100)
        for number in 0..<20 as Range<UInt8> {
            var batch = WriteBatch()
            let row = Row(version: LogIndex(1), value: [UInt8](repeating: number, count: 29))
            batch.changes.append(.put(key: [number], row: row))
            try engine.write(batch)
        }
        let unflushed = engine.unflushedBatchCount
        #expect((1...3).contains(unflushed))
        let left = try engine.crash().rows().map(\.key)
        #expect(left == (0..<UInt8(20 - unflushed)).map { [$0] })
    }

    @Test func `failures come when asked for, and end when healed`() throws {
        let engine = MemoryEngine()
        let failure = EngineFailure("write", reason: "no space")
        engine.fail(.write, with: failure, callsBefore: 1)
        try engine.write(Self.put([1]))
        #expect(throws: EngineFailure.self) { try engine.write(Self.put([2])) }
        #expect(throws: EngineFailure.self) { try engine.write(Self.put([2])) }
        #expect(try engine.get([2]) == nil)
        engine.heal()
        try engine.write(Self.put([2]))
        #expect(engine.rowCount == 2)
        engine.fail(.flush, with: failure)
        #expect(throws: EngineFailure.self) { try engine.flush() }
        engine.fail(.pin, with: failure)
        #expect(throws: EngineFailure.self) { _ = try engine.pin() }
        #expect(failure.description == "store engine: write: no space")
        #expect(try engine.crash().rows().isEmpty)
    }

    @Test func `the factory opens again what was closed or crashed`() throws {
        let factory = MemoryEngineFactory()
        let first = try factory.open("node 1")
        try first.write(Self.put([1]))
        #expect(throws: EngineFailure.self) { _ = try factory.open("node 1") }
        first.close()
        let second = try factory.open("node 1")
        #expect(try second.rows().count == 1)
        try second.write(Self.put([2]))
        try second.write(Self.put([3]))
        factory.crash("node 1", keeping: 1)
        let third = try factory.open("node 1")
        #expect(try third.rows().map(\.key) == [[1], [2]])
        #expect(try factory.open("node 2").rows().isEmpty)
        factory.crash("node 1")
        factory.remove("node 1")
        #expect(try factory.open("node 1").rows().isEmpty)
        #expect(factory.engine(in: "node 3") == nil)
    }
}
