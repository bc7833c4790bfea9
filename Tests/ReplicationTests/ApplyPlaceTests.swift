import Codec
import IOCore
import Identifiers
import KeyValue
import Replication
import Simulation
import Testing
import Transactions

@Suite struct ApplyPlaceTests {
    private func put(_ name: String, _ value: String) -> Record {
        put(name, Array(value.utf8))
    }

    private func put(_ name: String, _ value: [UInt8]) -> Record {
        .transaction(Transaction(steps: [LetterStore.put(name, value)]), origin: nil)
    }

    @Test func `followers apply what the leader applies in fewer turns`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 31)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let turns = Locked<[NodeID: Int]>([:])
        for node in cluster.nodes {
            let name = node.identifier
            node.replica?.observer.applied = { _ in turns.withLock { $0[name, default: 0] += 1 } }
        }
        for number in 0..<100 {
            #expect(cluster.propose(put("k\(number % 5)", "v\(number)")) != nil)
        }
        #expect(cluster.settle())
        let counted = turns.withLock { $0 }
        let atLeader = try #require(counted[leader.identifier])
        #expect(atLeader >= 100)
        for node in cluster.nodes where node.identifier != leader.identifier {
            let atFollower = try #require(counted[node.identifier])
            #expect(atFollower * 2 < atLeader, "\(counted)")
        }
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test func `a read on a follower ends its gathering`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 32)
        cluster.applyDelayMilliseconds = 3_600_000
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let follower = try #require(
            cluster.nodes.first { $0.identifier != leader.identifier })
        #expect(cluster.propose(put("k", "v")) != nil)
        // Heartbeats have told it of the commit, and it goes on gathering.
        cluster.world.run(milliseconds: 500)
        #expect(try cluster.read("k", on: follower) == nil)
        let answer = Locked<Result<[UInt8]?, RequestRefusal>?>(nil)
        let back = LoopBound(try #require(follower.replica), to: follower.loop)
        follower.loop.post {
            back.value.query(.linearizable) { engine throws(EngineFailure) -> [UInt8]? in
                try engine.get(LetterStore.key("k"))?.value
            } done: { result in
                answer.withLock { $0 = result }
            }
        }
        cluster.world.run(milliseconds: 1_000) { answer.withLock { $0 } != nil }
        #expect(try answer.withLock { $0 }?.get() == Array("v".utf8))
    }

    @Test func `a follower applies all that it has gathered, in as many turns as it takes`()
        throws
    {
        let cluster = SimulatedCluster(size: 3, seed: 37)
        cluster.applyDelayMilliseconds = 3_600_000
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let follower = try #require(
            cluster.nodes.first { $0.identifier != leader.identifier }?.replica)
        let turns = Locked(0)
        follower.observer.applied = { _ in turns.withLock { $0 += 1 } }
        let replica = LoopBound(try #require(leader.replica), to: leader.loop)
        var random = SeededGenerator(seed: 37)
        // In all 1,100 records of 4 KiB that do not compress: more than are gathered, and more bytes
        // than a turn takes. Behind the first turn there are fewer than are gathered.
        for batch in 0..<10 {
            #expect(turns.withLock { $0 } == 0, "batch \(batch)")
            let records = (0..<110).map { number in
                let words = (0..<512).map { _ in random.next() }
                let value = unsafe words.withUnsafeBytes { unsafe Array($0) }
                return put("k\(batch) \(number)", value).encoded()
            }
            let answers = Locked(0)
            leader.loop.post {
                for record in records {
                    replica.value.propose(record) { result in
                        if case .success = result { answers.withLock { $0 += 1 } }
                    }
                }
            }
            cluster.world.run(milliseconds: 20_000) { answers.withLock { $0 } == records.count }
            #expect(answers.withLock { $0 } == records.count)
            cluster.world.run(milliseconds: 100)
        }
        #expect(follower.appliedPosition.index == replica.value.appliedPosition.index)
        #expect(turns.withLock { $0 } > 1)
    }

    @Test func `a follower that takes over has applied what it had gathered`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 33)
        cluster.applyDelayMilliseconds = 3_600_000
        try cluster.startAll()
        let first = try #require(cluster.awaitLeader())
        #expect(cluster.propose(put("k", "1")) != nil)
        cluster.world.run(milliseconds: 500)
        cluster.crash(first)
        let next = try #require(cluster.awaitLeader())
        #expect(next.identifier != first.identifier)
        #expect(cluster.propose(put("l", "2")) != nil)
        #expect(try cluster.read("k", on: next) == Array("1".utf8))
        #expect(try cluster.read("l", on: next) == Array("2".utf8))
    }

    @Test func `a leader applies quick records itself, unless the apply worker is at work`()
        throws
    {
        let cluster = SimulatedCluster(size: 3, seed: 34)
        // A fifth of a second for each turn of the worker.
        cluster.applyNanoseconds = 200_000_000
        cluster.applyDelayMilliseconds = 3_600_000
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        cluster.world.run(milliseconds: 1_000)
        /// Milliseconds that the answers to some records proposed together take.
        func time(_ records: [(name: String, isQuick: Bool)]) throws -> UInt64 {
            let replica = try #require(leader.replica)
            let start = leader.loop.now
            let answers = Locked(0)
            let back = LoopBound(replica, to: leader.loop)
            let encoded = records.map { (put($0.name, "v").encoded(), $0.isQuick) }
            leader.loop.post {
                for (record, isQuick) in encoded {
                    back.value.propose(record, isQuick: isQuick) { result in
                        if case .success = result { answers.withLock { $0 += 1 } }
                    }
                }
            }
            cluster.world.run(milliseconds: 20_000) { answers.withLock { $0 } == records.count }
            #expect(answers.withLock { $0 } == records.count)
            return leader.loop.now.milliseconds(since: start)
        }
        #expect(try time([("a", true)]) < 100)
        #expect(try time([("a", true), ("b", true)]) < 100)
        #expect(try time([("a", true), ("b", false)]) >= 200)
        #expect(try time((0..<5).map { ("k\($0)", true) }) >= 200)
        #expect(try time([("a", true)]) < 100)
        #expect(try cluster.read("k4", on: leader) == Array("v".utf8))
    }

    @Test func `what the engine cannot take at once is left to the apply worker`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 35)
        cluster.applyNanoseconds = 200_000_000
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        cluster.world.run(milliseconds: 1_000)
        let engine = try #require(leader.replica?.presentEngine as? MemoryEngine)
        let replica = LoopBound(try #require(leader.replica), to: leader.loop)
        /// Milliseconds until what is begun says that it is done.
        func time(_ begin: @escaping @Sendable (Replica, @escaping () -> Void) -> Void) -> UInt64 {
            let start = leader.loop.now
            let isDone = Locked(false)
            leader.loop.post {
                begin(replica.value) { isDone.withLock { $0 = true } }
            }
            cluster.world.run(milliseconds: 20_000) { isDone.withLock { $0 } }
            #expect(isDone.withLock { $0 })
            return leader.loop.now.milliseconds(since: start)
        }
        func commit(_ name: String, _ value: String) -> UInt64 {
            let record = put(name, value).encoded()
            return time { replica, done in
                replica.propose(record, isQuick: true) { if case .success = $0 { done() } }
            }
        }
        #expect(commit("a", "1") < 100)
        cluster.world.run(milliseconds: 10)
        engine.holdWritersBack(true)
        // It is answered as soon as its outcome is known; whoever reads or proposes next waits.
        #expect(commit("a", "2") < 100)
        #expect(try cluster.read("a", on: leader) == Array("1".utf8))
        let seen = Locked<[UInt8]?>(nil)
        let wait = time { replica, done in
            replica.query(.linearizable) { engine throws(EngineFailure) -> [UInt8]? in
                try engine.get(LetterStore.key("a"))?.value
            } done: { result in
                seen.withLock { $0 = (try? result.get()) ?? nil }
                done()
            }
        }
        #expect(wait >= 150)
        #expect(seen.withLock { $0 } == Array("2".utf8))
        #expect(commit("a", "3") < 100)
        #expect(commit("a", "4") >= 150)
        cluster.world.run(milliseconds: 1_000)
        engine.holdWritersBack(false)
        #expect(commit("b", "5") < 100)
        cluster.world.run(milliseconds: 10)
        #expect(try cluster.read("a", on: leader) == Array("4".utf8))
        #expect(try cluster.read("b", on: leader) == Array("5".utf8))
        #expect(cluster.settle())
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test func `a leader leaves a quick record that brings a checkpoint to the apply worker`()
        throws
    {
        let cluster = SimulatedCluster(size: 1, seed: 35)
        cluster.applyNanoseconds = 200_000_000
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let replica = try #require(leader.replica)
        cluster.world.run(milliseconds: 1_000)
        let back = LoopBound(replica, to: leader.loop)
        let record = put("k", "v").encoded()
        /// Milliseconds that the answers to `count` quick records take.
        func time(_ count: UInt64) -> UInt64 {
            let start = leader.loop.now
            let answers = Locked<UInt64>(0)
            leader.loop.post {
                for _ in 0..<count {
                    back.value.propose(record, isQuick: true) { result in
                        if case .success = result { answers.withLock { $0 += 1 } }
                    }
                }
            }
            cluster.world.run(milliseconds: 20_000) { answers.withLock { $0 } == count }
            #expect(answers.withLock { $0 } == count)
            return leader.loop.now.milliseconds(since: start)
        }
        let interval = UInt64(cluster.limits.checkpointRecords)
        _ = time(interval - 2 - replica.appliedPosition.index.rawValue)
        #expect(replica.appliedPosition.index.rawValue == interval - 2)
        #expect(time(1) < 100)
        #expect(time(1) >= 200, "a checkpoint at record \(interval)")
        #expect(time(1) < 100)
    }

    /// What the execution of a record takes, and what the engine takes of its changes, in milliseconds.
    @Test(arguments: [(3, 3), (5, 0), (0, 5), (3, 0), (0, 3), (2, 1)] as [(UInt64, UInt64)])
    func `both halves of a turn on the loop make it long, after which the worker applies`(
        executing: UInt64, writing: UInt64
    ) throws {
        let cluster = SimulatedCluster(size: 1, seed: 36)
        cluster.applyNanoseconds = 200_000_000
        let world = cluster.world
        let isSlow = Locked(false)
        cluster.applying = {
            if isSlow.withLock({ $0 }) { world.spend(nanoseconds: executing * 1_000_000) }
        }
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let engine = try #require(leader.replica?.presentEngine as? MemoryEngine)
        engine.whileWriting {
            if isSlow.withLock({ $0 }) { world.spend(nanoseconds: writing * 1_000_000) }
        }
        cluster.world.run(milliseconds: 1_000)
        /// Milliseconds until a quick record is answered.
        func time() -> UInt64 {
            let start = leader.loop.now
            #expect(cluster.propose(put("k", "v"), isQuick: true) != nil)
            return leader.loop.now.milliseconds(since: start)
        }
        // The engine is given the changes behind the answer.
        #expect(time() < 100)
        cluster.world.run(milliseconds: 20)
        isSlow.withLock { $0 = true }
        #expect(time() < 100)
        cluster.world.run(milliseconds: 20)
        isSlow.withLock { $0 = false }
        #expect((time() >= 200) == (executing + writing > 4))
        cluster.world.run(milliseconds: 1_000)
        #expect(time() < 100)
    }
}
