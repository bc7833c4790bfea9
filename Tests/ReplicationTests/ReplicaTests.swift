import Codec
import IOCore
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

private func put(_ name: String, _ value: String) -> Record {
    .transaction(Transaction(steps: [LetterStore.put(name, Array(value.utf8))]), origin: nil)
}

private func outcome(
    _ result: Result<RecordResult, RequestRefusal>?
) throws -> Outcome {
    guard case .success(.outcome(let bytes))? = result else {
        throw RequestRefusal.unavailable("no outcome but \(String(describing: result))")
    }
    var reader = ByteReader(bytes)
    return try Outcome.decode(&reader, limits: .standard)
}

@Suite struct ReplicaTests {
    @Test func `three nodes elect a leader and apply what it takes`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 1)
        try cluster.startAll()
        #expect(cluster.awaitLeader() != nil)
        for number in 0..<50 {
            let result = cluster.propose(put("k\(number % 7)", "v\(number)"))
            guard case .committed = try outcome(result) else {
                Issue.record("transaction \(number): \(String(describing: result))")
                return
            }
        }
        #expect(cluster.settle())
        let digests = try cluster.digests()
        #expect(Set(digests).count == 1, "\(digests)")
        for node in cluster.nodes {
            #expect(try cluster.read("k0", on: node) == Array("v49".utf8))
        }
    }

    @Test func `a check of the log counts all that it holds, also what was there at the start`()
        throws
    {
        let cluster = SimulatedCluster(size: 1, seed: 2)
        try cluster.startAll()
        cluster.awaitLeader()
        for number in 0..<20 { _ = cluster.propose(put("k", "v\(number)")) }
        let node = cluster.nodes[0]
        /// What a check finds; nil if it does not end.
        func verified() -> LogReport? {
            guard let replica = node.replica else { return nil }
            let found = Locked<LogReport?>(nil)
            let back = LoopBound(replica, to: node.loop)
            node.loop.post {
                back.value.verifyLog { report in found.withLock { $0 = try? report.get() } }
            }
            cluster.world.run(milliseconds: 3_000) { found.withLock { $0 } != nil }
            return found.withLock { $0 }
        }
        let before = try #require(verified())
        #expect(before.frames >= 20)
        #expect(before.bytes == node.replica?.report().appendedBytes)
        cluster.crash(node)
        try cluster.start(node)
        cluster.awaitLeader()
        let after = try #require(verified())
        #expect(after.frames >= before.frames)
        #expect(after.bytes >= before.bytes)
    }

    @Test func `the membership takes up every member's data directory`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 5)
        try cluster.startAll()
        cluster.awaitLeader()
        let isRecorded = cluster.world.run(milliseconds: 5_000) {
            cluster.nodes.allSatisfy { node in
                node.replica?.currentMembership.members.allSatisfy {
                    $0.incarnation == cluster.node($0.node).incarnation
                } == true
            }
        }
        #expect(isRecorded)
        #expect(cluster.settle())
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test(arguments: [UInt64(6), 7, 8, 9])
    func `any follower is removed while the others go on`(seed: UInt64) throws {
        let cluster = SimulatedCluster(size: 3, seed: seed)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        _ = cluster.propose(put("a", "1"))
        let followers = cluster.nodes.filter { $0.identifier != leader.identifier }
        let leaving = try #require(seed.isMultiple(of: 2) ? followers.first : followers.last)
        let answer = Locked<Result<LogIndex, RequestRefusal>?>(nil)
        cluster.world.run(milliseconds: 2_000)
        let back = LoopBound(try #require(leader.replica), to: leader.loop)
        let name = leaving.identifier
        leader.loop.post {
            back.value.removeMember(name) { result in answer.withLock { $0 = result } }
        }
        cluster.world.run(milliseconds: 3_000) { answer.withLock { $0 } != nil }
        guard case .success? = answer.withLock({ $0 }) else {
            Issue.record("not removed: \(String(describing: answer.withLock { $0 }))")
            return
        }
        #expect(leader.replica?.currentMembership.members.count == 2)
        guard case .committed = try outcome(cluster.propose(put("a", "2"))) else {
            Issue.record("the others do not go on")
            return
        }
    }

    @Test(arguments: [UInt64(31), 32, 33, 34])
    func `a leader answers its own removal, and what it has committed`(seed: UInt64) throws {
        let cluster = SimulatedCluster(size: 3, seed: seed)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        _ = cluster.propose(put("a", "1"))
        cluster.world.run(milliseconds: 2_000)
        let back = LoopBound(try #require(leader.replica), to: leader.loop)
        let name = leader.identifier
        let answer = Locked<Result<LogIndex, RequestRefusal>?>(nil)
        let outcomes = Locked<[Result<RecordResult, RequestRefusal>]>([])
        leader.loop.post {
            back.value.propose(put("b", "before").encoded()) { result in
                outcomes.withLock { $0.append(result) }
            }
            back.value.removeMember(name) { result in answer.withLock { $0 = result } }
        }
        cluster.world.run(milliseconds: 3_000) { answer.withLock { $0 } != nil }
        guard case .success? = answer.withLock({ $0 }) else {
            Issue.record("not removed: \(String(describing: answer.withLock { $0 }))")
            return
        }
        guard case .committed = try outcome(outcomes.withLock { $0.first }) else {
            Issue.record("\(outcomes.withLock { $0 })")
            return
        }
        #expect(leader.replica?.currentMembership.member(name) == nil)
        #expect(leader.replica?.isLeader == false)
        cluster.world.run(milliseconds: 1_000) { cluster.leader != nil }
        guard case .committed = try outcome(cluster.propose(put("a", "2"))) else {
            Issue.record("the others do not go on")
            return
        }
    }

    @Test func `a new member with an address of another one is refused`() throws {
        let cluster = SimulatedCluster(size: 1, seed: 3)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        let present = try #require(leader.replica?.currentMembership.members.first)
        let back = LoopBound(try #require(leader.replica), to: leader.loop)
        for (peer, client, reason) in [
            (present.peerAddress, "127.0.0.1:2", "\(present.peerAddress) is an address of node 1"),
            ("127.0.0.1:2", present.peerAddress, "\(present.peerAddress) is an address of node 1"),
            ("127.0.0.1:2", "127.0.0.1:2", "node 2 cannot take peers and clients at one address"),
        ] {
            let answer = Locked<Result<LogIndex, RequestRefusal>?>(nil)
            leader.loop.post {
                let member = Member(
                    node: NodeID(2), incarnation: nil, peerAddress: peer, clientAddress: client)
                back.value.addMember(member) { result in answer.withLock { $0 = result } }
            }
            cluster.world.run(milliseconds: 1_000) { answer.withLock { $0 } != nil }
            guard case .failure(.refused(.invalidArgument, let text))? = answer.withLock({ $0 })
            else {
                Issue.record("\(peer) and \(client): \(String(describing: answer.withLock { $0 }))")
                continue
            }
            #expect(text.hasPrefix(reason), "\(text)")
        }
        #expect(leader.replica?.currentMembership.members.count == 1)
    }

    @Test func `a node alone commits without anybody`() throws {
        let cluster = SimulatedCluster(size: 1, seed: 2)
        try cluster.startAll()
        #expect(cluster.awaitLeader() != nil)
        guard case .committed = try outcome(cluster.propose(put("a", "1"))) else {
            Issue.record("not committed")
            return
        }
        cluster.crash(cluster.nodes[0])
        try cluster.start(cluster.nodes[0])
        #expect(cluster.awaitLeader() != nil)
        #expect(cluster.settle())
        #expect(try cluster.read("a", on: cluster.nodes[0]) == Array("1".utf8))
    }

    @Test func `a session executes each sequence once and answers a retry as before`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 3)
        try cluster.startAll()
        cluster.awaitLeader()
        let opened = cluster.propose(
            .openSession(timeToLiveMilliseconds: 60_000, description: "test"))
        guard case .success(.sessionOpened(let session))? = opened else {
            Issue.record("no session: \(String(describing: opened))")
            return
        }
        let origin = Origin(
            session: session, sequence: SequenceNumber(1), acknowledgedThrough: .zero)
        let record = Record.transaction(
            Transaction(steps: [LetterStore.append("log", [0x61])]), origin: origin)
        let first = try outcome(cluster.propose(record))
        let second = try outcome(cluster.propose(record))
        #expect(first == second)
        #expect(cluster.settle())
        #expect(try cluster.read("log", on: cluster.nodes[0]) == [0x61])
        let gap = Record.transaction(
            Transaction(steps: [LetterStore.append("log", [0x62])]),
            origin: Origin(
                session: session, sequence: SequenceNumber(3), acknowledgedThrough: .zero))
        guard case .aborted(_, let abort) = try outcome(cluster.propose(gap)) else {
            Issue.record("a gap was executed")
            return
        }
        #expect(abort.code == .sequenceGap)
    }

    @Test func `a failed step undoes its transaction alone`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 4)
        try cluster.startAll()
        cluster.awaitLeader()
        _ = cluster.propose(put("a", "before"))
        let failing = Record.transaction(
            Transaction(steps: [
                LetterStore.put("a", Array("after".utf8)), .abort(reason: "no more"),
            ]), origin: nil)
        guard case .aborted(_, let abort) = try outcome(cluster.propose(failing)) else {
            Issue.record("it was committed")
            return
        }
        #expect(abort.step == 1 && abort.code == .requested)
        #expect(cluster.settle())
        #expect(try cluster.read("a", on: cluster.nodes[0]) == Array("before".utf8))
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test(arguments: [UInt64(11), 12, 13, 14, 15, 16, 17, 18])
    func `crashes of any node lose nothing acknowledged and apply nothing twice`(
        seed: UInt64
    ) throws {
        var limits = Limits.standard
        limits.segmentBytes = 32_768
        limits.retainedLogBytes = 131_072
        let cluster = SimulatedCluster(size: 3, seed: seed, limits: limits)
        try cluster.startAll()
        cluster.awaitLeader()
        var session: SessionID?
        var acknowledged: [UInt8] = []
        var sequence: UInt64 = 0
        for round in 0..<60 {
            if session == nil,
                case .success(.sessionOpened(let fresh))? = cluster.propose(
                    .openSession(timeToLiveMilliseconds: 600_000, description: "test"))
            {
                session = fresh
            }
            guard let open = session else {
                cluster.world.run(milliseconds: 100)
                continue
            }
            sequence += 1
            let letter = UInt8(round % 251)
            let record = Record.transaction(
                Transaction(steps: [LetterStore.append("log", [letter])]),
                origin: Origin(
                    session: open, sequence: SequenceNumber(sequence),
                    acknowledgedThrough: SequenceNumber(sequence - 1)))
            if round % 5 == 2,
                let victim = cluster.nodes.randomElement(using: &cluster.world.random)
            {
                cluster.crash(victim)
                try cluster.start(victim)
            }
            var answer = cluster.propose(record)
            for _ in 0..<100 {
                if case .success(.outcome)? = answer { break }
                cluster.world.run(milliseconds: 50)
                answer = cluster.propose(record)
            }
            guard case .committed = try outcome(answer) else {
                Issue.record("seed \(seed), round \(round): \(String(describing: answer))")
                return
            }
            acknowledged.append(letter)
        }
        #expect(cluster.settle(), "seed \(seed) does not settle")
        for node in cluster.nodes {
            #expect(node.failure == nil, "seed \(seed): \(String(describing: node.failure))")
            #expect(try cluster.read("log", on: node) == acknowledged, "seed \(seed)")
        }
        #expect(Set(try cluster.digests()).count == 1, "seed \(seed)")
    }

    @Test func `a leader that has yet to apply its log does not take the wall clock for the time`()
        throws
    {
        let cluster = SimulatedCluster(size: 3, seed: 5)
        try cluster.startAll()
        cluster.awaitLeader()
        _ = try outcome(cluster.propose(put("a", "1")))
        #expect(cluster.settle())
        let before = try #require(cluster.leader?.replica?.appliedPosition.timeMilliseconds)
        // No engine has been flushed: all begin with what their logs hold, and an hour too late.
        for node in cluster.nodes { cluster.crash(node) }
        try cluster.startAll()
        for node in cluster.nodes {
            #expect(node.replica?.appliedPosition.index == .zero)
            node.loop.wallOffsetMilliseconds = 3_600_000
        }
        cluster.awaitLeader()
        _ = try outcome(cluster.propose(put("a", "2")))
        let after = try #require(cluster.leader?.replica?.appliedPosition.timeMilliseconds)
        #expect(before <= after)
        #expect(after < before + 60_000)
    }

    @Test func `a follower that slept through the compaction gets a snapshot`() throws {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = 40_000
        limits.snapshotChunkBytes = 2_000
        let cluster = SimulatedCluster(size: 3, seed: 21, limits: limits)
        try cluster.startAll()
        cluster.awaitLeader()
        guard let sleeper = cluster.nodes.first(where: { $0.replica?.isLeader == false }) else {
            Issue.record("everybody leads")
            return
        }
        cluster.crash(sleeper)
        for number in 0..<400 {
            _ = cluster.propose(put("k\(number % 100)", String(repeating: "x\(number)", count: 20)))
        }
        cluster.world.run(milliseconds: 2_000)
        #expect((cluster.leader?.replica?.report().compacted ?? .zero) > .zero)
        try cluster.start(sleeper)
        #expect(cluster.settle())
        #expect(Set(try cluster.digests()).count == 1)
        _ = cluster.propose(put("after", "1"))
        #expect(cluster.settle())
        #expect(try cluster.read("after", on: sleeper) == Array("1".utf8))
    }
}
