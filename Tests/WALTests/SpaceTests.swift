import Codec
import Compression
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct SpaceTests {
    /// Appends until the disk is full; what was appended.
    private func fill(
        _ fixture: LogFixture, without operation: String = ""
    ) throws -> [SealedFrame] {
        var frames: [SealedFrame] = []
        for _ in 0..<1_000 {
            let next = fixture.frames(1, payloadBytes: 700)
            do throws(WALFailure) {
                try fixture.append(1, payloadBytes: 700)
                frames += next
            } catch {
                #expect(error.isOfShortage)
                let full = "no room for a log segment of 4096 bytes in data/log: free some space"
                let start = error.lacksDescriptors ? "\(operation) data/log/" : full
                #expect("\(error)".hasPrefix(start))
                return frames
            }
        }
        Issue.record("the disk never became full")
        return frames
    }

    @Test func `a full disk is met before anything is written, and votes still go in`() throws {
        let fixture = try LogFixture()
        fixture.disk.setCapacity(4 * 4_096 + 100)
        let frames = try fill(fixture)
        #expect(frames.count > 3)
        #expect(fixture.log.isLowOnSpace)
        #expect(!fixture.log.hasRoom(for: 700))
        try fixture.log.write(.init(voting: .init(term: Term(5), vote: NodeID(1)), records: []))
        let cut = frames[frames.count - 2].header
        try fixture.log.write(
            .init(
                voting: .init(term: Term(6), vote: nil),
                records: [.truncate(after: cut.lastIndex)]))
        let membership = fixture.sealer.seal(
            kind: .membership, term: Term(6), firstIndex: cut.lastIndex.next, count: 1,
            raw: [1, 2, 3], previous: cut.digest)
        try fixture.log.write(
            .init(voting: fixture.log.voting, records: [.frame(membership)]))
        #expect { try fixture.log.prepareSpare() } throws: {
            ($0 as? WALFailure)?.isDiskFull == true
        }
        fixture.disk.crash()
        try fixture.reopen()
        #expect(fixture.recovery.voting == .init(term: Term(6), vote: nil))
        #expect(fixture.recovery.lastDigest == membership.header.digest)
        #expect(fixture.recovery.damage.isEmpty)
        #expect(try fixture.disk.list(LogFixture.directory).allSatisfy { $0 != "preparing" })
        fixture.disk.setCapacity(.max)
        try fixture.append(1, term: 6, payloadBytes: 700)
        #expect(!fixture.log.isLowOnSpace)
    }

    @Test(arguments: ["create", "open"])
    func `a log without a descriptor for its next segment waits, and goes on with one`(
        _ operation: String
    ) throws {
        let fixture = try LogFixture()
        if operation == "open" { try fixture.log.prepareSpare() }
        fixture.disk.setWithoutDescriptors(operation)
        var frames = try fill(fixture, without: operation)
        #expect(!frames.isEmpty)
        #expect {
            try fixture.append(1, payloadBytes: 700)
        } throws: {
            ($0 as? WALFailure)?.lacksDescriptors == true
        }
        fixture.disk.setWithoutDescriptors(nil)
        let next = fixture.frames(1, payloadBytes: 700)
        try fixture.append(1, payloadBytes: 700)
        frames += next
        try fixture.reopen()
        #expect(fixture.recovery.frames.map(\.lastIndex) == frames.map(\.header.lastIndex))
    }

    @Test func `where there is no room for a segment none is begun`() throws {
        let fixture = try LogFixture()
        fixture.disk.setCapacity(fixture.disk.usedBytes + 4_095)
        _ = fixture.disk.takeOperations()
        for _ in 0..<3 {
            #expect { try fixture.log.prepareSpare(pieceBytes: 512) } throws: {
                ($0 as? WALFailure)?.isDiskFull == true
            }
        }
        #expect(!fixture.disk.takeOperations().contains { $0.hasPrefix("preallocate") })
        fixture.disk.setCapacity(.max)
        #expect(try fixture.log.prepareSpare())
    }

    @Test func `compaction makes room again`() throws {
        let fixture = try LogFixture()
        fixture.disk.setCapacity(4 * 4_096)
        let frames = try fill(fixture)
        let start = try fixture.log.compact(through: frames[frames.count - 1].header.lastIndex)
        #expect(start.index > .zero)
        #expect(fixture.log.statistics.spareSegments == 2)
        try fixture.append(1, payloadBytes: 700)
        try fixture.reopen(engineDurable: start.index)
        #expect(fixture.recovery.start == start)
        let expected = frames.first { $0.header.firstIndex > start.index }
        #expect(fixture.recovery.frames.first == expected?.header)
        #expect {
            try fixture.log.frames(from: start.index, maximumBytes: 1)
        } throws: {
            "\($0)" == "records up to \(start.index) have been compacted away; a snapshot is needed"
        }
    }

    @Test func `a write after prepareSpare preallocates nothing`() throws {
        let fixture = try LogFixture()
        try fixture.log.prepareSpare()
        #expect(!fixture.log.wantsSpare)
        try fixture.append(2, payloadBytes: 1_000)
        _ = fixture.disk.takeOperations()
        while fixture.log.statistics.segments == 1 {
            try fixture.append(1, payloadBytes: 1_000)
        }
        let operations = fixture.disk.takeOperations()
        #expect(!operations.contains("preallocate"))
        #expect(
            operations.suffix(6) == ["write", "sync", "rename", "syncDirectory", "write", "sync"])
    }

    @Test func `a spare comes in pieces that writes get between, also one that must be ready`()
        throws
    {
        let fixture = try LogFixture()
        let piece = 1_000
        _ = fixture.disk.takeOperations()
        #expect(try !fixture.log.prepareSpare(pieceBytes: piece))
        #expect(fixture.disk.takeOperations() == ["create", "preallocate", "sync"])
        #expect(fixture.log.wantsSpare)
        var frames = try fixture.append(1, payloadBytes: 100)
        for _ in 0..<3 { #expect(try !fixture.log.prepareSpare(pieceBytes: piece)) }
        #expect(try fixture.log.prepareSpare(pieceBytes: piece))
        #expect(!fixture.log.wantsSpare)
        #expect(try fixture.log.prepareSpare(pieceBytes: piece))
        #expect(fixture.log.statistics.fileBytes == fixture.disk.usedBytes)
        // The second spare is begun, and a write at the end of a segment takes it as far as it is.
        while fixture.log.statistics.segments == 1 {
            frames += try fixture.append(1, payloadBytes: 700)
        }
        #expect(try !fixture.log.prepareSpare(pieceBytes: piece))
        while fixture.log.statistics.segments == 2 {
            frames += try fixture.append(1, payloadBytes: 700)
        }
        #expect(fixture.log.wantsSpare)
        #expect(fixture.log.statistics.fileBytes == fixture.disk.usedBytes)
        try fixture.reopen()
        #expect(fixture.recovery.frames == frames.map(\.header))
        #expect(fixture.recovery.damage.isEmpty)
    }

    @Test func `a spare that was begun is no part of the log after a crash`() throws {
        let fixture = try LogFixture()
        _ = try fixture.append(1)
        #expect(try !fixture.log.prepareSpare(pieceBytes: 1_000))
        fixture.disk.crash()
        try fixture.reopen()
        #expect(!(try fixture.disk.list(LogFixture.directory).contains("preparing")))
        #expect(try fixture.log.prepareSpare())
        #expect(fixture.log.statistics.fileBytes == fixture.disk.usedBytes)
    }

    @Test func `a group is one write and one sync`() throws {
        let fixture = try LogFixture()
        _ = fixture.disk.takeOperations()
        try fixture.append(3)
        #expect(fixture.disk.takeOperations() == ["write", "sync"])
        #expect(fixture.log.statistics.groups == 1)
        #expect(fixture.log.statistics.frames == 3)
        #expect(fixture.log.statistics.appendedBytes == 48 + 3 * 112)
        #expect(fixture.log.statistics.heldBytes == SegmentHeader.dataOffset + 48 + 3 * 112)
        #expect(fixture.log.statistics.rawPayloadBytes == 120)
    }

    @Test func `a group larger than a segment gets one of its own`() throws {
        let fixture = try LogFixture()
        var frames = try fixture.append(1)
        var random = SeededGenerator(seed: 7)
        let raw = (0..<4_096).map { _ in UInt8.random(in: 0...255, using: &random) }
        let large = fixture.sealer.seal(
            kind: .entries, term: Term(1), firstIndex: LogIndex(2), count: 64, raw: raw,
            previous: fixture.log.lastDigest ?? .empty)
        try fixture.log.write(.init(voting: fixture.log.voting, records: [.frame(large)]))
        frames.append(large)
        frames += try fixture.append(1)
        try fixture.reopen()
        #expect(try fixture.log.frames(from: LogIndex(1), maximumBytes: .max) == frames)
        #expect(try fixture.log.frames(from: LogIndex(40), maximumBytes: 1) == [large])
        try fixture.log.compact(through: fixture.log.lastIndex)
        #expect(fixture.log.statistics.fileBytes == fixture.disk.usedBytes)
    }

    @Test func `a diverging frame is refused and nothing is written`() throws {
        let fixture = try LogFixture()
        let first = try fixture.append(1)
        let other = fixture.frames(1, term: 2)
        let diverging = fixture.frames(1, term: 2, after: other[0].header)
        let moved = fixture.sealer.seal(
            kind: .entries, term: Term(2), firstIndex: LogIndex(2), count: 1, raw: [1],
            previous: diverging[0].header.digest)
        #expect {
            try fixture.log.write(
                .init(voting: .init(term: Term(2), vote: nil), records: [.frame(moved)]))
        } throws: { "\($0)".hasSuffix("its sender's log has diverged from this one") }
        #expect(fixture.log.voting.term == Term(1))
        try fixture.append(1)
        try fixture.reopen()
        #expect(fixture.recovery.frames.first == first[0].header)
        #expect(fixture.recovery.frames.count == 2)
    }
}
