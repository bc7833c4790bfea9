package import Codec
import Identifiers

/// The kinds of record; each number stands for one layout, and a new layout gets a new number.
package enum RecordKind: UInt8, Sendable, CaseIterable {
    case nothing = 1
    case transaction = 2
    case openSession = 3
    case touchSession = 4
    case closeSession = 5
    case expireSessions = 6
    case membership = 7
    case triggerCursors = 8
    case digestMark = 9
}

/// The encoding of a record: its kind, then what the kind needs.
///
/// | kind | record | bytes after the kind |
/// |---|---|---|
/// | 1 | nothing | – |
/// | 2 | transaction | 0, or 1 and the origin: session, sequence, acknowledged through (varints); then the transaction |
/// | 3 | open session | time to live in ms (varint), description (varint length, UTF-8) |
/// | 4, 5 | touch, close session | session (varint) |
/// | 6 | expire sessions | count (varint), sessions (varints) |
/// | 7 | membership | `ClusterMembership` |
/// | 8 | trigger cursors | count (varint), each `TriggerCursor` |
/// | 9 | digest mark | nonce (8) |
extension Record {
    /// Bytes of a session's description.
    package static let descriptionBytes = 1_024

    package func encode(into writer: inout ByteWriter) {
        switch self {
        case .nothing:
            writer.writeUInt8(RecordKind.nothing.rawValue)
        case .transaction(let transaction, let origin):
            Record.encodeTransactionHeader(origin: origin, into: &writer)
            transaction.encode(into: &writer)
        case .openSession(let timeToLive, let description):
            writer.writeUInt8(RecordKind.openSession.rawValue)
            writer.writeVarint(timeToLive)
            writer.writeString(description)
        case .touchSession(let session):
            writer.writeUInt8(RecordKind.touchSession.rawValue)
            writer.writeVarint(session)
        case .closeSession(let session):
            writer.writeUInt8(RecordKind.closeSession.rawValue)
            writer.writeVarint(session)
        case .expireSessions(let sessions):
            writer.writeUInt8(RecordKind.expireSessions.rawValue)
            writer.writeVarint(UInt64(sessions.count))
            for session in sessions {
                writer.writeVarint(session)
            }
        case .membership(let membership):
            writer.writeUInt8(RecordKind.membership.rawValue)
            membership.encode(into: &writer)
        case .triggerCursors(let cursors):
            writer.writeUInt8(RecordKind.triggerCursors.rawValue)
            writer.writeVarint(UInt64(cursors.count))
            for cursor in cursors {
                cursor.encode(into: &writer)
            }
        case .digestMark(let nonce):
            writer.writeUInt8(RecordKind.digestMark.rawValue)
            writer.writeUInt64(nonce)
        }
    }

    /// The encoding alone.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.take()
    }

    /// Writes what stands before the transaction's own bytes, which the caller appends unchanged.
    package static func encodeTransactionHeader(origin: Origin?, into writer: inout ByteWriter) {
        writer.writeUInt8(RecordKind.transaction.rawValue)
        guard let origin else {
            writer.writeUInt8(0)
            return
        }
        writer.writeUInt8(1)
        writer.writeVarint(origin.session)
        writer.writeVarint(origin.sequence)
        writer.writeVarint(origin.acknowledgedThrough)
    }

    /// The record of a transaction whose encoding a client has sent.
    package static func encodedTransaction(_ bytes: [UInt8], origin: Origin?) -> [UInt8] {
        var writer = ByteWriter(capacity: bytes.count + 32)
        encodeTransactionHeader(origin: origin, into: &writer)
        writer.writeRaw(bytes)
        return writer.take()
    }

    /// Reads a record, which must end where the reader does.
    package static func decode(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Record {
        let record: Record
        switch try readKind(&reader) {
        case .nothing:
            record = .nothing
        case .transaction:
            let origin = try Origin.decode(&reader)
            record = .transaction(
                try Transaction.decode(&reader, limits: limits), origin: origin)
        case .openSession:
            let timeToLive = try reader.readVarint()
            record = .openSession(
                timeToLiveMilliseconds: timeToLive,
                description: try reader.readString(limit: descriptionBytes, "session description"))
        case .touchSession:
            record = .touchSession(try reader.readVarint(SessionID.self))
        case .closeSession:
            record = .closeSession(try reader.readVarint(SessionID.self))
        case .expireSessions:
            let count = try reader.readCount(limit: limits.sessions, "session count")
            var sessions: [SessionID] = []
            for _ in 0..<count {
                sessions.append(try reader.readVarint(SessionID.self))
            }
            record = .expireSessions(sessions)
        case .membership:
            record = .membership(try ClusterMembership.decode(&reader, limits: limits))
        case .triggerCursors:
            let count = try reader.readCount(limit: limits.triggers, "trigger cursor count")
            var cursors: [TriggerCursor] = []
            for _ in 0..<count {
                cursors.append(try TriggerCursor.decode(&reader))
            }
            record = .triggerCursors(cursors)
        case .digestMark:
            record = .digestMark(nonce: try reader.readUInt64())
        }
        try reader.finish()
        return record
    }

    fileprivate static func readKind(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> RecordKind {
        let start = reader.position
        let byte = try reader.readUInt8()
        guard let kind = RecordKind(rawValue: byte) else {
            throw .malformed(at: start, what: "unknown record kind \(byte)")
        }
        return kind
    }
}

extension Origin {
    fileprivate static func decode(_ reader: inout ByteReader) throws(DecodingFailure) -> Origin? {
        guard try reader.readBool() else { return nil }
        let start = reader.position
        let session = try reader.readVarint(SessionID.self)
        let sequence = try reader.readVarint(SequenceNumber.self)
        let acknowledged = try reader.readVarint(SequenceNumber.self)
        guard sequence > .zero, acknowledged < sequence else {
            throw .malformed(
                at: start,
                what: "sequence \(sequence) does not follow the acknowledged \(acknowledged)")
        }
        return Origin(session: session, sequence: sequence, acknowledgedThrough: acknowledged)
    }
}

/// What stands at the front of an encoded record, read without the rest.
package struct RecordHeader: Hashable, Sendable {
    package let kind: RecordKind
    /// The origin of a transaction that has one.
    package let origin: Origin?
    /// Where in the buffer the body is: for a transaction, its own bytes.
    package let body: Range<Int>

    /// Reads the front of the record in `range` of `bytes`.
    package static func peek(
        _ bytes: [UInt8], in range: Range<Int>
    ) throws(DecodingFailure) -> RecordHeader {
        var reader = ByteReader(bytes, in: range)
        let kind = try Record.readKind(&reader)
        let origin = kind == .transaction ? try Origin.decode(&reader) : nil
        return RecordHeader(kind: kind, origin: origin, body: reader.position..<range.upperBound)
    }
}
