package import Codec
package import Identifiers
package import KeyValue
import Stores
package import Transactions

/// The retained change sets: one row a frame, written in the batch that applies it.
///
/// Where a frame has more of them than fit into a row, further rows are named after the first change
/// set in each.
///
/// Trimming is part of applying, at checkpoints, by numbers that are the same on every node, so that
/// the rows are a function of the log.
struct FeedWriter: Sendable {
    private struct Checkpoint: Sendable {
        let index: LogIndex
        /// Feed bytes written up to `index`.
        let feedBytes: UInt64
    }

    private var row = ByteWriter()
    /// The name of the row but a frame's first one, and the bytes of the rows before it.
    private var part: LogIndex?
    private var writtenBytes = 0
    /// Where one change set is encoded, its storage kept.
    private var scratch = ByteWriter()
    private var checkpoints: [Checkpoint] = []
    private let limits: Limits

    init(limits: Limits) {
        self.limits = limits
    }

    static func load(from view: some ReadView, limits: Limits) throws(EngineFailure) -> FeedWriter {
        var writer = FeedWriter(limits: limits)
        var isDamaged = false
        try view.scan(KeyRange(prefix: SystemRows.checkpointPrefix), reverse: false) { key, row in
            var reader = ByteReader(row.value)
            guard let number = SystemRows.number(of: key), let bytes = try? reader.readVarint()
            else {
                isDamaged = true
                return false
            }
            writer.checkpoints.append(
                Checkpoint(index: LogIndex(number), feedBytes: bytes))
            return true
        }
        if isDamaged {
            throw EngineFailure("load the change feed", reason: "a checkpoint row is malformed")
        }
        return writer
    }

    /// Adds the change set of the record `index` of the frame being applied, if it has one.
    mutating func add<V: View>(
        _ execution: Execution, index: LogIndex, firstIndex: LogIndex, to view: inout V
    ) {
        guard execution.hasChangeSet else { return }
        scratch.removeAll(keepingCapacity: true)
        execution.encodeChangeSet(into: &scratch)
        if row.count > 0, row.count + scratch.count > limits.rowPartBytes {
            writeRow(firstIndex: firstIndex, to: &view)
            part = index
        }
        row.writeBytes(scratch.bytes)
    }

    /// Writes what is left of the frame's rows; returns the bytes of all of them.
    mutating func endFrame<V: View>(firstIndex: LogIndex, to view: inout V) -> Int {
        if row.count > 0 { writeRow(firstIndex: firstIndex, to: &view) }
        defer { writtenBytes = 0 }
        part = nil
        return writtenBytes
    }

    private mutating func writeRow<V: View>(firstIndex: LogIndex, to view: inout V) {
        let bytes = row.bytes
        precondition(
            bytes.count <= limits.rowBytes,
            "change sets of \(bytes.count) bytes, over the limit of \(limits.rowBytes)")
        row.removeAll(keepingCapacity: true)
        view.put(SystemRows.feed(frame: part ?? firstIndex), bytes)
        writtenBytes += bytes.count
    }

    /// Notes a checkpoint, and removes the change sets that are too old or too many.
    mutating func checkpoint<V: View>(
        at index: LogIndex, feedBytes: UInt64, to view: inout V
    ) throws(EngineFailure) {
        checkpoints.append(Checkpoint(index: index, feedBytes: feedBytes))
        var value = ByteWriter()
        value.writeVarint(feedBytes)
        view.put(SystemRows.checkpoint(index), value.take())
        let tooOld = checkpoints.lastIndex { old in
            #if PLANTED_BUGS
                if PlantedBug.feedTrimmedEarly.isActive { return old.index < index }
            #endif
            return index - old.index >= limits.retainedChangeRecords
                || feedBytes - old.feedBytes >= UInt64(limits.retainedChangeBytes)
        }
        guard let tooOld else { return }
        for old in checkpoints[...tooOld] {
            view.delete(SystemRows.checkpoint(old.index))
        }
        let through = checkpoints[tooOld].index
        checkpoints.removeFirst(tooOld + 1)
        try trim(through: through, in: &view)
    }

    /// Deletes row by row from where the last trimming ended, so that no scan ever walks over the
    /// tombstones of earlier ones.
    private func trim<V: View>(through: LogIndex, in view: inout V) throws(EngineFailure) {
        let first = try FeedReader(limits: limits).firstRetained(view)
        var keys: [[UInt8]] = []
        let range = KeyRange(
            lower: SystemRows.feed(frame: first), upper: SystemRows.feed(frame: through.next))
        try view.scan(range, reverse: false) { key, _ in
            keys.append(key)
            return true
        }
        for key in keys {
            view.delete(key)
        }
        var trimmed = ByteWriter()
        trimmed.writeVarint(through)
        view.put(SystemRows.feedTrimmed, trimmed.take())
    }
}

/// Reads change sets back.
package struct FeedReader: Sendable {
    private let limits: Limits

    package init(limits: Limits) {
        self.limits = limits
    }

    /// Part of the feed.
    package struct Page: Sendable {
        package var changeSets: [ChangeSet]
        /// Every change set up to here is in this page or in an earlier one.
        package var through: LogIndex
        /// The first index that is still retained; the page is empty where the request is older.
        package var firstRetained: LogIndex

        package init(changeSets: [ChangeSet] = [], through: LogIndex, firstRetained: LogIndex) {
            self.changeSets = changeSets
            self.through = through
            self.firstRetained = firstRetained
        }
    }

    /// The first index whose change set, if it had one, is still there.
    package func firstRetained(_ view: some ReadView) throws(EngineFailure) -> LogIndex {
        guard let row = try view.get(SystemRows.feedTrimmed) else { return LogIndex(1) }
        var reader = ByteReader(row.value)
        guard let trimmed = try? reader.readVarint(LogIndex.self) else {
            throw EngineFailure("read the change feed", reason: "the trimming row is malformed")
        }
        return trimmed.next
    }

    /// Change sets from `index` on, in whole rows until there are `Limits.watchBatchRecords` of them
    /// or `byteLimit` bytes: a page is over either by up to one row, which is that of a frame.
    package func page(
        from index: LogIndex, byteLimit: Int = 4 << 20, in view: some ReadView
    ) throws(EngineFailure) -> Page {
        let applied = try AppliedPosition.read(view).index
        let first = try firstRetained(view)
        var page = Page(through: index == .zero ? .zero : index.previous, firstRetained: first)
        guard index >= first, index <= applied else { return page }
        var lower = SystemRows.feed(frame: index)
        // The row that holds `index` may begin before it.
        let before = KeyRange(
            lower: SystemRows.feed(frame: .zero), upper: SystemRows.feed(frame: index.next))
        try view.scan(before, reverse: true) { key, _ in
            lower = key
            return false
        }
        var bytes = 0
        var failure: DecodingFailure?
        var isCut = false
        let rest = KeyRange(lower: lower, upper: KeyRange(prefix: SystemRows.feedPrefix).upper)
        try view.scan(rest, reverse: false) { _, row in
            guard page.changeSets.count < limits.watchBatchRecords, bytes < byteLimit else {
                isCut = true
                return false
            }
            do throws(DecodingFailure) {
                let before = page.changeSets.count
                try read(row.value, from: index, into: &page.changeSets)
                // The first row may end before `index`; a page must not end with it.
                if page.changeSets.count > before { bytes += row.value.count }
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw EngineFailure("read the change feed", reason: "\(failure)") }
        page.through = isCut ? (page.changeSets.last?.index ?? page.through) : applied
        return page
    }

    private func read(
        _ row: [UInt8], from index: LogIndex, into sets: inout [ChangeSet]
    ) throws(DecodingFailure) {
        var reader = ByteReader(row)
        while !reader.isAtEnd {
            let count = try reader.readCount(limit: limits.changeSetBytes, "change set")
            let range = try reader.skip(count)
            var inner = ByteReader(row, in: range)
            let set = try ChangeSet.decode(&inner, limits: limits)
            if set.index >= index { sets.append(set) }
        }
    }
}
