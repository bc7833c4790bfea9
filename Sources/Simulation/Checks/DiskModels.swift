package import Codec
package import Identifiers

/// What the disks of all hosts hold of the log, by what was written to them and synced.
///
/// Reads the bytes of each group by itself, from the byte tables of the format: what the node under
/// test thinks of its disk is not asked.
///
/// A disk that was taken away keeps what it held: a commit that counted on it, or its acknowledgement,
/// may come a moment later.
package final class DiskModels {
    /// One data directory of a host; another incarnation is another disk.
    package struct Disk: Hashable {
        let host: UInt64
        let incarnation: Incarnation

        package init(_ host: UInt64, _ incarnation: Incarnation) {
            self.host = host
            self.incarnation = incarnation
        }
    }

    /// The end of a frame.
    struct End: Hashable {
        /// The frame's first record.
        let first: LogIndex
        let index: LogIndex
        let term: Term
        let digest: ChainDigest
        /// The digest that the frame continues.
        let previous: ChainDigest

        init(_ header: FrameHeader) {
            first = header.firstIndex
            index = header.lastIndex
            term = header.term
            digest = header.digest
            previous = header.previousDigest
        }
    }

    /// Called with the frames that a group cuts off, when it is synced; the last first.
    var cut: (Disk, [End]) -> Void = { _, _ in }

    /// One disk: the ends of its frames, ascending.
    private final class Model {
        var ends: [End]
        /// Behind this the log was begun anew; the engine holds what is before.
        var start: LogIndex
        var written: [Group] = []
        /// Whether the last group that was synced has no frames: a vote, or a bare truncation.
        var endsWithVote = false

        init(ends: [End] = [], start: LogIndex = .zero) {
            self.ends = ends
            self.start = start
        }
    }

    /// What one group does.
    private struct Group {
        /// Nil for a repair, which leaves the end where it is.
        let base: LogIndex?
        let ends: [End]
        let terms: [Term]
    }

    private struct Place: Hashable {
        let index: LogIndex
        let term: Term
    }

    private var models: [Disk: Model] = [:]
    /// The digest at the end of each frame that was ever written, by index and term: log matching.
    private var known: [Place: ChainDigest] = [:]
    private var committed: [LogIndex: ChainDigest] = [:]
    private(set) var violations: [String] = [] {
        didSet { violations.dropFirst(oldValue.count).forEach(found) }
    }
    /// Called with each violation when it is found.
    var found: (String) -> Void = { _ in }
    private(set) var truncations = 0
    /// Of the records in one frame that was written, the most.
    private(set) var mostRecordsOfFrame = 0

    package init() {}

    private static let envelopeBytes = 48
    private static let repairMagic: UInt32 = 0x7052_6B4C
    private static let groupMagic: UInt32 = 0x7247_6B4C

    func committed(_ index: LogIndex, _ digest: ChainDigest) {
        committed[index] = digest
    }

    /// Whether a disk holds the record at `index`, where a frame ends in `digest`.
    package func holds(_ disk: Disk, _ index: LogIndex, _ digest: ChainDigest) -> Bool {
        guard let model = models[disk] else { return false }
        if index <= model.start { return true }
        guard let end = model.ends.last(where: { $0.index <= index }) else { return false }
        return end.index == index && end.digest == digest
    }

    /// Whether nothing but a vote lies at the end of a disk's log.
    func endsWithVote(_ disk: Disk) -> Bool {
        models[disk]?.endsWithVote ?? false
    }

    /// A process is about to open the log: what an earlier one wrote and did not sync may be gone, and no
    /// sync of this one brings it back.
    package func opens(_ disk: Disk) {
        models[disk]?.written.removeAll()
    }

    /// The last group was never written whole, as far as anybody can tell.
    func tears(_ disk: Disk) {
        models[disk]?.ends.removeLast()
    }

    /// A process begins with these frames; the engine holds what is up to `start`.
    package func begins(_ disk: Disk, start: LogIndex, _ headers: [FrameHeader]) {
        models[disk] = Model(
            ends: headers.map(End.init), start: start)
    }

    /// The end of the last committed frame up to `index` that a disk's log holds; where it has none, that
    /// of what the engine holds before the log.
    package func lastCommitted(_ disk: Disk, through index: LogIndex) -> LogIndex {
        guard let model = models[disk] else { return .zero }
        let end = model.ends.last { $0.index <= index && committed[$0.index] == $0.digest }
        return end?.index ?? min(model.start, index)
    }

    /// The committed frames behind `flushed` that a disk holds and `headers` lack, ascending.
    ///
    /// What is not committed may have been cut off by a group that was written, and never synced.
    func missing(
        _ disk: Disk, of headers: [FrameHeader], behind flushed: LogIndex
    ) -> [End] {
        guard let model = models[disk] else { return [] }
        let found = Set(headers.map(\.digest))
        return model.ends.filter { end in
            end.index > max(flushed, model.start) && committed[end.index] == end.digest
                && !found.contains(end.digest)
        }
    }

    /// A node's log ends at `end` from now on: nothing behind it that its disk has may be committed.
    func endsLog(_ disk: Disk, at end: LogIndex) {
        guard let model = models[disk] else { return }
        for last in model.ends.reversed().prefix(while: { $0.index > end })
        where committed[last.index] == last.digest {
            violations.append("n\(disk.host) has forgotten \(last.index), which is committed")
            return
        }
    }

    /// The engine holds what is up to `index`, and the log ends at `end`.
    ///
    /// Where a snapshot has brought it, `digest` is the chain's there: what does not continue it must be
    /// gone. A node that `isMending` takes some time to say so.
    func holdsEngine(
        _ disk: Disk, _ index: LogIndex, _ digest: ChainDigest?, end: LogIndex, isMending: Bool
    ) {
        guard let model = models[disk], model.start < index else { return }
        model.start = index
        model.ends.removeAll { $0.index <= index || $0.index > end }
        guard let digest, let next = model.ends.first, next.first == index.next,
            next.previous != digest
        else { return }
        if isMending {
            model.ends = []
        } else {
            violations.append(
                "n\(disk.host) keeps \(next.first), which does not continue its engine")
        }
    }

    /// A group was written to a segment; it counts once it is synced.
    func wrote(_ disk: Disk, _ bytes: [UInt8], limits: Limits) {
        // Zeroes make unreadable what is left of a torn group.
        guard bytes.contains(where: { $0 != 0 }) else { return }
        let host = disk.host
        guard let group = read(bytes, limits: limits) else {
            violations.append("n\(host) has written a group that cannot be read")
            return
        }
        let model = models[disk] ?? Model()
        models[disk] = model
        model.written.append(group)
        for (end, term) in zip(group.ends, group.terms) {
            let place = Place(index: end.index, term: term)
            let before = known.updateValue(end.digest, forKey: place)
            if let before, before != end.digest {
                violations.append(
                    "n\(host) has written \(end.index) of term \(term) with \(end.digest), another "
                        + "with \(before)")
            }
        }
    }

    func synced(_ disk: Disk) {
        let host = disk.host
        guard let model = models[disk], !model.written.isEmpty else { return }
        for group in model.written {
            if let base = group.base { truncate(disk, model, to: base) }
            model.ends.append(contentsOf: group.ends)
            guard group.base == nil else { continue }
            model.ends.sort { $0.index < $1.index }
            checkChain(host, model.ends)
        }
        model.endsWithVote = model.written.last?.ends.isEmpty ?? false
        model.written.removeAll(keepingCapacity: true)
    }

    /// What has been repaired continues what is below, and is continued by what is above.
    private func checkChain(_ host: UInt64, _ ends: [End]) {
        for (one, next) in zip(ends, ends.dropFirst())
        where one.index.next == next.first && one.digest != next.previous {
            violations.append(
                "n\(host) has repaired its log so that \(next.first) does not continue "
                    + "\(one.index)")
        }
    }

    private func truncate(_ disk: Disk, _ model: Model, to base: LogIndex) {
        guard let last = model.ends.last, last.index > base else { return }
        let host = disk.host
        truncations += 1
        cut(disk, Array(model.ends.reversed().prefix { $0.index > base }))
        while let last = model.ends.last, last.index > base {
            if committed[last.index] == last.digest {
                violations.append("n\(host) has forgotten \(last.index), which is committed")
            }
            model.ends.removeLast()
        }
    }

    private func read(_ bytes: [UInt8], limits: Limits) -> Group? {
        var reader = ByteReader(bytes)
        do throws(DecodingFailure) {
            let magic = try reader.readUInt32()
            guard magic == Self.groupMagic || magic == Self.repairMagic else { return nil }
            _ = try reader.skip(28)
            let base = LogIndex(try reader.readUInt64())
            var offset = Self.envelopeBytes
            var ends: [End] = []
            var terms: [Term] = []
            while offset < bytes.count {
                let header = try FrameHeader.decode(bytes, at: offset, limits: limits)
                ends.append(End(header))
                mostRecordsOfFrame = max(mostRecordsOfFrame, Int(header.count))
                terms.append(header.term)
                offset += header.frameBytes
            }
            return Group(
                base: magic == Self.repairMagic ? nil : base, ends: ends, terms: terms)
        } catch {
            return nil
        }
    }
}
