import Identifiers
import Raft
import Testing

/// Answers and completions that come late, twice, or at an awkward moment.
@Suite struct LateAnswerTests {
    private func elected() -> Cluster {
        let cluster = Cluster(voters: 1...3)
        cluster.start()
        cluster.step(
            NodeID(1), .message(Message(term: .zero, body: .timeoutNow), from: NodeID(2)))
        cluster.run(60)
        return cluster
    }

    private func rejection(_ cluster: Cluster, previous: UInt64, last: UInt64, round: UInt64 = 0) {
        let term = cluster.core(1)?.term ?? .zero
        let hint = LogPosition(index: LogIndex(last), term: term)
        let response = Message.AppendResponse(
            result: .rejected(
                previous: LogIndex(previous), hint: hint, last: LogIndex(last)), readNonce: round)
        cluster.step(
            NodeID(1),
            .message(Message(term: term, body: .appendResponse(response)), from: NodeID(2)))
    }

    @Test func `a rejection from before an acknowledgement is no broken promise`() {
        let cluster = elected()
        cluster.propose(NodeID(1), count: 4)
        cluster.run(20)
        #expect(cluster.core(1)?.progress(of: NodeID(2))?.match == LogIndex(5))
        rejection(cluster, previous: 9, last: 1)
        cluster.run(20)
        #expect(cluster[1].violations.isEmpty)
        cluster.propose(NodeID(1))
        cluster.run(60)
        #expect(cluster[2].disk.appliedPosition.index == LogIndex(6))
    }

    @Test func `a log that lost what it had acknowledged is told by its second answer`() {
        let cluster = elected()
        cluster.propose(NodeID(1), count: 4)
        cluster.run(20)
        cluster.partition([1, 3], [2])
        rejection(cluster, previous: 9, last: 1)
        #expect(cluster[1].violations.isEmpty)
        // As of the newest round, of which each heartbeat has begun one.
        rejection(cluster, previous: 5, last: 1, round: .max)
        #expect(cluster[1].violations == ["its log ends at 1, it had acknowledged 5"])
    }

    @Test func `a snapshot that keeps the log never takes the durable index back`() {
        let cluster = elected()
        cluster.run(60)
        cluster.holdDisk(3)
        let before = cluster.core(3)?.durableIndex ?? .zero
        cluster.propose(NodeID(1), count: 2)
        cluster.run(5)
        cluster.propose(NodeID(1))
        cluster.run(5)
        let position = cluster.core(3)?.lastPosition ?? .start
        #expect(position.index == LogIndex(before.rawValue + 3))
        guard var core = cluster.core(3) else { return }
        var effects: [Effect] = []
        core.step(
            .snapshotInstalled(position, core.membership), at: cluster.now, into: &effects)
        #expect(core.durableIndex == position.index)
        for number in 1...UInt64(100) {
            core.step(.durable(WriteID(number)), at: cluster.now, into: &effects)
            #expect(core.durableIndex == position.index)
        }
    }

    @Test func `a name given twice is no membership`() {
        let cluster = elected()
        let nodes = [1, 2, 3].map { NodeID($0) }
        cluster.step(NodeID(1), .reconfigure(voters: nodes + [NodeID(2)], learners: []))
        cluster.step(NodeID(1), .reconfigure(voters: nodes, learners: [NodeID(3)]))
        #expect(cluster[1].refusals == [.repeatedNode(NodeID(2)), .repeatedNode(NodeID(3))])
    }

    @Test func `nothing is proposed while leadership is handed over`() {
        let cluster = elected()
        cluster.partition([1, 3], [2])
        cluster.propose(NodeID(1))
        cluster.run(5)
        let last = cluster.core(1)?.lastPosition
        cluster.step(NodeID(1), .transfer(to: NodeID(2)))
        cluster.propose(NodeID(1))
        #expect(cluster[1].refusals == [.transferInProgress])
        #expect(cluster.core(1)?.lastPosition == last)
    }
}
