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
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = 40_000
        limits.snapshotChunkBytes = 16_000
        let cluster = SimulatedCluster(size: 3, seed: seed, limits: limits)
        try cluster.startAll()
        cluster.awaitLeader()
        let sleeper = try #require(cluster.nodes.first { $0.replica?.isLeader == false })
        cluster.crash(sleeper)
        for number in 0..<600 {
            // Not to be compressed.
            let value = (0..<80).map { _ in
                UInt8.random(in: 0...255, using: &cluster.world.random)
            }
            let put = LetterStore.put("k\(number % 100)", value)
            _ = cluster.propose(.transaction(Transaction(steps: [put]), origin: nil))
        }
        cluster.world.run(milliseconds: 2_000)
        #expect((cluster.leader?.replica?.report().compacted ?? .zero) > .zero)
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
