import Codec
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

/// Snapshots over a link on which a chunk takes longer than an election time-out.
@Suite struct SlowSnapshotTests {
    @Test(arguments: 1...3)
    func `a snapshot goes on although each chunk takes several election time-outs`(
        _ seed: UInt64
    ) throws {
        let (cluster, sleeper) = try SimulatedCluster.compactedPastSleeper(
            seed: seed, chunkBytes: 16_000, records: 600
        ) { number, cluster in
            // Not to be compressed.
            let value = (0..<80).map { _ in
                UInt8.random(in: 0...255, using: &cluster.world.random)
            }
            let put = LetterStore.put("k\(number % 100)", value)
            return .transaction(Transaction(steps: [put]), origin: nil)
        }
        // About 500 ms for a chunk, where the time-out is 150 ms.
        cluster.bytesPerMillisecond = [sleeper.identifier: 30]
        try cluster.start(sleeper)
        #expect(cluster.settle(milliseconds: 20_000))
        #expect(Set(try cluster.digests()).count == 1)
        let chunks = cluster.chunksDelivered
        #expect(chunks.first <= 4 && chunks.all <= 4 * chunks.needed, "\(chunks)")
        #expect(chunks.needed > 3)
        #expect(cluster.violations.isEmpty)
    }
}
