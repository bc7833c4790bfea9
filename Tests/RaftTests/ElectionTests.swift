import Identifiers
import Raft
import Testing

/// Elections, pre-votes, transfers and reads, told as transcripts or asserted.
@Suite struct ElectionTests {
    private func elected(_ voters: ClosedRange<UInt64> = 1...3) -> Cluster {
        let cluster = Cluster(voters: voters)
        cluster.start()
        cluster.step(NodeID(1), .message(Message(term: .zero, body: .timeoutNow), from: NodeID(2)))
        cluster.run(60)
        return cluster
    }

    @Test func `the first election`() {
        let cluster = Cluster(voters: 1...3)
        cluster.start()
        let isElected = cluster.run(upTo: 300) { cluster in
            cluster.nodes.allSatisfy { $0.core?.appliedIndex == LogIndex(1) }
        }
        #expect(isElected)
        let golden = """
            0 1 starts
            0 2 starts
            0 3 starts
            104 3→1 t1 pre-vote? last 0/0
            104 3→2 t1 pre-vote? last 0/0
            104 3 preCandidate t0
            105 1→3 t1 pre-vote yes
            105 2→3 t1 pre-vote yes
            106 3 candidate t1
            107 3→1 t1 vote? last 0/0
            107 3→2 t1 vote? last 0/0
            108 1 follower t1
            108 2 follower t1
            110 1→3 t1 vote yes
            110 2→3 t1 vote yes
            111 3→1 t1 heartbeat 0/0 commit 0
            111 3→2 t1 heartbeat 0/0 commit 0
            111 3 leader t1
            111 3→1 t1 append 0/0 +1 commit 0
            111 3→2 t1 append 0/0 +1 commit 0
            112 1→3 t1 matched 0
            112 1 follower t1
            112 2→3 t1 matched 0
            112 2 follower t1
            113 3→1 t1 append 0/0 +1 commit 0
            113 3→2 t1 append 0/0 +1 commit 0
            113 1→3 t1 matched 1
            113 2→3 t1 matched 1
            114 1→3 t1 matched 1
            114 2→3 t1 matched 1
            114 3 applies 1
            131 3→1 t1 heartbeat 1/1 commit 1
            131 3→2 t1 heartbeat 1/1 commit 1
            132 1 applies 1
            132 1→3 t1 matched 1
            132 2 applies 1
            132 2→3 t1 matched 1
            """
        #expect(cluster.transcript.joined(separator: "\n") == golden)
    }

    @Test func `a node back from a partition does not disturb the leader`() {
        let cluster = elected()
        cluster.partition([1, 2])
        cluster.run(1_000)
        #expect(cluster.core(3)?.role == .preCandidate)
        #expect(cluster.core(3)?.term == Term(1), "pre-votes raise no term")
        cluster.heal()
        cluster.run(300)
        #expect(cluster.leader == NodeID(1))
        #expect(cluster.nodes.allSatisfy { $0.core?.term == Term(1) })
        #expect(cluster.core(3)?.leader == NodeID(1))
    }

    @Test func `a leader without a majority steps down`() {
        let cluster = elected()
        cluster.partition([2, 3])
        cluster.run(600)
        #expect(cluster.core(1)?.isLeader == false)
        #expect(cluster.leader == NodeID(2) || cluster.leader == NodeID(3))
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a transfer waits until the target has everything`() {
        let cluster = elected()
        cluster.holdDisk(2)
        cluster.propose(NodeID(1))
        cluster.run(10)
        cluster.step(NodeID(1), .transfer(to: NodeID(2)))
        #expect(cluster.core(1)?.canServeProposals == false)
        cluster.run(40)
        #expect(cluster.leader == NodeID(1), "the target lacks a frame")
        cluster.releaseDisk(2)
        cluster.run(20)
        #expect(cluster.leader == NodeID(2))
        #expect(cluster.core(1)?.role == .follower)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a transfer that fails gives proposals back`() {
        let cluster = elected()
        cluster.holdDisk(2)
        cluster.propose(NodeID(1))
        cluster.run(10)
        cluster.step(NodeID(1), .transfer(to: NodeID(2)))
        cluster.step(NodeID(1), .transfer(to: NodeID(3)))
        cluster.run(150)
        #expect(cluster.core(1)?.canServeProposals == true)
        cluster.step(NodeID(1), .transfer(to: NodeID(8)))
        cluster.step(NodeID(1), .transfer(to: NodeID(1)))
        #expect(cluster[1].refusals == [.transferInProgress, .unknownNode(NodeID(8)), .unchanged])
    }

    @Test func `reads on leader and follower are ready at the commit index`() {
        let cluster = elected()
        cluster.propose(NodeID(1), count: 4)
        cluster.run(10)
        let commit = cluster.core(1)?.commitIndex ?? .zero
        #expect(commit == LogIndex(5))
        let onLeader = cluster.read(1)
        let onFollower = cluster.read(3)
        #expect(cluster[1].readResults[onLeader] == nil, "a quorum must confirm first")
        cluster.run(10)
        #expect(cluster[1].readResults[onLeader] == .ready(commit))
        #expect(cluster[3].readResults[onFollower] == .ready(commit))
    }

    @Test func `a leader that is cut off answers no read`() {
        let cluster = elected(1...5)
        cluster.partition([1, 2], [3, 4, 5])
        let onOldLeader = cluster.read(1)
        let onItsFollower = cluster.read(2)
        let hasNewLeader = cluster.run(upTo: 600) { cluster in
            cluster.nodes.contains { $0.identifier > NodeID(2) && $0.core?.isLeader == true }
        }
        #expect(hasNewLeader)
        cluster.propose(cluster.leader ?? NodeID(3))
        cluster.run(300)
        #expect(cluster[1].readResults[onOldLeader] == .failed(.leadershipLost))
        guard case .failed? = cluster[2].readResults[onItsFollower] else {
            Issue.record("\(String(describing: cluster[2].readResults))")
            return
        }
        cluster.heal()
        cluster.run(200)
        let later = cluster.read(2)
        cluster.run(20)
        let commit = cluster.core(cluster.leader?.rawValue ?? 3)?.commitIndex ?? .zero
        #expect(cluster[2].readResults[later] == .ready(commit))
        #expect(commit == LogIndex(3))
    }

    @Test func `a leader of a new term serves no read before its first commit`() {
        let cluster = Cluster(voters: 1...3)
        cluster.proposesFirstRecord = false
        cluster.start()
        let isElected = cluster.run(upTo: 300) { $0.leader != nil }
        #expect(isElected)
        let leader = cluster.leader?.rawValue ?? 1
        let read = cluster.read(leader)
        #expect(cluster[leader].readResults[read] == .failed(.notReady))
    }
}
