internal import Codec
internal import IOCore
package import Identifiers

extension WriteAheadLog {
    /// Removes, or keeps as spares, the segments whose records are all at or below `index`.
    ///
    /// `index` must be committed, and the engine must have its effects on disk. One file is
    /// removed durably after the other, front first, so that a crash leaves no gap.
    ///
    /// - Returns: where the log begins now.
    /// - Throws: `file`, after which the log is stopped; `stopped`.
    @discardableResult
    package func compact(through index: LogIndex) throws(WALFailure) -> LogStart {
        guard !isStopped else { throw .stopped }
        engineDurable = max(engineDurable, index)
        guard let first = firstNeeded(behind: index), first > 0 else { return start }
        for _ in 0..<first {
            try retire(segments[0])
            segments.removeFirst()
        }
        let begins = segments[0].header.previous
        if begins.index > start.index { self.index.drop(through: begins) }
        countFiles()
        return start
    }

    /// The last segment before which nothing behind `index` lies.
    ///
    /// A segment in or behind which the log was cut to before the segment's own beginning cannot
    /// be the first, nor one that began behind damage with an unknown digest.
    private func firstNeeded(behind index: LogIndex) -> Int? {
        var lowestBase = LogIndex(.max)
        for position in segments.indices.reversed() {
            let previous = segments[position].header.previous
            lowestBase = min(lowestBase, segments[position].lowestBase)
            if previous.index <= index, previous.index <= lowestBase,
                previous.index == .zero || previous.digest != .empty
            {
                return position
            }
        }
        return nil
    }

    /// Lets the log begin behind `position`, up to which the engine holds everything on disk.
    ///
    /// A log that ends at or before it, or provably has something else there, holds nothing of use and
    /// is reset. Otherwise what follows is kept, damage included: it may have been acknowledged. The
    /// files stay as they are, so this is to be done again after the next `open`.
    ///
    /// - Returns: whether anything was kept.
    /// - Throws: `diskFull`, with the log unchanged; `file`, after which it is stopped; `stopped`.
    package func begin(
        behind position: LogStart, voting newVoting: VotingState
    ) throws(WALFailure) -> Bool {
        guard !isStopped else { throw .stopped }
        guard position.index > start.index else { return true }
        guard position.index < lastIndex, !isContradicted(position) else {
            try reset(to: position, voting: newVoting)
            return false
        }
        index.drop(through: position)
        engineDurable = max(engineDurable, position.index)
        return true
    }

    /// Whether the log is known to hold something else at `position`.
    private func isContradicted(_ position: LogStart) -> Bool {
        if let place = index.position(containing: position.index) {
            let entry = index.entries[place]
            guard entry.lastIndex == position.index else { return true }
        }
        if let digest = endPosition(at: position.index).digest {
            return digest != position.digest
        }
        // Where the frame itself is lost, its successor tells what it continues.
        guard let next = index.position(containing: position.index.next),
            index.entries[next].firstIndex == position.index.next,
            let header = try? readHeader(of: index.entries[next])
        else { return false }
        return header.previousDigest != position.digest
    }

    /// Begins the log anew behind `newStart`, after a snapshot of that position has become durable.
    ///
    /// What the log held is gone, damage included. A crash leaves the old log or the new one.
    ///
    /// - Throws: `diskFull`, with the log unchanged; `file`, after which it is stopped; `stopped`.
    package func reset(to newStart: LogStart, voting newVoting: VotingState) throws(WALFailure) {
        guard !isStopped else { throw .stopped }
        precondition(voting.permits(newVoting), "\(newVoting) cannot follow \(voting)")
        let old = segments
        try beginSegment(isBase: true, fileBytes: 0, voting: newVoting, previous: newStart)
        segments.removeFirst(old.count)
        voting = newVoting
        engineDurable = max(engineDurable, newStart.index)
        index = FrameIndex(start: newStart)
        _ = index.takeHeaders()
        for segment in old {
            try retire(segment)
        }
        countFiles()
    }
}
