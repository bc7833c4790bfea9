package import Codec
internal import IOCore
internal import Identifiers

/// Feeds bytes to every decoder of the log, and to recovery, as if they had come from a disk.
///
/// Checksums are mended first where that is possible, because no fuzzer would get past them; so
/// what is tested is that nothing traps on contents that are sealed and lie. For fuzzing and tests.
package func exerciseLogDecoders(on input: [UInt8], limits: Limits) {
    _ = try? SegmentHeader.decodePage(input, file: "input")
    _ = try? DataDirectory.decode(input, file: "input")
    _ = try? SealedFrame.decode(input, limits: limits)
    _ = try? GroupEnvelope.decode(input, at: 0, salt: 0)
    guard input.count > SegmentHeader.dataOffset + 8 else { return }
    let identity = WriteAheadLog.Identity(
        cluster: ClusterID(.zero), node: NodeID(1), incarnation: Incarnation(1))
    let header = SegmentHeader(
        identity: identity, number: 1, isBase: true, firstSequence: 1, voting: .initial,
        previous: .empty, fileBytes: SegmentHeader.dataOffset)
    let salt = GroupEnvelope.salt(segmentID: header.segmentID)
    for resealed in [input, FuzzSeal.reseal(input, salt: salt)] {
        let file = FuzzFile(bytes: resealed)
        let segment = Segment(header: header, file: file, bytes: resealed.count)
        for durable in [LogIndex.zero, LogIndex(3)] {
            var replay = LogReplay(segments: [segment], limits: limits, engineDurable: durable)
            try? replay.run()
        }
    }
}

/// Reads bytes as a slot of the register of segments, as they are and under the right checksum.
///
/// What is accepted must be what the register itself writes. For fuzzing and tests.
package func exerciseRegisterSlot(on input: [UInt8]) {
    let owner = Incarnation(1)
    var writer = ByteWriter(continuing: input)
    let sealed = SegmentRegister.contentBytes - 4
    if input.count >= SegmentRegister.contentBytes {
        writer.patchUInt32(Checksum.crc32c(input, in: 0..<sealed), at: sealed)
    }
    for bytes in [input, writer.take()] {
        guard let number = SegmentRegister.number(in: bytes, owner) else { continue }
        precondition(
            SegmentRegister.encoded(number, owner).starts(
                with: bytes.prefix(SegmentRegister.contentBytes)),
            "segment \(number) is encoded differently")
    }
}

/// The slot that notes a segment, for the owner that `exerciseRegisterSlot` takes.
package func sampleRegisterSlot(_ number: UInt64) -> [UInt8] {
    SegmentRegister.encoded(number, Incarnation(1))
}

/// Mends the checksums of groups and frames in bytes that have been changed.
enum FuzzSeal {
    static func reseal(_ input: [UInt8], salt: UInt32) -> [UInt8] {
        var writer = ByteWriter(continuing: input)
        var place = SegmentHeader.dataOffset
        while let offset = GroupEnvelope.nextCandidate(in: writer.bytes, from: place) {
            let body = offset + GroupEnvelope.byteCount
            let bodyBytes = word(writer.bytes, at: offset + 40) & ~7
            writer.patchUInt32(UInt32(bodyBytes), at: offset + 40)
            let end = min(writer.count, body + bodyBytes)
            writer.patchUInt32(frames(in: &writer, body..<end), at: offset + 44)
            let checksum = Checksum.crc32c(writer.bytes, in: (offset + 8)..<body, seed: salt)
            writer.patchUInt32(checksum, at: offset + 4)
            place = max(end, offset + 8)
        }
        return writer.take()
    }

    /// Mends the frames in `range`; the checksum of their headers.
    private static func frames(in writer: inout ByteWriter, _ range: Range<Int>) -> UInt32 {
        var sum: UInt32 = 0
        var place = range.lowerBound
        while place + FrameHeader.byteCount <= range.upperBound {
            let payload = place + FrameHeader.byteCount
            let stored = word(writer.bytes, at: place + 28)
            guard payload + stored <= range.upperBound else { return sum }
            let payloadChecksum = Checksum.crc32c(writer.bytes, in: payload..<(payload + stored))
            writer.patchUInt32(payloadChecksum, at: place + 36)
            let head = Checksum.crc32c(writer.bytes, in: place..<(place + 4))
            let checksum = Checksum.crc32c(writer.bytes, in: (place + 8)..<payload, seed: head)
            writer.patchUInt32(checksum, at: place + 4)
            sum = Checksum.crc32c(writer.bytes, in: place..<payload, seed: sum)
            place += FrameHeader.frameBytes(storedBytes: stored)
        }
        return sum
    }

    private static func word(_ bytes: [UInt8], at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}

/// Bytes that are read as a file; nothing can be written to it.
private final class FuzzFile: File {
    let path = "input"
    private let bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }
    func size() throws(FileFailure) -> Int {
        bytes.count
    }
    func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)])
    }
    func write(_ buffers: [[UInt8]], at offset: Int) throws(FileFailure) { try refuse("write") }
    func sync() throws(FileFailure) { try refuse("sync") }
    func preallocate(_ bytes: Int) throws(FileFailure) { try refuse("preallocate") }
    func truncate(to bytes: Int) throws(FileFailure) { try refuse("truncate") }
    func close() {}

    private func refuse(_ operation: String) throws(FileFailure) {
        throw FileFailure(.permission, operation, path: path, reason: "input cannot be written")
    }
}
