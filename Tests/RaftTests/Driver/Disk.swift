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
            frames: frames, applied: appliedPosition.index)
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
                new.first?.firstIndex == last.next,
                "write \(id) puts \(new) behind \(last)")
            frames += new
        case .truncation(let index):
            frames.removeAll { $0.firstIndex > index }
        }
        return id
    }

    mutating func compact(through position: LogPosition) {
        frames.removeAll { $0.lastIndex <= position.index }
        compacted = position
    }

    /// Takes a snapshot over; keeps the log behind it where that has the snapshot's last record.
    mutating func install(_ position: LogPosition, _ history: [FrameDescriptor]) {
        let isKnown = frames.contains {
            $0.lastIndex == position.index && $0.term == position.term
        }
        frames.removeAll { !isKnown || $0.lastIndex <= position.index }
        compacted = position
        applied = history
    }
}
