package import Codec
package import Identifiers

/// The encoding of an outcome.
///
/// | bytes | field |
/// |---|---|
/// | 1 | 1 committed, 2 aborted |
/// | varint | index |
/// | committed | number of results (varint), then each (varint length, bytes) |
/// | aborted | `Abort` |
extension Outcome {
    package func encode(into writer: inout ByteWriter) {
        switch self {
        case .committed(let index, let results):
            Self.encodeFront(committedAt: index, results: results.count, into: &writer)
            for result in results {
                writer.writeBytes(result)
            }
        case .aborted(let index, let abort):
            writer.writeUInt8(2)
            writer.writeVarint(index)
            abort.encode(into: &writer)
        }
    }

    /// Writes what stands before the results.
    package static func encodeFront(
        committedAt index: LogIndex, results: Int, into writer: inout ByteWriter
    ) {
        writer.writeUInt8(1)
        writer.writeVarint(index)
        writer.writeVarint(UInt64(results))
    }

    /// The encoding alone.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.take()
    }

    /// Reads an outcome; leaves what follows it unread.
    package static func decode(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Outcome {
        try decode(
            &reader, results: limits.operationsPerTransaction, resultBytes: limits.resultBytes)
    }

    /// Reads an outcome of at most `results` results, each of at most `resultBytes` bytes.
    package static func decode(
        _ reader: inout ByteReader, results most: Int, resultBytes: Int
    ) throws(DecodingFailure) -> Outcome {
        let start = reader.position
        let kind = try reader.readUInt8()
        let index = try reader.readVarint(LogIndex.self)
        switch kind {
        case 1:
            let count = try reader.readCount(limit: most, "result count")
            var results: [[UInt8]] = []
            results.reserveCapacity(min(count, reader.remaining))
            for _ in 0..<count {
                results.append(try reader.readBytes(limit: resultBytes, "result"))
            }
            return .committed(index: index, results: results)
        case 2:
            return .aborted(index: index, try Abort.decode(&reader, steps: most))
        default:
            throw .malformed(at: start, what: "unknown outcome \(kind)")
        }
    }
}

/// What stands at the front of an encoded outcome, read without the rest.
package enum OutcomeHeader: Hashable, Sendable {
    case committed(index: LogIndex)
    case aborted(index: LogIndex, AbortCode)

    /// Reads the front of the outcome that fills `bytes`.
    package static func peek(_ bytes: [UInt8]) throws(DecodingFailure) -> OutcomeHeader {
        var reader = ByteReader(bytes)
        let kind = try reader.readUInt8()
        let index = try reader.readVarint(LogIndex.self)
        switch kind {
        case 1:
            return .committed(index: index)
        case 2:
            _ = try reader.readVarint()
            return .aborted(index: index, try Abort.readCode(&reader))
        default:
            throw .malformed(at: 0, what: "unknown outcome \(kind)")
        }
    }
}

/// The encoding of an abort.
///
/// | bytes | field |
/// |---|---|
/// | varint | 0, or the step plus 1 |
/// | 1 | code |
/// | varint length, UTF-8 | message |
extension Abort {
    /// Bytes of a message; the executor cuts longer ones.
    package static let messageBytes = 8_192

    package func encode(into writer: inout ByteWriter) {
        writer.writeVarint(step.map { UInt64($0) + 1 } ?? 0)
        writer.writeUInt8(code.rawValue)
        writer.writeString(message)
    }

    /// Reads an abort of one of at most `steps` steps.
    package static func decode(
        _ reader: inout ByteReader, steps: Int
    ) throws(DecodingFailure) -> Abort {
        let place = try reader.readCount(limit: steps, "step")
        let code = try readCode(&reader)
        let message = try reader.readString(limit: messageBytes, "abort message")
        return Abort(step: place == 0 ? nil : place - 1, code: code, message: message)
    }

    fileprivate static func readCode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> AbortCode {
        let start = reader.position
        let byte = try reader.readUInt8()
        guard let code = AbortCode(rawValue: byte) else {
            throw .malformed(at: start, what: "unknown abort code \(byte)")
        }
        return code
    }
}

/// The encoding of a change set.
///
/// | bytes | field |
/// |---|---|
/// | 1 | format (1) in the high four bits; bit 0: aborted |
/// | varint | index |
/// | varint | replicated time in ms |
/// | varint | number of transaction properties, then each as in `Transaction` |
/// | aborted | `Abort` |
/// | otherwise | number of changes (varint), then each |
///
/// | bytes | field of a change |
/// |---|---|
/// | varint | step |
/// | 1 | store |
/// | 1 | bit 0: it has an old value, bit 1: a new one |
/// | varint length, UTF-8 | key |
/// | varint length, bytes | old value, if there is one |
/// | varint length, bytes | new value, if there is one |
extension ChangeSet {
    private static let format: UInt8 = 1

    package func encode(into writer: inout ByteWriter) {
        Self.encodeFront(
            index: index, timeMilliseconds: timeMilliseconds, properties: properties,
            isAborted: abort != nil, into: &writer)
        if let abort {
            precondition(changes.isEmpty, "an aborted transaction with \(changes.count) changes")
            abort.encode(into: &writer)
            return
        }
        writer.writeVarint(UInt64(changes.count))
        for change in changes {
            change.encode(into: &writer)
        }
    }

    /// Writes what stands before the abort or the changes.
    package static func encodeFront(
        index: LogIndex, timeMilliseconds: UInt64, properties: [TransactionProperty],
        isAborted: Bool, into writer: inout ByteWriter
    ) {
        writer.writeUInt8(format << 4 | (isAborted ? 1 : 0))
        writer.writeVarint(index)
        writer.writeVarint(timeMilliseconds)
        TransactionProperty.encode(properties, into: &writer)
    }

    /// The encoding alone.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.take()
    }

    /// Reads a change set; leaves what follows it unread.
    package static func decode(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> ChangeSet {
        let start = reader.position
        let byte = try reader.readUInt8()
        guard byte >> 4 == format, byte & 0x0F <= 1 else {
            throw .malformed(at: start, what: "change set of unknown format \(byte)")
        }
        let index = try reader.readVarint(LogIndex.self)
        let time = try reader.readVarint()
        let properties = try TransactionProperty.decodeList(&reader, limits: limits)
        var changes: [Change] = []
        var abort: Abort?
        if byte & 1 == 1 {
            abort = try Abort.decode(&reader, steps: limits.operationsPerTransaction)
        } else {
            let count = try reader.readCount(limit: limits.changesPerTransaction, "change count")
            changes.reserveCapacity(min(count, reader.remaining / Change.leastBytes))
            for _ in 0..<count {
                changes.append(
                    try Change.decode(
                        &reader, steps: limits.operationsPerTransaction,
                        keyBytes: limits.keyBytes, valueBytes: limits.resultBytes))
            }
        }
        return ChangeSet(
            index: index, timeMilliseconds: time, properties: properties, changes: changes,
            abort: abort)
    }
}

extension Change {
    fileprivate static let leastBytes = 4

    fileprivate func encode(into writer: inout ByteWriter) {
        writer.writeVarint(UInt64(step))
        writer.writeUInt8(store.rawValue)
        writer.writeUInt8((old == nil ? 0 : 1) | (new == nil ? 0 : 2))
        writer.writeString(key)
        if let old {
            writer.writeBytes(old)
        }
        if let new {
            writer.writeBytes(new)
        }
    }

    package static func decode(
        _ reader: inout ByteReader, steps: Int, keyBytes: Int, valueBytes: Int
    ) throws(DecodingFailure) -> Change {
        let step = try reader.readCount(limit: steps, "step")
        let store = StoreID(rawValue: try reader.readUInt8())
        let start = reader.position
        let flags = try reader.readUInt8()
        guard flags <= 3 else { throw .malformed(at: start, what: "change with flags \(flags)") }
        let key = try reader.readString(limit: keyBytes, "change key")
        let old = flags & 1 == 0 ? nil : try reader.readBytes(limit: valueBytes, "old")
        let new = flags & 2 == 0 ? nil : try reader.readBytes(limit: valueBytes, "new")
        return Change(step: UInt32(step), store: store, key: key, old: old, new: new)
    }
}

extension Limits {
    /// Bytes of all results of one transaction, and of one change's value.
    package var resultBytes: Int {
        transactionBytes
    }

    /// Bytes of one encoded outcome: results with their lengths, or an abort.
    package var outcomeBytes: Int {
        resultBytes + operationsPerTransaction * 5 + Abort.messageBytes + 32
    }

    /// Bytes of one encoded change set: changes and what stands before each, properties, an abort.
    package var changeSetBytes: Int {
        changeBytesPerTransaction + changesPerTransaction * 20 + transactionBytes
            + Abort.messageBytes + 64
    }

    /// Bytes of any row's value that applying may leave, and that a snapshot may hold.
    package var rowBytes: Int {
        max(rowPartBytes, changeSetBytes, outcomeBytes, valueBytes) + 4_096
    }

    /// Changes that one transaction may make.
    package var changesPerTransaction: Int {
        operationsPerTransaction * 10
    }

    /// Bytes of rows that the steps of one transaction may write anew to change a part of them.
    ///
    /// This is work for the apply thread of every node, during which nothing else is applied.
    package var rewrittenBytesPerTransaction: Int {
        transactionBytes * 64
    }

    /// Rows that the range digests of one transaction may cover together.
    package var digestedRowsPerTransaction: Int {
        expectationsPerTransaction * 10
    }

    /// Bytes of the keys and values of all changes of one transaction.
    package var changeBytesPerTransaction: Int {
        transactionBytes * 4
    }
}
