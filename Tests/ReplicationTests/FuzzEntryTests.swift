import Codec
import Compression
import Identifiers
import Replication
import Simulation
import Testing

/// Bytes that a peer or a disk has got wrong, in the snapshot's chunks and in the engine's rows.
@Suite struct FuzzEntryTests {
    @Test func `nothing traps on noise in chunks and rows`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let codec = BlockCodec()
        for count in 0..<500 {
            // Small numbers, so that lengths often fit.
            let bytes = (0..<(count % 90)).map { _ in UInt8.random(in: 0...20, using: &random) }
            exerciseStateRows(on: bytes, limits: .standard)
            for block in [bytes, codec.compress(bytes)] {
                exerciseSnapshotChunk(block, isLast: count % 2 == 1, limits: .standard)
            }
        }
    }
}
