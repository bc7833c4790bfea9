import Codec
import IOCore
import Identifiers
import Raft
import Replication
import Simulation
import Testing
import Transactions

/// Leadership that is moved by an operator, or given up by a node that goes.
@Suite struct TransferTests {
    private func prepared(
        seed: UInt64
    ) throws -> (cluster: SimulatedCluster, leader: SimulatedNode, followers: [SimulatedNode]) {
        let cluster = SimulatedCluster(size: 3, seed: seed)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        #expect(cluster.settle())
        return (cluster, leader, cluster.nodes.filter { $0 !== leader })
    }

    /// Asks `node` to hand over, and what it answers; it has led until then.
    private func transfer(
        _ cluster: SimulatedCluster, from node: SimulatedNode, to target: NodeID?,
        whileWaiting: () -> Void = {}
    ) throws -> Result<LogIndex, RequestRefusal>? {
        let answer = Locked<Result<LogIndex, RequestRefusal>?>(nil)
        let replica = LoopBound(try #require(node.replica), to: node.loop)
        node.loop.turn {
            replica.value.transferLeadership(to: target) { result in
                answer.withLock { $0 = result }
            }
        }
        whileWaiting()
        cluster.world.run(milliseconds: 5_000) { answer.withLock { $0 } != nil }
        return answer.withLock { $0 }
    }

    @Test(arguments: [true, false])
    func `a transfer is answered when another node leads`(isNamed: Bool) throws {
        let (cluster, leader, followers) = try prepared(seed: 431)
        let target = isNamed ? followers[1].identifier : nil
        let answer = try transfer(cluster, from: leader, to: target) {
            #expect(leader.replica?.isLeader == true)
        }
        guard case .success? = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
        #expect(leader.replica?.isLeader == false)
        let next = try #require(leader.replica?.report().leader)
        #expect(next != leader.identifier)
        #expect(next == target || !isNamed)
    }

    @Test func `a transfer to a node that has stopped answering is told as failed`() throws {
        let (cluster, leader, followers) = try prepared(seed: 432)
        for other in cluster.nodes where other !== followers[0] {
            cluster.cut.insert([followers[0].identifier, other.identifier].sorted())
        }
        let answer = try transfer(cluster, from: leader, to: followers[0].identifier)
        let target = followers[0].identifier
        #expect(
            answer
                == .failure(
                    .refused(
                        .wrongState,
                        "node \(target) has not taken leadership over in time; this node leads. "
                            + "One that has applied far less than it has of the log does not: see "
                            + "the status")))
        #expect(leader.replica?.isLeader == true)
        // It goes on as before, with another transfer as well.
        guard case .success? = try transfer(cluster, from: leader, to: followers[1].identifier)
        else {
            Issue.record("the second transfer fails")
            return
        }
        #expect(followers[1].replica?.isLeader == true)
    }

    @Test func `a transfer to the node that leads says so`() throws {
        let (cluster, leader, _) = try prepared(seed: 434)
        let name = leader.identifier
        #expect(
            try transfer(cluster, from: leader, to: name)
                == .failure(.refused(.wrongState, "node \(name) leads already")))
    }

    @Test func `a node that has applied far less than it has of the log does not take over`()
        throws
    {
        var limits = Limits.standard
        limits.frameRecords = 16
        let cluster = SimulatedCluster(size: 3, seed: 435, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        #expect(cluster.settle())
        let slow = try #require(cluster.nodes.first { $0 !== leader })
        cluster.crash(slow)
        // One job of its apply worker takes as long as the operator waits, and more.
        cluster.applyNanoseconds = 8_000_000_000
        try cluster.start(slow)
        for number in 0..<200 {
            let put = LetterStore.put("k\(number)", [1])
            _ = cluster.propose(.transaction(Transaction(steps: [put]), origin: nil))
        }
        cluster.world.run(milliseconds: 1_000)
        let answer = try transfer(cluster, from: leader, to: slow.identifier)
        guard case .failure(.refused(.wrongState, let reason))? = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
        #expect(reason.contains("see the status"))
        #expect(leader.replica?.isLeader == true)
        cluster.world.run(milliseconds: 60_000) {
            slow.replica?.report().position == leader.replica?.report().position
        }
        guard case .success? = try transfer(cluster, from: leader, to: slow.identifier) else {
            Issue.record("a node that has applied everything is refused too")
            return
        }
    }

    @Test func `who is asked once and too early takes over as soon as it has applied`() throws {
        var limits = Limits.standard
        limits.frameRecords = 2
        let cluster = SimulatedCluster(size: 3, seed: 439, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        #expect(cluster.settle())
        cluster.applyNanoseconds = 30_000_000
        for follower in cluster.nodes where follower !== leader {
            cluster.crash(follower)
            try cluster.start(follower)
            #expect(cluster.settle())
        }
        let replica = LoopBound(try #require(leader.replica), to: leader.loop)
        leader.loop.turn {
            for number in 0..<200 {
                let put = LetterStore.put("k\(number)", [7])
                let record = Record.transaction(Transaction(steps: [put]), origin: nil)
                replica.value.propose(record.encoded()) { _ in }
            }
            // A leader that leaves has another run, once, and steps down.
            replica.value.removeMember(leader.identifier) { _ in }
        }
        cluster.world.run(milliseconds: 1_000) { leader.replica?.isLeader == false }
        #expect(leader.replica?.isLeader == false)
        let early = cluster.nodes.filter { node in
            guard node !== leader, let report = node.replica?.report() else { return false }
            return report.commit - report.position.index > limits.frameRecords
        }
        #expect(early.count == 2, "whoever is asked has applied too little")
        // An ordinary election waits for 150 ms of silence.
        let hasFollowed = cluster.world.run(milliseconds: 100) {
            cluster.leader.map { $0 !== leader } ?? false
        }
        #expect(hasFollowed)
    }

    @Test func `who is asked while a snapshot takes over runs behind it`() throws {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = 40_000
        limits.frameRecords = 2
        limits.frameCacheBytes = 256
        let cluster = SimulatedCluster(size: 3, seed: 440, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        #expect(cluster.settle())
        let victim = try #require(cluster.nodes.first { $0 !== leader })
        let others = cluster.nodes.filter { $0 !== victim }
        func cutOff(_ isCut: Bool) {
            for other in others {
                let pair = [victim.identifier, other.identifier].sorted()
                if isCut { cluster.cut.insert(pair) } else { cluster.cut.remove(pair) }
            }
        }
        // It knows what is committed and applies nothing of it; a part rots, which the others compact.
        cluster.applyDelayMilliseconds = 3_600_000
        cluster.crash(victim)
        try cluster.start(victim)
        for number in 0..<20 { _ = cluster.propose(letter(number)) }
        cluster.world.run(milliseconds: 200)
        cutOff(true)
        #expect(victim.rot(record: 10))
        let replica = LoopBound(try #require(victim.replica), to: victim.loop)
        victim.loop.turn { replica.value.verifyLog { _ in } }
        for number in 20..<500 { _ = cluster.propose(letter(number)) }
        cluster.world.run(milliseconds: 2_000)
        #expect((leader.replica?.report().compacted ?? .zero) > LogIndex(10))
        cutOff(false)
        let hasCome = cluster.world.run(milliseconds: 5_000) {
            cluster.chunksDelivered.needed > 0 && replica.value.inspection().isTakingSnapshot
        }
        #expect(hasCome)
        cutOff(true)
        let before = replica.value.report()
        #expect(before.commit - before.position.index > limits.frameRecords)
        let ask = Message(term: before.term, body: .timeoutNow)
        victim.loop.turn {
            replica.value.received(
                PeerMessage(message: ask, frames: []), from: leader.identifier)
        }
        #expect(replica.value.report().term == before.term)
        // An ordinary election waits for 150 ms of silence.
        cluster.world.run(milliseconds: 100) { replica.value.report().term > before.term }
        #expect(replica.value.report().term == Term(before.term.rawValue + 1))
        #expect(replica.value.report().position.index > before.commit)
    }

    private func letter(_ number: Int) -> Record {
        .transaction(Transaction(steps: [LetterStore.put("k\(number)", [7])]), origin: nil)
    }

    @Test func `one transfer is under way at a time, and refusals come at once`() throws {
        let (cluster, leader, followers) = try prepared(seed: 433)
        let second = Locked<Result<LogIndex, RequestRefusal>?>(nil)
        let replica = LoopBound(try #require(leader.replica), to: leader.loop)
        let first = try transfer(cluster, from: leader, to: followers[0].identifier) {
            leader.loop.turn {
                replica.value.transferLeadership(to: nil) { result in
                    second.withLock { $0 = result }
                }
                replica.value.resign()
            }
        }
        guard case .failure(.refused(.busy, let reason))? = second.withLock({ $0 }) else {
            Issue.record("the second is not refused")
            return
        }
        #expect(reason.contains("a transfer is under way"))
        guard case .success? = first else {
            Issue.record("\(String(describing: first))")
            return
        }
        let unknown = try transfer(cluster, from: followers[0], to: NodeID(9))
        #expect(
            unknown == .failure(.refused(.notFound, "node 9 is not a member of the cluster")))
    }
}
