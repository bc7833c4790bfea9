import Identifiers
import KeyValue
import Testing

@Suite struct OverlayTests {
    private static func bytes(_ text: String) -> [UInt8] {
        Array(text.utf8)
    }

    /// An engine that holds `rows`, all of version 1.
    private static func engine(_ rows: [String: String]) throws -> MemoryEngine {
        let engine = MemoryEngine()
        var batch = WriteBatch()
        for (key, value) in rows {
            let row = Row(version: LogIndex(1), value: bytes(value))
            batch.changes.append(.put(key: bytes(key), row: row))
        }
        try engine.write(batch)
        return engine
    }

    /// Keys that begin alike, that are each other's beginnings, that end in zeros.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `a batch is in the order of its keys`(seed: UInt64) {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let overlay = Overlay(over: MemoryEngine())
        let prefixes: [[UInt8]] = [[0x10, 3, 7, 7, 7, 7], [0x10, 3], [1, 4], [0x10], []]
        let bytes: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE]
        for _ in 0..<Int.random(in: 1...300, using: &random) {
            let prefix = prefixes[min(Int.random(in: 0..<20, using: &random), 4)]
            let rest = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                bytes[Int.random(in: 0..<bytes.count, using: &random)]
            }
            overlay.put(prefixes[0] + rest, [])
            overlay.put(prefix + rest, [])
        }
        let keys = overlay.takeBatch().changes.map { change in
            switch change {
            case .put(let key, _), .delete(let key): key
            }
        }
        #expect(!keys.isEmpty)
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
    }

    /// Random turns of many transactions over an engine; long keys make tables grow.
    @Test(
        arguments: [
            (1, 3, 0, 0), (2, 3, 2, 0), (3, 4, 16, 0), (4, 8, 0, 0), (5, 8, 4_096, 0),
            (6, 4, 64, 3), (7, 3, 16, 1),
        ] as [(UInt64, Int, Int, UInt8)])
    func `it does what a naive view does`(
        seed: UInt64, keyLength: Int, cachedRows: Int, firstCachedByte: UInt8
    ) throws {
        print(
            "seed \(seed), keys of at most \(keyLength) bytes, \(cachedRows) rows cached",
            "of keys from byte \(firstCachedByte)")
        var random = SeededGenerator(seed: seed)
        let engine = MemoryEngine()
        let overlay = Overlay(
            over: engine, cachedBytes: cachedRows * RowCache.smallRowBytes,
            firstCachedByte: firstCachedByte, hasher: KeyHasher(seed: seed))
        var naive = NaiveView()
        for turn in 0..<6 {
            var open: [Savepoint] = []
            for step in 0..<400 {
                overlay.version = LogIndex(UInt64(turn * 1000 + step))
                naive.version = overlay.version
                try Self.step(&random, keyLength, overlay, &naive, &open)
            }
            #expect(try overlay.rows() == naive.rows(), "turn \(turn)")
            let batch = overlay.takeBatch()
            #expect(overlay.isEmpty && overlay.byteCount == 0 && overlay.changeCount == 0)
            #expect(Set(batch.changes.map(Self.key)).count == batch.changes.count)
            try engine.write(batch)
            naive.forgetSavepoints()
            #expect(try engine.rows() == naive.rows(), "turn \(turn)")
        }
    }

    private static func key(of change: WriteBatch.Change) -> [UInt8] {
        switch change {
        case .put(let key, _), .delete(let key): key
        }
    }

    private static func step(
        _ random: inout SeededGenerator, _ length: Int, _ overlay: Overlay,
        _ naive: inout NaiveView, _ open: inout [Savepoint]
    ) throws {
        switch Int.random(in: 0..<24, using: &random) {
        case 0, 1:
            open.append(overlay.savepoint())
            #expect(naive.savepoint() == open.last)
        case 2:
            guard let savepoint = open.randomElement(using: &random) else { return }
            open.removeLast(open.count - savepoint.depth)
            overlay.rollback(to: savepoint)
            naive.rollback(to: savepoint)
        case 3:
            guard let savepoint = open.randomElement(using: &random) else { return }
            open.removeLast(open.count - savepoint.depth + 1)
            overlay.release(savepoint)
            naive.release(savepoint)
        case 4:
            let range = random.range(length: length)
            let reverse = Bool.random(using: &random)
            let limit = Bool.random(using: &random) ? Int.max : 3
            #expect(
                try overlay.rows(range, reverse: reverse, limit: limit)
                    == naive.rows(range, reverse: reverse, limit: limit))
        case 5...8:
            let key = random.key(length: length)
            overlay.delete(key)
            naive.delete(key)
        case 9...12:
            let key = random.key(length: length)
            #expect(try overlay.get(key) == naive.get(key))
        default:
            let key = random.key(length: length)
            let value = random.value()
            overlay.put(key, value)
            naive.put(key, value)
        }
    }

    @Test func `rows put get the version that is set`() throws {
        let overlay = Overlay(over: MemoryEngine(), version: LogIndex(7))
        overlay.put([1], [10])
        overlay.version = LogIndex(8)
        overlay.put([2], [20])
        #expect(try overlay.get([1]) == Row(version: LogIndex(7), value: [10]))
        #expect(try overlay.get([2]) == Row(version: LogIndex(8), value: [20]))
    }

    @Test func `rolling back leaves the savepoint set and forgets later ones`() throws {
        let overlay = Overlay(over: MemoryEngine())
        let outer = overlay.savepoint()
        overlay.put([1], [1])
        _ = overlay.savepoint()
        overlay.put([1], [2])
        overlay.rollback(to: outer)
        #expect(overlay.isEmpty)
        overlay.put([1], [3])
        #expect(overlay.savepoint() == Savepoint(depth: 2))
        overlay.rollback(to: outer)
        #expect(try overlay.get([1]) == nil)
    }

    @Test func `the batch holds net changes in the order of keys`() throws {
        let overlay = Overlay(over: try Self.engine(["b": "old"]))
        overlay.put([3], [1])
        overlay.delete(Self.bytes("b"))
        overlay.put([1], [1])
        overlay.put([3], [2])
        var lines: [String] = []
        for change in overlay.takeBatch().changes {
            switch change {
            case .put(let key, let row): lines.append("put \(key) \(row.value)")
            case .delete(let key): lines.append("delete \(key)")
            }
        }
        #expect(lines == ["put [1] [1]", "put [3] [2]", "delete [98]"])
    }

    @Test func `bytes are counted as they will be written`() throws {
        let overlay = Overlay(over: MemoryEngine())
        overlay.put([1, 2], [1, 2, 3])
        let savepoint = overlay.savepoint()
        overlay.put([1, 2], [1])
        overlay.put([9], [9])
        #expect(overlay.byteCount == 5)
        overlay.delete([1, 2])
        #expect(overlay.byteCount == 4)
        overlay.rollback(to: savepoint)
        #expect(overlay.byteCount == 5)
    }

    @Test func `discarding forgets everything`() throws {
        let overlay = Overlay(over: try Self.engine(["a": "1"]))
        overlay.delete(Self.bytes("a"))
        overlay.discard()
        #expect(overlay.isEmpty)
        #expect(try overlay.get(Self.bytes("a"))?.value == Self.bytes("1"))
    }

    @Test func `a failure of the base goes to the reader`() throws {
        let engine = MemoryEngine()
        let failure = EngineFailure("get", reason: "the disk is gone")
        engine.fail(.get, with: failure)
        engine.fail(.scan, with: failure)
        let overlay = Overlay(over: engine)
        overlay.put([1], [1])
        #expect(try overlay.get([1])?.value == [1])
        #expect(throws: EngineFailure.self) { try overlay.get([2]) }
        #expect(throws: EngineFailure.self) { try overlay.rows() }
    }

    @Test func `an overlay stands on an overlay`() throws {
        let lower = Overlay(over: try Self.engine(["a": "1", "b": "2"]), version: LogIndex(2))
        lower.delete(Self.bytes("a"))
        lower.put(Self.bytes("c"), Self.bytes("3"))
        let upper = Overlay(over: lower, version: LogIndex(3))
        upper.put(Self.bytes("a"), Self.bytes("4"))
        upper.delete(Self.bytes("c"))
        let seen = try upper.rows().map { String(decoding: $0.key + $0.row.value, as: UTF8.self) }
        #expect(seen == ["a4", "b2"])
        #expect(try lower.rows().count == 2)
    }

    @Test func `a savepoint that is not open is our bug`() async {
        await #expect(processExitsWith: .failure) {
            let overlay = Overlay(over: MemoryEngine())
            let savepoint = overlay.savepoint()
            overlay.release(savepoint)
            overlay.rollback(to: savepoint)
        }
    }

    @Test func `changing an overlay within its own scan is our bug`() async {
        await #expect(processExitsWith: .failure) {
            let overlay = Overlay(over: MemoryEngine())
            overlay.put([1], [1])
            try overlay.scan(KeyRange(prefix: []), reverse: false) { _, _ in
                overlay.put([2], [2])
                return true
            }
        }
    }
}
