import Foundation
import Identifiers
import KeyValue
import RocksEngine
import Testing

@Suite struct RocksEngineTests {
    private static func put(_ key: String, _ value: String, _ version: UInt64) -> WriteBatch {
        var batch = WriteBatch()
        let row = Row(version: LogIndex(version), value: Array(value.utf8))
        batch.changes.append(.put(key: Array(key.utf8), row: row))
        return batch
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `it does what the memory engine does`(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        var options = RocksOptions()
        options.writeBufferBytes = 1 << 16
        var rocks = try DurableEngine(directory.file("db"), options: options)
        let memory = MemoryEngine()
        var batches = RandomBatches(seed: seed)
        print("seed \(seed)")
        var pins: [(rocks: any PinnedState, memory: any PinnedState)] = []
        for round in 0..<600 {
            let batch = batches.batch()
            try rocks.write(batch)
            try memory.write(batch)
            let range = batches.range()
            let reverse = round % 2 == 0
            let limit = round % 3 == 0 ? 2 : Int.max
            #expect(
                try rocks.rows(range, reverse: reverse, limit: limit)
                    == memory.rows(range, reverse: reverse, limit: limit), "round \(round)")
            let key = batches.key()
            #expect(try rocks.get(key) == memory.get(key), "round \(round)")
            if round % 50 == 7 {
                pins.append((try rocks.pin(), try memory.pin()))
            }
            if round % 40 == 11 {
                try rocks.flush()
            }
            if round % 150 == 149 {
                for pin in pins {
                    #expect(try pin.rocks.rows() == pin.memory.rows())
                    #expect(try pin.rocks.rows(reverse: true) == pin.memory.rows(reverse: true))
                    #expect(try pin.rocks.get(key) == pin.memory.get(key))
                    pin.rocks.close()
                }
                pins = []
                rocks.close()
                rocks = try DurableEngine(directory.file("db"), options: options)
                #expect(try rocks.rows() == memory.rows())
            }
        }
        rocks.close()
    }

    /// Every file below `directory` with its bytes.
    private static func files(_ directory: String) throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            files[name] = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
        }
        return files
    }

    @Test func `a resting engine shows what was flushed, changes nothing, and meets rot`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("db")
        #expect(throws: EngineFailure.self) { try RestingEngine(path) }
        #expect(!FileManager.default.fileExists(atPath: path))
        let engine = try DurableEngine(path)
        for number in 0..<2_000 {
            try engine.write(Self.put("k\(number)", "v\(number)", UInt64(number + 1)))
        }
        try engine.flush()
        let rows = try engine.rows()
        engine.close()
        let files = try Self.files(path)
        let resting = try RestingEngine(path)
        #expect(try resting.rows() == rows)
        #expect(try resting.get(Array("k7".utf8)) == rows.first { $0.key == Array("k7".utf8) }?.row)
        resting.close()
        #expect(try Self.files(path) == files)
        let table = try #require(files.keys.first { $0.hasSuffix(".sst") })
        var bytes = try #require(files[table])
        bytes[bytes.count / 3] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path + "/" + table))
        let rotten = try RestingEngine(path)
        defer { rotten.close() }
        #expect {
            try rotten.rows()
        } throws: { error in
            guard let failure = error as? EngineFailure else { return false }
            return failure.isDamage && failure.description.contains("checksum mismatch")
        }
    }

    @Test func `what was written and flushed is there after reopening`() throws {
        let directory = try TemporaryDirectory()
        let first = try DurableEngine(directory.file("db"))
        try first.write(Self.put("a", "one", 5))
        try first.flush()
        first.close()
        let second = try DurableEngine(directory.file("db"))
        let row = Row(version: LogIndex(5), value: Array("one".utf8))
        #expect(try second.get(Array("a".utf8)) == row)
        #expect(try second.get(Array("b".utf8)) == nil)
        second.close()
    }

    @Test func `versions and empty values come back as they were`() throws {
        let directory = try TemporaryDirectory()
        let engine = try DurableEngine(directory.file("db"))
        for version in [0, 1, 247, 248, 255, 256, 1 << 32, UInt64.max] {
            try engine.write(Self.put("key", "", version))
            let row = Row(version: LogIndex(version), value: [])
            #expect(try engine.get(Array("key".utf8)) == row)
        }
        engine.close()
    }

    @Test func `a directory that is open already is refused with what to do`() throws {
        let directory = try TemporaryDirectory()
        let engine = try DurableEngine(directory.file("db"))
        let failure = #expect(throws: EngineFailure.self) {
            _ = try DurableEngine(directory.file("db"))
        }
        let text = try #require(failure).description
        #expect(text.contains(directory.file("db")), "\(text)")
        #expect(text.contains("it is open already"), "\(text)")
        engine.close()
    }

    @Test func `a damaged directory is refused with what to do`() throws {
        let directory = try TemporaryDirectory()
        let engine = try DurableEngine(directory.file("db"))
        try engine.write(Self.put("a", "one", 5))
        engine.close()
        let current = directory.file("db/CURRENT")
        try Data("nonsense\n".utf8).write(to: URL(fileURLWithPath: current))
        let failure = #expect(throws: EngineFailure.self) {
            _ = try DurableEngine(directory.file("db"))
        }
        let text = try #require(failure).description
        #expect(text.contains("whole data directory away"), "\(text)")
        #expect(failure?.isDamage == true)
    }

    @Test func `a damaged table is told when it is read, and never returned as data`() throws {
        let directory = try TemporaryDirectory()
        let engine = try DurableEngine(directory.file("db"))
        for number in 0..<500 as Range<UInt64> {
            try engine.write(Self.put("key \(number)", "value \(number * 7919)", number))
        }
        engine.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.file("db"))
        let table = directory.file("db/" + (try #require(names.first { $0.hasSuffix(".sst") })))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: table))
        bytes[100] ^= 0x40
        try bytes.write(to: URL(fileURLWithPath: table))
        let damaged = try DurableEngine(directory.file("db"))
        let failure = #expect(throws: EngineFailure.self) { try damaged.rows() }
        damaged.close()
        let text = try #require(failure).description
        #expect(text.contains("checksum") && text.contains("whole data directory away"), "\(text)")
    }

    @Test func `a table that was cut short is told with its path apart`() throws {
        let directory = try TemporaryDirectory()
        let engine = try DurableEngine(directory.file("db"))
        try engine.write(Self.put("a", "one", 5))
        engine.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.file("db"))
        let table = directory.file("db/" + (try #require(names.first { $0.hasSuffix(".sst") })))
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: table))
        let failure = #expect(throws: EngineFailure.self) {
            let damaged = try DurableEngine(directory.file("db"))
            defer { damaged.close() }
            _ = try damaged.rows()
        }
        let text = try #require(failure).description
        #expect(text.contains("too short"), "\(text)")
        #expect(text.contains(" \(table)"), "\(text)")
        #expect(!text.contains("sstable/"), "\(text)")
    }

    @Test func `a path below a file is refused with what to do`() throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("file")
        try Data([1]).write(to: URL(fileURLWithPath: file))
        let failure = #expect(throws: EngineFailure.self) {
            _ = try DurableEngine(file + "/db")
        }
        let text = try #require(failure).description
        #expect(text.contains("name a directory"), "\(text)")
    }

    @Test func `statistics and sizes follow what is written`() throws {
        let directory = try TemporaryDirectory()
        let engine = try DurableEngine(directory.file("db"))
        let before = engine.statistics()
        var batch = WriteBatch()
        for number in 0..<2000 as Range<UInt64> {
            var key = KeyEncoder([1])
            key.append(number)
            var random = SeededGenerator(seed: number)
            let value = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
            batch.changes.append(
                .put(key: key.bytes, row: Row(version: LogIndex(number), value: value)))
        }
        try engine.write(batch)
        #expect(engine.statistics().memtableBytes >= before.memtableBytes + 400_000)
        #expect(engine.memoryBytes() >= 400_000)
        try engine.flush()
        let after = engine.statistics()
        #expect(after.tableBytes >= 400_000)
        #expect(after.levelZeroFiles == 1)
        #expect(after.estimatedRows == 2000)
        #expect(after.backgroundErrors == 0)
        #expect(try engine.approximateBytes(of: KeyRange(prefix: [1])) >= 300_000)
        #expect(try engine.approximateBytes(of: KeyRange(prefix: [2])) < 50_000)
        engine.close()
    }

    @Test func `a write that must not wait is refused whole while the disk is behind`() throws {
        let directory = try TemporaryDirectory()
        var options = RocksOptions()
        options.writeBufferBytes = 1 << 16
        options.writeBufferCount = 2
        let engine = try DurableEngine(directory.file("db"), options: options)
        var refused: WriteBatch?
        // Each fills the memtable, so that the next one has to wait while the last is written out.
        for number in 0..<10_000 as Range<UInt64> where refused == nil {
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 1 << 16)
            var batch = WriteBatch()
            for name in 1...2 as ClosedRange<UInt8> {
                let row = Row(version: LogIndex(number + 1), value: value)
                batch.changes.append(.put(key: [name], row: row))
            }
            guard try !engine.writeAtOnce(batch) else { continue }
            #expect(try engine.get([1])?.version == (number == 0 ? nil : LogIndex(number)))
            #expect(try engine.get([2])?.version == (number == 0 ? nil : LogIndex(number)))
            refused = batch
        }
        let batch = try #require(refused)
        try engine.write(batch)
        guard case .put(_, let row) = batch.changes[0] else {
            Issue.record("the batch holds something else")
            return
        }
        #expect(try engine.get([1]) == row)
        #expect(try engine.get([2]) == row)
        engine.close()
    }

    @Test func `it tells what its memtable takes before it is written out`() throws {
        let directory = try TemporaryDirectory()
        var options = RocksOptions()
        options.writeBufferBytes = 1 << 20
        let engine = try DurableEngine(directory.file("db"), options: options)
        #expect(engine.holdsInMemory(1 << 18))
        #expect(!engine.holdsInMemory(1 << 20))
        var written = 0
        let value = String(repeating: "v", count: 1 << 14)
        while engine.holdsInMemory(1 << 17) {
            try engine.write(Self.put("k\(written)", value, UInt64(written + 1)))
            written += 1
        }
        #expect(written > 16)
        #expect(engine.statistics().tableBytes == 0)
        #expect(engine.statistics().runningFlushes == 0)
        try engine.flush()
        #expect(engine.holdsInMemory(1 << 17))
        engine.close()
    }

    @Test func `a database that has lost its CURRENT is left as it is`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("db")
        let engine = try DurableEngine(path)
        try engine.write(Self.put("a", "one", 1))
        try engine.flush()
        engine.close()
        try #require(unsafe rename(path + "/CURRENT", path + "/kept") == 0)
        for _ in 0..<3 {
            let failure = #expect(throws: EngineFailure.self) { try DurableEngine(path) }
            #expect(failure?.isDamage == true)
            #expect(failure?.description.contains("CURRENT is missing") == true)
        }
        // Who only looks is told the same, and nothing of the disk.
        let look = #expect(throws: EngineFailure.self) { try RestingEngine(path) }
        #expect(look?.isDamage == true)
        #expect(look?.description.contains("CURRENT is missing") == true)
        try #require(unsafe rename(path + "/kept", path + "/CURRENT") == 0)
        let again = try DurableEngine(path)
        #expect(try again.rows().count == 1)
        again.close()
    }

    @Test func `a flush for which there is no room is not begun, and harms nothing`() throws {
        let directory = try TemporaryDirectory()
        var options = RocksOptions()
        options.sparedBytes = Int.max / 4
        let engine = try DurableEngine(directory.file("db"), options: options)
        // With nothing to be written, none is needed.
        try engine.flush()
        for version in 1...3 as ClosedRange<UInt64> {
            try engine.write(Self.put("a\(version)", "one", version))
            let failure = #expect(throws: EngineFailure.self) { try engine.flush() }
            #expect(failure?.isFull == true)
            #expect(failure?.description.contains("free space on its disk") == true)
        }
        #expect(engine.statistics().backgroundErrors == 0)
        #expect(try engine.rows().count == 3)
        engine.close()
        let again = try DurableEngine(directory.file("db"))
        try again.write(Self.put("b", "two", 4))
        try again.flush()
        #expect(again.statistics().unflushedBytes == 0)
        #expect(try again.rows().count == 4)
        again.close()
        // A start needs room too, and tells so where there is none.
        options.openingBytes = Int.max / 4
        let full = #expect(throws: EngineFailure.self) {
            try DurableEngine(directory.file("db"), options: options)
        }
        #expect(full?.isFull == true)
    }

    @Test func `the factory opens what it opened before`() throws {
        let directory = try TemporaryDirectory()
        let factory = RocksEngineFactory()
        let first = try factory.open(directory.file("db"))
        try first.write(Self.put("a", "one", 5))
        first.close()
        let second = try factory.open(directory.file("db"))
        #expect(try second.get(Array("a".utf8))?.version == LogIndex(5))
        second.close()
    }

    @Test func `an overlay over a pin does not see later writes`() throws {
        let directory = try TemporaryDirectory()
        let engine = try DurableEngine(directory.file("db"))
        try engine.write(Self.put("a", "one", 1))
        let pin = try engine.pin()
        let overlay = Overlay(over: pin, version: LogIndex(3))
        try engine.write(Self.put("b", "two", 2))
        overlay.put(Array("c".utf8), Array("three".utf8))
        #expect(try overlay.rows().map { String(decoding: $0.key, as: UTF8.self) } == ["a", "c"])
        try engine.write(overlay.takeBatch())
        #expect(try engine.rows().map { $0.row.version.rawValue } == [1, 2, 3])
        pin.close()
        engine.close()
    }
}
