import Identifiers
import Raft

/// A node's disk and engine: what survives a crash, and the writes under way, which do not.
struct Disk {
    enum Write {
        case hardState(HardState)
        case frames([FrameDescriptor])
        case truncation(after: LogIndex)
    }

    var hardState = HardState.initial
    var compacted = LogPosition.start
    var frames: [FrameDescriptor] = []
    var firstMembership: Membership
    /// Everything applied since the log began, however it came.
    var applied: [FrameDescriptor] = []
    /// The first indices of frames that cannot be read.
    var rotten: Set<LogIndex> = []
    /// Whether the core knows the log up to its first obstacle only.
    var isHidden = false
    var pending: [(id: WriteID, write: Write)] = []

    init(_ membership: Membership) {
        firstMembership = membership
    }

    var last: LogIndex {
        frames.last?.lastIndex ?? compacted.index
    }

    var appliedPosition: LogPosition {
        guard let frame = applied.last else { return .start }
        return LogPosition(index: frame.lastIndex, term: frame.term)
    }

    func membership(at index: LogIndex) -> Membership {
        applied.last { $0.membership != nil && $0.lastIndex <= index }?.membership
            ?? firstMembership
    }

    /// What a core starts from after a crash.
    var recovered: RecoveredState {
        RecoveredState(
            hardState: hardState, compacted: compacted, membership: membership(at: compacted.index),
            frames: readable, applied: appliedPosition.index,
            hiddenEnd: obstacles.isEmpty ? nil : last)
    }

    /// The rotten frames that were not applied.
    var obstacles: [FrameDescriptor] {
        frames.filter {
            rotten.contains($0.firstIndex) && $0.lastIndex > appliedPosition.index
        }
    }

    /// The frames below the first obstacle.
    var readable: [FrameDescriptor] {
        guard let first = obstacles.first else { return frames }
        return frames.filter { $0.firstIndex < first.firstIndex }
    }

    var readableEnd: LogIndex {
        readable.last?.lastIndex ?? compacted.index
    }

    /// Writes a frame where one lies already: the same ends its rot, another one the log's rest.
    private mutating func lay(_ frame: FrameDescriptor) {
        if frames.contains(frame) {
            rotten.remove(frame.firstIndex)
            return
        }
        cut(behind: frame.firstIndex.previous)
        precondition(frame.firstIndex == last.next, "\(frame) is put behind \(last)")
        frames.append(frame)
    }

    private mutating func cut(behind index: LogIndex) {
        frames.removeAll { $0.firstIndex > index }
        rotten = rotten.filter { $0 <= index }
    }

    /// Puts the oldest write on disk.
    mutating func completeOne() -> WriteID? {
        guard !pending.isEmpty else { return nil }
        let (id, write) = pending.removeFirst()
        switch write {
        case .hardState(let state):
            hardState = state
        case .frames(let new):
            precondition(
                new.first?.firstIndex == last.next || !rotten.isEmpty || isHidden,
                "write \(id) puts \(new) behind \(last)")
            new.forEach { lay($0) }
        case .truncation(let index):
            cut(behind: index)
        }
        return id
    }

    mutating func compact(through position: LogPosition) {
        frames.removeAll { $0.lastIndex <= position.index }
        rotten = rotten.filter { $0 > position.index }
        compacted = position
    }

    /// Takes a snapshot over; keeps the log behind it where that has the snapshot's last record.
    mutating func install(_ position: LogPosition, _ history: [FrameDescriptor]) {
        let isKnown = frames.contains {
            $0.lastIndex == position.index && $0.term == position.term
        }
        frames.removeAll { !isKnown || $0.lastIndex <= position.index }
        rotten = isKnown ? rotten.filter { $0 > position.index } : []
        compacted = position
        applied = history
    }
}
