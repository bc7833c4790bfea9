import Codec
import IOCore
import Identifiers
import Testing
import WAL

/// A log under random writes, truncations, compactions, crashes and rot, beside a plain array.
struct LogModel {
    var random: SeededGenerator
    var fixture: LogFixture
    /// The frames behind the start that are durable.
    var frames: [SealedFrame] = []
    var voting = WriteAheadLog.VotingState.initial
    /// Nothing up to here is ever truncated.
    var committed = LogIndex.zero

    init(seed: UInt64) throws(WALFailure) {
        random = SeededGenerator(seed: seed)
        var limits = LogFixture.limits(segmentBytes: 6_144)
        limits.frameBytes = 8_192
        fixture = try LogFixture(limits: limits)
    }

    mutating func step() throws(WALFailure) {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9: try write(fails: false)
        case 9..<11: try truncate()
        case 11: try vote()
        case 12..<14:
            commit()
            try fixture.log.compact(through: committed)
            forget()
        case 14: try fixture.log.prepareSpare()
        case 15: _ = try fixture.log.scrub(budgetBytes: Int.random(in: 1..<4_000, using: &random))
        case 16..<18: try write(fails: true)
        case 18: try rot()
        default: try reopen()
        }
        try check()
    }

    private mutating func commit() {
        let last = frames.last?.header.lastIndex ?? committed
        let choices = frames.map(\.header.lastIndex).filter { $0 >= committed }
        committed = choices.randomElement(using: &random) ?? min(last, committed)
    }

    /// What the engine may have flushed: at least what was compacted, at most what is committed.
    private mutating func engineDurable() -> LogIndex {
        Bool.random(using: &random)
            ? max(committed, fixture.log.start.index) : fixture.log.start.index
    }

    private mutating func forget() {
        let start = fixture.log.start.index
        frames.removeAll { $0.header.lastIndex <= start }
    }

    private mutating func newFrames() -> [SealedFrame] {
        fixture.frames(
            Int.random(in: 1...3, using: &random), term: voting.term.rawValue,
            payloadBytes: Int.random(in: 1..<1_500, using: &random))
    }

    /// Writes a group; or lets its sync fail, and an arbitrary part of it reach the disk.
    private mutating func write(fails: Bool) throws(WALFailure) {
        let new = newFrames()
        let group = WriteAheadLog.Group(voting: voting, records: new.map { .frame($0) })
        guard fails else {
            try fixture.log.write(group)
            frames += new
            return
        }
        try fixture.log.prepareSpare()
        fixture.disk.fail(operation: "sync")
        do throws(WALFailure) {
            try fixture.log.write(group)
            Issue.record("a write succeeded whose sync failed")
        } catch {
            #expect("\(error)".contains("Input/output"))
        }
        let path = LogFixture.directory + "/" + lastSegmentName
        let sectors = fixture.disk.unsyncedSectors(of: path)
        let kept = Set(sectors.filter { _ in Bool.random(using: &random) })
        fixture.disk.crash(keeping: kept, of: path)
        try fixture.reopen(engineDurable: engineDurable())
        if fixture.recovery.lastIndex == new.last?.header.lastIndex { frames += new }
    }

    private var lastSegmentName: String {
        let names = (try? fixture.disk.list(LogFixture.directory)) ?? []
        return names.last { $0.hasPrefix("segment-") } ?? ""
    }

    /// A new leader makes the log forget its end and brings a frame of its own.
    private mutating func truncate() throws(WALFailure) {
        let bases = frames.map(\.header).filter { $0.lastIndex >= committed }
        guard let base = bases.randomElement(using: &random) else { return }
        voting = .init(term: voting.term.next, vote: nil)
        frames.removeAll { $0.header.firstIndex > base.lastIndex }
        let new = fixture.frames(1, term: voting.term.rawValue, after: base)
        let withFrame = Bool.random(using: &random)
        try fixture.log.write(
            .init(
                voting: voting,
                records: [.truncate(after: base.lastIndex)]
                    + (withFrame ? [.frame(new[0])] : [])))
        if withFrame { frames += new }
    }

    private mutating func vote() throws(WALFailure) {
        voting = .init(
            term: voting.term.next, vote: NodeID(UInt64.random(in: 1...5, using: &random)))
        try fixture.log.write(.init(voting: voting, records: []))
    }

    /// Spoils some bytes of a group that later ones follow, and repairs what that breaks.
    private mutating func rot() throws(WALFailure) {
        try fixture.log.write(.init(voting: voting, records: []))
        let names = ((try? fixture.disk.list(LogFixture.directory)) ?? [])
            .filter { $0.hasPrefix("segment-") }
        guard let name = names.randomElement(using: &random) else { return }
        let path = LogFixture.directory + "/" + name
        let bytes = fixture.disk.contents(of: path)
        let end = (name == names.last ? fixture.endOfLog(in: bytes) : bytes.count) - 96
        guard end > SegmentHeader.dataOffset else { return }
        let start = Int.random(in: SegmentHeader.dataOffset..<end, using: &random)
        let length = Int.random(in: 1...min(300, end - start), using: &random)
        fixture.disk.tamper(with: path) { bytes in
            for place in start..<(start + length) {
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
        try fixture.reopen(engineDurable: engineDurable())
        try repair()
    }

    private mutating func repair() throws(WALFailure) {
        var rounds = 0
        while !fixture.log.damage.isEmpty, rounds < 1_000 {
            rounds += 1
            // A peer's frame where the digest is known; else the leader's, from the bottom.
            let known = fixture.log.damage.last { $0.digest != nil }
            guard let range = known ?? fixture.log.damage.first else { return }
            let wanted = frames.first {
                range.digest == nil
                    ? $0.header.firstIndex == range.first : $0.header.lastIndex == range.last
            }
            guard let wanted else {
                Issue.record("no frame fits \(range)")
                return
            }
            try fixture.log.repair(with: wanted)
        }
        #expect(fixture.log.damage.isEmpty)
    }

    private mutating func reopen() throws(WALFailure) {
        fixture.disk.crash()
        try fixture.reopen(engineDurable: engineDurable())
    }

    private func check() throws(WALFailure) {
        let last = frames.last?.header.lastIndex ?? fixture.log.start.index
        #expect(fixture.log.lastIndex == last)
        #expect(fixture.log.voting == voting)
        #expect(fixture.log.damage.isEmpty)
        guard let first = frames.first else { return }
        let read = try fixture.log.frames(from: first.header.firstIndex, maximumBytes: .max)
        #expect(read == frames)
    }
}

@Suite struct RandomLogTests {
    @Test(arguments: 1...24)
    func `a log under random use equals a plain array`(seed: UInt64) throws {
        var model = try LogModel(seed: seed)
        for step in 0..<150 {
            do throws(WALFailure) {
                try model.step()
            } catch {
                Issue.record("seed \(seed), step \(step): \(error)")
                return
            }
        }
    }
}
