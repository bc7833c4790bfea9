package import Codec
import Identifiers

/// The encoding of a transaction, the same in a client's message and in the log.
///
/// | bytes | field |
/// |---|---|
/// | 1 | format (1) in the high four bits, completion mode in the low four |
/// | varint | number of steps, then each step |
/// | varint | number of expectations, then each expectation |
/// | varint | number of properties, then each: name (varint length, UTF-8), value (varint length, bytes) |
///
/// A step begins with the store's number, which is never 0, or with 0 for an abort:
///
/// | step | bytes after the first |
/// |---|---|
/// | operation | kind (1), body (varint length, bytes) |
/// | abort | reason (varint length, UTF-8) |
///
/// An expectation begins with its kind and the store's number:
///
/// | kind | expectation | bytes after the store |
/// |---|---|---|
/// | 1 | key at version | key (varint length, bytes), version (varint) |
/// | 2 | key absent | key (varint length, bytes) |
/// | 3 | range digest | lower, upper (varint length, bytes each), digest (16) |
extension Transaction {
    static let format: UInt8 = 1
    /// Bytes of a transaction property's name, of an abort's reason.
    package static let propertyNameBytes = 255
    package static let reasonBytes = 4_096

    package func encode(into writer: inout ByteWriter) {
        writer.writeUInt8(Self.format << 4 | completionMode.rawValue)
        writer.writeVarint(UInt64(steps.count))
        for step in steps {
            step.encode(into: &writer)
        }
        writer.writeVarint(UInt64(expectations.count))
        for expectation in expectations {
            expectation.encode(into: &writer)
        }
        TransactionProperty.encode(properties, into: &writer)
    }

    /// The encoding alone.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.take()
    }

    /// Reads a transaction and checks it against `limits`; leaves what follows it unread.
    package static func decode(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Transaction {
        let start = reader.position
        let mode = try readFormat(&reader)
        let stepCount = try reader.readCount(limit: limits.operationsPerTransaction, "step count")
        var steps: [Step] = []
        steps.reserveCapacity(min(stepCount, reader.remaining))
        for _ in 0..<stepCount {
            steps.append(try Step.decode(&reader, limits: limits))
        }
        let expectationCount = try reader.readCount(
            limit: limits.expectationsPerTransaction, "expectation count")
        var expectations: [Expectation] = []
        expectations.reserveCapacity(min(expectationCount, reader.remaining))
        for _ in 0..<expectationCount {
            expectations.append(try Expectation.decode(&reader, limits: limits))
        }
        let properties = try TransactionProperty.decodeList(&reader, limits: limits)
        let byteCount = reader.position - start
        guard byteCount <= limits.transactionBytes else {
            throw .overLimit(
                at: start, what: "transaction bytes", value: UInt64(byteCount),
                limit: UInt64(limits.transactionBytes))
        }
        return Transaction(
            steps: steps, expectations: expectations, properties: properties, completionMode: mode)
    }

    /// Reads a transaction that fills `bytes`.
    package static func decode(
        _ bytes: [UInt8], limits: Limits
    ) throws(DecodingFailure) -> Transaction {
        var reader = ByteReader(bytes)
        let transaction = try decode(&reader, limits: limits)
        try reader.finish()
        return transaction
    }

    private static func readFormat(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> CompletionMode {
        let start = reader.position
        let byte = try reader.readUInt8()
        guard byte >> 4 == format else {
            throw .malformed(at: start, what: "transaction of unknown format \(byte >> 4)")
        }
        guard let mode = CompletionMode(rawValue: byte & 0x0F) else {
            throw .malformed(at: start, what: "unknown completion mode \(byte & 0x0F)")
        }
        return mode
    }
}

extension Step {
    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .operation(let operation):
            precondition(operation.store.rawValue != 0, "store number 0")
            writer.writeUInt8(operation.store.rawValue)
            writer.writeUInt8(operation.kind)
            writer.writeBytes(operation.body)
        case .abort(let reason):
            writer.writeUInt8(0)
            writer.writeString(reason)
        }
    }

    fileprivate static func decode(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Step {
        let store = try reader.readUInt8()
        guard store != 0 else {
            return .abort(
                reason: try reader.readString(limit: Transaction.reasonBytes, "abort reason"))
        }
        let kind = try reader.readUInt8()
        let body = try reader.readBytes(limit: limits.transactionBytes, "operation body")
        return .operation(Operation(store: StoreID(rawValue: store), kind: kind, body: body))
    }
}

extension Expectation {
    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .keyAtVersion(let store, let key, let version):
            writer.writeUInt8(1)
            writer.writeUInt8(store.rawValue)
            writer.writeBytes(key)
            writer.writeVarint(version)
        case .keyAbsent(let store, let key):
            writer.writeUInt8(2)
            writer.writeUInt8(store.rawValue)
            writer.writeBytes(key)
        case .rangeDigest(let store, let lower, let upper, let digest):
            writer.writeUInt8(3)
            writer.writeUInt8(store.rawValue)
            writer.writeBytes(lower)
            writer.writeBytes(upper)
            writer.writeBits128(digest)
        }
    }

    fileprivate static func decode(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> Expectation {
        let start = reader.position
        let kind = try reader.readUInt8()
        let store = StoreID(rawValue: try reader.readUInt8())
        let key = try reader.readBytes(limit: limits.keyBytes, "key")
        switch kind {
        case 1:
            return .keyAtVersion(
                store: store, key: key, version: try reader.readVarint(LogIndex.self))
        case 2:
            return .keyAbsent(store: store, key: key)
        case 3:
            let upper = try reader.readBytes(limit: limits.keyBytes, "key")
            return .rangeDigest(
                store: store, lower: key, upper: upper, digest: try reader.readBits128())
        default:
            throw .malformed(at: start, what: "unknown expectation \(kind)")
        }
    }
}

extension TransactionProperty {
    static func encode(_ list: [TransactionProperty], into writer: inout ByteWriter) {
        writer.writeVarint(UInt64(list.count))
        for property in list {
            writer.writeString(property.name)
            writer.writeBytes(property.value)
        }
    }

    /// Reads a counted list, which must be sorted by name (in UTF-8) without repeats.
    static func decodeList(
        _ reader: inout ByteReader, limits: Limits
    ) throws(DecodingFailure) -> [TransactionProperty] {
        let count = try reader.readCount(limit: limits.transactionProperties, "property count")
        var list: [TransactionProperty] = []
        for _ in 0..<count {
            let start = reader.position
            let name = try reader.readString(limit: Transaction.propertyNameBytes, "property name")
            guard !name.isEmpty else {
                throw .malformed(at: start, what: "empty transaction property name")
            }
            if let last = list.last, !last.name.utf8.lexicographicallyPrecedes(name.utf8) {
                throw .malformed(at: start, what: "transaction properties are not sorted by name")
            }
            let value = try reader.readBytes(limit: limits.valueBytes, "property value")
            list.append(TransactionProperty(name: name, value: value))
        }
        return list
    }
}
