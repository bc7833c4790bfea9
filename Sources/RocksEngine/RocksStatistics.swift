import CRocksDB
import KeyValue

/// What RocksDB says about itself.
package struct RocksStatistics: Hashable, Sendable {
    package var memtableBytes = 0
    /// Bytes of memtables that a flush would write out; 0 if there is nothing in them.
    package var unflushedBytes = 0
    /// Blocks in the cache, indexes and filters among them.
    package var blockCacheBytes = 0
    /// Memory of open tables outside the cache.
    package var tableReaderBytes = 0
    /// Bytes of the table files in use.
    package var tableBytes = 0
    package var levelZeroFiles = 0
    package var pendingCompactionBytes = 0
    package var estimatedRows = 0
    package var runningFlushes = 0
    package var runningCompactions = 0
    /// Failed flushes and compactions since the database was opened.
    package var backgroundErrors = 0
    /// Bytes a second that writers are held to; 0 while they are not slowed.
    package var delayedWriteRate = 0
    package var isWriteStopped = false

    package var memoryBytes: Int {
        memtableBytes + blockCacheBytes + tableReaderBytes
    }
}

extension Database {
    func statistics() -> RocksStatistics {
        var statistics = RocksStatistics()
        statistics.memtableBytes = property("size-all-mem-tables")
        statistics.unflushedBytes = unflushedBytes()
        statistics.blockCacheBytes = native.cache.usedBytes
        statistics.tableReaderBytes = property("estimate-table-readers-mem")
        statistics.tableBytes = property("live-sst-files-size")
        statistics.levelZeroFiles = levelZeroFiles()
        statistics.pendingCompactionBytes = property("estimate-pending-compaction-bytes")
        statistics.estimatedRows = property("estimate-num-keys")
        statistics.runningFlushes = property("num-running-flushes")
        statistics.runningCompactions = property("num-running-compactions")
        statistics.backgroundErrors = property("background-errors")
        statistics.delayedWriteRate = property("actual-delayed-write-rate")
        statistics.isWriteStopped = property("is-write-stopped") != 0
        return statistics
    }

    func approximateBytes(of range: KeyRange) throws(EngineFailure) -> Int {
        let upper = range.upper ?? Self.endOfKeys
        var size: UInt64 = 0
        unsafe try call("approximate size") { error in
            unsafe range.lower.withUnsafeBytes { lowerBytes in
                unsafe upper.withUnsafeBytes { upperBytes in
                    var lowers = unsafe lowerBytes.characters
                    var uppers = unsafe upperBytes.characters
                    var lowerCount = lowerBytes.count
                    var upperCount = upperBytes.count
                    unsafe rocksdb_approximate_sizes(
                        open, 1, &lowers, &lowerCount, &uppers, &upperCount, &size, error)
                }
            }
        }
        return Int(clamping: size)
    }

    private func property(_ name: String) -> Int {
        var value: UInt64 = 0
        let code = unsafe rocksdb_property_int(open, "rocksdb." + name, &value)
        precondition(code == 0, "RocksDB has no integer property \(name)")
        return Int(clamping: value)
    }

    /// What a flush would write out at the most, unless there is nothing.
    func unflushedBytes() -> Int {
        let entries = property("num-entries-active-mem-table")
        guard entries > 0 || property("num-immutable-mem-table") > 0 else { return 0 }
        return property("cur-size-all-mem-tables")
    }

    /// Whether the active memtable takes rows of `byteCount` bytes before RocksDB writes it out.
    ///
    /// Each byte of a row is counted twice, for what the memtable needs besides.
    func holdsInMemory(_ byteCount: Int) -> Bool {
        byteCount <= (writeBufferBytes - property("cur-size-active-mem-table")) / 2
    }

    private func levelZeroFiles() -> Int {
        guard let text = unsafe rocksdb_property_value(open, "rocksdb.num-files-at-level0") else {
            preconditionFailure("RocksDB has no property num-files-at-level0")
        }
        defer { unsafe rocksdb_free(text) }
        return Int(unsafe String(cString: text)) ?? 0
    }
}
