import Codec
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

/// What a leader keeps for a peer while the frames that it needs are not read.
@Suite struct OutboxTests {
    @Test func `messages that wait for frames of a slow log have a bound`() throws {
        var limits = Limits.standard
        limits.inflightAppendsPerPeer = 2
        limits.frameCacheBytes = 500
        let cluster = SimulatedCluster(size: 3, seed: 431, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let sleeper = try #require(cluster.nodes.first { $0 !== leader })
        cluster.crash(sleeper)
        for number in 0..<40 {
            _ = cluster.propose(
                .transaction(
                    Transaction(steps: [LetterStore.put("k\(number)", [7])]), origin: nil))
        }
        leader.disk.isStalled = true
        try cluster.start(sleeper)
        var most = 0
        for _ in 0..<200 {
            cluster.world.run(milliseconds: 5)
            guard let waiting = leader.replica?.inspection().queues.waitingMessages else { break }
            most = max(most, waiting)
        }
        // One that waits for its frames, and what has come behind it, twice what may be under way.
        #expect((1...2 * limits.inflightAppendsPerPeer).contains(most), "\(most)")
        leader.disk.isStalled = false
        #expect(cluster.settle())
        #expect(Set(try cluster.digests()).count == 1)
    }
}
