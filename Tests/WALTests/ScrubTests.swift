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
        var place = ScrubPlace.beginning
        for _ in 0..<10_000 {
            let report = try log.scrub(budgetBytes: step, from: place)
            place = report.next
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
            var place = ScrubPlace.beginning
            while true {
                let report = try fixture.log.scrub(budgetBytes: 700, from: place)
                checked += report.checkedBytes
                place = report.next
                if report.reachedEnd { break }
            }
            #expect(checked == appended)
            #expect(place == .beginning)
        }
        #expect(fixture.log.damage.isEmpty)
    }

    @Test func `sectors that the disk cannot read are damage, and the rest is passed`() throws {
        let fixture = try LogFixture(limits: LogFixture.limits(segmentBytes: 64 << 10))
        var frames: [SealedFrame] = []
        for _ in 0..<40 { frames += try fixture.append(1, payloadBytes: 700) }
        fixture.disk.makeUnreadable(LogFixture.path(1), 4_096..<8_192)
        _ = try scrubAll(fixture.log, step: 2_000)
        let damage = fixture.log.damage
        let lost = try #require(damage.last)
        #expect(damage.count < 20)
        #expect {
            try fixture.log.frames(from: lost.first, maximumBytes: 1)
        } throws: {
            if case .damaged? = $0 as? WALFailure { true } else { false }
        }
        let sound = try fixture.log.frames(from: lost.last.next, maximumBytes: 1 << 20)
        #expect(sound.last == frames.last)
        try fixture.append(1, payloadBytes: 700)
    }

    @Test func `the first sector of a segment is damage like any other`() throws {
        let fixture = try LogFixture(limits: LogFixture.limits(segmentBytes: 64 << 10))
        var frames: [SealedFrame] = []
        for _ in 0..<20 { frames += try fixture.append(1, payloadBytes: 700) }
        fixture.disk.makeUnreadable(LogFixture.path(1), 0..<4_096)
        _ = try scrubAll(fixture.log, step: 2_000)
        let lost = try #require(fixture.log.damage.last)
        #expect(fixture.log.damage.first?.first == LogIndex(1))
        let sound = try fixture.log.frames(from: lost.last.next, maximumBytes: 1 << 20)
        #expect(sound.last == frames.last)
    }

    @Test func `a file of which nothing can be read is a disk that fails`() throws {
        let fixture = try LogFixture(limits: LogFixture.limits(segmentBytes: 64 << 10))
        try fixture.append(1)
        fixture.disk.makeUnreadable(LogFixture.path(1), 0..<(64 << 10))
        #expect {
            try fixture.log.scrub(budgetBytes: 1 << 20)
        } throws: {
            if case .file? = $0 as? WALFailure { true } else { false }
        }
    }

    @Test func `each of two scrubs at a time passes the whole log`() throws {
        let (fixture, frames) = try prepared()
        var places = [ScrubPlace.beginning, .beginning]
        var checked = [0, 0]
        var ended = [false, false]
        while ended.contains(false) {
            for (scrub, step) in [700, 1_900].enumerated() where !ended[scrub] {
                let report = try fixture.log.scrub(budgetBytes: step, from: places[scrub])
                places[scrub] = report.next
                checked[scrub] += report.checkedBytes
                ended[scrub] = report.reachedEnd
            }
        }
        let appended = Int(fixture.log.statistics.appendedBytes)
        #expect(checked == [appended, appended])
        #expect(fixture.log.frameCount == frames.count)
    }

    @Test func `an envelope that a scrub has mended is not mended at each start again`() throws {
        let fixture = try LogFixture()
        var places: [Int] = []
        for number in 0..<4 {
            places.append(fixture.log.statistics.heldBytes)
            guard number == 2 else {
                try fixture.append(1, term: 2)
                continue
            }
            let vote = WriteAheadLog.VotingState(term: Term(2), vote: NodeID(1))
            try fixture.log.write(.init(voting: vote, records: []))
        }
        let frames = try fixture.log.frames(from: LogIndex(1), maximumBytes: .max)
        fixture.disk.tamper(with: LogFixture.path(1)) { bytes in
            for place in places[1...2] { bytes[place + 9] ^= 0x10 }
        }
        #expect(try fixture.log.scrub(budgetBytes: .max).notes.count == 1)
        let held = fixture.log.statistics.heldBytes
        for _ in 0..<3 {
            try fixture.reopen()
            #expect(try fixture.log.scrub(budgetBytes: .max).notes.isEmpty)
            #expect(fixture.log.statistics.heldBytes == held)
            #expect(fixture.log.damage.isEmpty)
        }
        #expect(try fixture.log.frames(from: LogIndex(1), maximumBytes: .max) == frames)
    }

    @Test func `the last envelope of a log is written again though it has no frames`() throws {
        let fixture = try LogFixture()
        try fixture.append(1, term: 2)
        let place = fixture.log.statistics.heldBytes
        let vote = WriteAheadLog.VotingState(term: Term(2), vote: NodeID(1))
        try fixture.log.write(.init(voting: vote, records: []))
        fixture.disk.tamper(with: LogFixture.path(1)) { $0[place + 9] ^= 0x10 }
        #expect(try fixture.log.scrub(budgetBytes: .max).notes.count == 1)
        try fixture.reopen()
        #expect(fixture.recovery.voting == vote)
    }

    @Test func `a scrub goes on behind segments that have been compacted away`() throws {
        let (fixture, frames) = try prepared()
        let report = try fixture.log.scrub(budgetBytes: 700)
        try fixture.log.compact(through: frames[frames.count - 1].header.lastIndex)
        let rest = try fixture.log.scrub(budgetBytes: .max, from: report.next)
        let held = fixture.log.statistics
        #expect(rest.reachedEnd)
        #expect(rest.checkedBytes == held.heldBytes - held.segments * SegmentHeader.dataOffset)
    }

    @Test func `a rotten envelope that a full disk leaves is mended by a later scrub`() throws {
        let (fixture, frames) = try prepared()
        let path = LogFixture.path(1)
        fixture.disk.tamper(with: path) { $0[SegmentHeader.dataOffset + 9] ^= 0x10 }
        fixture.disk.setCapacity(fixture.disk.usedBytes)
        while fixture.log.hasRoom(for: 100) { try fixture.append(1, term: 2, payloadBytes: 20) }
        let room = fixture.log.statistics.appendedBytes
        #expect { try fixture.log.scrub(budgetBytes: .max) } throws: {
            ($0 as? WALFailure)?.isDiskFull == true
        }
        #expect(fixture.log.statistics.appendedBytes == room)
        fixture.disk.setCapacity(.max)
        #expect(try fixture.log.scrub(budgetBytes: .max).notes.count == 1)
        #expect(try fixture.log.scrub(budgetBytes: .max).notes.isEmpty)
        try fixture.reopen()
        #expect(fixture.recovery.damage.isEmpty)
        #expect(fixture.recovery.frames.prefix(frames.count) == frames.map(\.header)[...])
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

    @Test func `headers are listed from a record on, without those that rot has taken`() throws {
        let (fixture, frames) = try prepared()
        let headers = frames.map(\.header)
        let log = fixture.log
        #expect(try log.headers(from: .zero, count: .max) == headers)
        for (place, header) in headers.enumerated() {
            let found = try log.headers(from: header.lastIndex, count: 2)
            #expect(found == Array(headers[place...].prefix(2)), "record \(header.lastIndex)")
        }
        #expect(try log.headers(from: LogIndex(1), count: 0).isEmpty)
        #expect(try log.headers(from: log.lastIndex.next, count: 9).isEmpty)
        let place = try #require(
            fixture.disk.contents(of: LogFixture.path(1)).firstRange(of: frames[3].bytes)?
                .lowerBound)
        fixture.disk.tamper(with: LogFixture.path(1)) { $0[place + 10] ^= 1 }
        let sound = headers.filter { $0 != headers[3] }
        #expect(try log.headers(from: LogIndex(1), count: .max) == sound)
        #expect(try log.headers(from: headers[3].firstIndex, count: 1) == [headers[4]])
        #expect(log.damage.map(\.first) == [headers[3].firstIndex])
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
