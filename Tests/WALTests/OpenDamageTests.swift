import Codec
import Compression
import IOCore
import Identifiers
import Testing
import WAL

/// Damage at the end of the log of which nothing tells how far it goes.
@Suite struct OpenDamageTests {
    /// The frames 1…2, 3…4 and 5…7, of which the last two are one group; the header of one of these is
    /// rotten, and the engine holds record 4.
    private func prepared(
        rotten: Int = 2
    ) throws -> (fixture: LogFixture, frames: [SealedFrame]) {
        let fixture = try LogFixture()
        let voting = WriteAheadLog.VotingState(term: Term(2), vote: nil)
        var frames: [SealedFrame] = []
        for (first, count) in [(1, 2), (3, 2), (5, 3)] {
            frames.append(
                fixture.sealer.seal(
                    kind: .entries, term: Term(2), firstIndex: LogIndex(UInt64(first)),
                    count: UInt32(count), raw: [UInt8](repeating: UInt8(first), count: 30),
                    previous: frames.last?.header.digest ?? .empty))
        }
        try fixture.log.write(.init(voting: voting, records: [.frame(frames[0])]))
        try fixture.log.write(
            .init(voting: voting, records: frames[1...].map { .frame($0) }))
        let place = try place(of: frames[rotten], in: 1, on: fixture.disk)
        fixture.disk.tamper(with: LogFixture.path(1)) { $0[place + 9] ^= 0x40 }
        try fixture.reopen(engineDurable: LogIndex(4))
        #expect(fixture.log.damage.map(\.first) == [frames[rotten].header.firstIndex])
        // What can be read behind it may have been acknowledged, and is a part of it.
        #expect(fixture.log.damage.map(\.last) == [LogIndex(rotten == 2 ? 5 : 7)])
        return (fixture, frames)
    }

    /// Where the bytes of `frame` lie in a segment.
    private func place(
        of frame: SealedFrame, in segment: Int, on disk: MemoryDisk
    ) throws -> Int {
        let bytes = disk.contents(of: LogFixture.path(segment))
        let count = frame.bytes.count
        let found = stride(from: 0, to: bytes.count - count, by: 8).first {
            bytes[$0..<($0 + count)].elementsEqual(frame.bytes)
        }
        return try #require(found, "the frame is not in the log")
    }

    private func read(_ fixture: LogFixture) throws -> [SealedFrame] {
        try fixture.log.frames(from: LogIndex(1), maximumBytes: .max)
    }

    /// A log of one segment over several sectors.
    private func long() throws -> (fixture: LogFixture, frames: [SealedFrame]) {
        let fixture = try LogFixture(limits: LogFixture.limits(segmentBytes: 64 << 10))
        var frames: [SealedFrame] = []
        for _ in 0..<40 { frames += try fixture.append(1, payloadBytes: 700) }
        return (fixture, frames)
    }

    @Test(arguments: [0..<4_096, 4_096..<8_192])
    func `a sector that cannot be read at the start is damage`(_ sector: Range<Int>) throws {
        let (fixture, frames) = try long()
        if sector.lowerBound == 0 {
            // Both copies of the header are in it.
            fixture.disk.makeUnreadable(LogFixture.path(1), sector)
            #expect {
                try fixture.reopen()
            } throws: {
                if case .unreadable? = $0 as? WALFailure { true } else { false }
            }
            return
        }
        fixture.disk.makeUnreadable(LogFixture.path(1), sector)
        try fixture.reopen()
        let lost = try #require(fixture.log.damage.last)
        #expect(fixture.log.lastIndex == frames.last?.header.lastIndex)
        #expect(fixture.log.damage.allSatisfy { !$0.isBelowEngine })
        for frame in frames where frame.header.firstIndex <= lost.last {
            guard fixture.log.damage.contains(where: { $0.first <= frame.header.firstIndex })
            else { continue }
            try fixture.log.repair(with: frame)
        }
        #expect(fixture.log.damage.isEmpty)
        try fixture.reopen()
        #expect(fixture.log.damage.isEmpty)
        #expect(try read(fixture) == frames)
    }

    @Test func `a sector behind what can be read of the newest segment refuses the start`() throws {
        let (fixture, frames) = try long()
        let last = try #require(frames.last)
        let place = try place(of: last, in: 1, on: fixture.disk)
        for sector in [place / 4_096, place / 4_096 + 1] {
            let bytes = (sector * 4_096)..<(sector * 4_096 + 4_096)
            fixture.disk.makeUnreadable(LogFixture.path(1), bytes)
            #expect {
                try fixture.reopen()
            } throws: {
                if case .file? = $0 as? WALFailure { true } else { false }
            }
        }
    }

    @Test func `a sector behind a group that the engine has is not taken for nothing`()
        throws
    {
        let (fixture, frames) = try long()
        var last = try #require(frames.last)
        // The last group begins in one sector and ends in the next, with a vote behind it.
        var (start, end) = (0, 0)
        for _ in 0..<10 where start / 4_096 == end / 4_096 {
            last = try #require(try fixture.append(1, payloadBytes: 700).last)
            start = try place(of: last, in: 1, on: fixture.disk) - GroupEnvelope.byteCount
            end = start + GroupEnvelope.byteCount + last.bytes.count
        }
        let sector = end / 4_096
        try #require(sector > start / 4_096)
        let voting = WriteAheadLog.VotingState(term: Term(3), vote: NodeID(2))
        try fixture.log.write(.init(voting: voting, records: []))
        fixture.disk.makeUnreadable(
            LogFixture.path(1), (sector * 4_096)..<(sector * 4_096 + 4_096))
        #expect {
            try fixture.reopen(engineDurable: last.header.lastIndex)
        } throws: {
            if case .file? = $0 as? WALFailure { true } else { false }
        }
    }

    @Test(arguments: [(0, true), (2, true), (2, false)])
    func `a lost group and its vote are known from the torn group behind it`(
        _ lost: Int, _ isOfNewTerm: Bool
    ) throws {
        let fixture = try LogFixture()
        let frames = try fixture.append(2, term: isOfNewTerm ? 1 : 2)
        let voting = WriteAheadLog.VotingState(
            term: Term(2), vote: isOfNewTerm ? NodeID(2) : nil)
        let start = fixture.log.statistics.heldBytes
        try fixture.log.write(
            .init(
                voting: voting, records: fixture.frames(lost, term: 2).map { .frame($0) }))
        let next = fixture.log.statistics.heldBytes
        try fixture.append(1, term: 2)
        let end = fixture.log.statistics.heldBytes
        fixture.disk.tamper(with: LogFixture.path(1)) { bytes in
            for place in start..<next { bytes[place] = 0xA5 }
            bytes[end - 9] ^= 0x40
        }
        for _ in 0..<2 {
            try fixture.reopen()
            #expect(fixture.recovery.voting == voting)
            #expect(fixture.log.lastIndex == LogIndex(UInt64(2 + lost)))
            #expect(fixture.log.damage.last?.last == (lost == 0 ? nil : fixture.log.lastIndex))
            // What the engine holds says nothing of what came behind it.
            let other = try LogFixture(disk: fixture.disk.copy(), engineDurable: LogIndex(2))
            #expect(other.log.lastIndex == fixture.log.lastIndex)
            #expect(other.log.damage.last?.last == fixture.log.damage.last?.last)
        }
        guard lost == 0 else { return }
        let added = try fixture.append(1, term: 2)
        try fixture.reopen()
        #expect(try read(fixture) == frames + added)
        #expect(fixture.recovery.voting == voting)
    }

    @Test func `rot in what took its place is repaired like any other`() throws {
        let (fixture, frames) = try prepared()
        try fixture.log.repair(with: frames[2])
        #expect(fixture.log.damage.isEmpty)
        #expect(fixture.log.lastIndex == LogIndex(7))
        #expect(try read(fixture) == frames)
        let voting = WriteAheadLog.VotingState(term: Term(3), vote: NodeID(2))
        try fixture.log.write(.init(voting: voting, records: []))
        let place = try place(of: frames[2], in: 2, on: fixture.disk)
        for offset in (place - GroupEnvelope.byteCount)..<(place + frames[2].bytes.count) {
            let other = try LogFixture(disk: fixture.disk.copy(), engineDurable: LogIndex(4))
            #expect(try read(other) == frames)
            other.disk.tamper(with: LogFixture.path(2)) { $0[offset] ^= 0x40 }
            do {
                try other.reopen(engineDurable: LogIndex(4))
            } catch {
                Issue.record("byte \(offset - place): \(error)")
                continue
            }
            #expect(other.log.voting == voting)
            while let range = other.log.damage.last {
                #expect(range.last == LogIndex(7))
                let frame = frames.last {
                    range.digest == nil
                        ? $0.header.firstIndex == range.first : $0.header.lastIndex == range.last
                }
                try other.log.repair(with: #require(frame))
            }
            #expect(try read(other) == frames, "byte \(offset - place)")
        }
    }

    @Test func `a leader's frame tells where it ends`() throws {
        let (fixture, frames) = try prepared()
        let voting = WriteAheadLog.VotingState(term: Term(2), vote: nil)
        try fixture.log.mend(with: .init(voting: voting, records: [.frame(frames[2])]))
        #expect(fixture.log.damage.isEmpty)
        #expect(try read(fixture) == frames)
        try fixture.log.write(.init(voting: voting, records: []))
        let place = try place(of: frames[2], in: 2, on: fixture.disk)
        fixture.disk.tamper(with: LogFixture.path(2)) { $0[place + 80] ^= 0x40 }
        try fixture.reopen(engineDurable: LogIndex(4))
        #expect(fixture.log.damage.map(\.last) == [LogIndex(7)])
    }

    @Test func `a frame behind rot in what the engine holds is missed`() throws {
        let (fixture, frames) = try prepared(rotten: 1)
        let voting = WriteAheadLog.VotingState(term: Term(2), vote: nil)
        let engine = WriteAheadLog.LogStart(
            index: LogIndex(4), term: Term(2), digest: frames[1].header.digest)
        #expect(try fixture.log.begin(behind: engine, voting: voting))
        #expect(fixture.log.damage.map(\.first) == [LogIndex(5)])
        try fixture.log.mend(with: .init(voting: voting, records: [.frame(frames[2])]))
        #expect(fixture.log.damage.isEmpty)
        #expect(try fixture.log.frames(from: LogIndex(5), maximumBytes: .max) == [frames[2]])
    }

    @Test func `what a leader has not got is forgotten in its own term alone`() throws {
        let (fixture, frames) = try prepared()
        #expect(try fixture.log.forgetDamage(from: LogIndex(5), in: Term(1)) == false)
        #expect(try fixture.log.forgetDamage(from: LogIndex(4), in: Term(2)) == false)
        #expect(fixture.log.damage.map(\.first) == [LogIndex(5)])
        #expect(try fixture.log.forgetDamage(from: LogIndex(5), in: Term(2)))
        #expect(fixture.log.damage.isEmpty)
        try fixture.reopen(engineDurable: LogIndex(4))
        #expect(fixture.log.damage.isEmpty)
        #expect(fixture.log.lastDigest == frames[1].header.digest)
        #expect(try read(fixture) == Array(frames[..<2]))
    }

    @Test func `damage of which the digest is known is not forgotten`() throws {
        let fixture = try LogFixture()
        let frames = try fixture.append(3, term: 2)
        let place = try place(of: frames[2], in: 1, on: fixture.disk)
        fixture.disk.tamper(with: LogFixture.path(1)) { $0[place + 80] ^= 0x40 }
        _ = try fixture.log.scrub(budgetBytes: .max)
        #expect(fixture.log.damage.map(\.first) == [LogIndex(3)])
        #expect(try fixture.log.forgetDamage(from: LogIndex(3), in: Term(2)) == false)
        #expect(fixture.log.damage.map(\.first) == [LogIndex(3)])
    }
}
