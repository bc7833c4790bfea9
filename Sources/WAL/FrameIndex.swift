internal import Codec
internal import Identifiers

/// Where the log's frames are, 24 bytes a frame, and what is known of those that cannot be read.
///
/// Entries and holes together cover `(start, lastIndex]` without overlap. While recovery runs, the
/// frames' headers are kept beside the entries.
struct FrameIndex {
    /// One readable frame.
    struct Entry: Hashable {
        let firstIndex: LogIndex
        let segment: UInt32
        let offset: UInt32
        let bytes: UInt32
        let count: UInt32

        init(_ header: FrameHeader, segment: UInt64, offset: Int) {
            precondition(
                segment <= UInt32.max && offset <= UInt32.max,
                "frame in segment \(segment) at byte \(offset)")
            firstIndex = header.firstIndex
            self.segment = UInt32(segment)
            self.offset = UInt32(offset)
            bytes = UInt32(header.frameBytes)
            count = header.count
        }

        var lastIndex: LogIndex {
            LogIndex(firstIndex.rawValue + UInt64(count) - 1)
        }
        var end: Int {
            Int(offset) + Int(bytes)
        }
    }

    /// A readable frame of which it is not known whether it is part of the log: a lost group may
    /// have replaced it, or it was found where an envelope or a header is lost.
    struct Suspect: Hashable {
        let entry: Entry
        let header: FrameHeader
    }

    /// Records that cannot be read.
    struct Hole: Hashable {
        var first: LogIndex
        var last: LogIndex
        /// The chain digest at `last`.
        var digest: ChainDigest?
        var term: Term?
        let segment: UInt64
        let offset: Int
        /// By last index.
        var suspects: [Suspect] = []
    }

    /// The end of the log; term and digest are nil where damage hides them.
    struct Last: Hashable {
        var index: LogIndex
        var term: Term?
        var digest: ChainDigest?
    }

    private(set) var start: WriteAheadLog.LogStart
    private(set) var entries: [Entry] = []
    private(set) var headers: [FrameHeader]? = []
    private(set) var holes: [Hole] = []
    private(set) var last: Last
    /// Whether frames of which it was not known have been proved to be part of the log.
    private(set) var hasProvenSuspects = false

    init(start: WriteAheadLog.LogStart) {
        self.start = start
        last = Last(index: start.index, term: start.term, digest: start.digest)
    }

    /// Gives the headers away and keeps none from now on.
    mutating func takeHeaders() -> [FrameHeader] {
        defer { headers = nil }
        return headers ?? []
    }

    /// The position of the first entry whose first index is over `index`.
    func position(behind index: LogIndex) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].firstIndex <= index { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The position of the entry that contains `index`.
    func position(containing index: LogIndex) -> Int? {
        let behind = position(behind: index)
        guard behind > 0, entries[behind - 1].lastIndex >= index else { return nil }
        return behind - 1
    }

    /// The position of the hole that contains `index`.
    func hole(containing index: LogIndex) -> Int? {
        holes.firstIndex { $0.first <= index && index <= $0.last }
    }

    /// Whether the log may be cut behind `index`: the start, the end of a frame, or in a hole.
    func isBoundary(_ index: LogIndex) -> Bool {
        if index == start.index || hole(containing: index) != nil { return true }
        guard let position = position(containing: index) else { return false }
        return entries[position].lastIndex == index
    }

    /// Adds a frame behind the end; its previous digest tells that of a hole before it.
    mutating func append(_ header: FrameHeader, segment: UInt64, offset: Int) {
        precondition(
            header.firstIndex == last.index.next,
            "frame at \(header.firstIndex) behind \(last.index)")
        if last.digest == nil { learnLastDigest(header.previousDigest) }
        entries.append(Entry(header, segment: segment, offset: offset))
        headers?.append(header)
        last = Last(index: header.lastIndex, term: header.term, digest: header.digest)
    }

    /// The digest at the end, which damage has hidden, has become known.
    mutating func learnLastDigest(_ digest: ChainDigest) {
        last.digest = digest
        if let tail = holes.indices.last, holes[tail].last == last.index {
            holes[tail].digest = digest
            resolveSuspects(ofHole: tail)
        }
    }

    /// Adds a hole behind the end.
    mutating func append(_ hole: Hole) {
        precondition(
            hole.first == last.index.next && hole.last >= hole.first,
            "hole \(hole.first) to \(hole.last) behind \(last.index)")
        holes.append(hole)
        last = Last(index: hole.last, term: hole.term, digest: hole.digest)
        resolveSuspects(ofHole: holes.count - 1)
    }

    /// Forgets everything behind `base`; `end` tells term and digest there.
    mutating func truncate(to base: LogIndex, end: (term: Term?, digest: ChainDigest?)) {
        precondition(base >= start.index, "truncation to \(base) before \(start.index)")
        guard base < last.index else { return }
        let keep = position(behind: base)
        entries.removeSubrange(keep...)
        headers?.removeSubrange(keep...)
        holes.removeAll { $0.first > base }
        if let tail = holes.indices.last, holes[tail].last > base {
            holes[tail].last = base
            holes[tail].digest = nil
            holes[tail].term = nil
            holes[tail].suspects.removeAll { $0.entry.lastIndex > base }
        }
        last = Last(index: base, term: end.term, digest: end.digest)
    }

    /// Takes the frames behind `floor` out, as suspects, together with the holes there.
    mutating func takeSuspects(behind floor: LogIndex) -> [Suspect] {
        let keep = position(behind: floor)
        var suspects: [Suspect] = []
        if let headers {
            suspects = zip(entries[keep...], headers[keep...]).map(Suspect.init)
        }
        let end =
            keep > 0 && entries[keep - 1].lastIndex >= floor
            ? headers?[keep - 1] : nil
        let position = max(end?.lastIndex ?? floor, start.index)
        if position == start.index {
            truncate(to: position, end: (start.term, start.digest))
        } else {
            truncate(to: position, end: (end?.term, end?.digest))
        }
        return suspects
    }

    /// Forgets everything up to the new start.
    mutating func drop(through newStart: WriteAheadLog.LogStart) {
        let keep = position(behind: newStart.index)
        entries.removeSubrange(..<keep)
        headers?.removeSubrange(..<keep)
        holes.removeAll { $0.last <= newStart.index }
        if let first = holes.indices.first, holes[first].first <= newStart.index {
            holes[first].first = newStart.index.next
        }
        start = newStart
        if last.index <= newStart.index {
            last = Last(
                index: newStart.index, term: newStart.term, digest: newStart.digest)
        }
    }
}

extension FrameIndex {
    /// Turns the frame at `position` into a hole, because it has turned out to be unreadable.
    mutating func markDamaged(at position: Int, term: Term?, digest: ChainDigest?) {
        let entry = entries.remove(at: position)
        headers?.remove(at: position)
        let isLast = entry.lastIndex == last.index
        holes.append(
            Hole(
                first: entry.firstIndex, last: entry.lastIndex,
                digest: isLast ? last.digest : digest, term: isLast ? last.term : term,
                segment: UInt64(entry.segment), offset: Int(entry.offset)))
        holes.sort { $0.first < $1.first }
    }

    /// The frame has been written again somewhere else.
    mutating func move(_ header: FrameHeader, segment: UInt64, offset: Int) {
        guard let position = position(containing: header.firstIndex) else { return }
        entries[position] = Entry(header, segment: segment, offset: offset)
    }

    /// Why a frame does not fit into the damage; nil once it has been put there.
    ///
    /// A frame fits at the end of a hole when its digest is the one known there, and at the
    /// beginning when it continues the chain below. `below` tells the digest at an index.
    mutating func fill(
        with header: FrameHeader, segment: UInt64, offset: Int,
        below: (LogIndex) -> ChainDigest?
    ) -> String? {
        guard let place = hole(containing: header.firstIndex) else {
            return "there is no damage"
        }
        if let reason = refusal(of: header, inHole: place, below: below) { return reason }
        let hole = holes[place]
        insert(Suspect(entry: Entry(header, segment: segment, offset: offset), header: header))
        if header.lastIndex == last.index {
            last = Last(index: header.lastIndex, term: header.term, digest: header.digest)
        }
        if header.firstIndex == hole.first, header.lastIndex == hole.last {
            holes.remove(at: place)
        } else if header.lastIndex == hole.last {
            holes[place].last = header.firstIndex.previous
            holes[place].digest = nil
            holes[place].term = nil
        } else {
            holes[place].first = header.lastIndex.next
            holes[place].suspects.removeAll { $0.entry.firstIndex <= header.lastIndex }
        }
        learn(header.previousDigest, at: header.firstIndex.previous)
        return nil
    }

    /// The digest at `end` has become known: of use to a hole that ends there.
    private mutating func learn(_ digest: ChainDigest, at end: LogIndex) {
        let place = holes.firstIndex { $0.last == end && $0.digest == nil }
        guard let place else { return }
        holes[place].digest = digest
        resolveSuspects(ofHole: place)
    }

    /// Why `header` may not be put into this hole.
    func refusal(
        of header: FrameHeader, inHole place: Int, below: (LogIndex) -> ChainDigest?
    ) -> String? {
        let hole = holes[place]
        guard header.lastIndex <= hole.last else {
            return "it ends behind the damage, which ends at index \(hole.last)"
        }
        #if PLANTED_BUGS
            if PlantedBug.repairUnverified.isActive { return nil }
        #endif
        let isTop = header.lastIndex == hole.last
        let isBottom = header.firstIndex == hole.first
        guard isTop || isBottom else {
            return "frames go in from the first, \(hole.first), or the last, \(hole.last)"
        }
        if isTop, let digest = hole.digest, digest != header.digest {
            return "its digest is \(header.digest), not \(digest)"
        }
        if let term = hole.term, isTop, term != header.term {
            return "its term is \(header.term), not \(term)"
        }
        guard isBottom else {
            return hole.digest == nil ? "nothing is known that it could be held against" : nil
        }
        guard let digest = below(hole.first.previous) else {
            return isTop && hole.digest != nil
                ? nil : "the damage below it must be repaired first"
        }
        return digest == header.previousDigest
            ? nil : "it continues digest \(header.previousDigest), not \(digest)"
    }

    /// Suspects that end in the digest known at the end of their hole were never replaced; nor was
    /// what they continue.
    private mutating func resolveSuspects(ofHole place: Int) {
        var hole = holes[place]
        let end = hole.last
        var proven: [Suspect] = []
        while let digest = hole.digest, let suspect = hole.suspects.last {
            if suspect.entry.lastIndex > hole.last
                || (suspect.entry.lastIndex == hole.last && suspect.header.digest != digest)
            {
                hole.suspects.removeLast()
                continue
            }
            guard suspect.entry.lastIndex == hole.last, suspect.entry.firstIndex >= hole.first
            else { break }
            proven.append(suspect)
            hole.suspects.removeLast()
            hole.digest = suspect.header.previousDigest
            hole.term = nil
            guard suspect.entry.firstIndex > hole.first else {
                holes.remove(at: place)
                restore(proven, end: end)
                learn(suspect.header.previousDigest, at: hole.first.previous)
                return
            }
            hole.last = suspect.entry.firstIndex.previous
        }
        guard !proven.isEmpty else { return }
        holes[place] = hole
        restore(proven, end: end)
    }

    /// Puts back suspects that have been proven, the last of them first.
    private mutating func restore(_ proven: [Suspect], end: LogIndex) {
        let ordered = proven.reversed()
        hasProvenSuspects = hasProvenSuspects || !proven.isEmpty
        guard let first = ordered.first, let last = ordered.last else { return }
        let position = position(behind: first.entry.firstIndex)
        entries.insert(contentsOf: ordered.map(\.entry), at: position)
        headers?.insert(contentsOf: ordered.map(\.header), at: position)
        if end == self.last.index { self.last.term = last.header.term }
    }

    private mutating func insert(_ suspect: Suspect) {
        let position = position(behind: suspect.entry.firstIndex)
        entries.insert(suspect.entry, at: position)
        headers?.insert(suspect.header, at: position)
    }
}
