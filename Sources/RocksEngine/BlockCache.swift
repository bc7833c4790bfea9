import CRocksDB

/// A cache of blocks, which several databases may share; of few shards, for each must have room for
/// several tables' filters.
///
/// The conformance is unchecked because the pointer never changes, and RocksDB's cache may be used by
/// many threads. A database that uses it keeps it alive by itself.
@safe package final class BlockCache: @unchecked Sendable {
    let pointer: OpaquePointer

    package init(byteCount: Int) {
        let options = unsafe rocksdb_lru_cache_options_create()
        defer { unsafe rocksdb_lru_cache_options_destroy(options) }
        unsafe rocksdb_lru_cache_options_set_capacity(options, byteCount)
        unsafe rocksdb_lru_cache_options_set_num_shard_bits(options, 2)
        unsafe pointer = rocksdb_cache_create_lru_opts(options)
    }

    deinit {
        unsafe rocksdb_cache_destroy(pointer)
    }

    /// Bytes of the blocks in it, of all databases.
    package var usedBytes: Int {
        unsafe rocksdb_cache_get_usage(pointer)
    }
}
