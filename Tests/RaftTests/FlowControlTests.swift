import Identifiers
import Raft
import Testing

/// What a leader sends ahead of the answers.
@Suite struct FlowControlTests {
    @Test func `bytes under way to a silent follower are bounded, and others get all`() {
        let cluster = Cluster(voters: 1...3)
        cluster.settings.inflightBytes = 40
        cluster.start()
        cluster.step(NodeID(1), .message(Message(term: .zero, body: .timeoutNow), from: NodeID(2)))
        cluster.run(60)
        var sent: [UInt32] = []
        cluster.passes = { from, to, message in
            if case .appendRequest(let request) = message.body, to == NodeID(3) {
                sent += request.frames.map(\.byteCount)
            }
            return from != NodeID(3)
        }
        for _ in 0..<12 { cluster.propose(NodeID(1)) }
        let last = cluster.nextByteCount
        cluster.run(20)
        #expect(sent.count > 2)
        // The bound is looked at before each message, and here each has one frame.
        let bytes = sent.reduce(0, +)
        #expect((40..<40 + last).contains(bytes), "\(sent)")
        #expect(cluster.core(2)?.lastPosition == cluster.core(1)?.lastPosition)
        // With its answers the follower gets the rest.
        cluster.heal()
        cluster.run(200)
        #expect(cluster.core(3)?.lastPosition == cluster.core(1)?.lastPosition)
        #expect(cluster[3].disk.applied == cluster[1].disk.applied)
        #expect(cluster.checker.failures.isEmpty)
    }
}
