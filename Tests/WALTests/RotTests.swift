import Codec
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct RotTests {
    /// Whether what is lost is repaired anew for each byte that loses it; a debug build, twenty times
    /// slower, repairs once what the bytes of a frame lose alike.
    #if DEBUG
        static let repairsAll = false
    #else
        static let repairsAll = true
    #endif

    /// Whether a place lies in the last group, where rot cannot be told from a torn write.
    private func isInLastGroup(_ sample: SampleLog, _ segment: Int, _ offset: Int) -> Bool {
        segment == SampleLog.segments && offset >= sample.lastOffset
    }

    @Test(arguments: 1...SampleLog.segments)
    func `a flipped byte is damage, never a loss, and can be repaired`(segment: Int) throws {
        let sample = try SampleLog()
        let end = SampleLog.endOfData(in: sample.disk, segment: segment)
        var repaired: [DamagedRange]?
        for offset in 0..<end {
            let flip = UInt8(1) << UInt8(offset % 8)
            let fixture = try sample.open { disk in
                disk.tamper(with: LogFixture.path(segment)) { $0[offset] ^= flip }
            }
            let isLast = isInLastGroup(sample, segment, offset)
            if let complaint = sample.complaint(about: fixture, mayLoseLast: isLast) {
                Issue.record("byte \(offset): \(complaint)")
                continue
            }
            #expect(isLast || fixture.recovery.tornBytes == 0, "byte \(offset)")
            guard !isLast, Self.repairsAll || fixture.recovery.damage != repaired else { continue }
            repaired = fixture.recovery.damage
            try repair(fixture, as: sample, "byte \(offset)")
        }
    }

    /// Gives a log its frames back, and holds what it reads then, and when it is opened again, against
    /// the sample.
    private func repair(_ fixture: LogFixture, as sample: SampleLog, _ place: String) throws {
        if let complaint = try sample.repair(fixture) {
            Issue.record("\(place): \(complaint)")
            return
        }
        let read = try fixture.log.frames(from: LogIndex(1), maximumBytes: .max)
        #expect(read == sample.frames, "\(place)")
        try fixture.reopen()
        #expect(fixture.recovery.damage.isEmpty, "\(place), opened again")
        #expect(
            fixture.recovery.frames == sample.frames.map(\.header), "\(place), opened again")
    }

    @Test(arguments: 1...SampleLog.segments)
    func `a rotten sector is damage or refused, never a loss`(segment: Int) throws {
        let sample = try SampleLog()
        for sector in 0..<8 {
            for filling in [UInt8(0), 0xFF] {
                let start = sector * 512
                // From the last group on, rot cannot be told from a torn write.
                if segment == SampleLog.segments, start + 512 > sample.lastOffset { continue }
                do throws(WALFailure) {
                    let fixture = try sample.open { disk in
                        disk.tamper(with: LogFixture.path(segment)) { bytes in
                            for place in start..<(start + 512) { bytes[place] = filling }
                        }
                    }
                    let complaint = sample.complaint(about: fixture, mayLoseLast: false)
                    #expect(complaint == nil, "segment \(segment), sector \(sector)")
                    let repaired = try sample.repair(fixture)
                    #expect(repaired == nil, "segment \(segment), sector \(sector)")
                } catch {
                    Issue.record("segment \(segment), sector \(sector): \(error)")
                }
            }
        }
    }

    @Test func `rot in both copies of a header is refused by name`() throws {
        let sample = try SampleLog()
        for segment in 1...SampleLog.segments {
            #expect {
                _ = try sample.open { disk in
                    disk.tamper(with: LogFixture.path(segment)) { bytes in
                        bytes[20] ^= 1
                        bytes[532] ^= 1
                    }
                }
            } throws: { error in
                "\(error)".contains("\(LogFixture.path(segment)) cannot be read at byte 0")
            }
        }
    }

    @Test func `a missing segment is refused`() throws {
        let sample = try SampleLog()
        #expect {
            _ = try sample.open { $0.lose(LogFixture.path(2)) }
        } throws: { error in
            "\(error)".hasPrefix("\(LogFixture.path(2)) is missing; restore the file")
        }
        #expect {
            _ = try sample.open { $0.lose(LogFixture.path(1)) }
        } throws: { error in
            "\(error)".contains("begins behind record")
        }
        #expect {
            _ = try sample.open(engineDurable: LogIndex(5)) { disk in
                for segment in 1...SampleLog.segments { disk.lose(LogFixture.path(segment)) }
            }
        } throws: { error in
            "\(error)".contains("is missing")
        }
    }

    /// The sample with nothing but zeroes from `offset` of a segment on.
    private func cut(
        _ sample: SampleLog, _ segment: Int, at offset: Int, engineDurable: LogIndex = .zero
    ) throws -> LogFixture {
        try sample.open(engineDurable: engineDurable) { disk in
            disk.tamper(with: LogFixture.path(segment)) { bytes in
                let zeroes = repeatElement(UInt8(0), count: bytes.count - offset)
                bytes.replaceSubrange(offset..., with: zeroes)
            }
        }
    }

    @Test(arguments: 1..<SampleLog.segments)
    func `a cut at every byte of a sealed segment is damage, and can be repaired`(
        segment: Int
    ) throws {
        let sample = try SampleLog()
        var repaired: [DamagedRange]?
        for offset in 0..<SampleLog.endOfData(in: sample.disk, segment: segment) {
            do {
                let fixture = try cut(sample, segment, at: offset)
                #expect(offset >= SegmentHeader.byteCount, "cut at \(offset)")
                let complaint = sample.complaint(about: fixture, mayLoseLast: false)
                #expect(complaint == nil, "cut at \(offset)")
                #expect(fixture.recovery.tornBytes == 0, "cut at \(offset)")
                guard Self.repairsAll || fixture.recovery.damage != repaired else { continue }
                repaired = fixture.recovery.damage
                try repair(fixture, as: sample, "cut at \(offset)")
            } catch {
                // Neither copy of the header is there.
                #expect(offset < SegmentHeader.byteCount, "cut at \(offset): \(error)")
                let refusal = "\(LogFixture.path(segment)) cannot be read at byte 0"
                #expect("\(error)".hasPrefix(refusal), "cut at \(offset)")
            }
        }
    }

    @Test func `a cut at every byte of the last segment keeps all that lies before it`() throws {
        let sample = try SampleLog()
        let end = SampleLog.endOfData(in: sample.disk, segment: SampleLog.segments)
        for offset in SegmentHeader.byteCount..<end {
            let whole = sample.lastWhole(cutAt: offset)
            let durable = whole.headers[whole.headers.count - 1].lastIndex
            let fixture = try cut(sample, SampleLog.segments, at: offset, engineDurable: durable)
            #expect(fixture.recovery.frames == whole.headers, "cut at \(offset)")
            #expect(fixture.recovery.voting == whole.voting, "cut at \(offset)")
            #expect(fixture.recovery.damage.isEmpty, "cut at \(offset)")
            try fixture.append(1, term: 6)
            let last = fixture.log.lastIndex
            #expect(last == durable.next, "cut at \(offset)")
            try fixture.reopen(engineDurable: durable)
            #expect(fixture.recovery.lastIndex == last, "cut at \(offset)")
            #expect(fixture.recovery.tornBytes == 0, "cut at \(offset)")
        }
    }

    @Test func `a cut before what the engine holds is told at every byte of the last segment`()
        throws
    {
        let sample = try SampleLog()
        let end = SampleLog.endOfData(in: sample.disk, segment: SampleLog.segments)
        let held = sample.frames[sample.frames.count - 1].header.lastIndex
        for offset in SegmentHeader.byteCount..<end {
            let recovery = try cut(
                sample, SampleLog.segments, at: offset, engineDurable: held
            ).recovery
            let whole = sample.lastWhole(cutAt: offset).headers
            #expect(recovery.frames.starts(with: whole), "cut at \(offset)")
            let isShort = recovery.lastIndex < held
            #expect(
                isShort == recovery.notes.contains { $0.contains("is to be reset") },
                "cut at \(offset)")
            let lost = sample.frames.map(\.header).filter { header in
                header.lastIndex <= recovery.lastIndex && !recovery.frames.contains(header)
                    && !recovery.damage.contains { $0.covers(header) }
            }
            #expect(lost.isEmpty, "cut at \(offset)")
        }
    }

    @Test func `a last group that the engine has applied is damaged, not torn`() throws {
        let sample = try SampleLog()
        let path = LogFixture.path(SampleLog.segments)
        let last = sample.frames[sample.frames.count - 1].header
        let fixture = try sample.open(engineDurable: last.lastIndex) { disk in
            disk.tamper(with: path) { $0[sample.lastOffset + 48 + 72 + 3] ^= 4 }
        }
        #expect(sample.complaint(about: fixture, mayLoseLast: false) == nil)
        let first = sample.frames[sample.frames.count - 3].header
        #expect(fixture.recovery.damage.map(\.first) == [first.firstIndex])
        #expect(fixture.recovery.damage.first?.isBelowEngine == true)
        #expect(fixture.recovery.damage.first?.digest == first.digest)
        try fixture.append(1, term: 6)
        try fixture.reopen(engineDurable: last.lastIndex)
        #expect(fixture.recovery.damage.map(\.first) == [first.firstIndex])
        #expect(fixture.recovery.lastIndex == last.lastIndex.next)
        #expect(try sample.repair(fixture) == nil)
        #expect(
            try fixture.log.frames(from: LogIndex(1), maximumBytes: .max).dropLast()
                == sample.frames[...])
    }
}
