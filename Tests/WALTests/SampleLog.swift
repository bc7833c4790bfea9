import Codec
import IOCore
import Identifiers
import WAL

/// A log of a few small segments with every kind of group, and what must come back of it.
struct SampleLog {
    /// Segments of the log; the first ones are sealed, and the last is written.
    static let segments = 3

    let disk: MemoryDisk
    /// The frames of the log, truncated ones left out.
    let frames: [SealedFrame]
    let voting: WriteAheadLog.VotingState
    /// The groups in the order in which they were written.
    let groups: [Group]

    /// A group where it lies, and what the log holds once the group is on disk.
    struct Group {
        let segment: Int
        let range: Range<Int>
        let headers: [FrameHeader]
        let voting: WriteAheadLog.VotingState
    }

    init() throws(WALFailure) {
        let fixture = try LogFixture()
        var frames: [SealedFrame] = []
        var groups: [Group] = []
        func note() {
            groups.append(Self.lastGroup(of: fixture, behind: groups.last, frames.map(\.header)))
        }
        func append(_ count: Int, term: UInt64, payloadBytes: Int) throws(WALFailure) {
            frames += try fixture.append(count, term: term, payloadBytes: payloadBytes)
            note()
        }
        func vote(_ node: UInt64, term: UInt64) throws(WALFailure) {
            let voting = WriteAheadLog.VotingState(term: Term(term), vote: NodeID(node))
            try fixture.log.write(.init(voting: voting, records: []))
            note()
        }
        for _ in 0..<4 { try append(1, term: 1, payloadBytes: 90) }
        try append(3, term: 1, payloadBytes: 300)
        try vote(2, term: 2)
        try append(1, term: 2, payloadBytes: 700)
        try append(2, term: 2, payloadBytes: 60)
        // A new leader forgets the last three frames and brings two of its own.
        frames.removeLast(3)
        let base = frames[frames.count - 1].header
        let replacing = fixture.frames(2, term: 3, payloadBytes: 50, after: base)
        try fixture.log.write(
            .init(
                voting: .init(term: Term(3), vote: nil),
                records: [.truncate(after: base.lastIndex)] + replacing.map { .frame($0) }))
        frames += replacing
        note()
        for count in [1, 2, 1, 1, 2] {
            try append(count, term: 3, payloadBytes: 120 * count)
        }
        try vote(3, term: 4)
        for _ in 0..<6 { try append(1, term: 4, payloadBytes: 200) }
        let last = fixture.frames(3, term: 5, payloadBytes: 70)
        try fixture.log.write(
            .init(
                voting: .init(term: Term(5), vote: NodeID(1)), records: last.map { .frame($0) }))
        frames += last
        note()
        precondition(
            fixture.log.statistics.segments == Self.segments,
            "\(fixture.log.statistics.segments) segments")
        voting = fixture.log.voting
        disk = fixture.disk
        self.frames = frames
        self.groups = groups
        fixture.log.close()
    }

    /// The group that was written last.
    private static func lastGroup(
        of fixture: LogFixture, behind previous: Group?, _ headers: [FrameHeader]
    ) -> Group {
        let segment = fixture.log.statistics.segments
        let bytes = fixture.disk.contents(of: LogFixture.path(segment))
        let begin =
            previous?.segment == segment
            ? previous?.range.upperBound ?? 0 : SegmentHeader.dataOffset
        return Group(
            segment: segment, range: begin..<fixture.endOfLog(in: bytes), headers: headers,
            voting: fixture.log.voting)
    }

    /// Where the last group begins in the last segment.
    var lastOffset: Int {
        groups[groups.count - 1].range.lowerBound
    }

    /// The last group that is whole where a segment, the last one, has nothing but zeroes from
    /// `offset` on.
    func lastWhole(cutAt offset: Int) -> Group {
        let bytes = disk.contents(of: LogFixture.path(Self.segments))
        let whole = groups.prefix { group in
            group.segment < Self.segments || group.range.upperBound <= offset
                || bytes[max(offset, group.range.lowerBound)..<group.range.upperBound]
                    .allSatisfy { $0 == 0 }
        }
        return whole[whole.count - 1]
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
        let before = groups[groups.count - 2]
        if mayLoseLast, recovery.lastIndex == before.headers.last?.lastIndex {
            expected = before.headers
            guard recovery.voting == before.voting else { return "voting \(recovery.voting)" }
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
