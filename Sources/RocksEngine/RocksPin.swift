import CRocksDB
import IOCore
import KeyValue

/// A RocksDB snapshot, released by `close` or with the last reference.
///
/// The handles do not change but in `close`, whose caller keeps reads away: hence the unchecked
/// conformance.
@safe final class RocksPin: PinnedState, @unchecked Sendable {
    private let database: Database
    private let reads = ReadOptions()
    /// Nil once closed.
    private var snapshot: OpaquePointer?

    init(_ database: Database) {
        self.database = database
        let snapshot = unsafe database.makeSnapshot()
        unsafe rocksdb_readoptions_set_snapshot(reads.pointer, snapshot)
        unsafe self.snapshot = snapshot
    }

    deinit {
        close()
    }

    func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        checkOpen()
        return try database.get(key, reads)
    }

    func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        checkOpen()
        unsafe try database.scan(range, reverse: reverse, snapshot: snapshot, visit)
    }

    func close() {
        guard let open = unsafe snapshot else { return }
        unsafe snapshot = nil
        unsafe database.release(snapshot: open)
    }

    private func checkOpen() {
        let isOpen = unsafe snapshot != nil
        precondition(isOpen, "pinned state of \(database.directory) is used after it was closed")
    }
}
