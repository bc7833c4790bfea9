/// An engine in memory that loses in a crash what a real one may lose.
///
/// It is the model that the durable engine is held to, and the simulation's engine. What `flush`
/// has not made durable is kept as batches, so that a crash can leave the state of any batch
/// boundary from the last flush on. Past `writeBufferBytes` of such batches the oldest become
/// durable by themselves, as a durable engine's do; where flushes fail, the write fails with that.
///
/// Thread-safe by one lock, under which all of its state is reached: that is what makes the
/// unchecked conformance sound. A scan visits a copy, outside the lock.
package final class MemoryEngine: Engine, @unchecked Sendable {
    /// What can be made to fail.
    package enum Operation: Hashable, Sendable {
        case get, scan, write, pin, flush
    }

    private let lock = Lock()
    private let writeBufferBytes: Int
    private var rows: OrderedRows
    private var durable: OrderedRows
    /// Batches written since `durable`, oldest first, with their bytes.
    private var unflushed: [(batch: WriteBatch, byteCount: Int)] = []
    private var unflushedBytes = 0
    private var hasEnded = false
    /// Pinned states that have not been closed.
    private var pinCount = 0
    /// Whether a crash has ended it in the middle of its process's code, which runs on.
    private var isAbandoned = false
    private var holdsWritersBack = false
    private var writing: @Sendable () -> Void = {}
    private var failures: [Operation: (failure: EngineFailure, callsBefore: Int)] = [:]

    /// An engine without rows.
    package convenience init(writeBufferBytes: Int = 64 << 20) {
        self.init(rows: OrderedRows(), writeBufferBytes: writeBufferBytes)
    }

    private init(rows: OrderedRows, writeBufferBytes: Int) {
        self.rows = rows
        self.durable = rows
        self.writeBufferBytes = writeBufferBytes
    }

    // MARK: Engine

    package func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        try lock.withLock { () throws(EngineFailure) in
            try check(.get)
            return rows.get(key)
        }
    }

    package func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        let rows = try lock.withLock { () throws(EngineFailure) in
            try check(.scan)
            return self.rows
        }
        rows.scan(range, reverse: reverse, visit)
    }

    package func write(_ batch: WriteBatch) throws(EngineFailure) {
        lock.withLock { writing }()
        try lock.withLock { () throws(EngineFailure) in
            try check(.write)
            guard !batch.changes.isEmpty else { return }
            let byteCount = batch.changes.reduce(0) { $0 + $1.byteCount }
            if unflushedBytes + byteCount > writeBufferBytes { try check(.flush) }
            rows.apply(batch)
            unflushed.append((batch, byteCount))
            unflushedBytes += byteCount
            if unflushedBytes > writeBufferBytes {
                persistOldest()
            }
        }
    }

    package func writeAtOnce(_ batch: WriteBatch) throws(EngineFailure) -> Bool {
        guard !lock.withLock({ holdsWritersBack }) else { return false }
        try write(batch)
        return true
    }

    package func pin() throws(EngineFailure) -> any PinnedState {
        try lock.withLock { () throws(EngineFailure) in
            try check(.pin)
            pinCount += 1
            return PinnedMemory(rows: rows, of: self)
        }
    }

    package func flush() throws(EngineFailure) {
        try lock.withLock { () throws(EngineFailure) in
            try check(.flush)
            durable = rows
            unflushed = []
            unflushedBytes = 0
        }
    }

    package func holdsInMemory(_ byteCount: Int) -> Bool {
        lock.withLock { byteCount <= writeBufferBytes - unflushedBytes }
    }

    package func memoryBytes() -> Int {
        lock.withLock { rows.byteCount + unflushedBytes }
    }

    /// Closes in good order: everything written is there when the rows are opened again.
    package func close() {
        lock.withLock {
            guard !isAbandoned else { return }
            precondition(!hasEnded, "memory engine closed twice")
            precondition(pinCount == 0, "memory engine closed with \(pinCount) pins open")
            hasEnded = true
            durable = rows
            unflushed = []
            unflushedBytes = 0
        }
    }

    // MARK: What tests and simulations do to it

    /// Whether it was closed, or ended by a crash.
    package var isEnded: Bool {
        lock.withLock { hasEnded }
    }

    /// The number of rows.
    package var rowCount: Int {
        lock.withLock { rows.count }
    }

    /// The number of batches that a crash may take.
    package var unflushedBatchCount: Int {
        lock.withLock { unflushed.count }
    }

    /// Ends this engine as a crash would, and returns what it left.
    ///
    /// - Parameter kept: how many of the batches since the last flush survive, oldest first; in
    ///   `[0, unflushedBatchCount]`.
    package func crash(keeping kept: Int = 0) -> MemoryEngine {
        lock.withLock {
            precondition(!hasEnded, "memory engine crashed after it was closed")
            return endLocked(keeping: kept)
        }
    }

    /// Like `crash`, but the engine may be used on: by code of a process that has ended already, and
    /// whose doings are lost.
    package func abandon(keeping kept: Int = 0) -> MemoryEngine {
        lock.withLock {
            precondition(!hasEnded, "memory engine abandoned after it was closed")
            isAbandoned = true
            return endLocked(keeping: kept)
        }
    }

    /// What is there when the engine is opened again after `close`.
    package func reopened() -> MemoryEngine {
        lock.withLock {
            precondition(hasEnded, "memory engine opened again while it is open")
            return MemoryEngine(rows: durable, writeBufferBytes: writeBufferBytes)
        }
    }

    /// Lets `operation` fail from the `callsBefore`-th call after this one on, until `heal`.
    package func fail(
        _ operation: Operation, with failure: EngineFailure, callsBefore: Int = 0
    ) {
        precondition(callsBefore >= 0, "\(callsBefore) calls before the failure")
        lock.withLock { failures[operation] = (failure, callsBefore) }
    }

    /// Whether a write would have to wait from now on, as with a durable engine that must flush
    /// before it goes on.
    package func holdWritersBack(_ holds: Bool) {
        lock.withLock { holdsWritersBack = holds }
    }

    /// Calls `job` in each write, which may take as long as it wants.
    package func whileWriting(_ job: @escaping @Sendable () -> Void) {
        lock.withLock { writing = job }
    }

    /// Ends all failures asked for.
    package func heal() {
        lock.withLock { failures = [:] }
    }

    // MARK: Inside

    fileprivate func unpin() {
        lock.withLock {
            precondition(pinCount > 0, "a pin of a memory engine is closed twice")
            pinCount -= 1
        }
    }

    private func endLocked(keeping kept: Int) -> MemoryEngine {
        precondition(
            kept >= 0 && kept <= unflushed.count,
            "\(kept) of \(unflushed.count) batches kept in a crash")
        var left = durable
        for (batch, _) in unflushed.prefix(kept) {
            left.apply(batch)
        }
        hasEnded = true
        return MemoryEngine(rows: left, writeBufferBytes: writeBufferBytes)
    }

    private func persistOldest() {
        var count = 0
        while unflushedBytes > writeBufferBytes / 2, count < unflushed.count {
            durable.apply(unflushed[count].batch)
            unflushedBytes -= unflushed[count].byteCount
            count += 1
        }
        unflushed.removeFirst(count)
    }

    private func check(_ operation: Operation) throws(EngineFailure) {
        precondition(
            !hasEnded || isAbandoned, "memory engine used after it was closed: \(operation)")
        guard !failures.isEmpty, let (failure, callsBefore) = failures[operation] else { return }
        guard callsBefore == 0 else {
            failures[operation] = (failure, callsBefore - 1)
            return
        }
        throw failure
    }
}

/// The rows of a memory engine at one moment.
private final class PinnedMemory: PinnedState {
    private let rows: OrderedRows
    private let engine: MemoryEngine

    init(rows: OrderedRows, of engine: MemoryEngine) {
        self.rows = rows
        self.engine = engine
    }

    func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        rows.get(key)
    }

    func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        rows.scan(range, reverse: reverse, visit)
    }

    func close() {
        engine.unpin()
    }
}

extension WriteBatch.Change {
    /// Bytes of the keys and the value in it.
    package var byteCount: Int {
        switch self {
        case .put(let key, let row): key.count + row.value.count
        case .delete(let key): key.count
        }
    }
}
