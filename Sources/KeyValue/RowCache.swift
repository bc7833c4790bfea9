/// Rows read lately, and keys that were found to have none: a bounded table without upkeep.
///
/// Each key has two places, and a new one drives out the older of their keys. Whoever changes the
/// rows below says so by `update`. Used by one thread at a time.
struct RowCache {
    /// One place; empty where the key is.
    private struct Place {
        var hash = 0
        var key: [UInt8] = []
        var row: Row?
    }

    /// Larger values are not kept: reading them is dear enough without the cache.
    static let valueBytes = 1_024

    /// Pairs of places: the newer, then the older.
    private var places: [Place]
    private let mask: Int

    /// Room for `count` rows, a power of two or 0.
    init(count: Int) {
        precondition(count == 0 || count >= 2 && count & (count - 1) == 0, "\(count) cached rows")
        places = Array(repeating: Place(), count: count)
        mask = count / 2 - 1
    }

    /// What is known of the row of `key`: nothing, that there is none, or the row.
    func find(_ key: [UInt8], hash: Int) -> Row?? {
        guard let number = place(of: key, hash: hash) else { return nil }
        return .some(places[number].row)
    }

    /// Keeps what was read.
    mutating func insert(_ key: [UInt8], hash: Int, _ row: Row?) {
        guard mask >= 0, !key.isEmpty, (row?.value.count ?? 0) <= Self.valueBytes else { return }
        let newer = (hash & mask) * 2
        places.swapAt(newer, newer + 1)
        places[newer] = Place(hash: hash, key: key, row: row)
    }

    /// Takes note of a change below; what is not kept stays so.
    mutating func update(_ key: [UInt8], hash: Int, _ row: Row?) {
        guard let number = place(of: key, hash: hash) else { return }
        places[number] =
            (row?.value.count ?? 0) <= Self.valueBytes
            ? Place(hash: hash, key: key, row: row) : Place()
    }

    private func place(of key: [UInt8], hash: Int) -> Int? {
        guard mask >= 0 else { return nil }
        let newer = (hash & mask) * 2
        if places[newer].hash == hash, places[newer].key == key { return newer }
        if places[newer + 1].hash == hash, places[newer + 1].key == key { return newer + 1 }
        return nil
    }
}
