import Identifiers
import Raft
import Testing

/// A node that cannot read a part of its log.
@Suite struct DamageTests {
    /// Node 1 leads; three frames, of records 1, 2…3 and 4…5, are applied everywhere but on node 3,
    /// which crashed before it heard that the last two are committed.
    private func prepared() -> Cluster {
        let cluster = Cluster(voters: 1...3)
        cluster.start()
        cluster.step(
            NodeID(1), .message(Message(term: .zero, body: .timeoutNow), from: NodeID(2)))
        cluster.run(60)
        cluster.propose(NodeID(1), count: 2)
        cluster.propose(NodeID(1), count: 2)
        cluster.run(3)
        cluster.crash(NodeID(3))
        cluster.run(60)
        #expect(cluster[1].disk.appliedPosition.index == LogIndex(5))
        #expect(cluster[3].disk.appliedPosition.index == LogIndex(1))
        #expect(cluster[3].disk.last == LogIndex(5))
        return cluster
    }

    private func restarted() -> Cluster {
        let cluster = prepared()
        cluster.rot(NodeID(3), at: LogIndex(2))
        cluster.start(NodeID(3))
        return cluster
    }

    @Test func `a node that starts with damage hides its log from there on`() {
        let cluster = restarted()
        #expect(cluster.core(3)?.isDamaged == true)
        #expect(cluster.core(3)?.lastPosition.index == LogIndex(1))
        // A new leader knows nothing of what node 3 had acknowledged, and sends everything.
        cluster.crash(NodeID(1))
        cluster.run(600)
        #expect(cluster.leader == nil, "two nodes, of which one must not vote")
        cluster.start(NodeID(1))
        cluster.run(600)
        #expect(cluster.core(3)?.isDamaged == false)
        #expect(cluster[3].disk.rotten.isEmpty)
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a leader that counted what is lost waits until it is fetched`() {
        let cluster = restarted()
        cluster.run(200)
        #expect(cluster.core(1)?.isLeader == true)
        #expect(cluster[1].violations.isEmpty)
        #expect(cluster.core(1)?.progress(of: NodeID(3))?.match == LogIndex(5))
        #expect(cluster[3].disk.appliedPosition.index == LogIndex(1))
        cluster.mend(NodeID(3))
        cluster.run(60)
        #expect(cluster.core(3)?.lastPosition.index == LogIndex(5))
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `damage neither votes nor stands, and goes when the log is whole`() {
        let cluster = restarted()
        cluster.partition([2, 3])
        cluster.run(2_000)
        #expect(cluster.core(2)?.isLeader == false)
        #expect(cluster.core(3)?.role == .follower)
        cluster.mend(NodeID(3))
        cluster.run(600)
        #expect(cluster.leader == NodeID(2) || cluster.leader == NodeID(3))
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `apply stops below the damage and goes on behind it`() {
        let cluster = prepared()
        cluster.start(NodeID(3))
        cluster.rot(NodeID(3), at: LogIndex(4))
        cluster.run(60)
        #expect(cluster.core(3)?.commitIndex == LogIndex(3))
        #expect(cluster[3].disk.appliedPosition.index == LogIndex(3))
        cluster.mend(NodeID(3))
        cluster.run(60)
        #expect(cluster[3].disk.appliedPosition.index == LogIndex(5))
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `another log in the place of damage ends it`() {
        let cluster = Cluster(voters: 1...3)
        cluster.start()
        cluster.step(
            NodeID(1), .message(Message(term: .zero, body: .timeoutNow), from: NodeID(2)))
        cluster.run(60)
        cluster.partition([1], [2, 3])
        cluster.propose(NodeID(1), count: 3)
        cluster.propose(NodeID(1))
        cluster.run(2)
        cluster.crash(NodeID(1))
        #expect(cluster[1].disk.last == LogIndex(5))
        cluster.rot(NodeID(1), at: LogIndex(2))
        cluster.run(600)
        cluster.heal()
        cluster.start(NodeID(1))
        #expect(cluster.core(1)?.isDamaged == true)
        cluster.run(300)
        #expect(cluster.core(1)?.isDamaged == false)
        #expect(cluster[1].disk.applied == cluster[2].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a leader that cannot read its log has another one run`() {
        let cluster = prepared()
        cluster.start(NodeID(3))
        cluster.run(60)
        cluster.partition([1], [2], [3])
        cluster.propose(NodeID(1))
        cluster.run(1)
        cluster.heal()
        cluster.rot(NodeID(1), at: LogIndex(6))
        #expect(cluster.core(1)?.isLeader == false)
        cluster.run(60)
        #expect(cluster.leader == NodeID(2) || cluster.leader == NodeID(3))
        cluster.run(300)
        #expect(cluster.core(1)?.isDamaged == false, "another record has taken its place")
        #expect(cluster[1].disk.applied == cluster[2].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `what nobody holds any more comes with a snapshot`() {
        let cluster = restarted()
        cluster.compact(NodeID(1))
        cluster.compact(NodeID(2))
        cluster.run(100)
        cluster.mend(NodeID(3))
        cluster.run(100)
        #expect(cluster[3].disk.compacted.index == LogIndex(5))
        #expect(cluster.core(3)?.isDamaged == false)
        cluster.propose(NodeID(1))
        cluster.run(100)
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `without a leader any node lends its state`() {
        let cluster = restarted()
        cluster.compact(NodeID(2))
        cluster.crash(NodeID(1))
        cluster.run(600)
        #expect(cluster.leader == nil)
        cluster.mend(NodeID(3))
        cluster.run(600)
        #expect(cluster.core(3)?.isDamaged == false)
        #expect(cluster.leader != nil)
        #expect(cluster[3].disk.applied.starts(with: cluster[1].disk.applied))
        #expect(cluster.checker.failures.isEmpty)
    }

    @Test func `a snapshot below the commit is taken where damage lies below it`() {
        let cluster = prepared()
        cluster.start(NodeID(3))
        cluster.cuts = [[NodeID(1), NodeID(3)], [NodeID(2), NodeID(3)]]
        guard var core = cluster.core(3) else { return }
        var effects: [Effect] = []
        core.step(.damaged(first: LogIndex(2), last: LogIndex(3)), at: cluster.now, into: &effects)
        let last = LogPosition(index: LogIndex(5), term: Term(1))
        let heartbeat = Message.AppendRequest(
            previous: last, commit: LogIndex(5), frames: [], readNonce: 0)
        core.step(
            .message(Message(term: Term(1), body: .appendRequest(heartbeat)), from: NodeID(1)),
            at: cluster.now, into: &effects)
        #expect(core.commitIndex == LogIndex(1))
        let request = Message.SnapshotRequest(
            snapshot: last, membership: core.membership, chunk: 0, isLast: true)
        effects = []
        core.step(
            .message(Message(term: Term(1), body: .snapshotRequest(request)), from: NodeID(1)),
            at: cluster.now, into: &effects)
        #expect(effects == [.storeSnapshotChunk(request, from: NodeID(1))])
        core.step(.snapshotInstalled(last, core.membership), at: cluster.now, into: &effects)
        #expect(!core.isDamaged)
        #expect(core.appliedIndex == LogIndex(5))
    }

    @Test func `a borrower that asks again is sent the chunk that it waits for`() {
        let cluster = restarted()
        cluster.crash(NodeID(1))
        cluster.run(600)
        guard var core = cluster.core(2) else { return }
        var now = cluster.now
        func step(_ body: Message.Body) -> [Effect] {
            var effects: [Effect] = []
            let message = Message(term: core.term, body: body)
            core.step(.message(message, from: NodeID(3)), at: now, into: &effects)
            return effects
        }
        #expect(step(.snapshotNeeded) == [.sendSnapshotChunk(to: NodeID(3), chunk: 0)])
        #expect(step(.snapshotNeeded) == [])
        let position = LogPosition(index: LogIndex(5), term: Term(1))
        let answer = Message.SnapshotResponse(snapshot: position, result: .wants(chunk: 3))
        #expect(step(.snapshotResponse(answer)) == [.sendSnapshotChunk(to: NodeID(3), chunk: 3)])
        now = now.advanced(milliseconds: 200)
        #expect(step(.snapshotNeeded) == [.sendSnapshotChunk(to: NodeID(3), chunk: 3)])
        var effects: [Effect] = []
        core.step(.snapshotSendFailed(NodeID(3)), at: now, into: &effects)
        #expect(step(.snapshotNeeded) == [.sendSnapshotChunk(to: NodeID(3), chunk: 0)])
    }

    @Test func `a log whose acknowledged end is gone without a trace gets it again`() {
        let cluster = prepared()
        cluster[3].disk.frames.removeAll { $0.firstIndex > LogIndex(3) }
        #expect(cluster.core(1)?.progress(of: NodeID(3))?.match == LogIndex(5))
        cluster.start(NodeID(3))
        cluster.run(200)
        #expect(cluster[1].violations == ["its log ends at 3, it had acknowledged 5"])
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.core(1)?.progress(of: NodeID(3))?.match == LogIndex(5))
        #expect(cluster.checker.failures.isEmpty)
    }
}
