import Codec
import IOCore
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

/// What the log of a node comes to beside its writes.
@Suite struct LogFailureTests {
    private func put(_ number: Int) -> Record {
        .transaction(Transaction(steps: [LetterStore.put("k\(number)", [7])]), origin: nil)
    }

    @Test func `a log that stops while nobody writes stops its node, and says why`() throws {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        let cluster = SimulatedCluster(size: 3, seed: 436, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        for number in 0..<300 { _ = cluster.propose(put(number)) }
        #expect(cluster.settle())
        cluster.world.run(milliseconds: 500)
        let idle = try #require(leader.replica)
        let replica = LoopBound(idle, to: leader.loop)
        leader.files.faults.failsSyncs = true
        // Segments go, which is a change of the files and no write of a group.
        let answer = Locked<Result<LogIndex, RequestRefusal>?>(nil)
        leader.loop.turn {
            replica.value.snapshotNow { result in answer.withLock { $0 = result } }
        }
        cluster.world.run(milliseconds: 20) { answer.withLock { $0 } != nil }
        guard case .failure(.unavailable(let why))? = answer.withLock({ $0 }) else {
            Issue.record("\(String(describing: answer.withLock { $0 }))")
            return
        }
        #expect(why.contains("/data/log"))
        let failure = try #require(leader.failure)
        #expect("\(failure)".contains(why))
    }

    @Test func `a disk that hangs has few answers wait for it`() throws {
        let cluster = SimulatedCluster(size: 5, seed: 437)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        _ = cluster.propose(put(0))
        #expect(cluster.settle())
        let hung = try #require(cluster.nodes.first { $0 !== leader })
        hung.disk.isStalled = true
        cluster.crash(leader)
        cluster.world.run(milliseconds: 5_000) {
            cluster.leader.map { $0 !== leader } ?? false
        }
        cluster.world.run(milliseconds: 5_000)
        let held = try #require(hung.replica?.inspection().queues.heldMessages)
        #expect(held > 0)
        #expect(held <= 10)
        hung.disk.isStalled = false
        #expect(cluster.settle())
    }

    @Test func `one state digest is computed at a time, and one check of the log`() throws {
        let cluster = SimulatedCluster(size: 1, seed: 438)
        try cluster.startAll()
        let node = try #require(cluster.awaitLeader())
        for number in 0..<5 { _ = cluster.propose(put(number)) }
        let replica = LoopBound(try #require(node.replica), to: node.loop)
        let digests = Locked<[Result<StateReport, RequestRefusal>]>([])
        let reports = Locked<[LogReport]>([])
        node.loop.turn {
            for _ in 0..<2 {
                replica.value.requestDigest { result in digests.withLock { $0.append(result) } }
            }
            for _ in 0..<70 {
                replica.value.verifyLog { result in
                    if case .success(let report) = result { reports.withLock { $0.append(report) } }
                }
            }
        }
        cluster.world.run(milliseconds: 3_000) { digests.withLock { $0.count } == 2 }
        guard case .failure(.unavailable)? = digests.withLock({ $0.first }),
            case .success? = digests.withLock({ $0.last })
        else {
            Issue.record("\(digests.withLock { $0 })")
            return
        }
        cluster.world.run(milliseconds: 3_000)
        #expect(reports.withLock { $0.count } == 64)
    }
}
