import IOCore
package import Identifiers
package import Raft
package import WAL

/// What a checker looks at after each turn of a node: numbers, none of them dear to get.
package struct ReplicaInspection: Sendable {
    package let role: Role
    package let term: Term
    package let vote: NodeID?
    package let commit: LogIndex
    package let position: AppliedPosition
    package let durable: LogIndex
    package let compacted: LogIndex
    /// The last record that the node knows of its log, and the last that the log holds.
    package let last: LogIndex
    package let end: LogIndex
    package let flushed: LogIndex
    /// The first record that cannot be read and is in no engine; nil where all is well.
    package let firstUnreadable: LogIndex?
    package let isTakingSnapshot: Bool
    package let isJoint: Bool
    package let queues: Queues

    /// What waits inside the node.
    package struct Queues: Sendable {
        /// Raw bytes of proposals that have not been applied.
        package let proposalBytes: Int
        package let uncommittedFrames: Int
        /// Messages that wait for a write.
        package let heldMessages: Int
        /// Messages that wait for frames to be read, of all peers.
        package let waitingMessages: Int
        package let reads: Int
        /// Steps that wait for the present one.
        package let inputs: Int
        /// Bytes of frames that are kept in memory for followers and the apply thread.
        package let cachedBytes: Int
        /// Client sessions by what has been applied.
        package let sessions: Int
        /// How often they have come up to their bound, be it within a turn.
        package let sessionFillings: UInt64
        /// Places of the log that are known to be damaged, or are kept for what peers said of them.
        package let damagedPlaces: Int
        /// Nodes that a repair remembers something of: of one place, or as silent, or as named by the log.
        package let repairHelpers: Int
        /// Peers whose questions about damage of their own are being answered.
        package let repairsServed: Int
        /// Peers for which a snapshot is pinned, or about to be.
        package let snapshotsSent: Int
    }
}

extension Replica {
    package func inspection() -> ReplicaInspection {
        let core = raft.inspection
        return ReplicaInspection(
            role: raft.role, term: raft.term, vote: raft.vote, commit: raft.commitIndex,
            position: position, durable: raft.durableIndex, compacted: core.compacted,
            last: core.last, end: core.end, flushed: flushed,
            firstUnreadable: core.firstUnreadable,
            isTakingSnapshot: isInstalling || intake != nil, isJoint: core.isJoint,
            queues: ReplicaInspection.Queues(
                proposalBytes: waitingBytes + sealedBytes,
                uncommittedFrames: sealed.isEmpty
                    ? 0 : sealed.reversed().prefix { $0.lastIndex > raft.commitIndex }.count,
                heldMessages: held.count,
                waitingMessages: outboxes.isEmpty
                    ? 0 : outboxes.values.reduce(0) { $0 + $1.messages.count },
                reads: readsUnderWay,
                inputs: queuedInputs.count, cachedBytes: cache.heldBytes, sessions: sessionCount,
                sessionFillings: sessionFillings,
                damagedPlaces: max(knownDamage.count, repair?.places ?? 0),
                repairHelpers: repair?.nodes ?? 0, repairsServed: servingRepairs.count,
                snapshotsSent: max(sources.count, sourcesInTheMaking.count)))
    }

    /// The chain digest of the log at `index`, if a frame ends there that is remembered.
    package func chainDigest(at index: LogIndex) -> ChainDigest? {
        chain.digest(at: index)
    }

    /// Whether the core decides by the newest membership of the log.
    package var hasMembershipOfLog: Bool {
        newestMembership.core == raft.membership
    }

    /// What of the log's recovery table this process has come to.
    package var recoverySteps: RecoverySteps {
        steps.union(writer?.statistics.steps ?? [])
    }

    /// The term of the record at `index`; nil where the log does not have it.
    package func term(at index: LogIndex) -> Term? {
        raft.term(at: index)
    }
}
