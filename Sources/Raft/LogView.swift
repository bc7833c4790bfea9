package import Identifiers

/// The log as the core knows it: the frames behind what was compacted away, without their bytes.
package struct LogView: Sendable {
    /// The end of what was compacted away.
    private(set) var compacted: LogPosition
    private var frames: [FrameDescriptor]
    /// Frames before this place have been compacted away and wait to be dropped together.
    private var head = 0

    init(compacted: LogPosition, frames: [FrameDescriptor]) {
        var next = compacted.index.next
        for frame in frames {
            precondition(
                frame.firstIndex == next, "frame \(frame.firstIndex) where \(next) should follow")
            next = frame.lastIndex.next
        }
        self.compacted = compacted
        self.frames = frames
    }

    package var last: LogPosition {
        guard frames.count > head, let frame = frames.last else { return compacted }
        return LogPosition(index: frame.lastIndex, term: frame.term)
    }

    var frameCount: Int {
        frames.count - head
    }

    mutating func append(_ frame: FrameDescriptor) {
        precondition(
            frame.firstIndex == last.index.next,
            "frame \(frame.firstIndex) is appended behind \(last)")
        frames.append(frame)
    }

    /// Forgets the frames behind `index`, which is a frame's end.
    mutating func truncate(after index: LogIndex) {
        precondition(isBoundary(index), "truncation after \(index), inside a frame")
        while frames.count > head, let frame = frames.last, frame.firstIndex > index {
            frames.removeLast()
        }
    }

    /// Forgets the frames up to `position`, a frame's end in the log.
    mutating func compact(through position: LogPosition) {
        while head < frames.count, frames[head].lastIndex <= position.index {
            head += 1
        }
        compacted = position
        if head > 1_024, head * 2 > frames.count {
            frames.removeFirst(head)
            head = 0
        }
    }

    /// Begins anew behind `position`.
    mutating func reset(to position: LogPosition) {
        frames = []
        head = 0
        compacted = position
    }

    /// The frame that holds `index`; nil outside the log.
    func frame(containing index: LogIndex) -> FrameDescriptor? {
        guard let place = place(of: index) else { return nil }
        return frames[place]
    }

    /// The term of the record at `index`; known for the end of the compacted part as well.
    package func term(at index: LogIndex) -> Term? {
        if index == compacted.index { return compacted.term }
        if index == .zero { return .zero }
        if let frame = frames.last, frames.count > head, index >= frame.firstIndex {
            return index <= frame.lastIndex ? frame.term : nil
        }
        return frame(containing: index)?.term
    }

    /// Whether a frame ends at `index` (or the compacted part does, or the log has not begun).
    func isBoundary(_ index: LogIndex) -> Bool {
        if index == compacted.index || index == .zero { return true }
        return frame(containing: index)?.lastIndex == index
    }

    /// Frames from the one that begins at `index` on, up to `byteLimit` but at least one.
    func frames(from index: LogIndex, byteLimit: Int, countLimit: Int) -> ArraySlice<
        FrameDescriptor
    > {
        guard let start = place(of: index) else { return [] }
        precondition(frames[start].firstIndex == index, "frames are read from inside one, \(index)")
        var bytes = 0
        var end = start
        while end < frames.count, end - start < countLimit,
            end == start || bytes + Int(frames[end].byteCount) <= byteLimit
        {
            bytes += Int(frames[end].byteCount)
            end += 1
        }
        return frames[start..<end]
    }

    /// The last frame end at or before `position.index` whose term is not above `position.term`:
    /// where two logs may still agree.
    func latestBoundary(notAfter position: LogPosition) -> LogPosition {
        var low = head
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            let frame = frames[middle]
            if frame.lastIndex <= position.index, frame.term <= position.term {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low > head else { return compacted }
        return LogPosition(index: frames[low - 1].lastIndex, term: frames[low - 1].term)
    }

    /// The frame end behind which at most `byteLimit` bytes of frames lie.
    func index(leaving byteLimit: Int) -> LogIndex {
        var bytes = 0
        var place = frames.count
        while place > head {
            bytes += Int(frames[place - 1].byteCount)
            if bytes > byteLimit { return frames[place - 1].lastIndex }
            place -= 1
        }
        return compacted.index
    }

    /// Every frame with a membership behind `index`.
    func memberships(after index: LogIndex) -> [(LogIndex, Membership)] {
        frames[head...].compactMap { frame in
            guard frame.firstIndex > index, let membership = frame.membership else { return nil }
            return (frame.firstIndex, membership)
        }
    }

    private func place(of index: LogIndex) -> Int? {
        guard frames.count > head, index >= frames[head].firstIndex, index <= last.index else {
            return nil
        }
        // Most questions are about the newest frames.
        var low = head
        var high = frames.count
        if frames[high - 1].firstIndex <= index { return high - 1 }
        while high - low > 1 {
            let middle = (low + high) / 2
            if frames[middle].firstIndex <= index {
                low = middle
            } else {
                high = middle
            }
        }
        return low
    }
}
