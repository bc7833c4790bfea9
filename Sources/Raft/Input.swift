package import Identifiers

/// What happens to the core.
///
/// Each is stepped with the current time.
package enum Input: Sendable {
    /// The clock has reached the deadline that the core set (or any later time).
    case tick
    /// A message of a peer. For `appendRequest` the shell keeps the frames' bytes until the effects
    /// of this step have been performed; for `snapshotRequest` the chunk's.
    case message(Message, from: NodeID)
    /// Every write up to this one is on this node's disk.
    case durable(WriteID)
    /// The engine has applied up to here (the last index of a frame).
    case applied(LogIndex)
    /// Append this frame; only on a leader, with the next index and the current term. A frame with
    /// a membership must have come from `reconfigure`.
    case propose(FrameDescriptor)
    /// Asks for a read index; answered by `readReady` or `readFailed` with this nonce. Unique.
    case read(nonce: UInt64)
    /// Prepares a change of membership to these voters and learners; answered by the effect
    /// `proposeMembership` (the shell seals it and steps `propose`) or `refused`.
    case reconfigure(voters: [NodeID], learners: [NodeID])
    /// Hands leadership over; nil: to the most advanced voter.
    case transfer(to: NodeID?)
    /// The disk has begun to be, or is no longer, as it should be.
    case diskHealth(DiskHealth)
    /// Log up to here has been compacted away; an applied position. Frames before it are forgotten.
    case compacted(LogPosition)
    /// `[first, last]` cannot be read any more and is not in the engine: the node neither votes nor
    /// stands, and matches and applies up to below `first` only, until the damage ends.
    case damaged(first: LogIndex, last: LogIndex)
    /// No damage is left. The frames follow the end of the log: what was hidden until now; only
    /// while no write is under way.
    case repaired([FrameDescriptor])
    /// Nobody holds the frames that are lost here; this node has compacted them away. Ask the leader
    /// for a snapshot, or where there is none that node.
    case needSnapshot(of: NodeID)
    /// What this node may do in elections has changed.
    case standing(Standing)
    /// The first members of a new cluster, for a core without a term or a record.
    case founded(Membership)
    /// Nobody else will begin: campaign now, where this node may.
    case campaign
    /// Another data directory bears the name of a member that does not vote: what its leader knew of
    /// the old one is void.
    case peerReplaced(NodeID)
    /// The shell has stored chunk `chunk` of a snapshot (not the last): ask for the next.
    case snapshotChunkStored(LogPosition, chunk: UInt64)
    /// A chunk could not be used: ask for `chunk`.
    case snapshotChunkWanted(LogPosition, chunk: UInt64)
    /// The last chunk was stored, verified, installed and made durable.
    case snapshotInstalled(LogPosition, Membership)
    /// The connection to a peer was lost or made: what was sent may be lost.
    case peerUnreachable(NodeID)
    /// The shell cannot serve the snapshot it was asked for: start again.
    case snapshotSendFailed(NodeID)
}

/// What a node may do in elections, as far as its data directory decides it.
package enum Standing: Hashable, Sendable {
    /// Vote and campaign.
    case full
    /// Vote: a new cluster's first campaign is another node's.
    case votesOnly
    /// Neither: it belongs to no cluster yet, or the membership names another directory for it.
    case none
}
