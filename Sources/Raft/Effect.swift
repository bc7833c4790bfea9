package import Identifiers

/// What the shell must do, in order.
///
/// Writes (`writeHardState`, `append`, `truncate`) go into one ordered queue; `durable(id)` tells
/// that all up to `id` are on disk. A message with `after` must not leave before that.
package enum Effect: Hashable, Sendable {
    /// Write the current term and vote.
    case writeHardState(HardState, WriteID)
    /// Write frames. `.proposal`: the frame just proposed. `.message`: those of the append request
    /// being stepped, from `first` on (index into its `frames`).
    case append(AppendSource, WriteID)
    /// Forget all records after this index (recorded in the log, not cut off).
    case truncate(after: LogIndex, WriteID)
    /// Send to a peer. An `appendRequest`'s frames are read by the shell from the log.
    case send(Message, to: NodeID, after: WriteID?)
    /// Send this chunk of a snapshot of the applied state; the shell makes the snapshot at chunk 0
    /// (its own position), keeps it pinned, and adds the bytes and `isLast`.
    case sendSnapshotChunk(to: NodeID, chunk: UInt64)
    /// The chunk of the snapshot request being stepped is wanted: store it, then step
    /// `snapshotChunkStored`, `snapshotChunkWanted` or, after the last, `snapshotInstalled`.
    case storeSnapshotChunk(Message.SnapshotRequest, from: NodeID)
    /// Frames up to here are committed *and* durable here: apply them in order.
    case apply(through: LogIndex)
    /// The read asked for with this nonce may be served once applied is at least `index`.
    case readReady(nonce: UInt64, index: LogIndex)
    case readFailed(nonce: UInt64, Refusal)
    /// Seal and propose this membership, now, in a frame of its own.
    case proposeMembership(Membership)
    /// An input was refused.
    case refused(Refusal)
    /// Role, leader or term has changed. On `becameLeader` duties the shell proposes its first
    /// record (the no-op of §8) at once.
    case roleChanged(RoleReport)
    /// Call with `tick` at this time (replaces the earlier deadline).
    case setDeadline(MonotonicTime)
    /// A peer has broken the protocol (a conflict inside a frame or below commit): log it, close.
    case peerViolation(NodeID, String)
}

package enum AppendSource: Hashable, Sendable {
    case proposal(FrameDescriptor)
    case message(first: Int)
}

/// What must survive a crash before a vote or an answer leaves.
package struct HardState: Hashable, Sendable {
    package var term: Term
    package var vote: NodeID?
    package init(term: Term, vote: NodeID?) {
        self.term = term
        self.vote = vote
    }
    package static let initial = HardState(term: .zero, vote: nil)
}

package enum Role: Hashable, Sendable {
    case follower
    case preCandidate
    case candidate
    case leader
    case learner
}

package struct RoleReport: Hashable, Sendable {
    package let role: Role
    package let term: Term
    package let leader: NodeID?
    package init(role: Role, term: Term, leader: NodeID?) {
        self.role = role
        self.term = term
        self.leader = leader
    }
}

package enum Refusal: Error, Hashable, Sendable {
    case notLeader(NodeID?)
    /// No record of this term is committed yet.
    case notReady
    case changeInProgress
    case transferInProgress
    case unknownNode(NodeID)
    /// The target is too far behind, or not a voter.
    case unfitTarget(NodeID)
    /// The node is named more than once.
    case repeatedNode(NodeID)
    case noVoters
    case unchanged
    /// Leadership was lost before the answer.
    case leadershipLost
}
