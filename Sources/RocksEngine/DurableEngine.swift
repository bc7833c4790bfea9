package import KeyValue

/// The durable engine: one RocksDB database with one column family and no log of its own.
///
/// RocksDB closes full memtables in order and writes each out as one table whose appearance is
/// atomic, and a batch goes into one memtable: after a crash the database is at a batch boundary,
/// and what the last finished `flush` covered is there. Rows are stored as `StoredRow` says.
///
/// Thread-safe; writes wait for each other. Writers are slowed when compaction falls far behind,
/// and stopped when it falls farther (`RocksStatistics` shows both).
package final class DurableEngine: Engine {
    private let database: Database

    /// Opens the database in `directory`, whose parent must exist; it is made if it is not there.
    ///
    /// Its cache of blocks is one of its own unless another is given.
    package init(
        _ directory: String, options: RocksOptions = RocksOptions(), cache: BlockCache? = nil
    ) throws(EngineFailure) {
        database = try Database(directory, options, cache: cache)
    }

    package func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        try database.get(key)
    }

    package func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        unsafe try database.scan(range, reverse: reverse, snapshot: nil, visit)
    }

    package func write(_ batch: WriteBatch) throws(EngineFailure) {
        _ = unsafe try database.write(batch, database.native.writing)
    }

    package func writeAtOnce(_ batch: WriteBatch) throws(EngineFailure) -> Bool {
        unsafe try database.write(batch, database.native.writingAtOnce)
    }

    package func pin() throws(EngineFailure) -> any PinnedState {
        RocksPin(database)
    }

    package func flush() throws(EngineFailure) {
        try database.flush()
    }

    package func holdsInMemory(_ byteCount: Int) -> Bool {
        database.holdsInMemory(byteCount)
    }

    package func memoryBytes() -> Int {
        database.statistics().memoryBytes
    }

    /// Figures for metrics and status; takes some microseconds.
    package func statistics() -> RocksStatistics {
        database.statistics()
    }

    /// Bytes that the rows of `range` take in table files, roughly; memtables are not counted.
    package func approximateBytes(of range: KeyRange) throws(EngineFailure) -> Int {
        try database.approximateBytes(of: range)
    }

    /// Closes; what was not flushed is written out on the way.
    ///
    /// All pins must be closed.
    package func close() {
        database.close()
    }
}

/// Opens RocksDB engines, all with the same options and one cache of blocks: while a snapshot comes,
/// there are two engines.
package struct RocksEngineFactory: EngineFactory {
    package let options: RocksOptions
    private let cache: BlockCache

    package init(options: RocksOptions = RocksOptions()) {
        self.options = options
        cache = BlockCache(byteCount: options.blockCacheBytes)
    }

    package func open(_ directory: String) throws(EngineFailure) -> any Engine {
        try DurableEngine(directory, options: options, cache: cache)
    }
}
