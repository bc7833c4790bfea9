import Codec
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

    private func put(_ number: Int, byteCount: Int = 50) -> Record {
        let value = [UInt8](repeating: 7, count: byteCount)
        return .transaction(
            Transaction(steps: [LetterStore.put("k\(number)", value)]), origin: nil)
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

    @Test func `a follower without room applies what memory holds, and the rest later`() throws {
        var limits = Limits.standard
        limits.frameBytes = 256 << 10
        let cluster = SimulatedCluster(
            size: 3, seed: 413, limits: limits, writeBufferBytes: 512 << 10)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let follower = try #require(cluster.nodes.first { $0 !== leader })
        let engine = try #require(follower.engines.engine(in: "/data/engine/engine-0"))
        engine.fail(.flush, with: Self.noRoom)
        let replica = LoopBound(try #require(follower.replica), to: follower.loop)
        follower.loop.turn { replica.value.flushEngine { _ in } }
        for number in 0..<40 { _ = cluster.propose(put(number, byteCount: 50_000)) }
        let full = try #require(follower.replica)
        #expect(full.report().isDiskFull)
        #expect(full.appliedPosition.index < full.report().commit)
        #expect(full.report().last == leader.replica?.report().last)
        let answer = Locked<String?>(nil)
        follower.loop.turn {
            replica.value.query(.linearizable, { _ in 0 }) { result in
                if case .failure(let refusal) = result {
                    answer.withLock { $0 = refusal.description }
                }
            }
        }
        cluster.world.run(milliseconds: 1_000) { answer.withLock { $0 } != nil }
        #expect(answer.withLock { $0 }?.contains("disk is full") == true)
        engine.heal()
        #expect(cluster.settle())
        #expect(follower.failure == nil)
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
