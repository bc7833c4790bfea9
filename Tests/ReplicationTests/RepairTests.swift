import Codec
import Compression
import IOCore
import Identifiers
import Raft
import Replication
import Simulation
import Testing
import Transactions
import WAL

private func put(_ number: Int) -> Record {
    let value = Array(String(repeating: "v\(number)", count: 12).utf8)
    return .transaction(Transaction(steps: [LetterStore.put("k\(number)", value)]), origin: nil)
}

/// Whole replicas whose logs rot, and what their peers do for them.
@Suite struct RepairTests {
    private func prepared(
        seed: UInt64, records: Int = 12, limits: Limits = .standard
    ) throws -> (cluster: SimulatedCluster, leader: SimulatedNode, followers: [SimulatedNode]) {
        let cluster = SimulatedCluster(size: 3, seed: seed, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        for number in 0..<records { _ = cluster.propose(put(number)) }
        #expect(cluster.settle(), "seed \(seed)")
        return (cluster, leader, cluster.nodes.filter { $0 !== leader })
    }

    /// Makes the frame that holds record `index` unreadable on the disk of `node`.
    private func rot(_ node: SimulatedNode, _ index: UInt64, _ place: RotPlace = .payload) {
        #expect(
            node.rot(record: index, place),
            "record \(index) is not in the log of node \(node.identifier)")
    }

    private func isRepairing(_ node: SimulatedNode) -> Bool {
        node.replica?.report().isRepairing == true
    }

    private func expectWhole(_ cluster: SimulatedCluster) throws {
        #expect(cluster.settle(), "seed \(cluster.world.seed)")
        for node in cluster.nodes {
            #expect(node.failure == nil, "\(String(describing: node.failure))")
            #expect(!isRepairing(node))
        }
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test(arguments: RotPlace.allCases, [true, false])
    func `what recovery finds is fetched, also without a leader`(
        place: RotPlace, hasLeader: Bool
    ) throws {
        let (cluster, leader, followers) = try prepared(seed: 31)
        let victim = followers[0]
        cluster.crash(victim)
        rot(victim, 6, place)
        if !hasLeader { cluster.crash(leader) }
        try cluster.start(victim)
        #expect(isRepairing(victim))
        #expect(victim.replica?.report().last == LogIndex(5))
        cluster.world.run(milliseconds: 5_000) { !isRepairing(victim) && cluster.leader != nil }
        #expect(!isRepairing(victim))
        _ = cluster.propose(put(99))
        if !hasLeader { try cluster.start(leader) }
        try expectWhole(cluster)
        // The repair lasts: the node finds nothing at its next start.
        cluster.crash(victim)
        try cluster.start(victim)
        #expect(!isRepairing(victim))
        try expectWhole(cluster)
    }

    @Test func `a check of the log mends a rotten envelope, and says so`() throws {
        let cluster = SimulatedCluster(size: 1, seed: 47)
        cluster.scrubBytesPerSecond = 0
        try cluster.startAll()
        let node = try #require(cluster.awaitLeader())
        for number in 0..<8 { _ = cluster.propose(put(number)) }
        #expect(node.rotEnvelope(record: 5))
        let replica = LoopBound(try #require(node.replica), to: node.loop)
        let report = Locked<LogReport?>(nil)
        node.loop.turn {
            replica.value.verifyLog { result in report.withLock { $0 = try? result.get() } }
        }
        cluster.world.run(milliseconds: 1_000) { report.withLock { $0 } != nil }
        let problems = try #require(report.withLock { $0 }).problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains("have been written again") == true, "\(problems)")
        #expect(node.errors == ["the log was damaged and has been mended"])
        try expectWhole(cluster)
    }

    @Test func `different damage on two nodes is repaired from each other`() throws {
        let (cluster, leader, followers) = try prepared(seed: 32)
        for node in cluster.nodes { cluster.crash(node) }
        rot(followers[0], 4)
        rot(followers[1], 7)
        rot(followers[1], 9, .header)
        try cluster.start(followers[0])
        try cluster.start(followers[1])
        #expect(followers.allSatisfy(isRepairing))
        cluster.world.run(milliseconds: 5_000) { cluster.leader != nil }
        #expect(cluster.leader != nil, "neither needs the third")
        try cluster.start(leader)
        try expectWhole(cluster)
        for number in 0..<12 {
            #expect(try cluster.read("k\(number)", on: leader) != nil)
        }
    }

    @Test func `what only a leader can tell keeps nobody from fetching the rest`() throws {
        let (cluster, leader, followers) = try prepared(seed: 41)
        for node in cluster.nodes { cluster.crash(node) }
        rot(followers[0], 6, .header)
        rot(followers[0], 7, .header)
        for node in followers { try cluster.start(node) }
        let damage = try #require(followers[0].replica?.report().damage)
        #expect(damage.map(\.first) == [LogIndex(6), LogIndex(7)])
        #expect(damage.map { $0.digest == nil } == [true, false])
        // The frame that is known tells what the other one must be.
        cluster.world.run(milliseconds: 5_000) { cluster.leader != nil }
        #expect(cluster.leader != nil)
        try cluster.start(leader)
        try expectWhole(cluster)
    }

    @Test func `what is lost everywhere stops the cluster, and nothing is forgotten`() throws {
        let (cluster, _, followers) = try prepared(seed: 33)
        for node in cluster.nodes { cluster.crash(node) }
        for node in cluster.nodes { rot(node, 6) }
        try cluster.startAll()
        cluster.world.run(milliseconds: 20_000)
        #expect(cluster.leader == nil)
        for node in cluster.nodes {
            #expect(isRepairing(node))
            #expect(node.replica?.report().damage.map(\.first) == [LogIndex(6)])
        }
        // One sound copy brings all of it back: the same flip once more.
        for node in cluster.nodes { cluster.crash(node) }
        rot(followers[0], 6)
        try cluster.startAll()
        try expectWhole(cluster)
        #expect(try cluster.read("k11", on: followers[0]) != nil)
    }

    @Test func `what the scrub finds behind the applied index is flushed out of the way`() throws {
        let (cluster, leader, followers) = try prepared(seed: 34)
        for node in [leader, followers[0]] { rot(node, 6) }
        cluster.world.run(milliseconds: 3_000)
        for node in [leader, followers[0]] {
            #expect(node.replica?.report().damage.map(\.first) == [LogIndex(6)])
            #expect((node.replica?.report().flushed ?? .zero) >= LogIndex(6))
            #expect(node.replica?.report().compacted == LogIndex(6))
        }
        cluster.crash(followers[0])
        try cluster.start(followers[0])
        #expect(!isRepairing(followers[0]))
        _ = cluster.propose(put(50))
        try expectWhole(cluster)
    }

    @Test func `a leader that cannot read what a follower lacks sends a snapshot`() throws {
        var limits = Limits.standard
        limits.frameCacheBytes = 1
        let (cluster, leader, followers) = try prepared(seed: 35, limits: limits)
        cluster.crash(followers[1])
        for number in 20..<30 { _ = cluster.propose(put(number)) }
        cluster.scrubBytesPerSecond = 0
        rot(leader, 18)
        try cluster.start(followers[1])
        try expectWhole(cluster)
        #expect((leader.replica?.report().compacted ?? .zero) >= LogIndex(18))
    }

    @Test func `what cannot be read when it is to be applied is fetched`() throws {
        var limits = Limits.standard
        limits.frameCacheBytes = 1
        let (cluster, _, followers) = try prepared(seed: 36, limits: limits)
        let victim = followers[0]
        let last = victim.replica?.report().last.rawValue ?? 0
        victim.disk.isStalled = true
        for number in 20..<26 { _ = cluster.propose(put(number)) }
        victim.disk.isStalled = false
        // Written and committed, and not read yet.
        let isRotten = cluster.world.run(milliseconds: 500) { victim.rot(record: last + 2) }
        #expect(isRotten)
        cluster.world.run(milliseconds: 500) { isRepairing(victim) }
        #expect(isRepairing(victim))
        try expectWhole(cluster)
        #expect(try cluster.read("k25", on: victim) != nil)
    }

    @Test func `a node that finds its own damage when it helps another takes it up`() throws {
        let (cluster, leader, followers) = try prepared(seed: 42)
        cluster.scrubBytesPerSecond = 0
        for node in cluster.nodes { cluster.crash(node) }
        rot(followers[0], 6)
        try cluster.start(followers[1])
        rot(followers[1], 6)
        try cluster.start(followers[0])
        cluster.world.run(milliseconds: 3_000)
        #expect(followers[1].replica?.report().damage.map(\.first) == [LogIndex(6)])
        #expect(isRepairing(followers[0]))
        try cluster.start(leader)
        try expectWhole(cluster)
    }

    @Test func `what peers have compacted comes with a snapshot`() throws {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = 40_000
        let (cluster, _, followers) = try prepared(seed: 37, limits: limits)
        let victim = followers[0]
        cluster.crash(victim)
        rot(victim, 6)
        for number in 0..<500 { _ = cluster.propose(put(number)) }
        cluster.world.run(milliseconds: 2_000)
        #expect((cluster.leader?.replica?.report().compacted ?? .zero) > LogIndex(6))
        try cluster.start(victim)
        #expect(isRepairing(victim))
        _ = cluster.propose(put(501))
        try expectWhole(cluster)
    }

    @Test func `without a leader another node lends its state`() throws {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = 40_000
        limits.snapshotChunkBytes = 1
        let (cluster, leader, followers) = try prepared(seed: 40, limits: limits)
        let victim = followers[0]
        cluster.crash(victim)
        rot(victim, 6)
        for number in 0..<500 { _ = cluster.propose(put(number)) }
        cluster.world.run(milliseconds: 2_000)
        #expect((followers[1].replica?.report().compacted ?? .zero) > LogIndex(6))
        cluster.crash(leader)
        // A row a chunk: slow enough for elections to be tried in vain meanwhile.
        try cluster.start(victim)
        #expect(isRepairing(victim))
        cluster.world.run(milliseconds: 20_000) { cluster.leader != nil }
        #expect(!isRepairing(victim))
        #expect(cluster.leader != nil, "both together are a majority again")
        try cluster.start(leader)
        try expectWhole(cluster)
    }

    @Test func `damage that is found while a repair ends is repaired as well`() throws {
        let (cluster, _, followers) = try prepared(seed: 43)
        let victim = followers[0]
        for node in cluster.nodes { cluster.crash(node) }
        rot(victim, 6)
        for node in followers { try cluster.start(node) }
        #expect(victim.replica?.report().last == LogIndex(5))
        cluster.world.run(milliseconds: 2_000) { cluster.repairsDelivered == 1 }
        // The frame is about to be written: the check comes behind that, and before the end.
        rot(victim, 3)
        let replica = LoopBound(try #require(victim.replica), to: victim.loop)
        victim.loop.turn { replica.value.verifyLog { _ in } }
        cluster.world.run(milliseconds: 5_000) { !isRepairing(victim) }
        #expect(!isRepairing(victim))
        #expect(victim.replica?.report().damage == [])
        #expect(cluster.repairsDelivered == 2)
    }

    @Test func `a mended node votes again under steady load`() throws {
        let (cluster, former, followers) = try prepared(seed: 44)
        let victim = followers[0]
        for node in cluster.nodes { cluster.crash(node) }
        rot(victim, 6)
        // A new leader does not know what the victim had, and sends everything.
        try cluster.start(former)
        try cluster.start(followers[1])
        let leader = try #require(cluster.awaitLeader())
        try cluster.start(victim)
        victim.disk.jobNanoseconds = 3_000_000
        let replica = LoopBound(try #require(leader.replica), to: leader.loop)
        for number in 0..<2_000 {
            let loop = leader.loop
            cluster.world.after(UInt64(number) * 1_000_000) {
                loop.turn { replica.value.propose(put(number).encoded()) { _ in } }
            }
        }
        cluster.world.run(milliseconds: 1_900) { !isRepairing(victim) }
        #expect(!isRepairing(victim))
        try expectWhole(cluster)
        #expect(try cluster.read("k1999", on: victim) != nil)
        // What the leader sends mends the log before the answer to a question can.
        #expect(victim.errors == ["the log is damaged"])
    }

    @Test func `a repair that finds no room says so now and then`() throws {
        var limits = Limits.standard
        limits.segmentBytes = 8_192
        let (cluster, _, followers) = try prepared(seed: 45, limits: limits)
        let victim = followers[0]
        let value = (0..<4_096).map { _ in UInt8.random(in: 0...255, using: &cluster.world.random) }
        let record = Record.transaction(
            Transaction(steps: [LetterStore.put("big", value)]), origin: nil)
        for _ in 0..<2 { _ = cluster.propose(record) }
        #expect(cluster.settle())
        let last = try #require(victim.replica?.report().last.rawValue)
        cluster.crash(victim)
        rot(victim, last - 1)
        for name in try victim.files.list("/data/log") where name.hasPrefix("spare") {
            try victim.files.remove("/data/log/" + name)
        }
        victim.files.faults.freeBytes = 0
        try cluster.start(victim)
        cluster.world.run(milliseconds: 60_000)
        #expect(isRepairing(victim))
        let count = victim.errors.count { $0 == "a repair could not be written" }
        #expect((1...12).contains(count), "\(count) times")
        victim.files.faults.freeBytes = nil
        try expectWhole(cluster)
    }

    @Test func `damage behind the end of an idle leader's log ends`() throws {
        let (cluster, former, others) = try prepared(seed: 46)
        let victim = others[0]
        let last = try #require(former.replica?.report().last.rawValue)
        // One frame that only the victim has, and that a new leader replaces by fewer records.
        cluster.cut = [[former.identifier, others[1].identifier].sorted()]
        former.disk.isStalled = true
        let replica = LoopBound(try #require(former.replica), to: former.loop)
        former.loop.turn {
            for number in 20..<24 { replica.value.propose(put(number).encoded()) { _ in } }
        }
        cluster.world.run(milliseconds: 100) {
            victim.replica?.report().durable.rawValue == last + 4
        }
        #expect(victim.replica?.report().durable == LogIndex(last + 4))
        cluster.crash(former)
        cluster.crash(victim)
        cluster.cut = []
        try cluster.start(former)
        let second = try #require(cluster.awaitLeader())
        #expect(cluster.settle())
        // The victim votes for a third leader and crashes before it hears of it.
        cluster.crash(second)
        try cluster.start(victim)
        let third = try #require(cluster.awaitLeader())
        #expect(third !== victim)
        cluster.crash(victim)
        rot(victim, last + 1, .header)
        try cluster.start(victim)
        let damage = try #require(victim.replica?.report().damage)
        #expect(damage.map { [$0.first.rawValue, $0.last.rawValue] } == [[last + 1, last + 4]])
        #expect(damage.first?.digest == nil)
        try cluster.start(second)
        cluster.world.run(milliseconds: 5_000) { !isRepairing(victim) && cluster.leader != nil }
        #expect(third.replica?.report().last ?? .zero < LogIndex(last + 4))
        try expectWhole(cluster)
    }

    @Test func `a leader's other frames do not repair what the node knows`() throws {
        var limits = Limits.standard
        limits.frameCacheBytes = 1
        let (cluster, former, others) = try prepared(seed: 47, limits: limits)
        let victim = others[0]
        let last = try #require(former.replica?.report().last.rawValue)
        cluster.cut = [[former.identifier, others[1].identifier].sorted()]
        former.disk.isStalled = true
        let replica = LoopBound(try #require(former.replica), to: former.loop)
        for number in 20..<23 {
            former.loop.turn { replica.value.propose(put(number).encoded()) { _ in } }
        }
        cluster.world.run(milliseconds: 100) {
            victim.replica?.report().durable.rawValue == last + 3
        }
        cluster.crash(former)
        cluster.cut = [[victim.identifier, others[1].identifier].sorted()]
        try cluster.start(former)
        cluster.cut.insert([victim.identifier, former.identifier].sorted())
        cluster.world.run(milliseconds: 5_000) {
            (cluster.leader?.replica?.report().commit ?? .zero) > LogIndex(last)
        }
        let leader = try #require(cluster.leader)
        #expect(leader !== victim)
        rot(victim, last + 1, .header)
        rot(victim, last + 2, .header)
        let damaged = LoopBound(try #require(victim.replica), to: victim.loop)
        victim.loop.turn { damaged.value.verifyLog { _ in } }
        cluster.losesFrames = true
        cluster.cut = []
        cluster.world.run(milliseconds: 3_000)
        #expect(
            victim.replica?.report().damage.map(\.first) == [
                LogIndex(last + 1), LogIndex(last + 2),
            ])
        #expect(cluster.repairsDelivered > 0)
        #expect(isRepairing(victim))
        cluster.losesFrames = false
        try expectWhole(cluster)
    }

    @Test func `a node alone names the file, the place and the way out`() throws {
        let cluster = SimulatedCluster(size: 1, seed: 38)
        try cluster.startAll()
        cluster.awaitLeader()
        for number in 0..<12 { _ = cluster.propose(put(number)) }
        cluster.crash(cluster.nodes[0])
        rot(cluster.nodes[0], 6)
        #expect {
            try cluster.start(cluster.nodes[0])
        } throws: { error in
            "\(error)".contains("/data/log/segment-") && "\(error)".contains("at byte")
        }
    }

    @Test func `frames that do not continue the log are refused as a message`() throws {
        let (cluster, leader, followers) = try prepared(seed: 39)
        cluster.expectsDrops = true
        let report = try #require(leader.replica?.report())
        let follower = try #require(followers[0].replica)
        let frame = FrameSealer(limits: .standard).seal(
            kind: .entries, term: report.term, firstIndex: report.last.next, count: 1,
            raw: Array("stray".utf8), previous: .empty)
        let request = Message.AppendRequest(
            previous: LogPosition(index: report.last, term: report.term), commit: report.commit,
            frames: try [frame].descriptors(limits: .standard), readNonce: 0)
        let message = PeerMessage(
            message: Message(term: report.term, body: .appendRequest(request)), frames: [frame])
        let back = LoopBound(follower, to: followers[0].loop)
        followers[0].loop.turn {
            back.value.received(message, from: leader.identifier)
        }
        #expect(cluster.drops.count == 1 && cluster.drops[0].contains("continues digest"))
        _ = cluster.propose(put(60))
        try expectWhole(cluster)
    }
}
