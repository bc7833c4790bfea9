import CRocksDB
import Glibc
import IOCore
import IOPosix
import KeyValue

/// One open RocksDB database: the calls into the library are in this type and its extensions.
///
/// RocksDB's calls are thread-safe, the write buffer is under a lock, and the handle does not change
/// but in `close`, whose caller keeps all other calls away: hence the unchecked conformance.
@safe final class Database: @unchecked Sendable {
    /// What one write at a time uses, kept from write to write.
    @safe private struct Writing {
        let batch: OpaquePointer
        var row: [UInt8] = []
    }

    let directory: String
    let native: NativeOptions
    private let writing: Locked<Writing>
    private let sparedBytes: Int
    let writeBufferBytes: Int
    private let pinCount = Locked(0)
    private let presentReads = ReadOptions()
    /// Nil once closed.
    private var handle: OpaquePointer?

    /// Opens the database, with a cache of its own unless one is given; `forReading`, nothing in its
    /// directory is changed, and it must be there.
    init(
        _ directory: String, _ settings: RocksOptions, cache: BlockCache? = nil,
        forReading: Bool = false
    ) throws(EngineFailure) {
        self.directory = directory
        sparedBytes = settings.sparedBytes
        writeBufferBytes = settings.writeBufferBytes
        native = NativeOptions(
            settings, cache: cache ?? BlockCache(byteCount: settings.blockCacheBytes))
        unsafe writing = Locked(Writing(batch: rocksdb_writebatch_create()))
        unsafe handle = nil
        try checkTables()
        // RocksDB would make the directory, even to read it.
        if forReading, unsafe access(directory + "/CURRENT", R_OK) != 0 {
            let reason = unsafe String(cString: strerror(errno))
            throw failure("open", "\(directory)/CURRENT: \(reason)")
        }
        // Where its new manifest finds no room, an assertion of Debian's build ends the process.
        if !forReading, (try? PosixFileSystem().exists(directory)) == true {
            try requireRoom(settings.openingBytes, for: "open")
        }
        let options = unsafe native.options
        unsafe handle = try call("open") { error in
            unsafe forReading
                ? rocksdb_open_for_read_only(options, directory, 0, error)
                : rocksdb_open(options, directory, error)
        }
    }

    /// Refuses a directory that RocksDB must not open as it is; one that is not there it makes.
    ///
    /// Where there are tables and no `CURRENT`, it would begin a new database, and remove the tables at
    /// the next opening; one whose making was cut short has neither.
    private func checkTables() throws(EngineFailure) {
        let names: [String]
        do throws(FileFailure) {
            let files = PosixFileSystem()
            guard try files.exists(directory) else { return }
            names = try files.list(directory)
        } catch {
            throw failure("open", "\(error)")
        }
        if !names.contains("CURRENT"), let table = names.first(where: { $0.hasSuffix(".sst") }) {
            throw EngineFailure(
                "RocksDB open in \(directory)",
                reason: "CURRENT is missing, but \(table) is there; restore it, or, "
                    + Self.adviceOnDamage,
                isDamage: true)
        }
    }

    deinit {
        if let handle = unsafe handle {
            unsafe rocksdb_close(handle)
        }
        writing.withLock { unsafe rocksdb_writebatch_destroy($0.batch) }
    }

    /// Closes the database, which flushes on the way; no pin may be open.
    func close() {
        let pins = pinCount.withLock { $0 }
        precondition(pins == 0, "RocksDB \(directory) is closed with \(pins) pins open")
        unsafe rocksdb_close(open)
        unsafe handle = nil
    }

    /// The handle of the open database.
    var open: OpaquePointer {
        guard let handle = unsafe handle else {
            preconditionFailure("RocksDB \(directory) is used after it was closed")
        }
        return unsafe handle
    }

    /// Where a range without an end ends: RocksDB measures ranges with an end only.
    static let endOfKeys = [UInt8](repeating: 0xFF, count: 16)

    private func checkKey(_ key: [UInt8]) {
        guard key.first == 0xFF else { return }
        precondition(key.lexicographicallyPrecedes(Self.endOfKeys), "key \(key) is past all keys")
    }

    // MARK: Reading

    /// The row as of now.
    func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        try get(key, presentReads)
    }

    /// The row as `reads` sees it: now, or at its snapshot.
    func get(_ key: [UInt8], _ reads: borrowing ReadOptions) throws(EngineFailure) -> Row? {
        let options = unsafe reads.pointer
        let found = unsafe try call("get") { error in
            unsafe key.withUnsafeBytes { bytes in
                unsafe rocksdb_get_pinned(
                    open, options, bytes.characters, bytes.count, error)
            }
        }
        guard let slice = unsafe found else { return nil }
        defer { unsafe rocksdb_pinnableslice_destroy(slice) }
        var count = 0
        let start = unsafe rocksdb_pinnableslice_value(slice, &count)
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
        return try unsafe decode(bytes, key: key)
    }

    /// Reads a stored row, or tells that it is none.
    func decode(
        _ bytes: UnsafeRawBufferPointer, key: @autoclosure () -> [UInt8]
    ) throws(EngineFailure) -> Row {
        guard let row = unsafe StoredRow.decode(bytes) else {
            let name = key().prefix(32).map { String($0, radix: 16) }.joined(separator: " ")
            throw failure("read", "Corruption: the row of key \(name) is malformed")
        }
        return row
    }

    // MARK: Pins

    func makeSnapshot() -> OpaquePointer {
        guard let snapshot = unsafe rocksdb_create_snapshot(open) else {
            preconditionFailure("RocksDB \(directory) made no snapshot")
        }
        pinCount.withLock { $0 += 1 }
        return unsafe snapshot
    }

    func release(snapshot: OpaquePointer) {
        unsafe rocksdb_release_snapshot(open, snapshot)
        pinCount.withLock { $0 -= 1 }
    }

    // MARK: Writing

    /// Writes as `options` say; false where they forbid it to wait and it would have to.
    func write(_ batch: WriteBatch, _ options: OpaquePointer) throws(EngineFailure) -> Bool {
        guard !batch.changes.isEmpty else { return true }
        return try writing.withLock { state throws(EngineFailure) in
            let target = unsafe state.batch
            // This thread's counters of what RocksDB does: nobody reads them.
            rocksdb_set_perf_level(Int32(rocksdb_disable))
            unsafe rocksdb_writebatch_clear(target)
            for change in batch.changes {
                switch change {
                case .put(let key, let row):
                    checkKey(key)
                    StoredRow.encode(row, into: &state.row)
                    unsafe put(key, state.row, into: target)
                case .delete(let key):
                    unsafe key.withUnsafeBytes { bytes in
                        unsafe rocksdb_writebatch_delete(
                            target, bytes.characters, bytes.count)
                    }
                }
            }
            return unsafe try submit(target, options)
        }
    }

    private func submit(
        _ batch: OpaquePointer, _ options: OpaquePointer
    ) throws(EngineFailure) -> Bool {
        var error: UnsafeMutablePointer<CChar>?
        unsafe rocksdb_write(open, options, batch, &error)
        guard let text = unsafe error else { return true }
        defer { unsafe free(text) }
        let reason = unsafe String(cString: text)
        // Status::Incomplete, which only a write that must not wait meets.
        guard unsafe options == native.writingAtOnce, reason.hasPrefix("Result incomplete") else {
            throw failure("write", reason)
        }
        return false
    }

    private func put(_ key: [UInt8], _ row: [UInt8], into batch: OpaquePointer) {
        unsafe key.withUnsafeBytes { keyBytes in
            unsafe row.withUnsafeBytes { rowBytes in
                unsafe rocksdb_writebatch_put(
                    batch, keyBytes.characters, keyBytes.count,
                    rowBytes.characters, rowBytes.count)
            }
        }
    }

    /// Writes all memtables out; throws a failure that `isFull` where there is no room for them.
    func flush() throws(EngineFailure) {
        try checkRoom()
        let options = unsafe native.flushing
        unsafe try call("flush") { unsafe rocksdb_flush(open, options, $0) }
    }
}

// MARK: - Room

extension Database {
    /// Refuses a flush for which there is no room: one that RocksDB has begun could not be taken back,
    /// and it would take no more writes.
    ///
    /// Another process may still be faster, and a memtable that has grown full is written out unasked.
    private func checkRoom() throws(EngineFailure) {
        let memory = unflushedBytes()
        guard memory > 0 else { return }
        try requireRoom(memory + sparedBytes, for: "flush")
    }

    /// Refuses what wants `needed` bytes of the file system that the directory is on.
    private func requireRoom(_ needed: Int, for operation: String) throws(EngineFailure) {
        var status = statvfs()
        var result: CInt
        repeat {
            result = unsafe statvfs(directory, &status)
        } while result != 0 && errno == EINTR
        guard result == 0 else {
            let code = errno
            throw failure(operation, "cannot look at the file system: error \(code)")
        }
        let product = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        let free = product.overflow ? Int.max : Int(clamping: product.partialValue)
        guard free < needed else { return }
        throw EngineFailure(
            "RocksDB \(operation) in \(directory)",
            reason: "\(free) bytes are free and \(needed) needed; free space on its disk",
            isFull: true)
    }
}

// MARK: - Calling

extension Database {
    /// Calls `body` with a place for RocksDB's error text, and throws what it left there.
    @discardableResult
    func call<Result>(
        _ operation: String,
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) throws(EngineFailure) -> Result {
        var error: UnsafeMutablePointer<CChar>?
        let result = unsafe body(&error)
        guard let text = unsafe error else { return result }
        defer { unsafe free(text) }
        throw failure(operation, unsafe String(cString: text))
    }

    /// RocksDB's error text with the directory and what to do about it.
    func failure(_ operation: String, _ text: String) -> EngineFailure {
        let parted = Self.parted(text, atPath: directory)
        return EngineFailure(
            "RocksDB \(operation) in \(directory)", reason: "\(parted); \(Self.advice(on: text))",
            isDamage: text.contains("Corruption") || text.contains("CURRENT file corrupted"))
    }

    /// Some texts of RocksDB run into the path behind them: "to be an sstable/var/lib/db/7.sst".
    private static func parted(_ text: String, atPath path: String) -> String {
        var parted = ""
        var rest = text[...]
        while !path.isEmpty, let found = rest.firstRange(of: path) {
            parted += rest[..<found.lowerBound]
            if parted.last?.isLetter == true { parted += " " }
            parted += path
            rest = rest[found.upperBound...]
        }
        return parted + rest
    }

    private static let adviceOnDamage =
        "in a cluster, move the node's whole data directory away and start it, and it rejoins; a "
        + "node alone needs a backup"

    private static func advice(on text: String) -> String {
        let damaged = "it is damaged: " + adviceOnDamage
        let locked = "it is open already: stop the other node, or give each its own directory"
        let known: [(pattern: String, advice: String)] = [
            ("Corruption", damaged),
            ("CURRENT file corrupted", damaged),
            ("lock hold by current process", locked),
            ("While lock file", locked),
            ("Permission denied", "let the user that the node runs as read and write it"),
            ("No space left", "free space on its disk, then start the node again"),
            ("Disk quota", "raise the quota of the node's user, then start the node again"),
            ("Read-only file system", "mount its disk for writing, then start the node again"),
            ("Not a directory", "name a directory, or a new one in a directory that exists"),
        ]
        let match = known.first { text.contains($0.pattern) }
        return match?.advice ?? "check the disk and its kernel messages before starting again"
    }
}

extension UnsafeRawBufferPointer {
    /// The same bytes as C's characters; valid as long as the buffer is.
    var characters: UnsafePointer<CChar>? {
        unsafe baseAddress?.assumingMemoryBound(to: CChar.self)
    }
}
