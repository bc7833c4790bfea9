import Codec
import IOCore
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

/// Empty and lost data directories: who begins a cluster, and how a lost one's node comes back.
@Suite struct IdentityTests {
    private func put(_ name: String, _ value: String) -> Record {
        .transaction(Transaction(steps: [LetterStore.put(name, Array(value.utf8))]), origin: nil)
    }

    /// Whether the transaction was acknowledged as committed.
    private func commits(_ cluster: SimulatedCluster, _ name: String, _ value: String) -> Bool {
        guard case .success(.outcome(let bytes))? = cluster.propose(put(name, value)) else {
            return false
        }
        var reader = ByteReader(bytes)
        guard case .committed? = try? Outcome.decode(&reader, limits: .standard) else {
            return false
        }
        return true
    }

    private func isWhole(_ cluster: SimulatedCluster) -> Bool {
        guard let replica = cluster.leader?.replica else { return false }
        let membership = replica.currentMembership
        return membership.voters == cluster.nodes.map(\.identifier) && membership.outgoing.isEmpty
            && membership.members.allSatisfy {
                $0.incarnation == cluster.node($0.node).incarnation && !$0.isRejoining
            }
    }

    private func restartEmpty(_ cluster: SimulatedCluster, _ node: SimulatedNode) throws {
        cluster.crash(node)
        node.wipe()
        try cluster.start(node)
    }

    private func notice(_ node: SimulatedNode) -> String {
        node.replica?.report().notice ?? ""
    }

    @Test func `empty directories begin a cluster only when all founders are there`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 41)
        try cluster.start(cluster.nodes[0])
        try cluster.start(cluster.nodes[1])
        #expect(cluster.awaitLeader(milliseconds: 5_000) == nil)
        #expect(notice(cluster.nodes[0]).hasPrefix("waits for node 3: empty directories begin"))
        #expect(notice(cluster.nodes[1]).hasPrefix("waits for node 3: empty directories begin"))
        let before = cluster.world.time
        try cluster.start(cluster.nodes[2])
        #expect(cluster.awaitLeader() != nil)
        // Two election time-outs of 150 ms.
        #expect(cluster.world.time - before < 300_000_000)
        #expect(commits(cluster, "a", "1"))
        #expect(cluster.settle())
        #expect(cluster.nodes.allSatisfy { notice($0).isEmpty })
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test func `a founder that agreed and slept through the first election joins as a voter`()
        throws
    {
        let cluster = SimulatedCluster(size: 3, seed: 42)
        try cluster.startAll()
        let sleeper = cluster.nodes[2]
        #expect(cluster.awaitLeader() != nil)
        #expect(sleeper.replica?.report().last == .zero)
        cluster.crash(sleeper)
        #expect(commits(cluster, "a", "1"))
        try cluster.start(sleeper)
        #expect(cluster.settle())
        #expect(isWhole(cluster))
        #expect(try cluster.read("a", on: sleeper) == [0x31])
    }

    @Test(arguments: [UInt64(51), 52, 53, 54, 55, 56])
    func `a wiped node becomes a learner, catches up and votes again`(seed: UInt64) throws {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = seed.isMultiple(of: 2) ? 40_000 : 1 << 30
        limits.snapshotChunkBytes = 2_000
        let cluster = SimulatedCluster(size: 3, seed: seed, limits: limits)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        for number in 0..<200 {
            let value = String(repeating: "x\(number)", count: 20)
            #expect(commits(cluster, "k\(number % 50)", value))
        }
        cluster.world.run(milliseconds: 1_000)
        let victim = try #require(
            seed < 54 ? leader : cluster.nodes.first { $0.identifier != leader.identifier })
        try restartEmpty(cluster, victim)
        cluster.world.run(milliseconds: 2_000) { cluster.leader?.replica != nil }
        for number in 0..<20 {
            #expect(commits(cluster, "during\(number)", "1"), "seed \(seed), \(number)")
        }
        #expect(cluster.world.run(milliseconds: 10_000) { isWhole(cluster) }, "seed \(seed)")
        #expect(cluster.settle())
        #expect(try cluster.read("during19", on: victim) == [0x31])
        #expect(Set(try cluster.digests()).count == 1)
        #expect(cluster.violations.isEmpty, "\(cluster.violations)")
        // Its vote counts again: with another one down it is needed for a majority.
        let third = try #require(cluster.nodes.first { $0.identifier != victim.identifier })
        cluster.crash(third)
        cluster.world.run(milliseconds: 3_000) { cluster.leader != nil }
        #expect(commits(cluster, "after", "1"))
    }

    @Test(arguments: 0..<8)
    func `a directory wiped in the cluster's first moments comes back`(block: UInt64) throws {
        for seed in (2_000 + block * 6)..<(2_006 + block * 6) {
            let cluster = SimulatedCluster(size: 3, seed: seed)
            try cluster.startAll()
            cluster.world.run(
                milliseconds: UInt64.random(in: 0...60, using: &cluster.world.random))
            let victim = cluster.nodes[Int.random(in: 0..<3, using: &cluster.world.random)]
            try restartEmpty(cluster, victim)
            #expect(
                cluster.world.run(milliseconds: 10_000) { isWhole(cluster) },
                "seed \(seed), \(victim.identifier): \(cluster.nodes.map(notice))")
            #expect(commits(cluster, "a", "1"), "seed \(seed)")
            #expect(cluster.settle(), "seed \(seed)")
            #expect(Set(try cluster.digests()).count == 1, "seed \(seed)")
            #expect(cluster.violations.isEmpty, "seed \(seed): \(cluster.violations)")
        }
    }

    @Test func `two wiped founders of three do not begin anew beside the third's log`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 61)
        try cluster.startAll()
        cluster.awaitLeader()
        #expect(commits(cluster, "a", "1"))
        #expect(cluster.settle())
        for node in cluster.nodes { cluster.crash(node) }
        for node in cluster.nodes.dropFirst() {
            node.wipe()
            try cluster.start(node)
        }
        #expect(cluster.awaitLeader(milliseconds: 10_000) == nil)
        #expect(notice(cluster.nodes[1]).hasPrefix("waits for node 1"))
        let survivor = cluster.nodes[0]
        try cluster.start(survivor)
        #expect(cluster.awaitLeader(milliseconds: 10_000) == nil)
        #expect(notice(cluster.nodes[1]).contains("node 1 holds the cluster's log"))
        #expect(notice(survivor).contains("put a lost directory back"))
        #expect((survivor.replica?.report().last ?? .zero) >= LogIndex(2))
    }

    @Test func `a node that is wiped again and again is taken in with pauses`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 62)
        try cluster.startAll()
        cluster.awaitLeader()
        cluster.world.run(milliseconds: 1_000)
        let victim = try #require(cluster.nodes.first { $0.replica?.isLeader == false })
        try restartEmpty(cluster, victim)
        #expect(cluster.world.run(milliseconds: 5_000) { isWhole(cluster) })
        let first = cluster.world.time
        try restartEmpty(cluster, victim)
        cluster.world.run(milliseconds: 2_000)
        #expect(cluster.leader.map { notice($0).contains("taken in after a pause") } == true)
        #expect(cluster.world.run(milliseconds: 20_000) { isWhole(cluster) })
        #expect(cluster.world.time - first > 8_000_000_000)
        #expect(commits(cluster, "a", "1"))
        #expect(cluster.settle())
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test(arguments: 0..<6)
    func `whatever is wiped and cut, nothing acknowledged is lost`(block: UInt64) throws {
        for seed in (1_000 + block * 4)..<(1_004 + block * 4) {
            try runSchedule(seed: seed)
        }
    }

    /// Wipes, crashes, cuts and loss at random, beginning with the founding itself; no second
    /// directory is wiped before the first one's node votes again.
    private func runSchedule(seed: UInt64) throws {
        let size = seed.isMultiple(of: 3) ? 5 : 3
        let cluster = SimulatedCluster(size: size, seed: seed)
        try cluster.startAll()
        cluster.world.run(
            milliseconds: UInt64.random(in: 0...200, using: &cluster.world.random))
        var acknowledged: [String: String] = [:]
        var wipes = 0
        var hasBegun = false
        for round in 0..<50 {
            let node = cluster.nodes[Int.random(in: 0..<size, using: &cluster.world.random)]
            switch Int.random(in: 0..<10, using: &cluster.world.random) {
            case 0, 1:
                if node.replica != nil { cluster.crash(node) }
                try cluster.start(node)
            case 2, 3, 4:
                // Before the first acknowledgement any directory may go.
                guard acknowledged.isEmpty || isWhole(cluster) else { break }
                if node.replica != nil { cluster.crash(node) }
                node.wipe()
                try cluster.start(node)
                wipes += 1
            case 5: cluster.lossPercent = UInt64.random(in: 0...10, using: &cluster.world.random)
            case 6:
                let other = cluster.nodes[Int.random(in: 0..<size, using: &cluster.world.random)]
                if other.identifier != node.identifier {
                    cluster.cut = [[node.identifier, other.identifier].sorted()]
                }
            default: cluster.cut = []
            }
            cluster.world.run(
                milliseconds: UInt64.random(in: 1...400, using: &cluster.world.random))
            let name = "k\(round)"
            if commits(cluster, name, "v\(round)") {
                acknowledged[name] = "v\(round)"
                hasBegun = true
            }
        }
        cluster.cut = []
        cluster.lossPercent = 0
        let isHealed = cluster.world.run(milliseconds: 60_000) { isWhole(cluster) }
        #expect(isHealed || !hasBegun, "seed \(seed): \(cluster.nodes.map(notice))")
        #expect(cluster.violations.isEmpty, "seed \(seed): \(cluster.violations)")
        guard isHealed else { return }
        #expect(cluster.settle(), "seed \(seed)")
        for (name, value) in acknowledged {
            for node in cluster.nodes {
                #expect(
                    try cluster.read(name, on: node) == Array(value.utf8), "seed \(seed), \(name)")
            }
        }
        #expect(Set(try cluster.digests()).count == 1, "seed \(seed)")
        #expect(wipes > 0 && !acknowledged.isEmpty, "seed \(seed) tested nothing")
    }
}
