package import Identifiers

/// What the core remembers of the log: every frame since the compaction, 24 bytes each.
///
/// Memberships are rare and kept apart; the first of them is the one in force at `compacted`.
struct LogView: Sendable {
    /// A frame without its membership, so that a million of them is one flat block.
    struct Frame: Sendable {
        let firstIndex: LogIndex
        let term: Term
        let count: UInt32
        let byteCount: UInt32

        var lastIndex: LogIndex {
            LogIndex(firstIndex.rawValue + UInt64(count) - 1)
        }

        var end: LogPosition {
            LogPosition(index: lastIndex, term: term)
        }
    }

    struct PlacedMembership: Sendable {
        let index: LogIndex
        let membership: Membership
    }

    private(set) var compacted: LogPosition
    private(set) var last: LogPosition
    private var frames = Queue<Frame>()
    private(set) var memberships: [PlacedMembership]

    init(compacted: LogPosition, membership: Membership) {
        self.compacted = compacted
        last = compacted
        memberships = [PlacedMembership(index: compacted.index, membership: membership)]
    }

    var count: Int {
        frames.count
    }

    /// The latest membership, whether committed or not.
    var membership: Membership {
        memberships[memberships.count - 1].membership
    }

    /// The index that put `membership` in force.
    var membershipIndex: LogIndex {
        memberships[memberships.count - 1].index
    }

    /// The membership before the latest, if the log since compaction tells.
    var previousMembership: Membership? {
        memberships.count > 1 ? memberships[memberships.count - 2].membership : nil
    }

    /// Adds a frame, which must follow the last one.
    mutating func append(_ frame: FrameDescriptor) {
        precondition(
            frame.firstIndex == last.index.next && frame.term >= last.term,
            "frame at \(frame.firstIndex)/\(frame.term) does not follow \(last)")
        frames.append(
            Frame(
                firstIndex: frame.firstIndex, term: frame.term, count: frame.count,
                byteCount: frame.byteCount))
        if let membership = frame.membership {
            memberships.append(PlacedMembership(index: frame.firstIndex, membership: membership))
        }
        last = LogPosition(index: frame.lastIndex, term: frame.term)
    }

    /// Forgets everything after `index`, the end of a frame.
    mutating func truncate(after index: LogIndex) {
        precondition(isBoundary(index), "truncation after \(index), inside a frame")
        let kept = frames.partitionPoint { $0.lastIndex <= index }
        frames.removeLast(frames.count - kept)
        last = frames.last?.end ?? compacted
        while memberships.count > 1, memberships[memberships.count - 1].index > index {
            memberships.removeLast()
        }
    }

    /// Forgets the frames up to `position`, which the log holds.
    mutating func compact(to position: LogPosition) {
        precondition(holds(position), "compaction to \(position), which the log lacks")
        frames.removeFirst(frames.partitionPoint { $0.lastIndex <= position.index })
        compacted = position
        while memberships.count > 1, memberships[1].index <= position.index {
            memberships.removeFirst()
        }
    }

    /// Replaces the membership in force at `compacted` by the one that a snapshot told.
    mutating func rebase(_ membership: Membership) {
        memberships[0] = PlacedMembership(index: compacted.index, membership: membership)
    }

    /// Becomes an empty log after `position`.
    mutating func reset(to position: LogPosition, membership: Membership) {
        self = LogView(compacted: position, membership: membership)
    }

    /// The ordinal of the frame that contains `index`; nil outside of the log.
    func ordinal(containing index: LogIndex) -> Int? {
        guard index > compacted.index, index <= last.index else { return nil }
        let final = frames.count - 1
        if frames[final].firstIndex <= index { return final }
        if frames[final - 1].firstIndex <= index { return final - 1 }
        return frames.partitionPoint { $0.lastIndex < index }
    }

    subscript(ordinal: Int) -> Frame {
        frames[ordinal]
    }

    func frame(containing index: LogIndex) -> FrameDescriptor? {
        ordinal(containing: index).map { descriptor($0) }
    }

    /// The term of the record at `index`; nil where the log does not tell.
    func term(at index: LogIndex) -> Term? {
        if index == compacted.index { return compacted.term }
        if index == last.index { return last.term }
        return ordinal(containing: index).map { frames[$0].term }
    }

    /// Whether a frame (or what was compacted) ends at `index`.
    func isBoundary(_ index: LogIndex) -> Bool {
        if index == compacted.index || index == last.index { return true }
        return ordinal(containing: index).map { frames[$0].lastIndex == index } ?? false
    }

    /// Whether a frame (or what was compacted) ends at this index in this term.
    func holds(_ position: LogPosition) -> Bool {
        if position == compacted || position == last { return true }
        return ordinal(containing: position.index).map { frames[$0].end == position } ?? false
    }

    /// The last end of a frame at or before `index`; `compacted` where there is none.
    func boundary(atOrBefore index: LogIndex) -> LogPosition {
        if index >= last.index { return last }
        let kept = frames.partitionPoint { $0.lastIndex <= index }
        return kept == 0 ? compacted : frames[kept - 1].end
    }

    /// The last end of a frame that could also be in a log which has `position`: neither its index
    /// nor its term is greater. Terms never fall along a log, so the search is binary.
    func lastPossibleMatch(_ position: LogPosition) -> LogPosition {
        let kept = frames.partitionPoint {
            $0.lastIndex <= position.index && $0.term <= position.term
        }
        if kept > 0 { return frames[kept - 1].end }
        return position.index >= compacted.index ? compacted : position
    }

    /// The frames from `index` on, a first index: at least one, then as many as `byteLimit` admits.
    func descriptors(from index: LogIndex, byteLimit: Int) -> [FrameDescriptor] {
        guard var ordinal = ordinal(containing: index) else { return [] }
        precondition(
            frames[ordinal].firstIndex == index, "\(index) lies inside a frame of this log")
        var result: [FrameDescriptor] = []
        var bytes = 0
        repeat {
            bytes += Int(frames[ordinal].byteCount)
            guard result.isEmpty || bytes <= byteLimit else { break }
            result.append(descriptor(ordinal))
            ordinal += 1
        } while ordinal < frames.count
        return result
    }

    private func descriptor(_ ordinal: Int) -> FrameDescriptor {
        let frame = frames[ordinal]
        var membership: Membership?
        if memberships.count > 1, memberships[memberships.count - 1].index >= frame.firstIndex {
            membership = memberships.dropFirst().first { $0.index == frame.firstIndex }?.membership
        }
        return FrameDescriptor(
            firstIndex: frame.firstIndex, count: frame.count, term: frame.term,
            byteCount: frame.byteCount, membership: membership)
    }
}
