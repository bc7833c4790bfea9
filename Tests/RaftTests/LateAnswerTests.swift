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
        let newest = dropping(cluster)
        rejection(cluster, previous: 9, last: 1)
        #expect(cluster[1].violations.isEmpty)
        let round = newest()
        #expect(round > 0)
        rejection(cluster, previous: 5, last: 1, round: round - 1)
        #expect(cluster[1].violations.isEmpty)
        rejection(cluster, previous: 5, last: 1, round: round)
        #expect(cluster[1].violations == ["its log ends at 1, it had acknowledged 5"])
    }

    @Test func `who answers a round that was never sent has broken the protocol`() {
        let cluster = elected()
        cluster.propose(NodeID(1), count: 4)
        cluster.run(20)
        let newest = dropping(cluster)
        rejection(cluster, previous: 9, last: 1)
        let round = newest()
        rejection(cluster, previous: 5, last: 1, round: round + 1)
        #expect(
            cluster[1].violations == [
                "it answers round \(round + 1), and the newest is \(round)"
            ])
        #expect(cluster.core(1)?.progress(of: NodeID(2))?.match == LogIndex(5))
    }

    /// Loses what node 1 sends to node 2 from now on; tells the newest round that it was in.
    private func dropping(_ cluster: Cluster) -> () -> UInt64 {
        let sent = Sent()
        cluster.passes = { from, to, message in
            guard from == NodeID(1), to == NodeID(2) else { return true }
            if case .appendRequest(let request) = message.body {
                sent.round = max(sent.round, request.readNonce)
            }
            return false
        }
        return { sent.round }
    }

    private final class Sent {
        var round: UInt64 = 0
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
