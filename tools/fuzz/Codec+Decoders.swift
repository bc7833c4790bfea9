import Codec
import Compression
import Identifiers
import KeyValue

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

/// A key, each of whose first components says what the next one is; what is read must come back.
private func decodeKey(_ input: [UInt8]) {
    var decoder = KeyDecoder(input)
    var encoder = KeyEncoder()
    do throws(KeyDecodingFailure) {
        while !decoder.isAtEnd {
            let kind = try decoder.readByte()
            encoder.append(byte: kind)
            switch kind % 4 {
            case 0: encoder.append(try decoder.readUInt64())
            case 1: encoder.append(try decoder.readString())
            case 2: encoder.append(try decoder.readBytes())
            default: encoder.append(rest: decoder.readRest())
            }
        }
    } catch {
        return
    }
    precondition(encoder.bytes == input, "key \(input) came back as \(encoder.bytes)")
}

let codecDecoders = [
    FuzzedDecoder(
        name: "key",
        seeds: { [[0, 0xF8, 0xFF, 1, 0x61, 0, 0xFF, 0x62, 0, 1, 2, 0x63, 0, 1, 3, 9, 9]] },
        decode: decodeKey),
    FuzzedDecoder(
        name: "frame",
        seeds: {
            [[1, 2, 3], Array(repeating: 7, count: 4_000)].map { sampleFrame($0).bytes }
        },
        decode: decodeFrame),
]
