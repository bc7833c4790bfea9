import Identifiers
import Raft

/// Nodes that begin with given logs, as the figures of the Raft paper draw them.
extension Cluster {
    /// Node n's log has one-record frames of the terms in `logs[n - 1]`; nobody proposes by itself.
    static func holding(_ logs: [[UInt64]], term: UInt64) -> Cluster {
        let cluster = Cluster(voters: 1...UInt64(logs.count))
        cluster.proposesFirstRecord = false
        for (place, log) in logs.enumerated() {
            cluster.nodes[place].disk.frames = frames(log)
            cluster.nodes[place].disk.hardState = HardState(term: Term(term), vote: nil)
        }
        return cluster
    }

    private static func frames(_ terms: [UInt64]) -> [FrameDescriptor] {
        terms.enumerated().map { place, term in
            FrameDescriptor(
                firstIndex: LogIndex(UInt64(place) + 1), count: 1, term: Term(term),
                byteCount: UInt32(term) * 100 + UInt32(place))
        }
    }

    /// Has `node` campaign at once, as one does that a leader has chosen for its successor.
    func campaign(_ node: UInt64) {
        let term = core(node)?.term ?? .zero
        step(NodeID(node), .message(Message(term: term, body: .timeoutNow), from: NodeID(9)))
    }

    /// The terms of the records on the disk of `node`.
    func terms(_ node: UInt64) -> [UInt64] {
        self[node].disk.frames.map(\.term.rawValue)
    }
}
