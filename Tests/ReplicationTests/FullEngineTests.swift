import IOCore
import Identifiers
import KeyValue
import Replication
import Simulation
import Testing
import Transactions

/// Nodes whose engine finds no room for a flush.
@Suite struct FullEngineTests {
    private static let noRoom = EngineFailure("flush", reason: "no room", isFull: true)

    private func put(_ number: Int) -> Record {
        .transaction(
            Transaction(steps: [LetterStore.put("k\(number)", [UInt8](repeating: 7, count: 50))]),
            origin: nil)
    }

    @Test func `a leader without room for a flush gives way, stays, and is well again`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 411)
        try cluster.startAll()
        let first = try #require(cluster.awaitLeader())
        for number in 0..<4 { _ = cluster.propose(put(number)) }
        #expect(cluster.settle())
        let engine = try #require(first.engines.engine(in: "/data/engine/engine-0"))
        engine.fail(.flush, with: Self.noRoom)
        let replica = LoopBound(try #require(first.replica), to: first.loop)
        let answer = Locked<String?>(nil)
        first.loop.turn {
            replica.value.flushEngine { result in
                if case .failure(let refusal) = result {
                    answer.withLock { $0 = refusal.description }
                }
            }
        }
        cluster.world.run(milliseconds: 5_000) {
            cluster.leader.map { $0 !== first } ?? false
        }
        #expect(answer.withLock { $0 }?.contains("no room") == true)
        #expect(cluster.leader.map { $0 !== first } == true)
        #expect(first.failure == nil)
        #expect(first.replica?.report().isDiskFull == true)
        guard case .success? = cluster.propose(put(5)) else {
            Issue.record("the others do not go on")
            return
        }
        #expect(cluster.settle())
        // What the log makes durable does not make the engine well.
        #expect(first.replica?.report().isDiskHealthy == false)
        engine.heal()
        cluster.world.run(milliseconds: 5_000) { first.replica?.report().isDiskFull == false }
        #expect(first.replica?.report().isDiskFull == false)
        #expect(first.replica?.report().isDiskHealthy == true)
        #expect((first.replica?.report().flushed ?? .zero) > .zero)
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test func `a node alone without room for a flush refuses until there is room`() throws {
        let cluster = SimulatedCluster(size: 1, seed: 412)
        try cluster.startAll()
        let node = try #require(cluster.awaitLeader())
        _ = cluster.propose(put(0))
        let engine = try #require(node.engines.engine(in: "/data/engine/engine-0"))
        engine.fail(.flush, with: Self.noRoom)
        let replica = LoopBound(try #require(node.replica), to: node.loop)
        node.loop.turn { replica.value.flushEngine { _ in } }
        cluster.world.run(milliseconds: 500)
        guard case .failure(let refusal)? = cluster.propose(put(1)) else {
            Issue.record("proposals are not refused")
            return
        }
        #expect(refusal.description.contains("disk is full"))
        engine.heal()
        cluster.world.run(milliseconds: 5_000) { node.replica?.report().isDiskFull == false }
        guard case .success? = cluster.propose(put(2)) else {
            Issue.record("it does not go on")
            return
        }
        #expect(node.failure == nil)
    }
}
