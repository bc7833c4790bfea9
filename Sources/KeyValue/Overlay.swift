package import Identifiers

/// Changes over a state that they leave alone until they are taken as one batch.
///
/// One owner, one thread. A hash table answers point reads; the changed keys are put in order only
/// when somebody scans. Savepoints are marks in an undo log: setting one costs nothing, and rolling
/// back costs what was changed since. All storage is kept from one batch to the next.
///
/// Nobody else may write the base meanwhile. What is read from it and what is handed over may be kept
/// for later batches, so whoever asks for that writes each batch that it takes to the base before
/// reading again.
package final class Overlay: View {
    /// One changed key; its row is nil where the key was deleted.
    struct Entry {
        let key: [UInt8]
        let hash: Int
        var row: Row?
        /// Where in the undo log (counted from the overlay's beginning) it was last noted; -1: never.
        var notedAt: Int
        /// Its place in `slots`.
        var slot: Int

        var byteCount: Int {
            key.count + (row?.value.count ?? 0)
        }
    }

    /// How to take back one change.
    private struct Undo {
        let entry: Int
        /// Whether the change made the entry, so that undoing removes it.
        let isNew: Bool
        let row: Row?
        let notedAt: Int
    }

    let base: any ReadView
    /// The version that rows put from now on get: the index of the record being applied.
    package var version: LogIndex

    /// The changed keys in the order of their first change.
    private(set) var entries: [Entry] = []
    /// Open addressing with linear probing: the number of an entry, or -1; a power of two long.
    ///
    /// Entries leave in the reverse of the order they came in, so a slot that is emptied never
    /// breaks a probe sequence.
    private var slots: [Int32]
    private var undo: [Undo] = []
    /// How many notes the undo log has shed; `undo[0]` was note number `undoBase`.
    private var undoBase = 0
    /// The note number at each open savepoint.
    private var marks: [Int] = []
    /// The first `sortedCount` entries by key.
    var sorted: [Int32] = []
    var scansUnderWay = 0
    private var cache: RowCache
    private let firstCachedByte: UInt8
    private let hasher: KeyHasher
    /// Bytes of keys and values to be written.
    package private(set) var byteCount = 0

    /// Changes over `base`; keeps rows that it reads and hands over in `cachedBytes` of memory.
    ///
    /// Rows whose key begins with a lesser byte than `firstCachedByte` are not kept.
    package init(
        over base: any ReadView, version: LogIndex = .zero, cachedBytes: Int = 0,
        firstCachedByte: UInt8 = 0, hasher: KeyHasher = KeyHasher()
    ) {
        self.base = base
        self.hasher = hasher
        self.firstCachedByte = firstCachedByte
        cache = RowCache(
            count: RowCache.placeCount(byteLimit: cachedBytes), byteLimit: cachedBytes)
        self.version = version
        slots = Array(repeating: -1, count: 1024)
    }

    package var isEmpty: Bool {
        entries.isEmpty
    }

    /// The number of keys changed.
    package var changeCount: Int {
        entries.count
    }

    // MARK: Rows

    package func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        let hash = hasher.hash(key)
        if !entries.isEmpty, let number = find(key, hash: hash) {
            return entries[number].row
        }
        if let known = cache.find(key, hash: hash) { return known }
        guard let row = try base.get(key) else { return nil }
        if isKept(key) { cache.insert(key, hash: hash, row) }
        return row
    }

    package func put(_ key: [UInt8], _ value: [UInt8]) {
        change(key, to: Row(version: version, value: value))
    }

    package func delete(_ key: [UInt8]) {
        change(key, to: nil)
    }

    // MARK: Savepoints

    package func savepoint() -> Savepoint {
        marks.append(undoBase + undo.count)
        return Savepoint(depth: marks.count)
    }

    /// Takes back what was changed since `savepoint`, which stays set; later ones are forgotten.
    package func rollback(to savepoint: Savepoint) {
        checkOpen(savepoint)
        precondition(scansUnderWay == 0, "overlay rolled back within its own scan")
        marks.removeLast(marks.count - savepoint.depth)
        let mark = marks[savepoint.depth - 1]
        while undoBase + undo.count > mark, let note = undo.popLast() {
            takeBack(note)
        }
    }

    /// Forgets `savepoint` and later ones, and keeps the changes.
    ///
    /// When none is left open, the undo log is shed.
    package func release(_ savepoint: Savepoint) {
        checkOpen(savepoint)
        marks.removeLast(marks.count - savepoint.depth + 1)
        if marks.isEmpty {
            undoBase += undo.count
            undo.removeAll(keepingCapacity: true)
        }
    }

    // MARK: The end

    /// Hands over the net changes in the order of keys, and empties the overlay.
    ///
    /// In that order, the place of one row in the engine's memory leads to that of the next.
    /// All savepoints are forgotten.
    package func takeBatch() -> WriteBatch {
        var batch = WriteBatch()
        batch.changes.reserveCapacity(entries.count)
        sortNewEntries()
        for number in sorted {
            let entry = entries[Int(number)]
            if isKept(entry.key) { cache.update(entry.key, hash: entry.hash, entry.row) }
            if let row = entry.row {
                batch.changes.append(.put(key: entry.key, row: row))
            } else {
                batch.changes.append(.delete(key: entry.key))
            }
        }
        discard()
        return batch
    }

    /// Forgets all changes and savepoints.
    package func discard() {
        precondition(scansUnderWay == 0, "overlay emptied within its own scan")
        for entry in entries {
            slots[entry.slot] = -1
        }
        entries.removeAll(keepingCapacity: true)
        undoBase += undo.count
        undo.removeAll(keepingCapacity: true)
        marks.removeAll(keepingCapacity: true)
        sorted.removeAll(keepingCapacity: true)
        byteCount = 0
    }
}

// MARK: - Inside

extension Overlay {
    private func find(_ key: [UInt8], hash: Int) -> Int? {
        let mask = slots.count - 1
        var slot = hash & mask
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if entries[number].hash == hash, isSame(entries[number].key, key) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private func isKept(_ key: [UInt8]) -> Bool {
        (key.first ?? 0) >= firstCachedByte
    }

    private func change(_ key: [UInt8], to row: Row?) {
        precondition(scansUnderWay == 0, "overlay changed within its own scan")
        let hash = hasher.hash(key)
        if let number = find(key, hash: hash) {
            replace(number, with: row)
        } else {
            insert(Entry(key: key, hash: hash, row: row, notedAt: -1, slot: 0))
        }
    }

    private func replace(_ number: Int, with row: Row?) {
        byteCount += (row?.value.count ?? 0) - (entries[number].row?.value.count ?? 0)
        if let mark = marks.last, entries[number].notedAt < mark {
            let entry = entries[number]
            undo.append(
                Undo(entry: number, isNew: false, row: entry.row, notedAt: entry.notedAt))
            entries[number].notedAt = undoBase + undo.count - 1
        }
        entries[number].row = row
    }

    private func insert(_ newEntry: Entry) {
        if (entries.count + 1) * 2 > slots.count {
            growSlots()
        }
        var entry = newEntry
        entry.slot = freeSlot(hash: entry.hash)
        slots[entry.slot] = Int32(entries.count)
        if !marks.isEmpty {
            entry.notedAt = undoBase + undo.count
            undo.append(Undo(entry: entries.count, isNew: true, row: nil, notedAt: -1))
        }
        byteCount += entry.byteCount
        entries.append(entry)
    }

    private func freeSlot(hash: Int) -> Int {
        let mask = slots.count - 1
        var slot = hash & mask
        while slots[slot] >= 0 {
            slot = (slot + 1) & mask
        }
        return slot
    }

    /// Doubles the table; entries are put in again in order, which keeps leaving in reverse sound.
    private func growSlots() {
        precondition(entries.count < Int(Int32.max) / 2, "overlay of \(entries.count) keys")
        slots = Array(repeating: -1, count: slots.count * 2)
        for number in entries.indices {
            let slot = freeSlot(hash: entries[number].hash)
            entries[number].slot = slot
            slots[slot] = Int32(number)
        }
    }

    private func takeBack(_ note: Undo) {
        byteCount -= entries[note.entry].byteCount
        guard note.isNew else {
            entries[note.entry].row = note.row
            entries[note.entry].notedAt = note.notedAt
            byteCount += entries[note.entry].byteCount
            return
        }
        precondition(
            note.entry == entries.count - 1,
            "undo of key \(note.entry) while \(entries.count) are changed")
        if note.entry < sorted.count {
            sorted.remove(at: sortedPosition(ofFirstNotBefore: entries[note.entry].key))
        }
        slots[entries[note.entry].slot] = -1
        entries.removeLast()
    }

    private func checkOpen(_ savepoint: Savepoint) {
        precondition(
            savepoint.depth > 0 && savepoint.depth <= marks.count,
            "savepoint of depth \(savepoint.depth) while \(marks.count) are open")
    }
}
