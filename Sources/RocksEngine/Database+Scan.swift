import CRocksDB
import KeyValue

/// Read options of one scan, one snapshot or one engine.
@safe struct ReadOptions: ~Copyable {
    let pointer: OpaquePointer

    init() {
        unsafe pointer = rocksdb_readoptions_create()
    }

    deinit {
        unsafe rocksdb_readoptions_destroy(pointer)
    }
}

extension Database {
    /// Visits the rows of `range` as of now, or as of `snapshot`.
    ///
    /// A snapshot's scan leaves the block cache to the point reads.
    func scan(
        _ range: KeyRange, reverse: Bool, snapshot: OpaquePointer?,
        _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        let options = ReadOptions()
        if let snapshot = unsafe snapshot {
            unsafe rocksdb_readoptions_set_snapshot(options.pointer, snapshot)
            unsafe rocksdb_readoptions_set_fill_cache(options.pointer, 0)
        }
        var failure: EngineFailure?
        // RocksDB keeps the bounds' addresses, so the scan runs while the arrays are held.
        unsafe range.lower.withUnsafeBytes { lower in
            unsafe (range.upper ?? []).withUnsafeBytes { upper in
                unsafe rocksdb_readoptions_set_iterate_lower_bound(
                    options.pointer, lower.characters, lower.count)
                if range.upper != nil {
                    unsafe rocksdb_readoptions_set_iterate_upper_bound(
                        options.pointer, upper.characters, upper.count)
                }
                do throws(EngineFailure) {
                    unsafe try iterate(
                        options.pointer, from: reverse ? nil : lower, reverse: reverse, visit)
                } catch {
                    failure = error
                }
            }
        }
        if let failure {
            throw failure
        }
    }

    private func iterate(
        _ options: OpaquePointer, from lower: UnsafeRawBufferPointer?, reverse: Bool,
        _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        guard let iterator = unsafe rocksdb_create_iterator(open, options) else {
            preconditionFailure("RocksDB \(directory) made no iterator")
        }
        defer { unsafe rocksdb_iter_destroy(iterator) }
        if let lower = unsafe lower {
            unsafe rocksdb_iter_seek(iterator, lower.characters, lower.count)
        } else {
            unsafe rocksdb_iter_seek_to_last(iterator)
        }
        while unsafe rocksdb_iter_valid(iterator) != 0 {
            var count = 0
            let keyStart = unsafe rocksdb_iter_key(iterator, &count)
            let key = unsafe [UInt8](UnsafeRawBufferPointer(start: keyStart, count: count))
            let rowStart = unsafe rocksdb_iter_value(iterator, &count)
            let bytes = unsafe UnsafeRawBufferPointer(start: rowStart, count: count)
            guard visit(key, try unsafe decode(bytes, key: key)) else { return }
            if reverse {
                unsafe rocksdb_iter_prev(iterator)
            } else {
                unsafe rocksdb_iter_next(iterator)
            }
        }
        unsafe try call("scan") { unsafe rocksdb_iter_get_error(iterator, $0) }
    }
}
