/// Rows read and written lately, bounded in rows and in bytes.
///
/// That a key has no row is not kept: as a rule it is about to get one, which is kept when it is
/// written.
///
/// Each key has one place, from which a new one drives out the last; where the bytes are too many,
/// one place after the other is emptied, whatever it holds. Whoever changes the rows below says so by
/// `update`. Used by one thread at a time.
package struct RowCache {
    /// One place; empty without a row.
    private struct Place {
        var hash = 0
        var key: [UInt8] = []
        var row: Row?

        /// What its arrays take, besides the place itself.
        var byteCount: Int {
            guard let row else { return 0 }
            return key.capacity + row.value.capacity + RowCache.rowBytes
        }
    }

    /// Larger keys and values are not kept: reading them is dear enough without the cache.
    package static let valueBytes = 1_024
    /// What a row takes besides its bytes and its place: the heads and the rounding of two arrays.
    package static let rowBytes = 96
    /// What a place takes, empty or not.
    package static let placeBytes = MemoryLayout<Place>.stride

    /// What a small row takes in all: its place, the heads of its arrays, key and value.
    package static let smallRowBytes = placeBytes + rowBytes + 64

    /// How many places make use of `byteLimit` bytes where rows are small.
    package static func placeCount(byteLimit: Int) -> Int {
        let most = byteLimit / smallRowBytes
        return most < 1 ? 0 : 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
    }

    private var places: [Place]
    private let byteLimit: Int
    /// Bytes of all rows that are kept, `rowBytes` for each among them.
    package private(set) var byteCount = 0
    /// The place that was emptied last for want of room.
    private var hand = 0

    /// Room for `count` rows, a power of two or 0; they and their places take `byteLimit` bytes at the
    /// most, and no row is kept where the places alone take as many.
    package init(count: Int, byteLimit: Int) {
        precondition(count >= 0 && count & (count - 1) == 0, "\(count) cached rows")
        precondition(byteLimit >= 0, "\(byteLimit) bytes of cached rows")
        places = Array(repeating: Place(), count: count)
        self.byteLimit = max(0, byteLimit - count * Self.placeBytes)
    }

    /// The row of `key`, where it is known.
    package func find(_ key: [UInt8], hash: Int) -> Row? {
        guard let number = place(of: key, hash: hash) else { return nil }
        return places[number].row
    }

    /// Keeps what was read or written.
    package mutating func insert(_ key: [UInt8], hash: Int, _ row: Row) {
        guard !places.isEmpty, Self.isSmall(key, row) else { return }
        set(
            hash & (places.count - 1), Place(hash: hash, key: key, row: Self.trimmed(row)))
        while byteCount > byteLimit {
            hand = (hand + 1) & (places.count - 1)
            set(hand, Place())
        }
    }

    /// Takes note of a change below, and keeps the new row.
    package mutating func update(_ key: [UInt8], hash: Int, _ row: Row?) {
        if let row, Self.isSmall(key, row) {
            insert(key, hash: hash, row)
        } else if let number = place(of: key, hash: hash) {
            set(number, Place())
        }
    }

    private mutating func set(_ number: Int, _ place: Place) {
        byteCount += place.byteCount - places[number].byteCount
        places[number] = place
    }

    private static func isSmall(_ key: [UInt8], _ row: Row) -> Bool {
        key.count <= valueBytes && row.value.count <= valueBytes
    }

    /// The row without the room that its buffer has for what it was once: what is kept for long
    /// takes up what it holds.
    private static func trimmed(_ row: Row) -> Row {
        guard row.value.capacity > row.value.count + 64 else { return row }
        var exact: [UInt8] = []
        exact.reserveCapacity(row.value.count)
        exact.append(contentsOf: row.value)
        return Row(version: row.version, value: exact)
    }

    private func place(of key: [UInt8], hash: Int) -> Int? {
        guard !places.isEmpty else { return nil }
        let number = hash & (places.count - 1)
        return places[number].hash == hash && isSame(places[number].key, key) ? number : nil
    }
}
