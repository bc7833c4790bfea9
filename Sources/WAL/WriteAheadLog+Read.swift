package import Codec
internal import IOCore
package import Identifiers

extension WriteAheadLog {
    /// The frames from the one that contains `from` on, read from the files and verified.
    ///
    /// As many as fit in `maximumBytes`, but one at least; none where `from` is behind the end.
    /// Fewer where damage begins.
    ///
    /// - Throws: `compacted`; `damaged` where the first wanted frame cannot be read, which is
    ///   remembered as damage from then on; `file`.
    package func frames(
        from: LogIndex, maximumBytes: Int
    ) throws(WALFailure) -> [SealedFrame] {
        guard from > start.index else { throw .compacted(start) }
        guard from <= lastIndex else { return [] }
        guard let first = index.position(containing: from) else {
            let hole = index.hole(containing: from)
            precondition(hole != nil, "index \(from) is neither in a frame nor damaged")
            throw .damaged(describe(index.holes[hole ?? 0]))
        }
        var frames: [SealedFrame] = []
        var position = first
        var left = maximumBytes
        while position < index.entries.count {
            let run = contiguousRun(from: position, maximumBytes: left, atLeastOne: frames.isEmpty)
            guard !run.isEmpty else { break }
            guard try read(run, into: &frames) else { break }
            left -= run.reduce(0) { $0 + Int(index.entries[$1].bytes) }
            position = run.upperBound
            let isBroken =
                position < index.entries.count
                && index.entries[position].firstIndex != index.entries[position - 1].lastIndex.next
            if isBroken || left <= 0 { break }
        }
        return frames
    }

    /// The headers of up to `count` frames from the one that contains `from` on, or from the first
    /// that can be read behind it; their payloads are not looked at.
    ///
    /// Frames whose headers cannot be read are passed over, and are damage from then on.
    ///
    /// - Throws: `file`.
    package func headers(from: LogIndex, count: Int) throws(WALFailure) -> [FrameHeader] {
        var headers: [FrameHeader] = []
        var position = index.position(containing: from) ?? index.position(behind: from)
        while headers.count < count, position < index.entries.count {
            if let header = try readHeader(of: index.entries[position]) {
                headers.append(header)
                position += 1
            } else {
                _ = try markDamaged(position)
            }
        }
        return headers
    }

    /// The positions from `position` on whose frames lie in one segment, one behind the other with
    /// only envelopes between, and fit.
    private func contiguousRun(
        from position: Int, maximumBytes: Int, atLeastOne: Bool
    ) -> Range<Int> {
        var end = position
        var bytes = 0
        while end < index.entries.count {
            let entry = index.entries[end]
            if bytes + Int(entry.bytes) > maximumBytes, !(atLeastOne && end == position) { break }
            if end > position {
                let before = index.entries[end - 1]
                guard entry.segment == before.segment, Int(entry.offset) >= before.end,
                    Int(entry.offset) - before.end <= 4_096,
                    entry.firstIndex == before.lastIndex.next
                else { break }
            }
            bytes += Int(entry.bytes)
            end += 1
        }
        return position..<end
    }

    /// Reads a run of frames by one read; false where damage has ended it after the first.
    private func read(
        _ run: Range<Int>, into frames: inout [SealedFrame]
    ) throws(WALFailure) -> Bool {
        let start = Int(index.entries[run.lowerBound].offset)
        let end = index.entries[run.upperBound - 1].end
        let file = segment(numbered: UInt64(index.entries[run.lowerBound].segment)).file
        let bytes = try readable(file, from: start, count: end - start)
        for position in run {
            let entry = index.entries[position]
            guard let frame = decode(entry, in: bytes, at: Int(entry.offset) - start) else {
                let range = try markDamaged(position)
                if frames.isEmpty { throw .damaged(range) }
                return false
            }
            frames.append(frame)
        }
        return true
    }

    /// Reads from a segment; sectors that the disk cannot read come as zeroes, which are no group and
    /// no frame, so that they are damage as flipped bits are.
    func readable(
        _ file: any File, from offset: Int, count: Int
    ) throws(WALFailure) -> [UInt8] {
        let reading = try SectorReading(file, from: offset, count: count)
        if reading.lost != nil { counters.steps.insert(.tookSectorForRotRunning) }
        return reading.bytes
    }

    /// The frame of an entry, where it is what the entry says.
    func decode(_ entry: FrameIndex.Entry, in bytes: [UInt8], at offset: Int) -> SealedFrame? {
        guard let frame = try? SealedFrame.decode(bytes, at: offset, limits: limits),
            frame.header.firstIndex == entry.firstIndex, frame.header.count == entry.count
        else { return nil }
        return frame
    }

    /// The header of a frame, from its file.
    func readHeader(of entry: FrameIndex.Entry) throws(WALFailure) -> FrameHeader? {
        let file = segment(numbered: UInt64(entry.segment)).file
        let bytes = try readable(file, from: Int(entry.offset), count: FrameHeader.byteCount)
        let header = try? FrameHeader.decode(bytes, at: 0, limits: limits)
        return header?.firstIndex == entry.firstIndex ? header : nil
    }

    /// Remembers that a frame is unreadable, with what its header or its successor's still tells.
    func markDamaged(_ position: Int) throws(WALFailure) -> DamagedRange {
        let entry = index.entries[position]
        var term: Term?
        var digest: ChainDigest?
        if let header = try readHeader(of: entry) {
            term = header.term
            digest = header.digest
        } else if position + 1 < index.entries.count {
            let successor = index.entries[position + 1]
            if successor.firstIndex == entry.lastIndex.next {
                digest = try readHeader(of: successor)?.previousDigest
            }
        }
        index.markDamaged(at: position, term: term, digest: digest)
        let hole = index.hole(containing: entry.firstIndex)
        precondition(hole != nil, "no damage at \(entry.firstIndex) after it was marked")
        return describe(index.holes[hole ?? 0])
    }
}
