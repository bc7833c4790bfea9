/// How much memory, how many files and how many threads a RocksDB engine may use.
package struct RocksOptions: Hashable, Sendable {
    /// Uncompressed blocks kept for reading, with the tables' indexes and filters.
    package var blockCacheBytes = 32 << 20
    /// The size at which a memtable is closed and written out.
    package var writeBufferBytes = 32 << 20
    /// How many memtables there may be, the one being filled included; writers wait beyond.
    package var writeBufferCount = 3
    /// Table files held open.
    package var openFileLimit = 512
    /// Threads that flush and compact.
    package var backgroundJobs = 2
    /// Bits of a table's Bloom filter for each key.
    package var filterBitsPerKey = 10
    /// Whether tables below level 1 are compressed (by LZ4).
    package var compresses = true
    /// Bytes of the file system that a flush leaves free, for what else it writes.
    package var sparedBytes = 1 << 20
    /// Bytes of the file system without which no database is opened: for a new manifest and the like.
    package var openingBytes = 128 << 10

    package init() {}

    func check() {
        precondition(blockCacheBytes >= 1 << 19, "block cache of \(blockCacheBytes) bytes")
        precondition(writeBufferBytes >= 1 << 16, "write buffer of \(writeBufferBytes) bytes")
        precondition(writeBufferCount >= 2, "\(writeBufferCount) write buffers")
        precondition(openFileLimit >= 16, "\(openFileLimit) open files")
        precondition(backgroundJobs >= 1, "\(backgroundJobs) background jobs")
        precondition(sparedBytes >= 0, "\(sparedBytes) bytes left free")
        precondition(openingBytes >= 0, "\(openingBytes) bytes to open")
        precondition((1...64).contains(filterBitsPerKey), "\(filterBitsPerKey) filter bits")
    }
}
