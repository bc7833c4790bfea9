package import KeyValue

/// The state that a RocksDB database has on disk, while no process has it open; nothing is changed.
///
/// What had not been flushed when its node ended is not there. Reading checks each block against its
/// checksum; a scan of everything comes by all blocks of rows and by the tables' indexes, and not by
/// the tables' filters.
package final class RestingEngine: ReadView {
    private let database: Database

    /// Opens the database in `directory`, which must be there.
    package init(
        _ directory: String, options: RocksOptions = RocksOptions()
    ) throws(EngineFailure) {
        database = try Database(directory, options, forReading: true)
    }

    /// About how many rows there are, for who shows how far a scan has come.
    package var estimatedRows: Int {
        database.statistics().estimatedRows
    }

    package func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        try database.get(key)
    }

    package func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        unsafe try database.scan(range, reverse: reverse, snapshot: nil, visit)
    }

    /// Closes; no call may follow.
    package func close() {
        database.close()
    }
}
