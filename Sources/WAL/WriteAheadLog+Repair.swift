package import Codec
package import Identifiers

extension WriteAheadLog {
    /// Puts a frame into the place of a damaged one, durably.
    ///
    /// The frame goes to the end of the log in a group of its own kind, and takes its place in the
    /// index, now and at every `open`; the damaged bytes stay where they are until compaction. Where
    /// nothing tells how far damage at the end of the log goes, a frame that goes further begins the
    /// log anew there. A frame fits
    /// - at the end of a damaged range, when its digest is the one that is known there: it may
    ///   come from any peer;
    /// - at the beginning, when it continues the chain of what is below: it must come from the
    ///   current leader.
    ///
    /// - Returns: the damage that remains.
    /// - Throws: `repairRefused` or `diskFull` with nothing written; `file`, after which the log is
    ///   stopped; `stopped`.
    @discardableResult
    package func repair(with frame: SealedFrame) throws(WALFailure) -> [DamagedRange] {
        guard !isStopped else { throw .stopped }
        let header = frame.header
        guard let place = index.hole(containing: header.firstIndex) else {
            throw .repairRefused(index: header.firstIndex, why: "there is no damage")
        }
        let hole = index.holes[place]
        let below = endPosition(at: hole.first.previous).digest
        if hole.digest == nil, hole.last == lastIndex, header.lastIndex > hole.last,
            header.firstIndex == hole.first, below == header.previousDigest
        {
            // Where the log ended is lost too, and `hole.last` a guess: as behind a conflict, the
            // leader's frame begins the log anew there. A repair never moves the log's end.
            counters.steps.insert(.beganAnewInDamage)
            try write(
                Group(
                    voting: voting, records: [.truncate(after: hole.first.previous), .frame(frame)])
            )
            return damage
        }
        if let why = index.refusal(of: header, inHole: place, below: { _ in below }) {
            throw .repairRefused(index: header.firstIndex, why: why)
        }
        try put(frame, below: below)
        return damage
    }

    /// Forgets the damage that begins at `first`, and all behind it, because the leader of this term has
    /// nothing there.
    ///
    /// What a leader does not hold is not committed, and what was written behind its log's end is of
    /// an earlier term; that it is asked for in the present one must be on disk.
    ///
    /// - Returns: false, with nothing changed, where another term is on disk, the damage is gone, or
    ///   its digest has become known, so that any node can tell what it was.
    /// - Throws: as `write`.
    package func forgetDamage(from first: LogIndex, in term: Term) throws(WALFailure) -> Bool {
        guard !isStopped else { throw .stopped }
        guard voting.term == term, first > engineDurable, let place = index.hole(containing: first),
            index.holes[place].first == first, index.holes[place].digest == nil
        else { return false }
        try write(Group(voting: voting, records: [.truncate(after: first.previous)]))
        return true
    }

    /// Writes a frame that fits into damage; `below` is the digest that it continues.
    private func put(_ frame: SealedFrame, below: ChainDigest?) throws(WALFailure) {
        let offsets = try append(
            .repair, voting: voting, base: lastIndex, frames: [frame], isPrivileged: false)
        let refusal = index.fill(
            with: frame.header, segment: current.number, offset: offsets[0],
            below: { _ in below })
        precondition(refusal == nil, "a frame that fitted does not: \(refusal ?? "")")
        if index.hasProvenSuspects { counters.steps.insert(.confirmedDoubt) }
    }

    /// Writes a group of which frames may lie where damage or what follows it is.
    ///
    /// A frame of the current leader that is there already is left alone; one that fits into damage
    /// repairs it; one that is known to be another than what was there ends the log before it, as an
    /// ordinary conflict does, damage included, and all behind it is written as `write` does. Several
    /// groups may be written for it, the terms and the vote first, so that only the return tells that
    /// all is durable; after `diskFull` the same group may be tried again.
    ///
    /// - Throws: as `write`.
    package func mend(with group: Group) throws(WALFailure) {
        guard !isStopped else { throw .stopped }
        if group.voting != voting {
            try write(Group(voting: group.voting, records: []))
        }
        var rest: [GroupRecord] = []
        for record in group.records {
            guard rest.isEmpty, case .frame(let frame) = record,
                frame.header.firstIndex <= lastIndex
            else {
                rest.append(record)
                continue
            }
            switch try meeting(of: frame.header) {
            case .isThere: break
            case .fits:
                let hole = index.hole(containing: frame.header.firstIndex)
                let isKnown = hole.map { index.holes[$0].digest != nil } ?? false
                try put(frame, below: frame.header.previousDigest)
                counters.steps.insert(isKnown ? .repairedByDigest : .repairedByLeader)
                counters.steps.insert(.filledByAppends)
            case .conflicts:
                counters.steps.insert(.gaveWayToConflict)
                rest = [.truncate(after: frame.header.firstIndex.previous), record]
            }
        }
        guard !rest.isEmpty else { return }
        try write(Group(voting: voting, records: rest))
    }

    /// What a leader's frame does to what lies in its place.
    private enum Meeting {
        case isThere, fits, conflicts
    }

    private func meeting(of header: FrameHeader) throws(WALFailure) -> Meeting {
        let first = header.firstIndex
        if index.position(containing: first) != nil {
            do throws(WALFailure) {
                let present = try frames(from: first, maximumBytes: 1).first?.header
                return present?.firstIndex == first && present?.digest == header.digest
                    ? .isThere : .conflicts
            } catch {
                // What has become unreadable is damage by now.
                guard case .damaged = error else { throw error }
            }
        }
        guard let place = index.hole(containing: first) else {
            preconditionFailure("index \(first) is neither in a frame nor damaged")
        }
        let hole = index.holes[place]
        let below = endPosition(at: hole.first.previous).digest
        if hole.first == first, let below, below != header.previousDigest {
            throw .chainMismatch(index: first, expected: below, found: header.previousDigest)
        }
        // Terms never go back along a log: what was here is not of a later term than what follows.
        guard header.term <= (try latestTerm(behind: hole)) else { return .conflicts }
        let refusal = index.refusal(
            of: header, inHole: place, below: { _ in below ?? header.previousDigest })
        return refusal == nil ? .fits : .conflicts
    }

    /// A term that no record of the hole is above.
    private func latestTerm(behind hole: FrameIndex.Hole) throws(WALFailure) -> Term {
        if let term = hole.term { return term }
        let next = index.position(behind: hole.first)
        guard next < index.entries.count else { return index.last.term ?? openedTerm }
        return try readHeader(of: index.entries[next])?.term ?? openedTerm
    }

    /// The frames of `[first, last]`, the last ones of them up to `maximumBytes`, where the log's
    /// chain digest at `last` is `digest`; none where the log has something else there, or damage.
    ///
    /// What a peer asks for that has lost them.
    ///
    /// - Throws: `file`.
    package func frames(
        from first: LogIndex, endingAt last: LogIndex, digest: ChainDigest, maximumBytes: Int
    ) throws(WALFailure) -> [SealedFrame] {
        guard first > start.index, let end = index.position(containing: last),
            index.entries[end].lastIndex == last
        else { return [] }
        var begin = end
        var bytes = Int(index.entries[end].bytes)
        while begin > 0, index.entries[begin - 1].firstIndex >= first,
            index.entries[begin - 1].lastIndex.next == index.entries[begin].firstIndex,
            bytes + Int(index.entries[begin - 1].bytes) <= maximumBytes
        {
            begin -= 1
            bytes += Int(index.entries[begin].bytes)
        }
        var found: [SealedFrame] = []
        for position in begin...end {
            let entry = index.entries[position].firstIndex
            do throws(WALFailure) {
                found += try frames(from: entry, maximumBytes: 1)
            } catch {
                guard case .damaged = error else { throw error }
                // The index has changed: what is there now is for the next question.
                return []
            }
        }
        #if PLANTED_BUGS
            if PlantedBug.repairUnverified.isActive { return found }
        #endif
        guard found.last?.header.digest == digest else { return [] }
        return found
    }
}
