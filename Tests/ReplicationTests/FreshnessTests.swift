import IOCore
import Identifiers
import KeyValue
import Replication
import Simulation
import Testing
import Transactions

/// As of when a state is, and what reads with a bound make of it.
@Suite struct FreshnessTests {
    @Test func `a state is as of the last moment of which everything is applied`() {
        var freshness = Freshness()
        let start = MonotonicTime.zero
        func time(_ milliseconds: UInt64) -> MonotonicTime {
            start.advanced(milliseconds: milliseconds)
        }
        #expect(freshness.asOf == nil)
        freshness.heard(LogIndex(5), at: time(10))
        freshness.heard(LogIndex(5), at: time(20))
        freshness.heard(LogIndex(9), at: time(30))
        freshness.applied(LogIndex(4))
        #expect(freshness.asOf == nil)
        freshness.applied(LogIndex(6))
        #expect(freshness.asOf == time(20))
        freshness.applied(LogIndex(9))
        #expect(freshness.asOf == time(30))
        freshness.heard(LogIndex(9), at: time(50))
        #expect(freshness.asOf == time(50))
        for number in 0..<1_000 as Range<UInt64> {
            freshness.heard(LogIndex(10 + number), at: time(100 + number))
        }
        freshness.applied(LogIndex(1_009))
        #expect(freshness.asOf == time(1_099))
    }

    @Test func `a round is as old as the first that was sent in it`() {
        var rounds = RoundTimes()
        func time(_ milliseconds: UInt64) -> MonotonicTime {
            MonotonicTime.zero.advanced(milliseconds: milliseconds)
        }
        #expect(rounds.time(of: 3, in: Term(1)) == nil)
        rounds.sends(3, in: Term(1), at: time(10))
        rounds.sends(3, in: Term(1), at: time(20))
        rounds.sends(4, in: Term(1), at: time(30))
        #expect(rounds.time(of: 2, in: Term(1)) == nil)
        #expect(rounds.time(of: 3, in: Term(1)) == time(10))
        #expect(rounds.time(of: 4, in: Term(1)) == time(30))
        for round in 5...1_000 as ClosedRange<UInt64> {
            rounds.sends(round, in: Term(1), at: time(round * 10))
        }
        #expect(rounds.time(of: 1_000, in: Term(1)) == time(10_000))
        #expect(rounds.time(of: 900, in: Term(1)) == time(9_000))
        #expect(rounds.time(of: 500, in: Term(1)) == nil)
        rounds.sends(1_001, in: Term(1), at: time(10_003))
        rounds.sends(1_002, in: Term(1), at: time(10_004))
        #expect(rounds.time(of: 1_001, in: Term(1)) == time(10_000))
        #expect(rounds.time(of: 1_002, in: Term(1)) == time(10_004))
        rounds.sends(1, in: Term(2), at: time(20_000))
        #expect(rounds.time(of: 1, in: Term(2)) == time(20_000))
        #expect(rounds.time(of: 4, in: Term(1)) == nil)
        #expect(rounds.time(of: 4, in: Term(2)) == nil)
    }

    @Test func `a round in which nothing was sent dates nothing`() {
        var rounds = RoundTimes()
        func time(_ milliseconds: UInt64) -> MonotonicTime {
            MonotonicTime.zero.advanced(milliseconds: milliseconds)
        }
        rounds.sends(3, in: Term(1), at: time(10))
        #expect(rounds.time(of: 4, in: Term(1)) == nil)
        // One that follows at once counts as the one before, and is one that was sent.
        rounds.sends(4, in: Term(1), at: time(11))
        #expect(rounds.time(of: 4, in: Term(1)) == time(10))
        #expect(rounds.time(of: 5, in: Term(1)) == nil)
        #expect(rounds.time(of: .max, in: Term(1)) == nil)
    }

    /// What a read with a bound gets on a node.
    private func read(
        _ cluster: SimulatedCluster, on node: SimulatedNode, within lag: UInt64 = 500
    ) throws -> Result<Int, RequestRefusal>? {
        let replica = LoopBound(try #require(node.replica), to: node.loop)
        let answer = Locked<Result<Int, RequestRefusal>?>(nil)
        node.loop.turn {
            replica.value.query(.stale(maximumLagMilliseconds: lag), { _ in 1 }) { result in
                answer.withLock { $0 = result }
            }
        }
        cluster.world.run(milliseconds: 1_000) { answer.withLock { $0 } != nil }
        return answer.withLock { $0 }
    }

    private func put(_ number: Int) -> Record {
        .transaction(Transaction(steps: [LetterStore.put("k\(number)", [7])]), origin: nil)
    }

    @Test func `a leader that has lost its majority is as old as what that last acknowledged`()
        throws
    {
        let cluster = SimulatedCluster(size: 5, seed: 440)
        try cluster.startAll()
        let old = try #require(cluster.awaitLeader())
        _ = cluster.propose(put(0))
        #expect(cluster.settle())
        cluster.world.run(milliseconds: 100)
        #expect(try read(cluster, on: old, within: 100) == .success(1))
        // One node goes on following it, three do not.
        let others = cluster.nodes.filter { $0 !== old }
        for near in [old, others[0]] {
            for far in others[1...] {
                cluster.cut.insert([near.identifier, far.identifier].sorted())
            }
        }
        let older: Result<Int, RequestRefusal> = .failure(
            .unavailable("what this node holds may be older than 100 ms; ask another"))
        cluster.world.run(milliseconds: 130)
        #expect(old.replica?.isLeader == true)
        #expect(try read(cluster, on: old, within: 100) == older)
        cluster.world.run(milliseconds: 1_000) { old.replica?.isLeader == false }
        #expect(old.replica?.isLeader == false)
        #expect(try read(cluster, on: old, within: 100) == older)
    }

    @Test func `acknowledgements that a stopped leader reads late do not make it fresh`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 441)
        try cluster.startAll()
        let old = try #require(cluster.awaitLeader())
        _ = cluster.propose(put(0))
        #expect(cluster.settle())
        cluster.world.run(milliseconds: 100)
        #expect(try read(cluster, on: old, within: 100) == .success(1))
        let replica = LoopBound(try #require(old.replica), to: old.loop)
        let record = put(1).encoded()
        old.loop.turn { replica.value.propose(record) { _ in } }
        old.loop.pause()
        // The others' answers wait for it.
        cluster.world.run(milliseconds: 20)
        let others = cluster.nodes.filter { $0 !== old }
        for other in others {
            cluster.cut.insert([old.identifier, other.identifier].sorted())
        }
        cluster.world.run(milliseconds: 5_000) {
            others.contains { $0.replica?.isLeader == true }
        }
        #expect(others.contains { $0.replica?.isLeader == true })
        old.loop.resume()
        #expect(
            try read(cluster, on: old, within: 100)
                == .failure(
                    .unavailable("what this node holds may be older than 100 ms; ask another")))
    }

    @Test func `a follower that hears its leader and lacks its records refuses stale reads`()
        throws
    {
        let cluster = SimulatedCluster(size: 3, seed: 435)
        try cluster.startAll()
        cluster.awaitLeader()
        for number in 0..<5 { _ = cluster.propose(put(number)) }
        #expect(cluster.settle())
        cluster.world.run(milliseconds: 200)
        for node in cluster.nodes { #expect(try read(cluster, on: node) == .success(1)) }
        let follower = try #require(cluster.nodes.first { $0.replica?.isLeader == false })
        cluster.crash(follower)
        for number in 5..<9 { _ = cluster.propose(put(number)) }
        cluster.losesFrames = true
        try cluster.start(follower)
        cluster.world.run(milliseconds: 2_000)
        #expect(
            try read(cluster, on: follower)
                == .failure(
                    .unavailable("what this node holds may be older than 500 ms; ask another")))
        cluster.losesFrames = false
        #expect(cluster.settle())
        cluster.world.run(milliseconds: 200)
        #expect(try read(cluster, on: follower) == .success(1))
    }
}
