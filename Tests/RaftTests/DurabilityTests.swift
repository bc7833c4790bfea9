import Identifiers
import Raft
import Testing

/// What may leave a node before its disk has answered, and what must not.
@Suite struct DurabilityTests {
    private func elected() -> Cluster {
        let cluster = Cluster(voters: 1...3)
        cluster.start()
        cluster.step(
            NodeID(1), .message(Message(term: Term(0), body: .timeoutNow), from: NodeID(2)))
        cluster.run(30)
        return cluster
    }

    private func sent(_ cluster: Cluster, by node: UInt64, _ what: String) -> Int {
        cluster.transcript.count { $0.contains(" \(node)→") && $0.contains(what) }
    }

    @Test func `a leader with a slow disk commits with a majority of others`() {
        let cluster = elected()
        #expect(cluster.leader == NodeID(1))
        cluster.holdDisk(1)
        let before = cluster.core(1)?.commitIndex ?? .zero
        cluster.propose(NodeID(1))
        cluster.run(50)
        #expect(cluster.core(1)?.commitIndex == before.next)
        #expect(cluster.core(1)?.appliedIndex == before, "it applies what its own disk lacks")
        #expect(cluster[2].disk.appliedPosition.index == before.next)
        cluster.releaseDisk(1)
        cluster.run(20)
        #expect(cluster.core(1)?.appliedIndex == before.next)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `frames are acknowledged when they are on disk, not before`() {
        let cluster = elected()
        cluster.holdDisk(2)
        cluster.holdDisk(3)
        let before = cluster.core(1)?.commitIndex ?? .zero
        cluster.propose(NodeID(1))
        cluster.run(50)
        #expect(cluster.leader == NodeID(1), "heartbeats are answered meanwhile")
        #expect(cluster.core(1)?.commitIndex == before)
        #expect(sent(cluster, by: 2, "matched \(before.next)") == 0)
        cluster.releaseDisk(2)
        cluster.run(20)
        #expect(cluster.core(1)?.commitIndex == before.next)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a vote is given and counted when it is on disk, not before`() {
        let cluster = Cluster(voters: 1...3)
        cluster.start()
        for node: UInt64 in 1...3 { cluster.holdDisk(node) }
        cluster.step(
            NodeID(1), .message(Message(term: Term(0), body: .timeoutNow), from: NodeID(2)))
        cluster.run(20)
        #expect(sent(cluster, by: 1, "vote?") == 0)
        cluster.releaseDisk(1)
        cluster.run(20)
        #expect(sent(cluster, by: 1, "t1 vote?") == 2)
        #expect(sent(cluster, by: 2, "vote yes") + sent(cluster, by: 3, "vote yes") == 0)
        #expect(cluster.leader == nil)
        cluster.releaseDisk(3)
        cluster.run(20)
        #expect(cluster.leader == NodeID(1))
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a heartbeat of a term that is not on disk is acknowledged later`() {
        let cluster = elected()
        cluster.holdDisk(2)
        // A leader of a later term, which node 2 did not vote for.
        let request = Message.AppendRequest(
            previous: LogPosition(index: LogIndex(1), term: Term(1)), commit: LogIndex(1),
            frames: [], readNonce: 0)
        cluster.step(
            NodeID(2),
            .message(Message(term: Term(7), body: .appendRequest(request)), from: NodeID(3)))
        cluster.run(5)
        #expect(sent(cluster, by: 2, "t7 matched") == 0)
        cluster.releaseDisk(2)
        cluster.run(5)
        #expect(sent(cluster, by: 2, "t7 matched 1") == 1)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a hung disk gives leadership away`() {
        let cluster = elected()
        cluster.holdDisk(1)
        cluster.step(NodeID(1), .diskHealth(.cannotWrite))
        #expect(cluster.core(1)?.isLeader == false)
        cluster.run(60)
        let next = cluster.leader
        #expect(next == NodeID(2) || next == NodeID(3), "within less than an election time-out")
        cluster.run(1_000)
        #expect(cluster.core(1)?.role == .follower, "it does not campaign with a hung disk")
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `nodes that should not lead elect the one that may`() {
        let cluster = elected()
        for name in [1, 2] as [UInt64] {
            cluster.step(NodeID(name), .diskHealth(.shouldNotLead))
        }
        cluster.run(1_000)
        #expect(cluster.leader == NodeID(3))
        #expect(cluster.checker.failures.isEmpty)
    }
}
