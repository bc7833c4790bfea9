import Codec
import IOCore
import Identifiers
import Replication
import Simulation
import Testing

@Suite struct ReadBoundTests {
    @Test func `reads that nobody confirms count up to their bound, and then no more`() throws {
        var limits = Limits.standard
        limits.pendingReads = 5
        let cluster = SimulatedCluster(size: 3, seed: 434, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        #expect(cluster.settle())
        let answers = Locked<[Result<Int, RequestRefusal>]>([])
        let replica = LoopBound(try #require(leader.replica), to: leader.loop)
        func read() {
            leader.loop.turn {
                replica.value.query(.linearizable) { _ in
                    1
                } done: { result in
                    answers.withLock { $0.append(result) }
                }
            }
        }
        for other in cluster.nodes where other !== leader {
            cluster.cut.insert([leader.identifier, other.identifier].sorted())
        }
        // Each in a turn of its own, so that each is on its way to the others at once.
        for _ in 0..<8 { read() }
        #expect(
            answers.withLock { $0 }
                == Array(
                    repeating: .failure(.noRoom("5 reads are waiting; try again")), count: 3))
        cluster.world.run(milliseconds: 2_000) { leader.replica?.isLeader == false }
        #expect(answers.withLock { $0.count } == 8)
        #expect(leader.replica?.inspection().queues.reads == 0)
        cluster.cut = []
        cluster.awaitLeader()
        #expect(cluster.settle())
        answers.withLock { $0 = [] }
        for _ in 0..<5 { read() }
        cluster.world.run(milliseconds: 2_000) { answers.withLock { $0.count } == 5 }
        #expect(answers.withLock { $0 } == Array(repeating: .success(1), count: 5))
    }
}
