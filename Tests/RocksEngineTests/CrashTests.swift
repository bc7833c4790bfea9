import Foundation
import Identifiers
import KeyValue
import RocksEngine
import Testing

/// The process that writes is killed: what it leaves is opened again.
@Suite struct CrashTests {
    private static let roundsPerFlush = 70

    /// The batches that the killed process writes, large enough to fill memtables of 64 KiB.
    private struct Story {
        var batches: RandomBatches

        init(seed: UInt64) {
            batches = RandomBatches(seed: seed)
        }

        mutating func next() -> WriteBatch {
            var batch = batches.batch()
            let filler = Row(version: LogIndex(1), value: [UInt8](repeating: 7, count: 2000))
            batch.changes.append(.put(key: batches.key(), row: filler))
            return batch
        }
    }

    private static func options() -> RocksOptions {
        var options = RocksOptions()
        options.writeBufferBytes = 1 << 16
        return options
    }

    /// Writes `rounds` batches of the story, flushing now and then, and dies.
    private static func writeAndDie(_ path: String, _ seed: UInt64, _ rounds: Int) throws {
        let engine = try DurableEngine(path, options: options())
        var story = Story(seed: seed)
        for round in 1...rounds {
            try engine.write(story.next())
            if round % roundsPerFlush == 0 {
                try engine.flush()
            }
        }
        kill(getpid(), SIGKILL)
    }

    @Test(arguments: [(21, 69), (22, 70), (23, 137), (24, 311)] as [(UInt64, Int)])
    func `a killed process leaves a batch boundary not older than its last flush`(
        seed: UInt64, rounds: Int
    ) async throws {
        print("seed \(seed), \(rounds) batches")
        let directory = try TemporaryDirectory()
        let path = directory.file("db")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, seed = seed as UInt64, rounds = rounds as Int] in
            try Self.writeAndDie(path, seed, rounds)
        }
        let survivor = try DurableEngine(path, options: Self.options())
        let left = try survivor.rows()
        survivor.close()
        var story = Story(seed: seed)
        let model = MemoryEngine()
        var matches: [Int] = left.isEmpty ? [0] : []
        for round in 1...rounds {
            try model.write(story.next())
            if try model.rows() == left {
                matches.append(round)
            }
        }
        let flushed = rounds / Self.roundsPerFlush * Self.roundsPerFlush
        let boundary = try #require(matches.last, "what is left is no batch boundary")
        #expect(boundary >= flushed, "\(boundary) of \(rounds), flushed \(flushed)")
    }
}
