internal import Codec
internal import IOCore
internal import Identifiers

extension WriteAheadLog {
    /// Reads and verifies about `budgetBytes` of the log from `start` on.
    ///
    /// Who scrubs keeps the place: the report names where to go on, so that several may scrub at a
    /// time. A place in files that are gone stands for the beginning of the log.
    ///
    /// A frame that cannot be read is damage from now on. A group whose envelope is rotten, while
    /// its frames are sound, is mended at once: the frames are written again as a repair, so that
    /// the next `open` misses nothing and finds nothing to mend.
    ///
    /// - Throws: `file`; `diskFull` where something was to be mended; `stopped`.
    package func scrub(
        budgetBytes: Int, from start: ScrubPlace = .beginning
    ) throws(WALFailure) -> ScrubReport {
        guard !isStopped else { throw .stopped }
        var place = start
        var checked = 0
        var notes: [String] = []
        while checked < budgetBytes {
            guard let position = scrubPosition(&place) else {
                return ScrubReport(
                    checkedBytes: checked, reachedEnd: true, next: .beginning, damage: damage,
                    notes: notes)
            }
            checked += try scrubWindow(
                of: position, at: &place, wanted: budgetBytes - checked, notes: &notes)
        }
        return ScrubReport(
            checkedBytes: checked, reachedEnd: false, next: place, damage: damage, notes: notes)
    }

    /// The segment to look at next, with `place` inside; nil at the end of the log.
    private func scrubPosition(_ place: inout ScrubPlace) -> Int? {
        let found = segments.indices.first { segments[$0].number >= place.segment }
        guard var position = found else { return nil }
        if segments[position].number > place.segment {
            place = ScrubPlace(segments[position].number, SegmentHeader.dataOffset)
        }
        while place.offset >= segments[position].end {
            position += 1
            guard position < segments.count else { return nil }
            place = ScrubPlace(segments[position].number, SegmentHeader.dataOffset)
        }
        return position
    }

    /// Verifies whole groups from `place` on; returns the bytes that were passed, over 0.
    private func scrubWindow(
        of position: Int, at place: inout ScrubPlace, wanted: Int, notes: inout [String]
    ) throws(WALFailure) -> Int {
        let segment = segments[position]
        let start = place.offset
        let bytes = try read(segment, from: start, count: max(min(wanted, 1 << 20), 4_096))
        var offset = 0
        while start + offset < segment.end {
            guard offset + GroupEnvelope.byteCount <= bytes.count || offset == 0 else { break }
            guard
                let envelope = try? GroupEnvelope.decode(bytes, at: offset, salt: segment.salt),
                start + offset + envelope.groupBytes <= segment.end
            else {
                if offset > 0 { break }
                let passed = try mendEnvelope(in: position, from: start, notes: &notes)
                place.offset = start + passed
                return passed
            }
            if envelope.groupBytes > bytes.count - offset {
                if offset > 0 { break }
                let whole = try read(segment, from: start, count: envelope.groupBytes)
                try scrub(envelope, in: whole, at: 0, of: segment, groupOffset: start)
            } else {
                try scrub(envelope, in: bytes, at: offset, of: segment, groupOffset: start + offset)
            }
            offset += envelope.groupBytes
        }
        place.offset = start + offset
        return offset
    }

    private func read(
        _ segment: Segment, from offset: Int, count: Int
    ) throws(WALFailure) -> [UInt8] {
        let count = min(count, segment.end - offset)
        return try readable(segment.file, from: offset, count: count)
    }

    /// Verifies the frames of one group that are still part of the log.
    private func scrub(
        _ envelope: GroupEnvelope, in bytes: [UInt8], at offset: Int, of segment: Segment,
        groupOffset: Int
    ) throws(WALFailure) {
        guard envelope.groupBytes <= bytes.count - offset else { return }
        let body = GroupBody(envelope, in: bytes, at: offset, limits: limits)
        guard !body.isWhole else { return }
        let range = groupOffset..<(groupOffset + envelope.groupBytes)
        _ = try verify(liveEntries(in: range, of: segment))
    }

    /// Deals with a rotten envelope at byte `start`; returns the bytes up to the next sound one.
    private func mendEnvelope(
        in position: Int, from start: Int, notes: inout [String]
    ) throws(WALFailure) -> Int {
        let segment = segments[position]
        let rest = try read(segment, from: start, count: segment.end - start)
        var end = segment.end - start
        var place = 8
        while let candidate = GroupEnvelope.nextCandidate(in: rest, from: place) {
            let envelope = try? GroupEnvelope.decode(rest, at: candidate, salt: segment.salt)
            if let envelope, envelope.sequence >= segment.header.firstSequence {
                end = candidate
                break
            }
            place = candidate + 8
        }
        let frames = try verify(liveEntries(in: start..<(start + end), of: segment))
        let mended = MendedPlace(segment: segment.number, offset: start)
        // A group behind it tells that this one was there, and what it voted and truncated.
        let isFollowed = start + end < segment.end || position + 1 < segments.count
        if !mendedEnvelopes.contains(mended), !frames.isEmpty || !isFollowed {
            try rewrite(frames)
            mendedEnvelopes.insert(mended)
            notes.append(
                "\(segment.file.path): the group at byte \(start) is rotten; its "
                    + "\(frames.count) frames that are sound have been written again")
        }
        return end
    }

    /// Writes sound frames again, and lets the index find them there.
    private func rewrite(_ frames: [SealedFrame]) throws(WALFailure) {
        let offsets = try append(
            .repair, voting: voting, base: lastIndex, frames: frames, isPrivileged: false)
        for (frame, offset) in zip(frames, offsets) {
            index.move(frame.header, segment: current.number, offset: offset)
        }
    }

    /// The first indexes of the frames of the log that lie in `range` of a segment.
    private func liveEntries(in range: Range<Int>, of segment: Segment) -> [LogIndex] {
        index.entries.filter {
            UInt64($0.segment) == segment.number && range.contains(Int($0.offset))
        }.map(\.firstIndex)
    }

    /// Reads the frames that begin at these indexes; what cannot be read is damage from now on.
    private func verify(_ indexes: [LogIndex]) throws(WALFailure) -> [SealedFrame] {
        var frames: [SealedFrame] = []
        for first in indexes {
            guard let position = index.position(containing: first) else { continue }
            let entry = index.entries[position]
            let file = self.segment(numbered: UInt64(entry.segment)).file
            let bytes = try readable(file, from: Int(entry.offset), count: Int(entry.bytes))
            if let frame = decode(entry, in: bytes, at: 0) {
                frames.append(frame)
            } else {
                _ = try markDamaged(position)
            }
        }
        return frames
    }
}
