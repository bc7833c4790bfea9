package import Codec
import Transactions

/// The encoding of a definition; a string is its length as a varint, then UTF-8.
///
/// | field | form |
/// |---|---|
/// | format | byte, 1 |
/// | name | string |
/// | kind | byte: 1 pre-commit, 2 post-commit, 3 on-rollback |
/// | stores | varint count, a byte each |
/// | key prefixes | varint count, a string each |
/// | conditions | varint count, (demand and its fields as below, message string) each |
/// | program | string |
/// | arguments | varint count, a string each |
/// | time-out, milliseconds | varint |
/// | attempt limit, 0 for none | varint |
extension TriggerDefinition {
    package func encode(into writer: inout ByteWriter) {
        writer.writeUInt8(1)
        writer.writeString(name)
        writer.writeUInt8(kind.rawValue)
        writer.writeVarint(UInt64(stores.count))
        for store in stores {
            writer.writeUInt8(store.rawValue)
        }
        writer.writeStrings(keyPrefixes)
        writer.writeVarint(UInt64(conditions.count))
        for condition in conditions {
            condition.encode(into: &writer)
        }
        writer.writeString(program)
        writer.writeStrings(arguments)
        writer.writeVarint(timeoutMilliseconds)
        writer.writeVarint(attemptLimit)
    }

    /// The whole of what a row or a change holds; nil if it is no definition.
    package init?(encoded bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let definition = try? Self.decode(&reader), reader.isAtEnd else { return nil }
        self = definition
    }

    package static func decode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> TriggerDefinition {
        let start = reader.position
        guard try reader.readUInt8() == 1 else {
            throw .malformed(at: start, what: "unknown format of a trigger")
        }
        let name = try reader.readString(limit: TriggerBounds.textBytes, "trigger name")
        let kindAt = reader.position
        guard let kind = Kind(rawValue: try reader.readUInt8()) else {
            throw .malformed(at: kindAt, what: "unknown kind of trigger")
        }
        var definition = TriggerDefinition(name: name, kind: kind)
        for _ in 0..<(try reader.readCount(limit: TriggerBounds.stores, "stores")) {
            definition.stores.append(StoreID(rawValue: try reader.readUInt8()))
        }
        definition.keyPrefixes = try reader.readStrings(
            limit: TriggerBounds.keyPrefixes, "key prefixes")
        for _ in 0..<(try reader.readCount(limit: TriggerBounds.conditions, "conditions")) {
            definition.conditions.append(try TriggerCondition.decode(&reader))
        }
        definition.program = try reader.readString(limit: TriggerBounds.textBytes, "program")
        definition.arguments = try reader.readStrings(
            limit: TriggerBounds.arguments, "arguments")
        definition.timeoutMilliseconds = try reader.readVarint()
        definition.attemptLimit = try reader.readVarint()
        return definition
    }
}

/// The encoding of a condition: its demand, then its message.
///
/// | demand | byte | fields |
/// |---|--:|---|
/// | no change | 1 | key prefix |
/// | no deletion | 2 | key prefix |
/// | some change | 3 | key prefix |
/// | transaction property | 4 | name |
/// | most changes | 5 | varint |
/// | row present | 6 | store byte, key (varint length, bytes) |
/// | row absent | 7 | store byte, key (varint length, bytes) |
/// | present | 8 | store byte, key string |
/// | absent | 9 | store byte, key string |
/// | typed | 10 | store byte, key string, type string |
/// | equal | 11 | store byte, key string, varint count, a string each |
/// | in range | 12 | store byte, key string, lower and upper (8 bytes each, two's complement) |
extension TriggerCondition {
    func encode(into writer: inout ByteWriter) {
        switch demand {
        case .noChange(let prefix):
            writer.writeUInt8(1)
            writer.writeString(prefix)
        case .noDeletion(let prefix):
            writer.writeUInt8(2)
            writer.writeString(prefix)
        case .someChange(let prefix):
            writer.writeUInt8(3)
            writer.writeString(prefix)
        case .transactionProperty(let name):
            writer.writeUInt8(4)
            writer.writeString(name)
        case .mostChanges(let count):
            writer.writeUInt8(5)
            writer.writeVarint(count)
        case .rowPresent(let store, let key):
            writer.writeUInt8(6)
            writer.writeUInt8(store.rawValue)
            writer.writeBytes(key)
        case .rowAbsent(let store, let key):
            writer.writeUInt8(7)
            writer.writeUInt8(store.rawValue)
            writer.writeBytes(key)
        case .present(let store, let key):
            Self.write(8, store, key, into: &writer)
        case .absent(let store, let key):
            Self.write(9, store, key, into: &writer)
        case .typed(let store, let key, let type):
            Self.write(10, store, key, into: &writer)
            writer.writeString(type)
        case .equal(let store, let key, let values):
            Self.write(11, store, key, into: &writer)
            writer.writeStrings(values)
        case .inRange(let store, let key, let lower, let upper):
            Self.write(12, store, key, into: &writer)
            writer.writeUInt64(UInt64(bitPattern: lower))
            writer.writeUInt64(UInt64(bitPattern: upper))
        }
        writer.writeString(message)
    }

    static func decode(_ reader: inout ByteReader) throws(DecodingFailure) -> TriggerCondition {
        let demand = try Demand.decode(&reader)
        return TriggerCondition(
            demand, message: try reader.readString(limit: TriggerBounds.textBytes, "message"))
    }

    private static func write(
        _ demand: UInt8, _ store: StoreID, _ key: String, into writer: inout ByteWriter
    ) {
        writer.writeUInt8(demand)
        writer.writeUInt8(store.rawValue)
        writer.writeString(key)
    }
}

extension TriggerCondition.Demand {
    fileprivate static func decode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> TriggerCondition.Demand {
        let start = reader.position
        let limit = TriggerBounds.textBytes
        let byte = try reader.readUInt8()
        switch byte {
        case 1: return .noChange(keyPrefix: try reader.readString(limit: limit, "prefix"))
        case 2: return .noDeletion(keyPrefix: try reader.readString(limit: limit, "prefix"))
        case 3: return .someChange(keyPrefix: try reader.readString(limit: limit, "prefix"))
        case 4: return .transactionProperty(name: try reader.readString(limit: limit, "name"))
        case 5: return .mostChanges(try reader.readVarint())
        case 6:
            let store = StoreID(rawValue: try reader.readUInt8())
            return .rowPresent(store: store, key: try reader.readBytes(limit: limit, "key"))
        case 7:
            let store = StoreID(rawValue: try reader.readUInt8())
            return .rowAbsent(store: store, key: try reader.readBytes(limit: limit, "key"))
        case 8...12: return try decodeFact(byte, &reader)
        default: throw .malformed(at: start, what: "unknown demand of a trigger")
        }
    }

    /// The demands on what a store holds under a name, numbers 8 to 12.
    private static func decodeFact(
        _ byte: UInt8, _ reader: inout ByteReader
    ) throws(DecodingFailure) -> TriggerCondition.Demand {
        let limit = TriggerBounds.textBytes
        let store = StoreID(rawValue: try reader.readUInt8())
        let key = try reader.readString(limit: limit, "key")
        switch byte {
        case 8: return .present(store, key: key)
        case 9: return .absent(store, key: key)
        case 10: return .typed(store, key: key, type: try reader.readString(limit: limit, "type"))
        case 11:
            let values = try reader.readStrings(limit: TriggerBounds.values, "values")
            return .equal(store, key: key, values: values)
        default:
            let lower = Int64(bitPattern: try reader.readUInt64())
            return .inRange(
                store, key: key, lower: lower, upper: Int64(bitPattern: try reader.readUInt64()))
        }
    }
}

extension ByteWriter {
    mutating func writeStrings(_ texts: [String]) {
        writeVarint(UInt64(texts.count))
        for text in texts {
            writeString(text)
        }
    }
}

extension ByteReader {
    mutating func readStrings(
        limit: Int, _ what: StaticString
    ) throws(DecodingFailure) -> [String] {
        var texts: [String] = []
        for _ in 0..<(try readCount(limit: limit, what)) {
            texts.append(try readString(limit: TriggerBounds.textBytes, what))
        }
        return texts
    }
}
