internal import Codec
internal import IOCore
internal import Identifiers

extension WriteAheadLog {
    /// Writes a group at the log's end, and returns when it is durable.
    ///
    /// What the records of the group add up to is written: frames that a later record of the same
    /// group forgets never reach the disk. Frames must continue the log (index and chain digest),
    /// a truncation must be at the end of a frame or inside damage, terms never go back and a vote
    /// is never changed within a term; all of which the consensus core has seen to.
    ///
    /// - Throws: `diskFull` or `chainMismatch` with nothing written and the log unchanged; `file`,
    ///   after which the log is stopped; `stopped`.
    package func write(_ group: Group) throws(WALFailure) {
        guard !isStopped else { throw .stopped }
        precondition(
            voting.permits(group.voting), "\(group.voting) cannot follow \(voting)")
        let net = try netEffect(of: group.records)
        let end = endPosition(at: net.base)
        if let first = net.frames.first?.header, let digest = end.digest,
            first.previousDigest != digest
        {
            throw .chainMismatch(
                index: first.firstIndex, expected: digest, found: first.previousDigest)
        }
        let isPrivileged = net.frames.allSatisfy { $0.header.kind == .membership }
        let offsets = try append(
            .group, voting: group.voting, base: net.base, frames: net.frames,
            isPrivileged: isPrivileged)
        index.truncate(to: net.base, end: end)
        for (frame, offset) in zip(net.frames, offsets) {
            index.append(frame.header, segment: current.number, offset: offset)
        }
    }

    /// What is left of a group's records: one truncation, then frames.
    private func netEffect(
        of records: [GroupRecord]
    ) throws(WALFailure) -> (base: LogIndex, frames: [SealedFrame]) {
        var base = lastIndex
        var frames: [SealedFrame] = []
        var digest: ChainDigest?
        for record in records {
            switch record {
            case .frame(let frame):
                let header = frame.header
                let end = frames.last?.header.lastIndex ?? base
                precondition(
                    header.firstIndex == end.next, "frame at \(header.firstIndex) behind \(end)")
                if let digest, digest != header.previousDigest {
                    throw .chainMismatch(
                        index: header.firstIndex, expected: digest, found: header.previousDigest)
                }
                digest = header.digest
                frames.append(frame)
            case .truncate(let after):
                while let last = frames.last?.header, last.lastIndex > after {
                    precondition(
                        last.firstIndex > after, "truncation after \(after), inside a frame")
                    frames.removeLast()
                }
                digest = frames.last?.header.digest
                guard frames.isEmpty, after < base else { continue }
                precondition(
                    index.isBoundary(after),
                    "truncation after \(after), where no frame ends; the log is \(index.last)")
                base = after
            }
        }
        return (base, frames)
    }

    /// Term and digest at an index where a frame ends; nil where they cannot be read.
    func endPosition(at end: LogIndex) -> (term: Term?, digest: ChainDigest?) {
        if end == index.last.index { return (index.last.term, index.last.digest) }
        if end == index.start.index { return (index.start.term, index.start.digest) }
        if let hole = index.hole(containing: end) {
            let found = index.holes[hole]
            return found.last == end ? (found.term, found.digest) : (nil, nil)
        }
        guard let position = index.position(containing: end),
            let header = try? readHeader(of: index.entries[position])
        else { return (nil, nil) }
        return (header.term, header.digest)
    }

    /// Appends one group and syncs it; returns where its frames begin.
    func append(
        _ kind: GroupEnvelope.Kind, voting: VotingState, base: LogIndex, frames: [SealedFrame],
        isPrivileged: Bool
    ) throws(WALFailure) -> [Int] {
        let bodyBytes = frames.reduce(0) { $0 + $1.bytes.count }
        let envelope = GroupEnvelope(
            kind: kind, sequence: nextSequence, voting: voting, base: base, bodyBytes: bodyBytes,
            bodyChecksum: frames.reduce(0) { GroupEnvelope.checksum(adding: $1, to: $0) })
        try noteNewest()
        try makeRoom(envelope.groupBytes, isPrivileged: isPrivileged)
        let last = segments.count - 1
        let start = segments[last].end
        let file = segments[last].file
        var buffers = [envelope.encoded(segmentID: segments[last].header.segmentID)]
        buffers.append(contentsOf: frames.map(\.bytes))
        try changing { () throws(FileFailure) in
            #if PLANTED_BUGS
                if PlantedBug.syncLeftOut.isActive { return try file.write(buffers, at: start) }
            #endif
            try file.append(buffers, at: start)
        }
        segments[last].end = start + envelope.groupBytes
        segments[last].lowestBase = min(segments[last].lowestBase, base)
        nextSequence += 1
        self.voting = voting
        count(envelope, frames)
        var offset = start + GroupEnvelope.byteCount
        return frames.map { frame in
            defer { offset += frame.bytes.count }
            return offset
        }
    }

    private func count(_ envelope: GroupEnvelope, _ frames: [SealedFrame]) {
        counters.groups += 1
        counters.syncs += 1
        counters.frames += UInt64(frames.count)
        counters.appendedBytes += UInt64(envelope.groupBytes)
        for frame in frames {
            counters.rawPayloadBytes += UInt64(frame.header.rawBytes)
            counters.storedPayloadBytes += UInt64(frame.header.storedBytes)
        }
    }
}
