import CRocksDB
import Glibc

/// RocksDB's option objects for one database, alive as long as it is open.
@safe struct NativeOptions: ~Copyable {
    let options: OpaquePointer
    let writing: OpaquePointer
    /// Like `writing`, for a write that fails rather than waits for flushes or compactions.
    let writingAtOnce: OpaquePointer
    let flushing: OpaquePointer
    let cache: BlockCache
    private let tables: OpaquePointer

    init(_ settings: RocksOptions, cache: BlockCache) {
        settings.check()
        unsafe options = rocksdb_options_create()
        unsafe writing = rocksdb_writeoptions_create()
        unsafe writingAtOnce = rocksdb_writeoptions_create()
        unsafe flushing = rocksdb_flushoptions_create()
        self.cache = cache
        unsafe tables = rocksdb_block_based_options_create()
        // The replicated log is the only log there is.
        unsafe rocksdb_writeoptions_disable_WAL(writing, 1)
        unsafe rocksdb_writeoptions_disable_WAL(writingAtOnce, 1)
        unsafe rocksdb_writeoptions_set_no_slowdown(writingAtOnce, 1)
        unsafe rocksdb_flushoptions_set_wait(flushing, 1)
        setTables(settings)
        setMemory(settings)
        setFiles(settings)
        setInsertionHints()
    }

    deinit {
        unsafe rocksdb_block_based_options_destroy(tables)
        unsafe rocksdb_flushoptions_destroy(flushing)
        unsafe rocksdb_writeoptions_destroy(writingAtOnce)
        unsafe rocksdb_writeoptions_destroy(writing)
        unsafe rocksdb_options_destroy(options)
    }

    private func setTables(_ settings: RocksOptions) {
        unsafe rocksdb_block_based_options_set_block_cache(tables, cache.pointer)
        let filter = unsafe rocksdb_filterpolicy_create_bloom_full(
            Double(settings.filterBitsPerKey))
        // The table options own the filter from here on.
        unsafe rocksdb_block_based_options_set_filter_policy(tables, filter)
        unsafe rocksdb_block_based_options_set_format_version(tables, 5)
        unsafe rocksdb_block_based_options_set_block_size(tables, 4 << 10)
        // Indexes and filters count against the cache, so that memory has one bound.
        unsafe rocksdb_block_based_options_set_cache_index_and_filter_blocks(tables, 1)
        unsafe rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(
            tables, 1)
        unsafe rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(tables, 1)
        unsafe rocksdb_options_set_block_based_table_factory(options, tables)
        let lower = settings.compresses ? rocksdb_lz4_compression : rocksdb_no_compression
        let levels =
            [Int32](repeating: Int32(rocksdb_no_compression), count: 2)
            + [Int32](repeating: Int32(lower), count: 5)
        unsafe levels.withUnsafeBufferPointer {
            unsafe rocksdb_options_set_compression_per_level(options, $0.baseAddress, $0.count)
        }
    }

    private func setMemory(_ settings: RocksOptions) {
        unsafe rocksdb_options_set_write_buffer_size(options, settings.writeBufferBytes)
        unsafe rocksdb_options_set_max_write_buffer_number(
            options, Int32(settings.writeBufferCount))
        // A filter over each memtable spares most reads the walk through its skip list.
        unsafe rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, 0.02)
        unsafe rocksdb_options_set_memtable_whole_key_filtering(options, 1)
        // One thread writes: the plain skip list insertion is the cheaper one.
        unsafe rocksdb_options_set_allow_concurrent_memtable_write(options, 0)
        unsafe rocksdb_options_set_enable_write_thread_adaptive_yield(options, 0)
    }

    /// Lets the search for a new row's place in the memtable begin at the place of the last one.
    ///
    /// A hint is kept for each two bytes that keys begin with: a store and its key space. The rows
    /// of a batch come in order, so the next place is near. Nobody may delete ranges of rows: this
    /// RocksDB would use the hints of the rows for those too. Its C interface has no other way to
    /// set this than by text.
    private func setInsertionHints() {
        var error: UnsafeMutablePointer<CChar>?
        unsafe rocksdb_get_options_from_string(
            options, "memtable_insert_with_hint_prefix_extractor=fixed:2", options, &error)
        guard let text = unsafe error else { return }
        defer { unsafe free(text) }
        preconditionFailure(unsafe "RocksDB refused an option: \(String(cString: text))")
    }

    private func setFiles(_ settings: RocksOptions) {
        unsafe rocksdb_options_set_create_if_missing(options, 1)
        unsafe rocksdb_options_set_paranoid_checks(options, 1)
        unsafe rocksdb_options_set_max_open_files(options, Int32(settings.openFileLimit))
        unsafe rocksdb_options_set_max_file_opening_threads(options, 2)
        unsafe rocksdb_options_set_max_background_jobs(options, Int32(settings.backgroundJobs))
        unsafe rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
        unsafe rocksdb_options_set_target_file_size_base(options, 32 << 20)
        unsafe rocksdb_options_set_max_bytes_for_level_base(options, 128 << 20)
        // Room before writers are slowed: compaction has but one thread.
        unsafe rocksdb_options_set_level0_file_num_compaction_trigger(options, 4)
        unsafe rocksdb_options_set_level0_slowdown_writes_trigger(options, 24)
        unsafe rocksdb_options_set_level0_stop_writes_trigger(options, 40)
        // Written out evenly, so that no long sync stands in the way of the log's short ones.
        unsafe rocksdb_options_set_bytes_per_sync(options, 1 << 20)
        unsafe rocksdb_options_set_max_manifest_file_size(options, 16 << 20)
        unsafe rocksdb_options_set_skip_stats_update_on_db_open(options, 1)
        // RocksDB's own text log: warnings only, one file.
        unsafe rocksdb_options_set_info_log_level(options, 2)
        unsafe rocksdb_options_set_max_log_file_size(options, 1 << 20)
        unsafe rocksdb_options_set_keep_log_file_num(options, 1)
        unsafe rocksdb_options_set_stats_dump_period_sec(options, 0)
        unsafe rocksdb_options_set_stats_persist_period_sec(options, 0)
    }
}
