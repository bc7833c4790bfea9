import Codec
import Compression
import Identifiers
import Replication

/// Two rows of a snapshot, and its end with a digest that a mutation would have to guess.
private func sampleChunk(isLast: Bool) -> [UInt8] {
    var writer = ByteWriter()
    for key: UInt8 in [0x10, 0x20] {
        writer.writeBytes([key, 1])
        writer.writeVarint(LogIndex(UInt64(key)))
        writer.writeBytes(Array(repeating: key, count: 40))
    }
    if isLast {
        writer.writeBytes([])
        writer.writeBits128(Bits128(high: 1, low: 2))
    }
    return writer.take()
}

/// Whether it is the last chunk, then the rows; as a block that says so, and as the block itself.
private func decodeChunk(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let rows = Array(input.dropFirst())
    for block in [rows, BlockCodec().compress(rows)] {
        exerciseSnapshotChunk(block, isLast: first & 1 == 1, limits: .standard)
    }
}

/// A row of the applied position, and one of a session with one outcome.
private func sampleStateRows() -> [[UInt8]] {
    var position = ByteWriter()
    position.writeVarint(LogIndex(9))
    position.writeVarint(Term(2))
    position.writeBits128(Bits128(high: 1, low: 2))
    position.writeVarint(1_700_000_000_000)
    position.writeVarint(77)
    var session = ByteWriter()
    session.writeVarint(60_000)
    session.writeVarint(1_700_000_000_000)
    session.writeString("who")
    session.writeVarint(SequenceNumber(3))
    session.writeVarint(SequenceNumber(5))
    session.writeVarint(SequenceNumber(4))
    session.writeBytes([1, 2, 3])
    return [position.take(), session.take()]
}

let stateDecoders = [
    FuzzedDecoder(
        name: "snapshot-chunk",
        seeds: { [[0] + sampleChunk(isLast: false), [1] + sampleChunk(isLast: true)] },
        decode: decodeChunk),
    FuzzedDecoder(
        name: "state-row", seeds: sampleStateRows,
        decode: { exerciseStateRows(on: $0, limits: .standard) }),
]
