package import Identifiers

/// One row: its value and the log index of the record that last changed it.
package struct Row: Hashable, Sendable {
    package let version: LogIndex
    package let value: [UInt8]
    package init(version: LogIndex, value: [UInt8]) {
        self.version = version
        self.value = value
    }
}

/// The keys `[lower, upper)`, in byte order; without `upper`, to the end.
package struct KeyRange: Hashable, Sendable {
    package let lower: [UInt8]
    package let upper: [UInt8]?

    package init(lower: [UInt8], upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    /// All keys that begin with `prefix`.
    package init(prefix: [UInt8]) {
        var upper = prefix
        while let last = upper.last, last == 0xFF {
            upper.removeLast()
        }
        if let last = upper.popLast() {
            upper.append(last + 1)
        }
        self.init(lower: prefix, upper: upper.isEmpty ? nil : upper)
    }

    package func contains(_ key: [UInt8]) -> Bool {
        if key.lexicographicallyPrecedes(lower) { return false }
        guard let upper else { return true }
        return key.lexicographicallyPrecedes(upper)
    }
}

/// A failure of the engine below a view: the disk's, or damage.
///
/// It stops the node's apply thread, but where `isFull` says that nothing was done.
package struct EngineFailure: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let reason: String
    /// Whether what is stored is damaged, rather than out of reach.
    package let isDamage: Bool
    /// Whether there was no room for a flush, which was not begun: it may be tried again.
    package let isFull: Bool

    package init(
        _ operation: String, reason: String, isDamage: Bool = false, isFull: Bool = false
    ) {
        self.operation = operation
        self.reason = reason
        self.isDamage = isDamage
        self.isFull = isFull
    }
    package var description: String {
        "store engine: \(operation): \(reason)"
    }
}

/// Rows as of one moment.
package protocol ReadView {
    func get(_ key: [UInt8]) throws(EngineFailure) -> Row?
    /// Visits rows in key order (or backwards) until `visit` returns false.
    func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure)
}

/// What a store sees: rows that it may change, with nested savepoints.
///
/// Rows put get the version of the record being applied.
package protocol View: ReadView {
    mutating func put(_ key: [UInt8], _ value: [UInt8])
    mutating func delete(_ key: [UInt8])
    /// Marks the present state; marks nest, and rolling back to one forgets the later ones.
    mutating func savepoint() -> Savepoint
    mutating func rollback(to savepoint: Savepoint)
    /// Forgets the mark and later ones, and keeps the changes.
    mutating func release(_ savepoint: Savepoint)
}

package struct Savepoint: Hashable, Sendable {
    package let depth: Int
    package init(depth: Int) {
        self.depth = depth
    }
}

/// Changes to write in one step, in the order given: a later one wins over an earlier one.
package struct WriteBatch: Sendable {
    package enum Change: Sendable {
        case put(key: [UInt8], row: Row)
        case delete(key: [UInt8])
    }
    package var changes: [Change] = []
    package init() {}
}

/// The durable, ordered store below all views.
///
/// Thread-safe. It has no log of its own: after a crash it is back at the state of some write batch
/// not older than the last finished `flush`, never in the middle of one.
///
/// Read directly, it shows the present state; what a scan visits is of one moment.
package protocol Engine: ReadView, AnyObject, Sendable {
    /// Writes all of `batch` or nothing; visible at once, durable after the next `flush`.
    func write(_ batch: WriteBatch) throws(EngineFailure)
    /// Does the same, or nothing and returns false where the write would have to wait for what was
    /// written before.
    func writeAtOnce(_ batch: WriteBatch) throws(EngineFailure) -> Bool
    /// Pins the present state for reading.
    func pin() throws(EngineFailure) -> any PinnedState
    /// Makes everything written before the call durable; slow (0.2 s), so never on the loop.
    func flush() throws(EngineFailure)
    /// Whether rows of `byteCount` bytes can be written and stay in memory: nothing would go to disk
    /// for them before the next `flush`.
    func holdsInMemory(_ byteCount: Int) -> Bool
    /// Resident bytes (block cache, memtables, tables) for status.
    func memoryBytes() -> Int
    /// Closes; no call may follow or be under way.
    func close()
}

extension Engine {
    package func writeAtOnce(_ batch: WriteBatch) throws(EngineFailure) -> Bool {
        try write(batch)
        return true
    }
}

/// A state of the engine that later writes do not change; released by `close` (or its deinit).
package protocol PinnedState: ReadView, AnyObject, Sendable {
    func close()
}

/// Opens, replaces and removes engines: the durable one, or the simulation's.
package protocol EngineFactory: Sendable {
    /// Opens the engine in `directory`, empty if there was none.
    func open(_ directory: String) throws(EngineFailure) -> any Engine
}
