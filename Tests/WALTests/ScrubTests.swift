import Codec
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct ScrubTests {
    /// A log of several segments, and where the frames of one of them lie.
    private func prepared() throws -> (fixture: LogFixture, frames: [SealedFrame]) {
        let fixture = try LogFixture()
        var frames: [SealedFrame] = []
        for count in 1...12 {
            frames += try fixture.append(1 + count % 3, term: 2, payloadBytes: 150)
        }
        return (fixture, frames)
    }

    private func scrubAll(_ log: WriteAheadLog, step: Int) throws -> [String] {
        var notes: [String] = []
        for _ in 0..<10_000 {
            let report = try log.scrub(budgetBytes: step)
            #expect(report.checkedBytes > 0 || report.reachedEnd)
            notes += report.notes
            if report.reachedEnd { return notes }
        }
        Issue.record("scrub does not come to the end")
        return notes
    }

    @Test func `scrub passes a sound log, piece by piece, and begins again`() throws {
        let (fixture, _) = try prepared()
        let appended = Int(fixture.log.statistics.appendedBytes)
        for _ in 0..<2 {
            var checked = 0
            while true {
                let report = try fixture.log.scrub(budgetBytes: 700)
                checked += report.checkedBytes
                if report.reachedEnd { break }
            }
            #expect(checked == appended)
        }
        #expect(fixture.log.damage.isEmpty)
    }

    @Test func `a scrub from the start passes the whole log, wherever the last one was`() throws {
        let (fixture, frames) = try prepared()
        _ = try fixture.log.scrub(budgetBytes: 700)
        let report = try fixture.log.scrub(budgetBytes: .max, fromStart: true)
        #expect(report.reachedEnd)
        #expect(report.checkedBytes == Int(fixture.log.statistics.appendedBytes))
        #expect(fixture.log.frameCount == frames.count)
    }

    @Test(arguments: [1, 400, 100_000])
    func `scrub finds every rotten byte, and what it finds can be mended`(step: Int) throws {
        let (source, frames) = try prepared()
        let path = LogFixture.path(2)
        let end = SampleLog.endOfData(in: source.disk, segment: 2)
        for offset in stride(from: SegmentHeader.dataOffset, to: end, by: 11) {
            let fixture = try LogFixture(disk: source.disk.copy())
            fixture.disk.tamper(with: path) { $0[offset] ^= 0x10 }
            let notes = try scrubAll(fixture.log, step: step)
            #expect(!fixture.log.damage.isEmpty || !notes.isEmpty, "byte \(offset)")
            while let range = fixture.log.damage.last {
                let frame = try #require(frames.first { $0.header.lastIndex == range.last })
                try fixture.log.repair(with: frame)
            }
            #expect(
                try fixture.log.frames(from: LogIndex(1), maximumBytes: .max) == frames,
                "byte \(offset)")
            try fixture.reopen()
            #expect(fixture.recovery.damage.isEmpty, "byte \(offset)")
            #expect(fixture.recovery.frames == frames.map(\.header), "byte \(offset)")
            #expect(try scrubAll(fixture.log, step: step).count <= 1)
        }
    }

    @Test func `a read that meets rot names the range and remembers it`() throws {
        let (fixture, frames) = try prepared()
        let header = frames[3].header
        let path = LogFixture.path(1)
        let place = try #require(
            fixture.disk.contents(of: path).firstRange(of: frames[3].bytes)?.lowerBound)
        fixture.disk.tamper(with: path) { $0[place + 80] ^= 1 }
        #expect(
            try fixture.log.frames(from: LogIndex(1), maximumBytes: .max) == Array(frames[..<3]))
        #expect {
            try fixture.log.frames(from: header.firstIndex, maximumBytes: 1)
        } throws: { error in
            "\(error)"
                == "records 4 to 4 are damaged in \(path) at byte \(place): checksum mismatch; they "
                + "are fetched from another node where there is one; for a node alone put the file "
                + "back from a backup (lockstep log verify --data shows what else is damaged)"
        }
        #expect(fixture.log.damage.map(\.digest) == [header.digest])
        #expect(fixture.log.damage.map(\.term) == [header.term])
    }

    @Test func `a frame that does not fit the damage is refused`() throws {
        let (fixture, frames) = try prepared()
        let path = LogFixture.path(1)
        let place = try #require(
            fixture.disk.contents(of: path).firstRange(of: frames[3].bytes)?.lowerBound)
        fixture.disk.tamper(with: path) { $0[place + 80] ^= 1 }
        try fixture.reopen()
        let wrong = fixture.frames(1, term: 2, payloadBytes: 9, after: frames[2].header)[0]
        #expect {
            try fixture.log.repair(with: wrong)
        } throws: { error in
            "\(error)".hasPrefix(
                "the frame at index 4 does not repair the log: its digest is \(wrong.header.digest)"
            )
        }
        let later = fixture.frames(1, term: 3, payloadBytes: 150, after: frames[2].header)[0]
        #expect(throws: WALFailure.self) { try fixture.log.repair(with: later) }
        #expect {
            try fixture.log.repair(with: frames[0])
        } throws: { "\($0)".hasSuffix("there is no damage") }
        #expect(try fixture.log.repair(with: frames[3]).isEmpty)
    }

    @Test func `a truncation ends the damage behind it`() throws {
        let (fixture, frames) = try prepared()
        let path = LogFixture.path(1)
        let place = try #require(
            fixture.disk.contents(of: path).firstRange(of: frames[3].bytes)?.lowerBound)
        fixture.disk.tamper(with: path) { $0[place] ^= 1 }
        try fixture.reopen()
        #expect(!fixture.log.damage.isEmpty)
        let new = fixture.frames(2, term: 4, after: frames[1].header)
        try fixture.log.write(
            .init(
                voting: .init(term: Term(4), vote: nil),
                records: [.truncate(after: LogIndex(2)), .frame(new[0]), .frame(new[1])]))
        #expect(fixture.log.damage.isEmpty)
        try fixture.reopen()
        #expect(fixture.log.damage.isEmpty)
        #expect(fixture.recovery.frames == frames[..<2].map(\.header) + new.map(\.header))
    }
}
