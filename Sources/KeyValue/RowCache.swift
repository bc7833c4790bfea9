/// Rows read lately: a bounded table without upkeep.
///
/// That a key has no row is not kept: as a rule it is about to get one, which the next reader brings.
///
/// Each key has one place, from which a new one drives out the last. Whoever changes the rows below
/// says so by `update`. Used by one thread at a time.
struct RowCache {
    /// One place; empty without a row.
    private struct Place {
        var hash = 0
        var key: [UInt8] = []
        var row: Row?
    }

    /// Larger values are not kept: reading them is dear enough without the cache.
    static let valueBytes = 1_024

    private var places: [Place]

    /// Room for `count` rows, a power of two or 0.
    init(count: Int) {
        precondition(count >= 0 && count & (count - 1) == 0, "\(count) cached rows")
        places = Array(repeating: Place(), count: count)
    }

    /// The row of `key`, where it is known.
    func find(_ key: [UInt8], hash: Int) -> Row? {
        guard let number = place(of: key, hash: hash) else { return nil }
        return places[number].row
    }

    /// Keeps what was read.
    mutating func insert(_ key: [UInt8], hash: Int, _ row: Row) {
        guard !places.isEmpty, key.count <= Self.valueBytes,
            row.value.count <= Self.valueBytes
        else { return }
        places[hash & (places.count - 1)] = Place(hash: hash, key: key, row: Self.trimmed(row))
    }

    /// Takes note of a change below; what is not kept stays so.
    mutating func update(_ key: [UInt8], hash: Int, _ row: Row?) {
        guard let number = place(of: key, hash: hash) else { return }
        if let row, row.value.count <= Self.valueBytes {
            places[number].row = Self.trimmed(row)
        } else {
            places[number] = Place()
        }
    }

    /// The row without the room that its buffer has for what it was once: what is kept for long
    /// takes up what it holds.
    private static func trimmed(_ row: Row) -> Row {
        guard row.value.capacity > 2 * row.value.count + 64 else { return row }
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
