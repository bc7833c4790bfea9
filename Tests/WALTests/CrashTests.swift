import Codec
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct CrashTests {
    /// Every subset of up to ten sectors.
    static func subsets(of sectors: [Int]) -> [Set<Int>] {
        precondition(sectors.count <= 10, "\(sectors.count) sectors")
        return (0..<(1 << sectors.count)).map { mask in
            Set(sectors.indices.filter { mask >> $0 & 1 == 1 }.map { sectors[$0] })
        }
    }

    @Test(arguments: [false, true])
    func `whatever part of a group reaches the disk, all of it is there or nothing`(
        recycled: Bool
    ) throws {
        let limits = LogFixture.limits(segmentBytes: 8_192)
        let prepared = try LogFixture(limits: limits)
        if recycled { try Self.recycle(prepared) }
        let before = try prepared.append(2, term: 3, payloadBytes: 100)
        let votingBefore = prepared.log.voting
        prepared.log.close()
        #expect(prepared.log.statistics.segments == 1)
        let path = try #require(
            try prepared.disk.list(LogFixture.directory).last { $0.hasPrefix("segment-") })
        let sectors = try Self.tear(prepared.disk.copy(), path, limits, keeping: [])
            .unsynced
        #expect(sectors.count >= 4)
        for subset in Self.subsets(of: sectors) {
            let (fixture, group, _) = try Self.tear(
                prepared.disk.copy(), path, limits, keeping: subset)
            let isWhole = subset.count == sectors.count
            let expected = before.map(\.header) + (isWhole ? group.map(\.header) : [])
            #expect(
                fixture.recovery.frames.suffix(expected.count) == expected[...],
                "\(subset.sorted())")
            #expect(fixture.recovery.lastIndex == expected.last?.lastIndex)
            #expect(fixture.recovery.damage.isEmpty, "\(subset.sorted())")
            #expect(
                fixture.recovery.voting
                    == (isWhole ? .init(term: Term(9), vote: NodeID(7)) : votingBefore))
            try fixture.append(1, term: 9, payloadBytes: 900)
            let last = fixture.log.lastDigest
            try fixture.reopen(engineDurable: fixture.log.start.index)
            #expect(fixture.recovery.lastDigest == last, "\(subset.sorted())")
        }
    }

    @Test(arguments: [100, 3_900])
    func `a group that a killed process had not synced is on the disk once a start has told of it`(
        payloadBytes: Int
    ) throws {
        let fixture = try LogFixture()
        try fixture.append(2, term: 3)
        let group = fixture.frames(1, term: 3, payloadBytes: payloadBytes)
        fixture.disk.fail(operation: "sync")
        #expect(throws: WALFailure.self) {
            try fixture.log.write(
                .init(voting: fixture.log.voting, records: group.map { .frame($0) }))
        }
        fixture.disk.fail(operation: nil)
        // What the failed sync was to write is taken for written; another must not be relied upon.
        try fixture.reopen()
        #expect(fixture.recovery.lastIndex == group.last?.header.lastIndex)
        let last = fixture.log.lastDigest
        try fixture.append(1, term: 3)
        fixture.disk.crash()
        try fixture.reopen()
        #expect(fixture.recovery.damage.isEmpty)
        #expect(fixture.recovery.frames.contains { $0.digest == last })
    }

    @Test
    func `what a start tells of outlives a power cut, wherever the process before it had ended`()
        throws
    {
        var step = 0
        var hasEnded = false
        while !hasEnded {
            step += 1
            let fixture = try LogFixture(isRegistered: true)
            try fixture.append(2, term: 3)
            fixture.disk.failChange(after: step)
            do throws(WALFailure) {
                for _ in 0..<16 { try fixture.append(1, term: 3, payloadBytes: 500) }
                hasEnded = true
            } catch {
                #expect("\(error)".contains("ordered by the test"))
            }
            fixture.disk.failChange(after: 1 << 40)
            try fixture.reopen()
            try fixture.append(1, term: 3)
            let last = fixture.log.lastDigest
            fixture.disk.crash()
            try fixture.reopen()
            #expect(fixture.recovery.lastDigest == last, "ended at change \(step)")
        }
        #expect(step > 30)
    }

    /// Fills and compacts until the current segment is a file that held another before.
    static func recycle(_ fixture: LogFixture) throws {
        for _ in 0..<60 {
            try fixture.append(1, term: 3, payloadBytes: 500)
            try fixture.log.compact(through: fixture.log.lastIndex)
        }
        let position = fixture.log.lastIndex
        while fixture.log.start.index < position {
            try fixture.append(1, term: 3, payloadBytes: 500)
            try fixture.log.compact(through: fixture.log.lastIndex)
        }
        #expect(fixture.log.statistics.segments == 1)
    }

    /// Writes a group of several sectors that is torn by a crash, and opens the log again.
    private static func tear(
        _ disk: MemoryDisk, _ name: String, _ limits: Limits, keeping sectors: Set<Int>
    ) throws -> (fixture: LogFixture, group: [SealedFrame], unsynced: [Int]) {
        let path = LogFixture.directory + "/" + name
        let start = SegmentStart.previousIndex(of: disk.contents(of: path))
        let writer = try LogFixture(disk: disk, limits: limits, engineDurable: start)
        let group = writer.frames(4, term: 9, payloadBytes: 400)
        disk.fail(operation: "sync")
        #expect(throws: WALFailure.self) {
            try writer.log.write(
                .init(
                    voting: .init(term: Term(9), vote: NodeID(7)),
                    records: group.map { .frame($0) }))
        }
        let unsynced = disk.unsyncedSectors(of: path)
        disk.crash(keeping: sectors, of: path)
        return (
            try LogFixture(disk: disk, limits: limits, engineDurable: start), group, unsynced
        )
    }

    @Test(arguments: [0, 1])
    func `a segment file that is cut is refused with its length, never read as torn`(
        segment: Int
    ) throws {
        let fixture = try LogFixture()
        for _ in 0..<60 { try fixture.append(1) }
        fixture.log.close()
        let names = try fixture.disk.list(LogFixture.directory).filter {
            $0.hasPrefix("segment-")
        }
        #expect(names.count > 1)
        let name = LogFixture.directory + "/" + names[segment]
        for length in 0..<4_096 {
            let disk = fixture.disk.copy()
            disk.tamper(with: name) { $0.removeSubrange(length...) }
            #expect("cut to \(length) bytes") {
                _ = try LogFixture(disk: disk)
            } throws: { error in
                let text = "\(error)"
                // Below its first header it cannot even tell how long it was.
                return text.hasPrefix("\(name) cannot be read at byte ")
                    && (length < 128 || text.contains("byte \(length): the file ends here"))
            }
        }
    }

    @Test(arguments: [0, 1])
    func `of a segment file that has grown nothing is read behind the segment`(segment: Int) throws
    {
        let fixture = try LogFixture()
        var frames = try fixture.append(1)
        while fixture.log.statistics.segments < 2 { frames += try fixture.append(1) }
        func files(_ prefix: String) throws -> [String] {
            try fixture.disk.list(LogFixture.directory).filter { $0.hasPrefix(prefix) }
                .map { LogFixture.directory + "/" + $0 }
        }
        // The newest, which is written on, or the one before it.
        let name = try #require(files("segment-").dropFirst(segment).first)
        fixture.disk.tamper(with: name) { $0.append(contentsOf: $0.dropFirst(1_024)) }
        // Reading behind the segment's end would fail.
        fixture.disk.makeUnreadable(name, 4_096..<7_168)
        try fixture.reopen()
        #expect(
            fixture.recovery.notes == [
                "\(name) has 7168 bytes, of which 4096 are the segment's; the others are not "
                    + "looked at"
            ])
        #expect(fixture.recovery.frames == frames.map(\.header))
        while fixture.log.statistics.segments < 3 { frames += try fixture.append(1) }
        try fixture.reopen()
        #expect(fixture.recovery.frames == frames.map(\.header))

        // A spare that has been longer becomes a segment, and its end counts for nothing then too.
        let compacted = fixture.log.lastIndex
        try fixture.log.compact(through: compacted)
        let grown = try files("spare-").filter { fixture.disk.contents(of: $0).count == 7_168 }
        try #require(grown.count == 1)
        while try files("spare-").contains(grown[0]) { frames += try fixture.append(1) }
        try fixture.reopen(engineDurable: compacted)
        let later = frames.map(\.header).filter { $0.firstIndex > compacted }
        try #require(!later.isEmpty)
        #expect(fixture.recovery.frames.suffix(later.count) == later[...])
        #expect(fixture.log.damage.isEmpty)
    }

    @Test(arguments: 0..<16)
    func `a compaction over a segment that cannot be the first may end anywhere`(changes: Int)
        throws
    {
        let fixture = try LogFixture()
        var frames: [SealedFrame] = []
        while fixture.log.statistics.segments < 2 {
            frames += try fixture.append(1, payloadBytes: 700)
        }
        // The last frame has begun the second segment; in it the log is cut to before that.
        let kept = frames[frames.count - 3].header
        let new = fixture.frames(1, term: 2, after: kept)
        try fixture.log.write(
            .init(
                voting: .init(term: Term(2), vote: nil),
                records: [.truncate(after: kept.lastIndex), .frame(new[0])]))
        while fixture.log.statistics.segments < 4 {
            try fixture.append(1, term: 2, payloadBytes: 700)
        }
        let last = fixture.log.lastIndex
        let digest = fixture.log.lastDigest
        fixture.disk.failChange(after: changes)
        _ = try? fixture.log.compact(through: last)
        fixture.disk.failChange(after: 1 << 40)
        fixture.disk.crash()
        try fixture.reopen(engineDurable: last)
        #expect(fixture.log.lastIndex == last)
        #expect(fixture.log.lastDigest == digest)
        #expect(fixture.log.damage.isEmpty)
        try fixture.log.compact(through: last)
        #expect(fixture.log.statistics.segments < 3)
        try fixture.append(1, term: 2)
        try fixture.reopen(engineDurable: last)
        #expect(fixture.log.lastIndex == last.next)
    }

    @Test func `a failed sync stops the log for good`() throws {
        let fixture = try LogFixture()
        try fixture.append(2)
        let frames = fixture.frames(1)
        fixture.disk.fail(operation: "sync")
        #expect {
            try fixture.log.write(.init(voting: fixture.log.voting, records: [.frame(frames[0])]))
        } throws: { "\($0)".contains("sync data/log/segment-00000000000000000001") }
        fixture.disk.fail(operation: nil)
        #expect {
            try fixture.log.write(.init(voting: fixture.log.voting, records: [.frame(frames[0])]))
        } throws: { "\($0)" == "the log was stopped by an earlier failure; restart the node" }
        #expect(throws: WALFailure.self) { try fixture.log.compact(through: LogIndex(1)) }
        #expect(throws: WALFailure.self) { try fixture.log.prepareSpare() }
        #expect(throws: WALFailure.self) { try fixture.log.scrub(budgetBytes: 1) }
    }

    @Test func `a crash at any step of rolling and compacting loses nothing`() throws {
        var step = 0
        var hasEnded = false
        while !hasEnded {
            step += 1
            let fixture = try LogFixture()
            var durable = try fixture.append(2, payloadBytes: 300)
            let floor = fixture.log.lastIndex
            fixture.disk.failChange(after: step)
            var pending: [SealedFrame] = []
            do throws(WALFailure) {
                for _ in 0..<12 {
                    pending = fixture.frames(1, payloadBytes: 500)
                    try fixture.append(1, payloadBytes: 500)
                    durable += pending
                    pending = []
                    if durable.count % 5 == 0 { try fixture.log.compact(through: floor + 7) }
                }
                hasEnded = true
            } catch {
                #expect("\(error)".contains("ordered by the test"))
            }
            fixture.disk.crash()
            let opened = try LogFixture(
                disk: fixture.disk,
                engineDurable: min(floor + 7, durable[durable.count - 1].header.lastIndex))
            let start = opened.recovery.start.index
            let expected = durable.map(\.header).filter { $0.firstIndex > start }
            #expect(opened.recovery.frames == expected, "step \(step)")
            #expect(opened.recovery.damage.isEmpty, "step \(step)")
            try opened.append(3, payloadBytes: 700)
        }
        #expect(step >= 40)
    }

    @Test func `a crash at any step of a reset leaves the old log or the new one`() throws {
        var step = 0
        var outcomes: Set<Bool> = []
        var hasEnded = false
        let target = WriteAheadLog.LogStart(
            index: LogIndex(1_000), term: Term(7), digest: ChainDigest(Bits128(high: 1, low: 2)))
        while !hasEnded {
            step += 1
            let fixture = try LogFixture()
            let old = try fixture.append(12, payloadBytes: 90).map(\.header)
            try fixture.append(1, payloadBytes: 2_000)
            fixture.disk.failChange(after: step)
            do throws(WALFailure) {
                try fixture.log.reset(to: target, voting: .init(term: Term(8), vote: NodeID(1)))
                hasEnded = true
                #expect(fixture.log.lastIndex == target.index)
                #expect(fixture.log.lastDigest == target.digest)
            } catch {
                #expect("\(error)".contains("ordered by the test"))
            }
            fixture.disk.crash()
            let opened = try LogFixture(disk: fixture.disk, engineDurable: target.index)
            let isNew = opened.recovery.start == target
            outcomes.insert(isNew)
            if isNew {
                #expect(opened.recovery.frames.isEmpty)
                #expect(opened.recovery.voting == .init(term: Term(8), vote: NodeID(1)))
                #expect(opened.log.statistics.segments == 1)
                try opened.append(1, term: 8)
                #expect(opened.log.lastIndex == target.index.next)
            } else {
                #expect(Array(opened.recovery.frames.prefix(12)) == old)
                #expect(opened.recovery.voting.term == Term(1))
                #expect(opened.recovery.notes.contains { $0.contains("is to be reset") })
            }
        }
        #expect(outcomes == [false, true])
    }
}

/// The log position in a segment's header, without the log being opened.
enum SegmentStart {
    static func previousIndex(of bytes: [UInt8]) -> LogIndex {
        let header = try? SegmentHeader.decode(bytes, at: 0)
        return header?.previous.index ?? .zero
    }
}
