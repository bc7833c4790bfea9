import Identifiers
import KeyValue

/// A view that copies all its rows at each savepoint: slow, and plainly right.
struct NaiveView: View {
    var rows: [[UInt8]: Row]
    var version = LogIndex.zero
    private var savepoints: [[[UInt8]: Row]] = []

    init(_ rows: [[UInt8]: Row] = [:]) {
        self.rows = rows
    }

    func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        rows[key]
    }

    func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        var inside = rows.filter { range.contains($0.key) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        if reverse {
            inside.reverse()
        }
        for (key, row) in inside {
            guard visit(key, row) else { return }
        }
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        rows[key] = Row(version: version, value: value)
    }

    mutating func delete(_ key: [UInt8]) {
        rows[key] = nil
    }

    mutating func savepoint() -> Savepoint {
        savepoints.append(rows)
        return Savepoint(depth: savepoints.count)
    }

    mutating func rollback(to savepoint: Savepoint) {
        savepoints.removeLast(savepoints.count - savepoint.depth)
        rows = savepoints[savepoint.depth - 1]
    }

    mutating func release(_ savepoint: Savepoint) {
        savepoints.removeLast(savepoints.count - savepoint.depth + 1)
    }

    mutating func forgetSavepoints() {
        savepoints = []
    }
}

/// One row as a scan tells it.
struct Seen: Equatable {
    let key: [UInt8]
    let row: Row
}

extension ReadView {
    /// The first `limit` rows of a scan.
    func rows(
        _ range: KeyRange = KeyRange(prefix: []), reverse: Bool = false, limit: Int = .max
    ) throws -> [Seen] {
        var seen: [Seen] = []
        try scan(range, reverse: reverse) { key, row in
            seen.append(Seen(key: key, row: row))
            return seen.count < limit
        }
        return seen
    }
}

extension SeededGenerator {
    /// A key of 0 … `length` bytes of few values; with longer ones, keys meet less often.
    mutating func key(length: Int) -> [UInt8] {
        let alphabet: [UInt8] = [0x00, 0x01, 0x61, 0xFF]
        return (0..<Int.random(in: 0...length, using: &self)).map { _ in
            alphabet[Int.random(in: 0..<alphabet.count, using: &self)]
        }
    }

    mutating func value() -> [UInt8] {
        (0..<Int.random(in: 0...6, using: &self)).map { _ in
            UInt8.random(in: 0...255, using: &self)
        }
    }

    mutating func range(length: Int) -> KeyRange {
        let first = key(length: length)
        let second = key(length: length)
        let isOpen = Int.random(in: 0..<6, using: &self) == 0
        let isOrdered = first.lexicographicallyPrecedes(second)
        return KeyRange(
            lower: isOrdered ? first : second, upper: isOpen ? nil : isOrdered ? second : first)
    }
}
