import Codec
import Compression
import Identifiers
import KeyValue
import Raft
import Transactions

/// A pinned state on its way to one follower, chunk by chunk.
///
/// Used in jobs of the read worker.
///
/// A chunk is a zstd block (`BlockCodec`) of rows in key order: key (bytes), version (varint), value
/// (bytes) each; the last chunk ends in an empty key and the 16-byte state digest of all rows sent.
final class SnapshotSource {
    /// One chunk, ready to be sent.
    struct Chunk: Sendable {
        let number: UInt64
        let bytes: [UInt8]
        let isLast: Bool
    }

    let position: AppliedPosition
    let membership: Membership
    private let pinned: any PinnedState
    private let limits: Limits
    private let codec = BlockCodec()
    private var digest = StateDigest()
    /// The key from which the next chunk begins.
    private var nextKey = SystemRows.replicated.lower
    private var current: Chunk?
    private(set) var isClosed = false

    init(engine: any Engine, limits: Limits) throws(EngineFailure) {
        pinned = try engine.pin()
        self.limits = limits
        position = try AppliedPosition.read(pinned)
        membership = try Applier.readMembership(pinned, limits: limits).core
    }

    /// Whether chunk 0 can be had once more, of a state that the log still continues.
    func isRepeatable(notBefore compacted: LogIndex) -> Bool {
        !isClosed && current?.number == 0 && position.index >= compacted
    }

    /// Chunk `number`: the one sent last, once more, or the one behind it; nil for any other.
    func chunk(_ number: UInt64) throws(EngineFailure) -> Chunk? {
        guard !isClosed else { return nil }
        if let current, current.number == number { return current }
        let next = current.map { $0.number + 1 } ?? 0
        guard number == next, current?.isLast != true else { return nil }
        let chunk = try makeChunk(number)
        current = chunk
        return chunk
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        pinned.close()
    }

    private func makeChunk(_ number: UInt64) throws(EngineFailure) -> Chunk {
        var writer = ByteWriter(capacity: limits.snapshotChunkBytes + 4_096)
        var isCut = false
        var lastKey = nextKey
        var excess: Int?
        try pinned.scan(KeyRange(lower: nextKey, upper: nil), reverse: false) { key, row in
            guard writer.count < limits.snapshotChunkBytes else {
                isCut = true
                lastKey = key
                return false
            }
            guard row.value.count <= limits.rowBytes else {
                excess = row.value.count
                return false
            }
            writer.writeBytes(key)
            writer.writeVarint(row.version)
            writer.writeBytes(row.value)
            digest.add(key: key, row: row)
            return true
        }
        if let excess {
            throw EngineFailure(
                "send a snapshot",
                reason: "a row of \(excess) bytes is over the limit of \(limits.rowBytes)")
        }
        nextKey = lastKey
        if !isCut {
            writer.writeVarint(0)
            writer.writeBits128(digest.finish())
        }
        return Chunk(number: number, bytes: codec.compress(writer.bytes), isLast: !isCut)
    }
}

/// The pinned states that are on their way to others, all of them.
///
/// Used in jobs of the read worker. An engine is closed behind all that is pinned of it, in the
/// making or handed over.
final class SnapshotSources {
    private var open: [SnapshotSource] = []

    func make(of engine: any Engine, limits: Limits) throws(EngineFailure) -> SnapshotSource {
        let source = try SnapshotSource(engine: engine, limits: limits)
        open.removeAll { $0.isClosed }
        open.append(source)
        return source
    }

    /// Closes them; whoever asks for a chunk of one gets none, and begins with a new one.
    func closeAll() {
        for source in open { source.close() }
        open = []
    }
}
