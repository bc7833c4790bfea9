import Codec
import Compression
import Identifiers

/// A sealed frame of one record, for seeds and as the body of other seeds.
func sampleFrame(_ payload: [UInt8], index: UInt64 = 1) -> SealedFrame {
    FrameSealer(limits: .standard).seal(
        kind: .entries, term: Term(1), firstIndex: LogIndex(index), count: 1, raw: payload,
        previous: .empty)
}

/// The input with the sums that a frame at its beginning should have, where its lengths permit it:
/// otherwise nothing behind the first comparison would ever be reached.
func withFrameChecksums(_ input: [UInt8]) -> [UInt8] {
    guard input.count >= FrameHeader.byteCount else { return input }
    let stored = (0..<4).reduce(0) { $0 | Int(input[28 + $1]) << (8 * $1) }
    guard stored <= input.count - FrameHeader.byteCount else { return input }
    var writer = ByteWriter(continuing: input)
    let payload = FrameHeader.byteCount..<(FrameHeader.byteCount + stored)
    writer.patchUInt32(Checksum.crc32c(input, in: payload), at: 36)
    let bytes = writer.bytes
    let seed = Checksum.crc32c(bytes, in: 0..<4)
    writer.patchUInt32(
        Checksum.crc32c(bytes, in: 8..<FrameHeader.byteCount, seed: seed), at: 4)
    return writer.bytes
}

private func decodeFrame(_ input: [UInt8]) {
    let limits = Limits.standard
    for bytes in [input, withFrameChecksums(input)] {
        guard let frame = try? SealedFrame.decode(bytes, limits: limits) else { continue }
        var writer = ByteWriter()
        frame.header.encode(to: &writer)
        precondition(
            writer.bytes == Array(bytes.prefix(FrameHeader.byteCount)),
            "header \(frame.header) is encoded differently")
        // A digest cannot be guessed: the payload is opened without it.
        guard let raw = try? FrameOpener(limits: limits).openUnverified(frame) else { continue }
        precondition(
            raw.count == Int(frame.header.rawBytes),
            "\(raw.count) raw bytes for \(frame.header.rawBytes)")
    }
}

let codecDecoders = [
    FuzzedDecoder(
        name: "frame",
        seeds: {
            [[1, 2, 3], Array(repeating: 7, count: 4_000)].map { sampleFrame($0).bytes }
        },
        decode: decodeFrame)
]
