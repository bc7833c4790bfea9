import Codec
import IOCore
import Identifiers
import WAL

/// A log of a few small segments with every kind of group, and what must come back of it.
struct SampleLog {
    let disk: MemoryDisk
    /// The frames of the log, truncated ones left out.
    let frames: [SealedFrame]
    let voting: WriteAheadLog.VotingState
    /// Where the last group begins: the last segment, and the offset there.
    let lastSegment: Int
    let lastOffset: Int
    let lastGroupFrames: Int
    /// The voting state before the last group.
    let votingBefore: WriteAheadLog.VotingState

    init() throws(WALFailure) {
        let fixture = try LogFixture()
        var frames: [SealedFrame] = []
        for _ in 0..<4 {
            frames += try fixture.append(1, term: 1, payloadBytes: 90)
        }
        frames += try fixture.append(3, term: 1, payloadBytes: 300)
        try fixture.log.write(.init(voting: .init(term: Term(2), vote: NodeID(2)), records: []))
        frames += try fixture.append(1, term: 2, payloadBytes: 700)
        frames += try fixture.append(2, term: 2, payloadBytes: 60)
        // A new leader forgets the last three frames and brings two of its own.
        frames.removeLast(3)
        let base = frames[frames.count - 1].header
        let replacing = fixture.frames(2, term: 3, payloadBytes: 50, after: base)
        try fixture.log.write(
            .init(
                voting: .init(term: Term(3), vote: nil),
                records: [.truncate(after: base.lastIndex)] + replacing.map { .frame($0) }))
        frames += replacing
        for count in [1, 2, 1, 1, 2] {
            frames += try fixture.append(count, term: 3, payloadBytes: 120 * count)
        }
        try fixture.log.write(.init(voting: .init(term: Term(4), vote: NodeID(3)), records: []))
        for _ in 0..<9 {
            frames += try fixture.append(1, term: 4, payloadBytes: 200)
        }
        votingBefore = fixture.log.voting
        let last = fixture.frames(3, term: 5, payloadBytes: 70)
        let before = fixture.log.statistics
        try fixture.log.write(
            .init(
                voting: .init(term: Term(5), vote: NodeID(1)), records: last.map { .frame($0) }))
        voting = fixture.log.voting
        let bytes = Int(fixture.log.statistics.appendedBytes - before.appendedBytes)
        precondition(before.segments == fixture.log.statistics.segments)
        lastGroupFrames = last.count
        lastSegment = before.segments
        disk = fixture.disk
        lastOffset = Self.endOfData(in: disk, segment: lastSegment) - bytes
        self.frames = frames + last
        fixture.log.close()
    }

    /// Behind the last byte that is not zero, rounded up; the sample's segments are never recycled.
    static func endOfData(in disk: MemoryDisk, segment: Int) -> Int {
        let bytes = disk.contents(of: LogFixture.path(segment))
        let last = bytes.lastIndex { $0 != 0 } ?? 0
        return (last + 8) & ~7
    }

    /// Opens a log on a copy of the sample's disk that `tamper` has changed.
    func open(
        engineDurable: LogIndex = .zero, _ tamper: (MemoryDisk) -> Void
    ) throws(WALFailure) -> LogFixture {
        let copy = disk.copy()
        tamper(copy)
        return try LogFixture(disk: copy, engineDurable: engineDurable)
    }

    /// What is wrong with a recovery, or nil.
    ///
    /// Every durable frame must be there or known as damaged, and nothing else. The last group may
    /// be missing only where `mayLoseLast`.
    func complaint(
        about fixture: LogFixture, mayLoseLast: Bool
    ) -> String? {
        let recovery = fixture.recovery
        var expected = frames.map(\.header)
        if mayLoseLast,
            recovery.lastIndex == expected[expected.count - lastGroupFrames].firstIndex.previous
        {
            expected.removeLast(lastGroupFrames)
            guard recovery.voting == votingBefore else { return "voting \(recovery.voting)" }
        } else if recovery.voting != voting {
            return "voting \(recovery.voting)"
        }
        guard recovery.lastIndex == expected.last?.lastIndex else {
            return "the log ends at \(recovery.lastIndex)"
        }
        var found = recovery.frames[...]
        for header in expected {
            if found.first == header {
                found.removeFirst()
                if let range = recovery.damage.first(where: { $0.covers(header) }) {
                    return "\(header.firstIndex) is both there and damaged: \(range)"
                }
            } else if !recovery.damage.contains(where: { $0.covers(header) }) {
                return "\(header.firstIndex) is lost without a word"
            }
        }
        return found.isEmpty ? nil : "frame \(found.first.debugDescription) was never in the log"
    }

    /// Gives the log its frames back, as a peer and a leader would; what is wrong afterwards.
    func repair(_ fixture: LogFixture) throws(WALFailure) -> String? {
        var damage = fixture.log.damage
        var attempts = 0
        while let range = damage.last {
            attempts += 1
            guard attempts < 100 else { return "no end of repairs: \(range)" }
            let isFromTop = range.digest != nil
            let wanted = frames.first {
                isFromTop
                    ? $0.header.lastIndex == range.last : $0.header.firstIndex == range.first
            }
            guard let wanted else { return "no frame begins or ends \(range)" }
            damage = try fixture.log.repair(with: wanted)
        }
        return nil
    }
}

extension DamagedRange {
    func covers(_ header: FrameHeader) -> Bool {
        first <= header.firstIndex && header.lastIndex <= last
    }
}
