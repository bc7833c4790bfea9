import Codec
import Compression
import IOCore
import Identifiers
import Testing
import WAL

@Suite struct FuzzTests {
    /// A segment with groups of every kind, for the identity that the fuzz entry uses.
    private func segment() throws -> [UInt8] {
        let disk = MemoryDisk()
        let identity = WriteAheadLog.Identity(
            cluster: ClusterID(.zero), node: NodeID(1), incarnation: Incarnation(1))
        let limits = LogFixture.limits()
        let (log, _) = try WriteAheadLog.open(
            fileSystem: disk, directory: LogFixture.directory, identity: identity, limits: limits,
            engineDurable: .zero)
        let sealer = FrameSealer(limits: limits)
        var previous = ChainDigest.empty
        var digests: [ChainDigest] = []
        for index in 1...7 {
            let frame = sealer.seal(
                kind: index == 4 ? .membership : .entries, term: Term(UInt64(index)),
                firstIndex: LogIndex(UInt64(index)), count: 1,
                raw: [UInt8](repeating: UInt8(index), count: index * 40), previous: previous)
            previous = frame.header.digest
            digests.append(previous)
            try log.write(
                .init(
                    voting: .init(term: Term(UInt64(index)), vote: nil), records: [.frame(frame)]))
        }
        let frame = sealer.seal(
            kind: .entries, term: Term(9), firstIndex: LogIndex(6), count: 2, raw: [1],
            previous: digests[4])
        try log.write(
            .init(
                voting: .init(term: Term(9), vote: NodeID(2)),
                records: [.truncate(after: LogIndex(5)), .frame(frame)]))
        return disk.contents(of: LogFixture.path(1))
    }

    @Test(arguments: 1...8)
    func `nothing traps on contents that lie under good checksums`(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let sound = try segment()
        let end = 1_024 + 48 * 8 + 40 * 7 + 72 * 8 + 400
        let interesting: [UInt8] = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF]
        #if DEBUG
            let rounds = 300
        #else
            let rounds = 20_000
        #endif
        for _ in 0..<rounds {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<end, using: &random)
                let width = [1, 1, 4, 8].randomElement(using: &random) ?? 1
                let value = interesting.randomElement(using: &random) ?? 0
                for offset in place..<min(place + width, bytes.count) { bytes[offset] = value }
            }
            if Bool.random(using: &random) {
                // One group over another.
                let from = Int.random(in: 128..<(end / 8), using: &random) * 8
                let to = Int.random(in: 128..<(end / 8), using: &random) * 8
                let count = min(
                    Int.random(in: 8...400, using: &random), bytes.count - max(from, to))
                bytes.replaceSubrange(to..<(to + count), with: bytes[from..<(from + count)])
            }
            exerciseLogDecoders(on: bytes, limits: LogFixture.limits())
        }
    }

    @Test func `noise of any length is refused`() {
        var random = SeededGenerator(seed: 5)
        for count in 0..<200 {
            let bytes = (0..<(count * 13)).map { _ in UInt8.random(in: 0...255, using: &random) }
            exerciseLogDecoders(on: bytes, limits: LogFixture.limits())
            #expect(throws: WALFailure.self) {
                _ = try SegmentHeader.decodePage(bytes, file: "noise")
            }
        }
    }
}
