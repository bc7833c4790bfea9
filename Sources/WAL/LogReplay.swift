internal import Codec
internal import IOCore
internal import Identifiers

/// Rebuilds the index from the segments' bytes, and tells what is torn from what is rotten.
///
/// One write is in flight at most, so a group is begun only when all before it are durable, and a
/// segment only when all before it is. Hence a group that cannot be verified is
/// - damage, where a later group (by sequence, in this segment or a later one) exists, or where it
///   holds records that the engine has flushed;
/// - torn, otherwise: it was never acknowledged, and is cut off.
struct LogReplay {
    /// Records lost in a group, whose last index its successor will tell.
    struct Loss {
        let first: LogIndex
        let segment: UInt64
        let offset: Int
        var suspects: [FrameIndex.Suspect]
    }

    let limits: Limits
    let engineDurable: LogIndex
    var segments: [Segment]
    var index: FrameIndex
    var voting: WriteAheadLog.VotingState
    var nextSequence: UInt64
    var notes: [String] = []
    var tornBytes = 0
    private var hasLostGroups = false
    /// Whether the last group that was come to is lost, and its vote with it.
    private var hasLostLastGroup = false
    /// Whether a group without frames must take the place of a torn one.
    ///
    /// It keeps the vote, and tells the next start that the lost group before it was durable.
    private(set) var mustReplaceTornGroup = false
    private var hasLostSectors = false
    /// Whether the bytes behind the last segment's end must be made unreadable as a group.
    var mustClearTail = false
    var loss: Loss?
    /// The segment with the group that keeps less than the log begins behind, where the replay failed
    /// for that: the log cannot begin as early as the first segment.
    private(set) var cutBeforeStart: Int?
    /// Where the last group ends that was taken over, in the segment it is in.
    private var groupsEnd = 0
    /// The last group of all, where it is whole, and where it begins in the last segment.
    private(set) var lastGroup: (offset: Int, bytes: [UInt8])?
    /// Frames of repairs that have found no place yet.
    var spareRepairs: [FrameIndex.Suspect] = []

    init(segments: [Segment], limits: Limits, engineDurable: LogIndex) {
        let first = segments[0].header
        self.limits = limits
        self.engineDurable = engineDurable
        self.segments = segments
        index = FrameIndex(start: first.previous)
        voting = first.voting
        nextSequence = first.firstSequence
    }

    /// Replays all segments, in order.
    mutating func run() throws(WALFailure) {
        for position in segments.indices {
            if position > 0 { try begin(position) }
            let file = segments[position].file
            let count = segments[position].bytes
            let read = try SectorReading(file, from: 0, count: count)
            if read.lost != nil { hasLostSectors = true }
            try replay(read.bytes, of: position)
            if let lost = read.lost, position == segments.count - 1,
                lost.end > groupsEnd
            {
                // There may be a group in it that was acknowledged, or that shows the one before it to
                // be damaged and not torn: nothing tells, as it would of rot.
                throw .file(lost.failure)
            }
        }
        // A group that the engine has proved durable: how far it went, nothing tells.
        settleAtEnd(atLeast: engineDurable)
        placeRepairs()
        preferRepairs()
    }

    /// What of the recovery table it has come to.
    var steps: RecoverySteps {
        var steps: RecoverySteps = mustClearTail ? .cutTornGroup : []
        if hasLostSectors { steps.insert(.tookSectorForRot) }
        if index.hasProvenSuspects { steps.insert(.confirmedDoubt) }
        if hasLostGroups, index.holes.isEmpty { steps.insert(.keptFramesOfRottenEnvelope) }
        return steps
    }

    /// Takes over what the header of a later segment says of the log before it.
    private mutating func begin(_ position: Int) throws(WALFailure) {
        let header = segments[position].header
        let previous = header.previous
        let isKnown = previous.digest != .empty || previous.index == .zero
        if let loss {
            settle(loss, through: previous.index, digest: isKnown ? previous.digest : nil)
        }
        guard header.firstSequence == nextSequence, index.last.index == previous.index,
            !isKnown || index.last.digest == nil || index.last.digest == previous.digest
        else {
            throw .unreadable(
                file: segments[position].file.path, offset: 0,
                what: "it begins at group \(header.firstSequence), record \(previous.index), "
                    + "where the segment before ends at group \(nextSequence), record "
                    + "\(index.last.index)")
        }
        if isKnown, index.last.digest == nil { index.learnLastDigest(previous.digest) }
        voting = header.voting
        hasLostLastGroup = false
    }

    /// A group of nothing but the vote, for the place of the torn one.
    mutating func replaceTornGroup() -> GroupEnvelope {
        let position = segments.count - 1
        let envelope = GroupEnvelope(
            kind: .group, sequence: nextSequence, voting: voting, base: index.last.index,
            bodyBytes: 0, bodyChecksum: 0)
        nextSequence += 1
        segments[position].end += envelope.groupBytes
        segments[position].lowestBase = min(segments[position].lowestBase, envelope.base)
        mustReplaceTornGroup = false
        return envelope
    }

    private mutating func replay(_ bytes: [UInt8], of position: Int) throws(WALFailure) {
        let nextHeader = position + 1 < segments.count ? segments[position + 1].header : nil
        var offset = SegmentHeader.dataOffset
        var last: Range<Int>?
        defer { lastGroup = last.map { (offset: $0.lowerBound, bytes: Array(bytes[$0])) } }
        while true {
            segments[position].end = offset
            groupsEnd = offset
            if let nextHeader, nextHeader.firstSequence <= nextSequence { return }
            let envelope = try? GroupEnvelope.decode(
                bytes, at: offset, salt: segments[position].salt)
            if let envelope, envelope.sequence == nextSequence,
                envelope.groupBytes <= bytes.count - offset
            {
                let isWhole = GroupBody(envelope, in: bytes, at: offset, limits: limits).isWhole
                #if PLANTED_BUGS
                    if PlantedBug.truncateAtBadChecksum.isActive, !isWhole {
                        mustClearTail = true
                        return
                    }
                #endif
                let isFollowed =
                    nextHeader != nil || isWhole
                    || nextGroup(bytes, behind: offset, of: position) != nil
                if isFollowed || isKnownDurable(envelope) {
                    try accept(envelope, bytes, at: offset, of: position)
                    if isWhole, nextHeader == nil { last = offset..<(offset + envelope.groupBytes) }
                    offset += envelope.groupBytes
                    if isFollowed { continue }
                    groupsEnd = offset
                    segments[position].end = segments[position].bytes
                    return
                }
                return cutTorn(envelope)
            }
            #if PLANTED_BUGS
                if PlantedBug.truncateAtBadChecksum.isActive {
                    mustClearTail = true
                    return
                }
            #endif
            guard let next = nextGroup(bytes, behind: offset, of: position) else {
                if let nextHeader {
                    lose(
                        bytes, min(offset, bytes.count)..<bytes.count, of: position,
                        groups: nextHeader.firstSequence - nextSequence,
                        before: nextHeader.voting)
                    nextSequence = nextHeader.firstSequence
                } else {
                    mustClearTail = bytes.dropFirst(offset).prefix(4).contains { $0 != 0 }
                }
                return
            }
            lose(
                bytes, offset..<next.offset, of: position,
                groups: next.envelope.sequence - nextSequence, before: next.envelope.voting)
            nextSequence = next.envelope.sequence
            offset = next.offset
        }
    }

    private mutating func cutTorn(_ envelope: GroupEnvelope) {
        tornBytes = envelope.groupBytes
        mustClearTail = true
        guard hasLostLastGroup else { return }
        // Unless this group was to cut some off, the lost one went to where this one begins.
        settleAtEnd(atLeast: max(envelope.base, engineDurable))
        // The lost group was durable, and its vote may have been sent; it is no newer than this one,
        // which it never hurts to have given.
        if voting.permits(envelope.voting) { voting = envelope.voting }
        mustReplaceTornGroup = true
    }

    /// Makes lost records a hole behind which no group tells where they end.
    ///
    /// What seems to be a frame of theirs may have been acknowledged, and belongs to it. Where that is
    /// too much, a leader's log ends before it.
    private mutating func settleAtEnd(atLeast end: LogIndex) {
        guard let loss else { return }
        let seen = loss.suspects.map(\.entry.lastIndex).max() ?? .zero
        settle(loss, through: max(end, seen, loss.first), digest: nil)
    }

    /// Whether the engine holds records of this group, so that it cannot be torn.
    private func isKnownDurable(_ envelope: GroupEnvelope) -> Bool {
        envelope.kind == .group && envelope.bodyBytes > 0 && envelope.base < engineDurable
    }

    /// The next envelope of a group later than the one expected, behind `offset`, with room between
    /// for those that are missing.
    private func nextGroup(
        _ bytes: [UInt8], behind offset: Int, of position: Int
    ) -> (envelope: GroupEnvelope, offset: Int)? {
        var place = offset + 8
        while let candidate = GroupEnvelope.nextCandidate(in: bytes, from: place) {
            if let envelope = try? GroupEnvelope.decode(
                bytes, at: candidate, salt: segments[position].salt),
                envelope.sequence > nextSequence,
                envelope.sequence - nextSequence
                    <= UInt64((candidate - offset) / GroupEnvelope.byteCount)
            {
                return (envelope, candidate)
            }
            place = candidate + 8
        }
        return nil
    }

    /// Takes over a group whose envelope is sound; what cannot be read of its frames is damage.
    private mutating func accept(
        _ envelope: GroupEnvelope, _ bytes: [UInt8], at offset: Int, of position: Int
    ) throws(WALFailure) {
        if let loss { settle(loss, through: envelope.base, digest: nil) }
        let path = segments[position].file.path
        guard envelope.base <= index.last.index, index.isBoundary(envelope.base),
            voting.permits(envelope.voting)
        else {
            if envelope.base < index.start.index { cutBeforeStart = position }
            throw .unreadable(
                file: path, offset: offset,
                what: "group \(envelope.sequence) keeps the log up to \(envelope.base) with "
                    + "\(envelope.voting), where it is \(index.start.index) to "
                    + "\(index.last.index) with \(voting)")
        }
        voting = envelope.voting
        hasLostLastGroup = false
        nextSequence = envelope.sequence + 1
        segments[position].lowestBase = min(segments[position].lowestBase, envelope.base)
        truncate(to: envelope.base)
        let body = GroupBody(envelope, in: bytes, at: offset, limits: limits)
        let number = segments[position].number
        for part in body.frames {
            if envelope.kind == .repair {
                guard part.isSound else { continue }
                let entry = FrameIndex.Entry(part.header, segment: number, offset: part.offset)
                spareRepairs.append(.init(entry: entry, header: part.header))
            } else {
                try append(part, segment: number, path: path)
            }
        }
        if envelope.kind == .repair {
            placeRepairs()
        } else if let broken = body.brokenOffset {
            loss = Loss(
                first: index.last.index.next, segment: number, offset: broken,
                suspects: FrameIndex.Suspect.found(
                    in: bytes, broken..<(offset + envelope.groupBytes), segment: number,
                    limits: limits))
        }
    }

    private mutating func append(
        _ part: GroupBody.Part, segment: UInt64, path: String
    ) throws(WALFailure) {
        let header = part.header
        guard header.firstIndex == index.last.index.next,
            index.last.digest == nil || index.last.digest == header.previousDigest
        else {
            throw .unreadable(
                file: path, offset: part.offset,
                what: "the frame at index \(header.firstIndex) does not continue the log, which "
                    + "ends at \(index.last.index)")
        }
        if part.isSound {
            index.append(header, segment: segment, offset: part.offset)
            return
        }
        if index.last.digest == nil { index.learnLastDigest(header.previousDigest) }
        index.append(
            FrameIndex.Hole(
                first: header.firstIndex, last: header.lastIndex, digest: header.digest,
                term: header.term, segment: segment, offset: part.offset))
    }

    private mutating func truncate(to base: LogIndex) {
        guard base < index.last.index else { return }
        spareRepairs.removeAll { $0.entry.lastIndex > base }
        index.truncate(to: base, end: end(at: base))
    }

    private func end(at base: LogIndex) -> (term: Term?, digest: ChainDigest?) {
        if base == index.start.index { return (index.start.term, index.start.digest) }
        if let hole = index.hole(containing: base) {
            let found = index.holes[hole]
            return found.last == base ? (found.term, found.digest) : (nil, nil)
        }
        guard let position = index.position(containing: base), let headers = index.headers,
            headers[position].lastIndex == base
        else { return (nil, nil) }
        return (headers[position].term, headers[position].digest)
    }

    /// Notes that groups have been lost whole, and with them, perhaps, a truncation.
    ///
    /// Nothing is ever truncated in a term behind records of that same term. So where the log's
    /// last record is of the current term and the term is still the same after the loss, what is
    /// there stands; otherwise all of it is in doubt (what the engine holds by now may have been
    /// written after the loss), until the chain digest of a successor proves it.
    private mutating func lose(
        _ bytes: [UInt8], _ range: Range<Int>, of position: Int, groups: UInt64,
        before later: WriteAheadLog.VotingState
    ) {
        let number = segments[position].number
        let name = segments[position].file.path
        notes.append(
            "\(name) is damaged at byte \(range.lowerBound): "
                + "groups from \(nextSequence) on are lost")
        hasLostLastGroup = true
        // As short as envelopes alone: votes and truncations, whose sum the next group tells.
        if range.count % GroupEnvelope.byteCount == 0,
            UInt64(range.count / GroupEnvelope.byteCount) == groups
        {
            return
        }
        hasLostGroups = true
        let isCertain = index.last.term == voting.term && voting.term == later.term && loss == nil
        var suspects = loss?.suspects ?? []
        if !isCertain {
            let floor = index.start.index
            suspects += index.takeSuspects(behind: floor)
            suspects += spareRepairs.filter { $0.entry.firstIndex > floor }
            spareRepairs.removeAll { $0.entry.firstIndex > floor }
            segments[position].lowestBase = min(segments[position].lowestBase, floor)
        }
        suspects += FrameIndex.Suspect.found(in: bytes, range, segment: number, limits: limits)
        loss = Loss(
            first: index.last.index.next, segment: number, offset: range.lowerBound,
            suspects: suspects)
    }

    /// Makes lost records a hole, now that their successor tells where they end.
    private mutating func settle(_ loss: Loss, through last: LogIndex, digest: ChainDigest?) {
        self.loss = nil
        guard last >= loss.first else { return }
        index.append(
            FrameIndex.Hole(
                first: loss.first, last: last, digest: digest, term: nil, segment: loss.segment,
                offset: loss.offset,
                suspects: loss.suspects.filter {
                    $0.entry.firstIndex >= loss.first && $0.entry.lastIndex <= last
                }.sorted { $0.entry.lastIndex < $1.entry.lastIndex }))
    }

    /// Puts the frames of repairs into the holes that they fit, as long as one does.
    private mutating func placeRepairs() {
        var hasPlaced = true
        while hasPlaced, !index.holes.isEmpty {
            hasPlaced = false
            for place in spareRepairs.indices.reversed() {
                let frame = spareRepairs[place]
                let below = Dictionary(uniqueKeysWithValues: ends())
                let refusal = index.fill(
                    with: frame.header, segment: UInt64(frame.entry.segment),
                    offset: Int(frame.entry.offset), below: { below[$0] })
                guard refusal == nil else { continue }
                spareRepairs.remove(at: place)
                hasPlaced = true
            }
        }
    }

    /// Has the index find frames that a scrub has written again where it wrote them, so that the rotten
    /// envelope before the old ones has nothing left to be mended for.
    private mutating func preferRepairs() {
        for frame in spareRepairs {
            guard let position = index.position(containing: frame.header.firstIndex),
                index.headers?[position] == frame.header
            else { continue }
            index.move(
                frame.header, segment: UInt64(frame.entry.segment),
                offset: Int(frame.entry.offset))
        }
    }

    /// The digests below the holes.
    private func ends() -> [(LogIndex, ChainDigest)] {
        index.holes.compactMap { hole in
            end(at: hole.first.previous).digest.map { (hole.first.previous, $0) }
        }
    }
}
