extension Overlay {
    /// Visits the base's rows with the changes merged in; `visit` must not change this overlay.
    package func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        sortNewEntries()
        let first = sortedPosition(ofFirstNotBefore: range.lower)
        let end = range.upper.map { sortedPosition(ofFirstNotBefore: $0) } ?? sorted.count
        guard first < end else {
            try base.scan(range, reverse: reverse, visit)
            return
        }
        scansUnderWay += 1
        defer { scansUnderWay -= 1 }
        var changed = PendingChanges(positions: first..<end, isReverse: reverse)
        var isStopped = false
        try base.scan(range, reverse: reverse) { key, row in
            while let entry = changed.next(of: self) {
                let order = byteOrder(entry.key, key)
                let isLater = reverse ? order < 0 : order > 0
                if isLater { break }
                changed.advance()
                if let changedRow = entry.row, !visit(entry.key, changedRow) {
                    isStopped = true
                    return false
                }
                if order == 0 { return true }
            }
            isStopped = !visit(key, row)
            return !isStopped
        }
        while !isStopped, let entry = changed.next(of: self) {
            changed.advance()
            if let row = entry.row {
                isStopped = !visit(entry.key, row)
            }
        }
    }

    /// The changes of a range that a scan has not come to yet.
    private struct PendingChanges {
        var positions: Range<Int>
        let isReverse: Bool

        func next(of overlay: Overlay) -> Entry? {
            guard let position = isReverse ? positions.last : positions.first else { return nil }
            return overlay.entries[Int(overlay.sorted[position])]
        }

        mutating func advance() {
            positions = isReverse ? positions.dropLast() : positions.dropFirst()
        }
    }

    /// Where in `sorted` the first key stands that does not sort before `key`.
    func sortedPosition(ofFirstNotBefore key: [UInt8]) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if byteOrder(entries[Int(sorted[middle])].key, key) < 0 {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// Brings `sorted` up to date: a few new keys by insertion, many by sorting all.
    func sortNewEntries() {
        let newCount = entries.count - sorted.count
        guard newCount > 0 else { return }
        if newCount <= 8 + sorted.count / 16 {
            for number in sorted.count..<entries.count {
                let position = sortedPosition(ofFirstNotBefore: entries[number].key)
                sorted.insert(Int32(number), at: position)
            }
        } else {
            sorted = KeyRank.order(of: entries.count) { entries[$0].key }
        }
    }
}
