package import Codec
internal import Identifiers
internal import KeyValue
internal import Raft

/// Takes one block in as a chunk of a snapshot, as if a peer had sent it, into an engine in memory.
///
/// What a peer gets wrong is an error, never a trap. For fuzzing and tests.
package func exerciseSnapshotChunk(_ block: [UInt8], isLast: Bool, limits: Limits) {
    let identity = EngineIdentity(
        cluster: ClusterID(.zero), node: NodeID(1), incarnation: Incarnation(1))
    guard
        let intake = try? SnapshotIntake(
            snapshot: LogPosition(index: LogIndex(9), term: Term(1)), directory: "intake",
            factory: MemoryEngineFactory(), identity: identity, limits: limits)
    else { return }
    _ = try? intake.store(block, number: 0, isLast: isLast)
    intake.abandon()
}

/// Reads bytes as the row of the applied position and as one of a session; what is accepted must be
/// accepted again from its own encoding.
///
/// For fuzzing and tests.
package func exerciseStateRows(on input: [UInt8], limits: Limits) {
    if let position = try? AppliedPosition.decode(input) {
        let again = try? AppliedPosition.decode(position.encoded())
        precondition(again == position, "\(position) came back as \(String(describing: again))")
    }
    if let session = try? SessionTable.Session.decode(input, limits: limits) {
        let rows = session.encoded(partBytes: .max)
        let again = try? SessionTable.Session.decode(rows[0], limits: limits)
        precondition(
            rows.count == 1 && again?.encoded(partBytes: .max) == rows,
            "a session of \(session.outcomes.count) outcomes came back as another")
    }
}
