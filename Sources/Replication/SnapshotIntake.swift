import Codec
import Compression
import Identifiers
import KeyValue
import Raft
import Transactions

/// A snapshot on its way in: rows go into an engine of their own beside the present one, which
/// takes its place when the last chunk has been verified.
///
/// Used in jobs of the maintenance worker.
final class SnapshotIntake {
    let snapshot: LogPosition
    let directory: String
    private let location: EngineLocation
    private let engine: any Engine
    private let limits: Limits
    private let codec = BlockCodec()
    private var digest = StateDigest()
    private var lastKey: [UInt8] = []
    private var isAbandoned = false
    private(set) var nextChunk: UInt64 = 0

    /// What became of one chunk.
    enum Progress {
        case wants(UInt64)
        /// All rows are there, verified and on disk.
        case complete(any Engine)
    }

    /// - Throws: `EngineFailure`, `FileFailure`; nothing is left of what was begun then.
    init(
        snapshot: LogPosition, location: EngineLocation, nonce: UInt64,
        factory: any EngineFactory, identity: EngineIdentity, limits: Limits
    ) throws {
        self.snapshot = snapshot
        self.location = location
        self.limits = limits
        directory = try location.staging(index: snapshot.index.rawValue, nonce: nonce)
        do {
            engine = try factory.open(directory)
        } catch {
            try? location.discard(directory)
            throw error
        }
        var batch = WriteBatch()
        batch.changes.append(identity.change)
        do {
            try engine.write(batch)
        } catch {
            abandon()
            throw error
        }
    }

    /// Stores chunk `number`; one that is not the next is answered with the number wanted.
    func store(_ bytes: [UInt8], number: UInt64, isLast: Bool) throws -> Progress {
        guard number == nextChunk else { return .wants(nextChunk) }
        // A chunk is full with the row that takes it over its size.
        let raw = try codec.decompress(
            bytes, limit: limits.snapshotChunkBytes + limits.rowBytes + limits.keyBytes * 2 + 64)
        var reader = ByteReader(raw)
        var batch = WriteBatch()
        var isEnded = false
        while !reader.isAtEnd {
            let key = try reader.readBytes(limit: limits.keyBytes * 2, "snapshot key")
            if key.isEmpty {
                let expected = try reader.readBits128()
                try reader.finish()
                let actual = digest.finish()
                guard expected == actual else {
                    throw EngineFailure(
                        "install snapshot \(snapshot)",
                        reason: "its rows have the digest \(actual), \(expected) was sent")
                }
                isEnded = true
                break
            }
            guard SystemRows.replicated.contains(key), lastKey.lexicographicallyPrecedes(key) else {
                throw EngineFailure(
                    "install snapshot \(snapshot)",
                    reason: "key \(key) in chunk \(number) is no replicated row behind \(lastKey)")
            }
            lastKey = key
            let version = try reader.readVarint(LogIndex.self)
            let value = try reader.readBytes(limit: limits.rowBytes, "snapshot value")
            let row = Row(version: version, value: value)
            digest.add(key: key, row: row)
            batch.changes.append(.put(key: key, row: row))
        }
        guard isEnded == isLast else {
            throw EngineFailure(
                "install snapshot \(snapshot)", reason: "chunk \(number) ends in the wrong place")
        }
        try engine.write(batch)
        nextChunk += 1
        guard isLast else { return .wants(nextChunk) }
        let position = try AppliedPosition.read(engine)
        guard position.index == snapshot.index, position.term == snapshot.term else {
            throw EngineFailure(
                "install snapshot \(snapshot)",
                reason: "its rows are of position \(position.index)/\(position.term)")
        }
        #if PLANTED_BUGS
            if PlantedBug.snapshotNotSynced.isActive { return .complete(engine) }
        #endif
        try engine.flush()
        return .complete(engine)
    }

    /// Gives up, and the room on the disk back; where that fails, the next opening of the store does.
    func abandon() {
        guard !isAbandoned else { return }
        isAbandoned = true
        engine.close()
        try? location.discard(directory)
    }
}
