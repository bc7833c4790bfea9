import Codec
import Compression
import IOCore
import Identifiers
import WAL

/// A log on a disk in memory, small enough to be tampered with byte by byte.
final class LogFixture {
    static let directory = "data/log"
    static let identity = WriteAheadLog.Identity(
        cluster: ClusterID(Bits128(high: 0x1122_3344_5566_7788, low: 0x99AA_BBCC_DDEE_FF00)),
        node: NodeID(3), incarnation: Incarnation(0xFEED_F00D_CAFE_BEEF))

    static func limits(segmentBytes: Int = 4_096) -> Limits {
        var limits = Limits()
        limits.segmentBytes = segmentBytes
        limits.frameBytes = 4_096
        limits.frameRecords = 64
        return limits
    }

    let disk: MemoryDisk
    let limits: Limits
    var log: WriteAheadLog
    var recovery: WriteAheadLog.Recovery
    let sealer: FrameSealer
    /// Whether the newest segment is noted beside the log.
    let isRegistered: Bool

    init(
        disk: MemoryDisk = MemoryDisk(), limits: Limits = LogFixture.limits(),
        engineDurable: LogIndex = .zero, isRegistered: Bool = false
    ) throws(WALFailure) {
        self.disk = disk
        self.limits = limits
        self.isRegistered = isRegistered
        sealer = FrameSealer(limits: limits)
        let register = isRegistered ? try Self.register(on: disk) : nil
        (log, recovery) = try WriteAheadLog.open(
            fileSystem: disk, directory: Self.directory, identity: Self.identity, limits: limits,
            engineDurable: engineDurable, register: register)
    }

    /// What is noted beside the log.
    static func register(
        on disk: MemoryDisk, incarnation: Incarnation = identity.incarnation
    ) throws(WALFailure) -> SegmentRegister {
        try SegmentRegister(
            fileSystem: disk, layout: DataDirectoryLayout(root: "data"), incarnation: incarnation)
    }

    /// Closes the log and opens it again.
    func reopen(engineDurable: LogIndex = .zero) throws(WALFailure) {
        log.close()
        let register = isRegistered ? try Self.register(on: disk) : nil
        (log, recovery) = try WriteAheadLog.open(
            fileSystem: disk, directory: Self.directory, identity: Self.identity, limits: limits,
            engineDurable: engineDurable, register: register)
    }

    /// Frames of one record each that continue the log, with payloads that differ.
    func frames(
        _ count: Int, term: UInt64 = 1, payloadBytes: Int = 40, after: FrameHeader? = nil
    ) -> [SealedFrame] {
        var first = after?.lastIndex.next ?? log.lastIndex.next
        var previous = after?.digest ?? log.lastDigest ?? .empty
        return (0..<count).map { _ in
            let raw = (0..<payloadBytes).map { place in
                UInt8(truncatingIfNeeded: UInt64(place) &* 31 &+ first.rawValue &* 7 &+ term)
            }
            let frame = sealer.seal(
                kind: .entries, term: Term(term), firstIndex: first, count: 1, raw: raw,
                previous: previous)
            first = frame.header.lastIndex.next
            previous = frame.header.digest
            return frame
        }
    }

    @discardableResult
    func append(
        _ count: Int = 1, term: UInt64 = 1, payloadBytes: Int = 40
    ) throws(WALFailure) -> [SealedFrame] {
        let frames = frames(count, term: term, payloadBytes: payloadBytes)
        let voting =
            log.voting.term >= Term(term) ? log.voting : .init(term: Term(term), vote: nil)
        try log.write(.init(voting: voting, records: frames.map { .frame($0) }))
        return frames
    }

    static func path(_ segment: Int) -> String {
        let digits = String(segment)
        return directory + "/segment-" + String(repeating: "0", count: 20 - digits.count) + digits
    }
}

extension LogFixture {
    /// Where the last group of a segment ends, found by walking its envelopes.
    func endOfLog(in bytes: [UInt8]) -> Int {
        guard let header = try? SegmentHeader.decode(bytes, at: 0) else { return 0 }
        let salt = GroupEnvelope.salt(segmentID: header.segmentID)
        var end = 0
        for place in stride(from: SegmentHeader.dataOffset, to: bytes.count, by: 8) {
            if let envelope = try? GroupEnvelope.decode(bytes, at: place, salt: salt) {
                end = max(end, place + envelope.groupBytes)
            }
        }
        return end
    }
}
