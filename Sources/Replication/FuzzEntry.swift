package import Codec
internal import IOCore
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
            snapshot: LogPosition(index: LogIndex(9), term: Term(1)),
            location: EngineLocation(root: "engine", fileSystem: NoFiles()), nonce: 1,
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

/// A file system without a file: an engine in memory has none.
private struct NoFiles: FileSystem {
    private func missing(_ operation: String, _ path: String) -> FileFailure {
        FileFailure(.notFound, operation, path: path, reason: "there are no files")
    }

    func open(_ path: String, _ mode: OpenMode) throws(FileFailure) -> any File {
        throw missing("open", path)
    }

    func list(_ directory: String) throws(FileFailure) -> [String] {
        []
    }

    func exists(_ path: String) throws(FileFailure) -> Bool {
        false
    }

    func makeDirectory(_ path: String) throws(FileFailure) {}

    func rename(_ source: String, to target: String) throws(FileFailure) {
        throw missing("rename", source)
    }

    func remove(_ path: String) throws(FileFailure) {
        throw missing("remove", path)
    }

    func removeTree(_ path: String) throws(FileFailure) {}

    func syncDirectory(_ path: String) throws(FileFailure) {}

    func freeBytes(_ path: String) throws(FileFailure) -> UInt64 {
        0
    }

    func lock(_ path: String) throws(FileFailure) -> any FileLock {
        throw missing("lock", path)
    }
}
