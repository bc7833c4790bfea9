import Codec
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct RotTests {
    /// Every byte in release; a debug build, twenty times slower, takes samples.
    #if DEBUG
        static let step = 5
    #else
        static let step = 1
    #endif

    /// Whether a place lies in the last group, where rot cannot be told from a torn write.
    private func isInLastGroup(_ sample: SampleLog, _ segment: Int, _ offset: Int) -> Bool {
        segment == sample.lastSegment && offset >= sample.lastOffset
    }

    @Test(arguments: 1...4)
    func `a flipped byte is damage, never a loss, and can be repaired`(segment: Int) throws {
        let sample = try SampleLog()
        #expect(sample.lastSegment == 4)
        let end = SampleLog.endOfData(in: sample.disk, segment: segment)
        for offset in stride(from: 0, to: end, by: Self.step) {
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
            guard !isLast else { continue }
            if let complaint = try sample.repair(fixture) {
                Issue.record("byte \(offset): \(complaint)")
                continue
            }
            let read = try fixture.log.frames(from: LogIndex(1), maximumBytes: .max)
            #expect(read == sample.frames, "byte \(offset)")
            try fixture.reopen()
            #expect(fixture.recovery.damage.isEmpty, "byte \(offset), opened again")
            #expect(
                fixture.recovery.frames == sample.frames.map(\.header),
                "byte \(offset), opened again")
        }
    }

    @Test(arguments: 1...4)
    func `a rotten sector is damage or refused, never a loss`(segment: Int) throws {
        let sample = try SampleLog()
        for sector in 0..<8 {
            for filling in [UInt8(0), 0xFF] {
                let start = sector * 512
                // From the last group on, rot cannot be told from a torn write.
                if segment == sample.lastSegment, start + 512 > sample.lastOffset { continue }
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
        for segment in 1...4 {
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
                for segment in 1...4 { disk.lose(LogFixture.path(segment)) }
            }
        } throws: { error in
            "\(error)".contains("is missing")
        }
    }

    @Test func `a cut at every byte of the last segment keeps what was durable before`() throws {
        let sample = try SampleLog()
        let path = LogFixture.path(sample.lastSegment)
        let end = SampleLog.endOfData(in: sample.disk, segment: sample.lastSegment)
        for offset in sample.lastOffset..<end {
            let fixture = try sample.open { disk in
                disk.tamper(with: path) { bytes in
                    for place in offset..<bytes.count { bytes[place] = 0 }
                }
            }
            let complaint = sample.complaint(about: fixture, mayLoseLast: true)
            #expect(complaint == nil, "cut at \(offset)")
            #expect(fixture.recovery.damage.isEmpty, "cut at \(offset)")
            try fixture.append(1, term: 6)
            let last = fixture.log.lastIndex
            try fixture.reopen()
            #expect(fixture.recovery.lastIndex == last, "cut at \(offset)")
            #expect(fixture.recovery.tornBytes == 0, "cut at \(offset)")
        }
    }

    @Test func `a last group that the engine has applied is damaged, not torn`() throws {
        let sample = try SampleLog()
        let path = LogFixture.path(sample.lastSegment)
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
