import Codec
import Compression
import Identifiers
import Testing
import WAL

/// What a leader's frames, a snapshot and a peer's questions meet in a damaged log.
@Suite struct MendTests {
    /// Six frames of one record in the groups 1…2, 3…4 and 5…6.
    private func prepared() throws -> (fixture: LogFixture, frames: [SealedFrame]) {
        let fixture = try LogFixture()
        var frames: [SealedFrame] = []
        for _ in 0..<3 {
            frames += try fixture.append(2, term: 2)
        }
        return (fixture, frames)
    }

    /// Changes a byte of `frame`, `offset` bytes into it (negative: of the envelope before it).
    private func rot(_ fixture: LogFixture, _ frame: SealedFrame, at offset: Int) {
        fixture.disk.tamper(with: LogFixture.path(1)) { bytes in
            let count = frame.bytes.count
            let found = stride(from: 0, to: bytes.count - count, by: 8).first {
                bytes[$0..<($0 + count)].elementsEqual(frame.bytes)
            }
            if let found { bytes[found + offset] ^= 0x21 }
        }
    }

    private func group(_ log: WriteAheadLog, _ frames: [SealedFrame]) -> WriteAheadLog.Group {
        let term = max(log.voting.term, frames.map(\.header.term).max() ?? .zero)
        return .init(
            voting: .init(term: term, vote: nil), records: frames.map { .frame($0) })
    }

    private func read(_ fixture: LogFixture) throws -> [SealedFrame] {
        try fixture.log.frames(from: LogIndex(1), maximumBytes: .max)
    }

    @Test(arguments: [2, 100])
    func `a leader's frames fill damage and leave alone what is there`(offset: Int) throws {
        let (fixture, frames) = try prepared()
        rot(fixture, frames[2], at: offset)
        try fixture.reopen()
        #expect(fixture.log.damage.map(\.first) == [LogIndex(3)])
        try fixture.log.mend(with: group(fixture.log, Array(frames[2...4])))
        #expect(fixture.log.damage.isEmpty)
        #expect(try read(fixture) == frames)
        try fixture.reopen()
        #expect(try read(fixture) == frames)
    }

    @Test func `frames behind the mended ones are written as ever`() throws {
        let (fixture, frames) = try prepared()
        rot(fixture, frames[2], at: 2)
        let more = fixture.frames(2, term: 2)
        try fixture.reopen()
        try fixture.log.mend(with: group(fixture.log, Array(frames[2...]) + more))
        try fixture.reopen()
        #expect(try read(fixture) == frames + more)
    }

    @Test(arguments: [-40, 2, 100])
    func `a frame of a later term ends the damage and all behind it`(offset: Int) throws {
        let (fixture, frames) = try prepared()
        rot(fixture, frames[2], at: offset)
        try fixture.reopen()
        let other = fixture.frames(1, term: 3, after: frames[1].header)
        try fixture.log.mend(with: group(fixture.log, other))
        #expect(fixture.log.damage.isEmpty)
        #expect(fixture.log.lastIndex == LogIndex(3))
        try fixture.reopen()
        #expect(try read(fixture) == frames[...1] + other)
    }

    @Test func `a frame that the known digest contradicts ends the damage`() throws {
        let (fixture, frames) = try prepared()
        rot(fixture, frames[2], at: 2)
        try fixture.reopen()
        let other = fixture.frames(1, term: 2, payloadBytes: 17, after: frames[1].header)
        try fixture.log.mend(with: group(fixture.log, other))
        #expect(fixture.log.damage.isEmpty)
        #expect(try read(fixture) == frames[...1] + other)
    }

    @Test func `a frame tells the digest at the end of the damage before it`() throws {
        let (fixture, frames) = try prepared()
        rot(fixture, frames[2], at: 2)
        rot(fixture, frames[3], at: 2)
        _ = try fixture.log.scrub(budgetBytes: .max)
        #expect(fixture.log.damage.map(\.first) == [LogIndex(3), LogIndex(4)])
        #expect(fixture.log.damage.map(\.digest) == [nil, frames[3].header.digest])
        let left = try fixture.log.repair(with: frames[3])
        #expect(left.map(\.digest) == [frames[2].header.digest])
        #expect(try fixture.log.repair(with: frames[2]).isEmpty)
        #expect(try read(fixture) == frames)
    }

    @Test func `a frame that does not continue the log is refused`() throws {
        let (fixture, frames) = try prepared()
        rot(fixture, frames[2], at: 2)
        try fixture.reopen()
        let stray = [
            fixture.sealer.seal(
                kind: .entries, term: Term(2), firstIndex: LogIndex(3), count: 1, raw: [7],
                previous: frames[0].header.digest)
        ]
        #expect {
            try fixture.log.mend(with: group(fixture.log, stray))
        } throws: { error in
            guard case .chainMismatch(let index, _, _)? = error as? WALFailure else { return false }
            return index == LogIndex(3)
        }
        #expect(fixture.log.damage.map(\.first) == [LogIndex(3)])
    }

    @Test func `a snapshot inside damage keeps what follows it`() throws {
        let (fixture, frames) = try prepared()
        rot(fixture, frames[2], at: -40)
        rot(fixture, frames[2], at: 2)
        rot(fixture, frames[3], at: 2)
        try fixture.reopen()
        #expect(fixture.log.damage.map { [$0.first, $0.last] } == [[LogIndex(3), LogIndex(4)]])
        let third = frames[2].header
        let start = WriteAheadLog.LogStart(index: LogIndex(3), term: Term(2), digest: third.digest)
        let keeps = try fixture.log.begin(behind: start, voting: fixture.log.voting)
        #expect(keeps)
        #expect(fixture.log.damage.map { [$0.first, $0.last] } == [[LogIndex(4), LogIndex(4)]])
        try fixture.log.mend(with: group(fixture.log, [frames[3]]))
        #expect(fixture.log.damage.isEmpty)
        #expect(
            try fixture.log.frames(from: LogIndex(4), maximumBytes: .max) == Array(frames[3...]))
    }

    @Test func `a snapshot that contradicts the log, or ends behind it, resets it`() throws {
        for (index, digest) in [(4, ChainDigest.empty), (6, nil), (9, nil)] {
            let (fixture, frames) = try prepared()
            rot(fixture, frames[2], at: 2)
            try fixture.reopen()
            let start = WriteAheadLog.LogStart(
                index: LogIndex(UInt64(index)), term: Term(2),
                digest: digest ?? frames[5].header.digest)
            let keeps = try fixture.log.begin(behind: start, voting: fixture.log.voting)
            #expect(!keeps)
            #expect(fixture.log.damage.isEmpty)
            #expect(fixture.log.lastIndex == start.index)
        }
    }

    @Test func `a peer is given the run of frames that ends in its digest, or nothing`() throws {
        let (fixture, frames) = try prepared()
        func ask(_ first: UInt64, _ last: Int, _ digest: ChainDigest, _ bytes: Int = .max)
            throws -> [SealedFrame]
        {
            try fixture.log.frames(
                from: LogIndex(first), endingAt: LogIndex(UInt64(last)), digest: digest,
                maximumBytes: bytes)
        }
        let digest = frames[4].header.digest
        #expect(try ask(2, 5, digest) == Array(frames[1...4]))
        #expect(try ask(2, 5, digest, 1) == [frames[4]])
        #expect(try ask(2, 5, frames[3].header.digest) == [])
        #expect(try ask(2, 9, digest) == [])
        rot(fixture, frames[3], at: 100)
        #expect(try ask(2, 5, digest) == [])
        #expect(try ask(2, 5, digest) == [frames[4]])
    }
}
