import Identifiers
import KeyValue

/// Makes random batches over a small set of keys, so that changes often meet.
struct RandomBatches {
    var random: SeededGenerator
    private var version: UInt64 = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// A key of 1 … 4 bytes, of few values each; zero and 0xFF among them.
    mutating func key() -> [UInt8] {
        let bytes: [UInt8] = [0x00, 0x01, 0x61, 0x62, 0xFE, 0xFF]
        return (0..<Int.random(in: 1...4, using: &random)).map { _ in
            bytes[Int.random(in: 0..<bytes.count, using: &random)]
        }
    }

    mutating func range() -> KeyRange {
        let first = key()
        let second = key()
        let isOpen = Int.random(in: 0..<8, using: &random) == 0
        let isOrdered = first.lexicographicallyPrecedes(second)
        return KeyRange(
            lower: isOrdered ? first : second, upper: isOpen ? nil : isOrdered ? second : first)
    }

    mutating func batch() -> WriteBatch {
        var batch = WriteBatch()
        version += UInt64.random(in: 1...300, using: &random)
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            switch Int.random(in: 0..<20, using: &random) {
            case 0...5:
                batch.changes.append(.delete(key: key()))
            default:
                let count = Int.random(in: 0...40, using: &random)
                let value = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                let row = Row(version: LogIndex(version), value: value)
                batch.changes.append(.put(key: key(), row: row))
            }
        }
        return batch
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
