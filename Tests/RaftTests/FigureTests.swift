import Identifiers
import Raft
import Testing

/// The figures 7 and 8 of the Raft paper, and conflicts that cannot be honest.
@Suite struct FigureTests {
    private func cluster(_ logs: [[UInt64]], term: UInt64) -> Cluster {
        let cluster = Cluster.holding(logs, term: term)
        cluster.start()
        return cluster
    }

    private func campaign(_ cluster: Cluster, _ node: UInt64) {
        cluster.campaign(node)
        cluster.run(20)
    }

    private func terms(_ cluster: Cluster, _ node: UInt64) -> [UInt64] {
        cluster.terms(node)
    }

    @Test func `figure 7: every follower's log is brought in line`() {
        let logs: [[UInt64]] = [
            [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
            [1, 1, 1, 4, 4, 5, 5, 6, 6],
            [1, 1, 1, 4],
            [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
            [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
            [1, 1, 1, 4, 4, 4, 4],
            [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
        ]
        let cluster = cluster(logs, term: 7)
        campaign(cluster, 1)
        #expect(cluster.leader == NodeID(1))
        #expect(cluster.core(1)?.term == Term(8))
        cluster.propose(NodeID(1))
        cluster.run(100)
        for node: UInt64 in 1...7 {
            #expect(terms(cluster, node) == logs[0] + [8], "node \(node)")
            #expect(cluster[node].disk.applied == cluster[1].disk.frames, "node \(node)")
            #expect(cluster[node].violations.isEmpty, "node \(node)")
        }
        cluster.checker.compareLogs(cluster.nodes)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `figure 8: an entry of an old term is not committed by counting`() {
        let cluster = cluster([[1, 2], [1, 2], [1], [1], [1, 3]], term: 3)
        cluster.partition([1, 2, 3, 4])
        campaign(cluster, 1)
        cluster.run(60)
        #expect(cluster.leader == NodeID(1))
        #expect(terms(cluster, 3) == [1, 2] && terms(cluster, 4) == [1, 2])
        #expect(cluster.core(1)?.commitIndex == .zero, "index 2 is everywhere, but of term 2")
    }

    @Test func `figure 8 d: what was only counted may be overwritten`() {
        let cluster = cluster([[1, 2], [1, 2], [1], [1], [1, 3]], term: 3)
        // Node 1 brings index 2 to node 3 alone and dies.
        cluster.partition([1, 2, 3])
        campaign(cluster, 1)
        cluster.run(60)
        #expect(terms(cluster, 3) == [1, 2])
        cluster.crash(NodeID(1))
        cluster.partition([2, 3, 4, 5])
        // The first campaign finds the others in a later term.
        campaign(cluster, 5)
        campaign(cluster, 5)
        cluster.propose(NodeID(5))
        cluster.run(100)
        #expect(cluster.leader == NodeID(5))
        let expected = terms(cluster, 5)
        #expect(expected.starts(with: [1, 3]))
        for node: UInt64 in 2...4 { #expect(terms(cluster, node) == expected, "node \(node)") }
        #expect((cluster.core(5)?.commitIndex ?? .zero) >= LogIndex(3))
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `figure 8 e: an entry of the leader's term commits those before it`() {
        let cluster = cluster([[1, 2], [1, 2], [1], [1], [1, 3]], term: 3)
        cluster.partition([1, 2, 3])
        campaign(cluster, 1)
        cluster.propose(NodeID(1))
        cluster.run(60)
        #expect(cluster.core(1)?.commitIndex == LogIndex(3))
        cluster.crash(NodeID(1))
        cluster.partition([2, 3, 4, 5])
        for _ in 0..<5 {
            campaign(cluster, 5)
            #expect(cluster.core(5)?.isLeader == false)
        }
        cluster.run(600)
        cluster.propose(cluster.leader ?? NodeID(2))
        cluster.run(100)
        for node: UInt64 in 2...5 {
            #expect(terms(cluster, node).starts(with: [1, 2, 4]), "node \(node)")
        }
        #expect(cluster.checker.failures.isEmpty)
    }

    // MARK: Violations

    /// A follower with frames 1…3, 4…6 of term 1, the first committed; asked to append `frames`.
    private func violation(previous: UInt64, _ first: UInt64, term: UInt64) -> [String] {
        let cluster = Cluster(voters: 1...3)
        cluster[1].disk.hardState = HardState(term: Term(1), vote: nil)
        let old: [FrameDescriptor] = [1, 4].map {
            FrameDescriptor(firstIndex: LogIndex($0), count: 3, term: Term(1), byteCount: 1)
        }
        cluster[1].disk.frames = old
        cluster[1].disk.applied = [old[0]]
        cluster.start(NodeID(1))
        let frame = FrameDescriptor(
            firstIndex: LogIndex(first), count: 2, term: Term(term), byteCount: 2)
        let request = Message.AppendRequest(
            previous: LogPosition(index: LogIndex(previous), term: Term(1)), commit: .zero,
            frames: [frame], readNonce: 0)
        cluster.step(
            NodeID(1),
            .message(Message(term: Term(3), body: .appendRequest(request)), from: NodeID(2)))
        #expect(cluster[1].log == old || cluster[1].violations.isEmpty, "it changed its log")
        return cluster[1].violations
    }

    @Test func `a conflict below the commit index is the peer's violation`() {
        #expect(
            violation(previous: 2, 3, term: 3) == ["frame 3 conflicts below the commit index 3"])
    }

    @Test func `a conflict inside a frame is the peer's violation`() {
        #expect(violation(previous: 5, 6, term: 3) == ["frame 6 conflicts inside another frame"])
    }

    @Test func `a gap between frames is the peer's violation`() {
        #expect(violation(previous: 3, 5, term: 3) == ["frame 5 where 4 should follow"])
    }

    @Test func `a conflict at the end of a frame is none`() {
        #expect(violation(previous: 3, 4, term: 3).isEmpty)
    }
}
