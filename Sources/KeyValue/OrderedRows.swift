/// Rows in key order as a value: a copy costs nothing until one of the two is changed.
///
/// A list of sorted chunks of at most `chunkLimit` rows; a change copies the one chunk that it
/// touches if a copy of the value still holds it.
struct OrderedRows: Sendable {
    private struct Entry: Sendable {
        let key: [UInt8]
        var row: Row
    }

    /// A change of a shared value copies so many rows at the most, and one reference to each chunk.
    private static let chunkLimit = 64

    /// No chunk is empty, and each one's keys sort before the next one's.
    private var chunks: [[Entry]] = []
    private(set) var count = 0
    /// Bytes of keys and values.
    private(set) var byteCount = 0

    func get(_ key: [UInt8]) -> Row? {
        let place = place(ofFirstNotBefore: key)
        guard holds(key, at: place) else { return nil }
        return chunks[place.chunk][place.offset].row
    }

    mutating func put(_ key: [UInt8], _ row: Row) {
        var place = place(ofFirstNotBefore: key)
        if holds(key, at: place) {
            byteCount += row.value.count - chunks[place.chunk][place.offset].row.value.count
            chunks[place.chunk][place.offset].row = row
            return
        }
        count += 1
        byteCount += key.count + row.value.count
        let new = Entry(key: key, row: row)
        if place.offset == 0, place.chunk > 0 {
            // Before a chunk's first key is also behind the last key of the chunk before.
            place = Place(chunk: place.chunk - 1, offset: chunks[place.chunk - 1].count)
        }
        guard place.chunk < chunks.count else {
            chunks.append([new])
            return
        }
        chunks[place.chunk].insert(new, at: place.offset)
        let size = chunks[place.chunk].count
        if size > Self.chunkLimit {
            // Keys that only grow leave full chunks behind.
            let kept = place.offset == size - 1 ? size - 1 : size / 2
            let tail = Array(chunks[place.chunk][kept...])
            chunks[place.chunk].removeLast(size - kept)
            chunks.insert(tail, at: place.chunk + 1)
        }
    }

    mutating func remove(_ key: [UInt8]) {
        let place = place(ofFirstNotBefore: key)
        guard holds(key, at: place) else { return }
        count -= 1
        byteCount -= key.count + chunks[place.chunk][place.offset].row.value.count
        chunks[place.chunk].remove(at: place.offset)
        if chunks[place.chunk].isEmpty {
            chunks.remove(at: place.chunk)
        }
    }

    mutating func apply(_ batch: WriteBatch) {
        for change in batch.changes {
            switch change {
            case .put(let key, let row): put(key, row)
            case .delete(let key): remove(key)
            }
        }
    }

    /// Visits the rows of `range` in order, or backwards, until `visit` returns false.
    func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) {
        let first = place(ofFirstNotBefore: range.lower)
        let end =
            range.upper.map { place(ofFirstNotBefore: $0) }
            ?? Place(chunk: chunks.count, offset: 0)
        guard first < end else { return }
        let last = min(end.chunk, chunks.count - 1)
        for turn in 0...(last - first.chunk) {
            let number = reverse ? last - turn : first.chunk + turn
            let chunk = chunks[number]
            let low = number == first.chunk ? first.offset : 0
            let high = number == end.chunk ? end.offset : chunk.count
            for step in 0..<(high - low) {
                let offset = reverse ? high - 1 - step : low + step
                if !visit(chunk[offset].key, chunk[offset].row) { return }
            }
        }
    }
}

extension OrderedRows {
    /// Where a row stands; behind the last one it is offset 0 of the chunk that would follow.
    private struct Place: Comparable {
        var chunk: Int
        var offset: Int

        static func < (left: Place, right: Place) -> Bool {
            (left.chunk, left.offset) < (right.chunk, right.offset)
        }
    }

    /// Whether the row at `place`, where the first stands that is not before `key`, is that of `key`.
    private func holds(_ key: [UInt8], at place: Place) -> Bool {
        place.chunk < chunks.count && isSame(chunks[place.chunk][place.offset].key, key)
    }

    private func place(ofFirstNotBefore key: [UInt8]) -> Place {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            let chunk = chunks[middle]
            if byteOrder(chunk[chunk.count - 1].key, key) < 0 {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < chunks.count else { return Place(chunk: low, offset: 0) }
        let chunk = chunks[low]
        // Its last row is known not to be before the key.
        var first = 0
        var end = chunk.count - 1
        while first < end {
            let middle = (first + end) / 2
            if byteOrder(chunk[middle].key, key) < 0 {
                first = middle + 1
            } else {
                end = middle
            }
        }
        return Place(chunk: low, offset: first)
    }
}
