import Codec
package import Identifiers
package import KeyValue
import Transactions

/// The rows that the replica itself keeps in the engine, beside those of the stores.
///
/// | key | value |
/// |---|---|
/// | `00 01` | whose state this is (`EngineIdentity`); all of `00` is node-local: outside digests and snapshots |
/// | `01 01` | applied position (`AppliedPosition`) |
/// | `01 02` | membership (`Transactions.ClusterMembership`) |
/// | `01 03`, session (8, big-endian) | one client session as of a checkpoint or its last touch |
/// | `01 03`, session (8, big-endian), part from 1 on (4, big-endian) | more of the session's outcomes |
/// | `01 04`, first index of a frame (8, big-endian) | outcomes of that frame's transactions |
/// | `01 05`, first index of a frame (8, big-endian) | change sets of that frame |
/// | `01 04` or `01 05`, an index within a frame (8, big-endian) | those from that index on, where they are too many for one row |
/// | `01 07`, checkpoint index (8, big-endian) | feed bytes written up to that checkpoint (varint) |
/// | `01 08` | index up to which change sets were trimmed (varint) |
package enum SystemRows {
    /// The key space that stays on this node.
    package static let nodeLocal = KeyRange(prefix: [0x00])
    /// Everything that is replicated: what digests and snapshots cover.
    package static let replicated = KeyRange(lower: [0x01], upper: nil)

    /// The first byte of the stores' own rows; what stands before them is read at starts and
    /// checkpoints alone.
    static let firstByteOfStores = StoreID.properties.rawValue

    package static let applied: [UInt8] = [0x01, 0x01]
    package static let membership: [UInt8] = [0x01, 0x02]
    static let feedTrimmed: [UInt8] = [0x01, 0x08]
    static let sessionPrefix: [UInt8] = [0x01, 0x03]
    static let outcomesPrefix: [UInt8] = [0x01, 0x04]
    static let feedPrefix: [UInt8] = [0x01, 0x05]
    static let checkpointPrefix: [UInt8] = [0x01, 0x07]

    static func session(_ session: SessionID) -> [UInt8] {
        key(sessionPrefix, session.rawValue)
    }

    /// The key of the row `part` of a session; the session's own for 0.
    static func session(_ session: SessionID, part: Int) -> [UInt8] {
        var key = SystemRows.session(session)
        guard part > 0 else { return key }
        for shift in stride(from: 24, through: 0, by: -8) {
            key.append(UInt8(truncatingIfNeeded: part >> shift))
        }
        return key
    }

    /// What `session(_:part:)` names; nil for a key of another form.
    static func sessionPart(of key: [UInt8]) -> (session: SessionID, part: Int)? {
        if let number = number(of: key) { return (SessionID(number), 0) }
        guard key.count == 14, let number = number(of: Array(key[..<10])) else { return nil }
        return (SessionID(number), key[10...].reduce(0) { $0 << 8 | Int($1) })
    }

    static func outcomes(frame firstIndex: LogIndex) -> [UInt8] {
        key(outcomesPrefix, firstIndex.rawValue)
    }

    static func feed(frame firstIndex: LogIndex) -> [UInt8] {
        key(feedPrefix, firstIndex.rawValue)
    }

    static func checkpoint(_ index: LogIndex) -> [UInt8] {
        key(checkpointPrefix, index.rawValue)
    }

    /// The number behind a two-byte prefix; nil where the key has another length.
    static func number(of key: [UInt8]) -> UInt64? {
        guard key.count == 10 else { return nil }
        return key[2...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func key(_ prefix: [UInt8], _ number: UInt64) -> [UInt8] {
        var key = prefix
        key.reserveCapacity(10)
        for shift in stride(from: 56, through: 0, by: -8) {
            key.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
        return key
    }
}

/// Where the engine stands: written in the batch of every apply turn.
///
/// | field | form |
/// |---|---|
/// | index, term | varint each |
/// | chain digest | 16 bytes |
/// | replicated time, milliseconds | varint |
/// | feed bytes ever written | varint |
package struct AppliedPosition: Hashable, Sendable {
    package var index: LogIndex
    package var term: Term
    package var digest: ChainDigest
    package var timeMilliseconds: UInt64
    /// Bytes of change sets ever written; a checkpoint keeps its value for trimming the feed.
    package var feedBytes: UInt64

    package static let start = AppliedPosition(
        index: .zero, term: .zero, digest: .empty, timeMilliseconds: 0, feedBytes: 0)

    func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 40)
        writer.writeVarint(index)
        writer.writeVarint(term)
        writer.writeBits128(digest.bits)
        writer.writeVarint(timeMilliseconds)
        writer.writeVarint(feedBytes)
        return writer.take()
    }

    static func decode(_ bytes: [UInt8]) throws(DecodingFailure) -> AppliedPosition {
        var reader = ByteReader(bytes)
        let position = AppliedPosition(
            index: try reader.readVarint(LogIndex.self), term: try reader.readVarint(Term.self),
            digest: ChainDigest(try reader.readBits128()),
            timeMilliseconds: try reader.readVarint(), feedBytes: try reader.readVarint())
        try reader.finish()
        return position
    }

    /// Reads the position of an engine or a pinned state; the start where there is none.
    package static func read(_ view: some ReadView) throws(EngineFailure) -> AppliedPosition {
        guard let row = try view.get(SystemRows.applied) else { return .start }
        do {
            return try decode(row.value)
        } catch {
            throw EngineFailure("read the applied position", reason: error.description)
        }
    }
}
