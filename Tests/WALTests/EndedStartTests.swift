import Codec
import IOCore
import Identifiers
import Testing
import WAL

/// What processes leave that have ended anywhere, the next one in its start too, and a power cut then.
@Suite struct EndedStartTests {
    /// Ends the process of a log that has grown by some segments at its `step`th change of the disk;
    /// whether it came to its end before.
    private static func grow(_ fixture: LogFixture, endingAt step: Int) throws -> Bool {
        try fixture.append(2, term: 3)
        fixture.disk.failChange(after: step)
        defer { fixture.disk.failChange(after: 1 << 40) }
        do throws(WALFailure) {
            for _ in 0..<9 { try fixture.append(1, term: 3, payloadBytes: 500) }
            return true
        } catch {
            #expect("\(error)".contains("ordered by the test"))
            return false
        }
    }

    @Test
    func `a log opens after a power cut, wherever two processes have ended before it`() throws {
        var step = 0
        var hasEnded = false
        while !hasEnded {
            step += 1
            var start = 0
            var hasStarted = false
            while !hasStarted {
                start += 1
                let fixture = try LogFixture(isRegistered: true)
                hasEnded = try Self.grow(fixture, endingAt: step)
                fixture.disk.failChange(after: start)
                do throws(WALFailure) {
                    try fixture.reopen()
                    hasStarted = true
                } catch {
                    #expect("\(error)".contains("ordered by the test"))
                }
                fixture.disk.failChange(after: 1 << 40)
                fixture.disk.crash()
                #expect(throws: Never.self, "changes \(step), then \(start)") {
                    try fixture.reopen()
                }
            }
            #expect(start > 3)
        }
        #expect(step > 15)
    }

    @Test
    func `no segment is written to that the register on the disk does not know`() throws {
        var step = 0
        var hasEnded = false
        while !hasEnded {
            step += 1
            let fixture = try LogFixture(isRegistered: true)
            hasEnded = try Self.grow(fixture, endingAt: step)
            try fixture.reopen()
            try fixture.append(1, term: 3)
            let newest = try fixture.disk.list(LogFixture.directory)
                .filter { $0.hasPrefix("segment-") }.compactMap { UInt64($0.suffix(20)) }.max()
            fixture.disk.crash()
            let register = try LogFixture.register(on: fixture.disk)
            #expect(register.newest >= newest ?? .max, "ended at change \(step)")
        }
        #expect(step > 15)
    }

    @Test
    func `a compaction may end before a segment that began behind what the engine holds`() throws {
        let fixture = try LogFixture(isRegistered: true)
        while fixture.log.statistics.segments < 2 { try fixture.append(1) }
        try fixture.append(3)
        let base = LogIndex(fixture.log.lastIndex.rawValue - 12)
        let last = try fixture.log.frames(from: base, maximumBytes: 1)[0].header
        let frame = fixture.frames(1, term: 2, payloadBytes: 900, after: last)[0]
        try fixture.log.write(
            .init(
                voting: .init(term: Term(2), vote: nil),
                records: [.truncate(after: base), .frame(frame)]))
        while fixture.log.statistics.segments < 3 {
            try fixture.append(1, term: 2, payloadBytes: 900)
        }
        let end = fixture.log.lastIndex
        let digest = fixture.log.lastDigest
        // It has retired the first of two segments.
        fixture.disk.failChange(after: 3)
        #expect(throws: WALFailure.self) { try fixture.log.compact(through: end) }
        fixture.disk.failChange(after: 1 << 40)
        try fixture.reopen(engineDurable: end)
        #expect(fixture.recovery.lastIndex == end)
        #expect(fixture.recovery.lastDigest == digest)
        #expect(fixture.recovery.notes.contains { $0.contains("left by a compaction") })
        try fixture.append(1, term: 2)
        try fixture.reopen(engineDurable: end)
        #expect(fixture.recovery.lastIndex == end.next)
    }

    /// Fills the log's second segment with `count` records and then cuts the log to nothing; whether
    /// the next group made a third one.
    private static func cutToNothing(_ fixture: LogFixture, behind count: Int) throws -> Bool {
        while fixture.log.statistics.segments < 2 { try fixture.append(1) }
        try fixture.append(count)
        let voting = WriteAheadLog.VotingState(term: Term(2), vote: nil)
        try fixture.log.write(.init(voting: voting, records: [.truncate(after: .zero)]))
        guard fixture.log.statistics.segments == 2 else { return false }
        try fixture.append(1, term: 2, payloadBytes: 900)
        return fixture.log.statistics.segments == 3
    }

    @Test
    func `a compaction may end before a segment in which the log began from nothing`() throws {
        var found: LogFixture?
        for count in 1..<64 where found == nil {
            let fixture = try LogFixture(isRegistered: true)
            if try Self.cutToNothing(fixture, behind: count) { found = fixture }
        }
        let fixture = try #require(found)
        try fixture.append(3, term: 2)
        let end = fixture.log.lastIndex
        // It has retired the first of two segments.
        fixture.disk.lose(LogFixture.path(1))
        try fixture.reopen(engineDurable: end)
        #expect(fixture.recovery.lastIndex == end)
        #expect(fixture.recovery.notes.contains { $0.contains("left by a compaction") })
        try fixture.append(1, term: 2)
        try fixture.reopen(engineDurable: end)
        #expect(fixture.recovery.lastIndex == end.next)
    }

    @Test
    func `an identity that a start has found is there after a power cut`() throws {
        let disk = MemoryDisk()
        let directory = try DataDirectory.open(fileSystem: disk, root: "data")
        var step = 0
        // The last change of all is the sync of the identity's name.
        while try !disk.exists("data/identity") {
            step += 1
            disk.failChange(after: step)
            #expect(throws: WALFailure.self) { try directory.initialize(LogFixture.identity) }
        }
        disk.failChange(after: 1 << 40)
        directory.close()
        let second = try DataDirectory.open(fileSystem: disk, root: "data")
        #expect(second.identity == LogFixture.identity)
        second.close()
        disk.crash()
        let third = try DataDirectory.open(fileSystem: disk, root: "data")
        #expect(third.identity == LogFixture.identity)
    }
}
