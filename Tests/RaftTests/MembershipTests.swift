import Identifiers
import Raft
import Testing

/// Changes of membership and snapshots between simulated nodes.
@Suite struct MembershipTests {
    private func elected(blank: [UInt64] = [], inflightAppends: Int = 256) -> Cluster {
        let cluster = Cluster(voters: 1...3, blank: blank)
        cluster.settings.inflightAppends = inflightAppends
        cluster.start()
        cluster.step(NodeID(1), .message(Message(term: .zero, body: .timeoutNow), from: NodeID(2)))
        cluster.run(60)
        return cluster
    }

    private func ids(_ names: UInt64...) -> [NodeID] {
        names.map { NodeID($0) }
    }

    @Test func `a learner is added, catches up and is promoted`() {
        let cluster = elected(blank: [4])
        cluster.propose(NodeID(1), count: 3)
        cluster.step(NodeID(1), .reconfigure(voters: ids(1, 2, 3), learners: ids(4)))
        cluster.run(100)
        #expect(cluster.core(4)?.role == .learner)
        #expect(cluster[4].disk.applied == cluster[1].disk.applied)
        #expect(cluster.core(1)?.membership == Membership(voters: ids(1, 2, 3), learners: ids(4)))
        cluster.step(NodeID(1), .reconfigure(voters: ids(1, 2, 3, 4), learners: []))
        #expect(cluster.core(1)?.membership.isJoint == true)
        cluster.run(100)
        #expect(cluster.core(4)?.role == .follower)
        for node: UInt64 in 1...4 {
            #expect(cluster.core(node)?.membership == Membership(voters: ids(1, 2, 3, 4)))
        }
        // Its vote counts now: two of four are no majority.
        cluster.partition([1, 2], [3, 4])
        let before = cluster.core(1)?.commitIndex
        cluster.propose(NodeID(1))
        cluster.run(50)
        #expect(cluster.core(1)?.commitIndex == before)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a joint change removes the leader`() {
        let cluster = elected(blank: [4])
        cluster.step(NodeID(1), .reconfigure(voters: ids(2, 3, 4), learners: []))
        #expect(
            cluster.core(1)?.membership
                == Membership(voters: ids(2, 3, 4), outgoing: ids(1, 2, 3)))
        cluster.step(NodeID(1), .reconfigure(voters: ids(2, 3), learners: []))
        #expect(cluster[1].refusals == [.changeInProgress])
        cluster.run(600)
        #expect(cluster.core(1)?.role == .learner)
        let next = cluster.leader ?? NodeID(1)
        #expect(ids(2, 3, 4).contains(next))
        cluster.propose(next)
        cluster.run(100)
        for node: UInt64 in 2...4 {
            #expect(cluster.core(node)?.membership == Membership(voters: ids(2, 3, 4)))
            #expect(cluster[node].disk.applied.count == cluster[2].disk.applied.count)
        }
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a leader that leaves has its best follower run at once`() {
        let cluster = elected()
        cluster.step(NodeID(1), .reconfigure(voters: ids(2, 3), learners: []))
        let isFollowed = cluster.run(upTo: 60) {
            $0.core(2)?.role == .leader || $0.core(3)?.role == .leader
        }
        #expect(isFollowed)
        #expect(cluster.core(1)?.role == .learner)
        cluster.run(100)
        #expect(cluster[1].disk.applied.count >= 3, "it hears that its removal is committed")
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `who is removed hears of it`() {
        let cluster = elected(blank: [4])
        cluster.step(NodeID(1), .reconfigure(voters: ids(1, 2, 3), learners: ids(4)))
        cluster.run(100)
        #expect(cluster.core(4)?.membership.contains(NodeID(4)) == true)
        cluster.step(NodeID(1), .reconfigure(voters: ids(1, 2, 3), learners: []))
        cluster.run(100)
        cluster.step(NodeID(1), .reconfigure(voters: ids(1, 2), learners: []))
        cluster.run(100)
        for node: UInt64 in [3, 4] {
            let core = cluster.core(node)
            #expect(core?.membership.contains(NodeID(node)) == false, "node \(node)")
            #expect(core.map { $0.commitIndex >= LogIndex(node == 4 ? 3 : 5) } == true)
        }
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a joint change needs the old majority too`() {
        let cluster = elected(blank: [4, 5])
        cluster.partition([1, 4, 5])
        cluster.step(NodeID(1), .reconfigure(voters: ids(1, 4, 5), learners: []))
        cluster.run(60)
        #expect(cluster.core(1)?.membership.isJoint == true)
        #expect(cluster.core(1)?.commitIndex == LogIndex(1))
        cluster.heal()
        cluster.run(600)
        let leader = cluster.leader?.rawValue ?? 1
        #expect(cluster.core(leader)?.membership.isJoint == false)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `impossible changes are refused`() {
        let cluster = elected()
        cluster.step(NodeID(1), .reconfigure(voters: [], learners: []))
        cluster.step(NodeID(1), .reconfigure(voters: ids(1, 2, 3), learners: []))
        cluster.step(NodeID(2), .reconfigure(voters: ids(1, 2), learners: []))
        #expect(cluster[1].refusals == [.noVoters, .unchanged])
        #expect(cluster[2].refusals == [.notLeader(NodeID(1))])
    }

    // MARK: Snapshots

    /// Node 3 misses what the others commit and compact away.
    private func behind(inflightAppends: Int = 256) -> Cluster {
        let cluster = elected(inflightAppends: inflightAppends)
        cluster.crash(NodeID(3))
        for _ in 0..<5 { cluster.propose(NodeID(1), count: 2) }
        cluster.run(60)
        cluster.compact(NodeID(1))
        return cluster
    }

    private func chunks(_ cluster: Cluster) -> [String] {
        cluster.transcript.filter { $0.contains("1→3") && $0.contains("chunk") }
            .map { String($0.suffix(7)) }
    }

    @Test func `a node behind the compacted log gets a snapshot in chunks`() {
        let cluster = behind()
        cluster.start(NodeID(3))
        cluster.run(100)
        #expect(chunks(cluster) == ["chunk 0", "chunk 1", "chunk 2"])
        #expect(cluster.core(3)?.compacted == LogPosition(index: LogIndex(11), term: Term(1)))
        cluster.propose(NodeID(1))
        cluster.run(60)
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a snapshot goes on where a lost chunk broke it off`() {
        let cluster = behind()
        cluster.passes = { _, _, message in
            guard case .snapshotRequest(let request) = message.body else { return true }
            return request.chunk != 1
        }
        cluster.start(NodeID(3))
        cluster.run(60)
        #expect(chunks(cluster) == ["chunk 0", "chunk 1"])
        #expect(cluster.core(3)?.compacted == .start)
        cluster.heal()
        cluster.run(150)
        #expect(chunks(cluster) == ["chunk 0", "chunk 1", "chunk 1", "chunk 2"])
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a new link is not made to wait as long as the old one was slow`() {
        let cluster = behind()
        cluster.start(NodeID(3))
        _ = cluster.run(upTo: 100) { $0[3].receiving?.nextChunk == 2 }
        cluster.passes = { _, _, message in
            if case .snapshotRequest = message.body { false } else { true }
        }
        // Pauses of one, two and four time-outs (of 100 ms) pass, and one of eight begins.
        cluster.run(800)
        cluster.heal()
        cluster.step(NodeID(1), .peerUnreachable(NodeID(3)))
        cluster.run(200)
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a full window of lost frames does not keep a snapshot back`() {
        let cluster = behind(inflightAppends: 1)
        cluster.start(NodeID(3))
        cluster.run(200)
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a receiver that crashed begins the snapshot again`() {
        let cluster = behind()
        cluster.start(NodeID(3))
        let isHalfway = cluster.run(upTo: 100) { $0[3].receiving?.nextChunk == 2 }
        #expect(isHalfway)
        cluster.crash(NodeID(3))
        cluster.start(NodeID(3))
        cluster.run(400)
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }
}
