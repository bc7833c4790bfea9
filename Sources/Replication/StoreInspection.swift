import Codec
package import Identifiers
package import KeyValue
package import WAL

/// What a node's store holds, read as a whole while the node does not run, and whether its log goes
/// with it.
package struct StoreInspection: Hashable, Sendable {
    /// Whose state it is; nil where the store has never been used.
    package let owner: EngineIdentity?
    package let position: AppliedPosition
    /// Rows of all kinds, the node's own among them.
    package let rowCount: UInt64
    /// The digest of the replicated ones, as `StateDigest` has it.
    package let digest: Bits128

    /// Reads every row of `view`, which checks what it reads against its checksums; after each thousandth
    /// `progress` is told how many they are.
    package static func of(
        _ view: some ReadView, progress: (UInt64) -> Void = { _ in }
    ) throws(EngineFailure) -> StoreInspection {
        var own: UInt64 = 0
        try view.scan(SystemRows.nodeLocal, reverse: false) { _, _ in
            own += 1
            return true
        }
        let state = try StateDigest.of(view) { progress(own + $0) }
        return StoreInspection(
            owner: try EngineIdentity.read(view), position: try AppliedPosition.read(view),
            rowCount: own + state.rowCount, digest: state.digest)
    }

    /// What of the log or the store cannot be so after any crash; a sentence each.
    ///
    /// A log that ends before the store's position, as one does that a snapshot has overtaken, is
    /// none: recovery tells of that itself.
    package func problems(
        with recovery: WriteAheadLog.Recovery, of identity: WriteAheadLog.Identity
    ) -> [String] {
        var problems: [String] = []
        let expected = EngineIdentity(
            cluster: identity.cluster, node: identity.node, incarnation: identity.incarnation)
        if let owner, owner != expected {
            problems.append(
                "the store holds the state of \(owner), the directory is of \(expected)")
        }
        if owner == nil, position != .start {
            problems.append("the store holds the state of no node, applied to \(position.index)")
        }
        if position.contradicts(recovery) {
            problems.append(
                "the store has applied record \(position.index) of term \(position.term) with chain "
                    + "digest \(position.digest), and the log has another record there")
        }
        return problems
    }
}

extension AppliedPosition {
    /// Whether a readable frame of the log ends at or reaches over this position as another record,
    /// or goes on from another one.
    func contradicts(_ recovery: WriteAheadLog.Recovery) -> Bool {
        recovery.frames.contains {
            $0.firstIndex <= index && index <= $0.lastIndex
                && ($0.lastIndex != index || $0.term != term || $0.digest != digest)
                || $0.firstIndex == index.next && $0.previousDigest != digest
        }
    }
}
