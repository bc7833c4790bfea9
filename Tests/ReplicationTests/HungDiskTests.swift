import IOCore
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

/// A leader whose disk does not answer while its network lives.
@Suite struct HungDiskTests {
    private func put(_ number: Int) -> Record {
        .transaction(Transaction(steps: [LetterStore.put("k\(number)", [7])]), origin: nil)
    }

    @Test func `those who wait for a disk that hangs are sent to another node`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 421)
        try cluster.startAll()
        let old = try #require(cluster.awaitLeader())
        _ = cluster.propose(put(0))
        #expect(cluster.settle())
        old.disk.isStalled = true
        // The other two commit it, and it cannot be applied here.
        guard case .failure(.outcomeUnknown)? = cluster.propose(put(1)) else {
            Issue.record("a transaction waits for the disk")
            return
        }
        cluster.world.run(milliseconds: 5_000) { cluster.leader.map { $0 !== old } ?? false }
        guard case .success? = cluster.propose(put(2)) else {
            Issue.record("the others do not go on")
            return
        }
        let replica = LoopBound(try #require(old.replica), to: old.loop)
        let answer = Locked<Result<Int, RequestRefusal>?>(nil)
        old.loop.post {
            replica.value.query(.linearizable, { _ in 1 }) { result in
                answer.withLock { $0 = result }
            }
        }
        cluster.world.run(milliseconds: 3_000) { answer.withLock { $0 } != nil }
        guard case .failure(.notLeader(let hint?))? = answer.withLock({ $0 }) else {
            Issue.record("a read waits for the disk")
            return
        }
        #expect(hint.node == cluster.leader?.identifier)
        old.disk.isStalled = false
        #expect(cluster.settle())
        #expect(Set(try cluster.digests()).count == 1)
        #expect(try cluster.read("k1", on: old) == [7])
    }
}
