package import Codec
import Transactions

/// | field | form |
/// |---|---|
/// | format | byte, 1 |
/// | name | string |
/// | kind | byte |
/// | stores | varint count, a byte each |
/// | key prefixes | varint count, a string each |
/// | conditions | varint count, (demand byte, its fields, message string) each |
/// | program | string |
/// | arguments | varint count, a string each |
/// | time-out, milliseconds | varint |
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
        return definition
    }
}

/// | demand | byte | fields |
/// |---|--:|---|
/// | no change | 1 | key prefix |
/// | no deletion | 2 | key prefix |
/// | some change | 3 | key prefix |
/// | transaction property | 4 | name |
/// | most changes | 5 | varint |
/// | row present | 6 | store byte, key bytes |
/// | row absent | 7 | store byte, key bytes |
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
        }
        writer.writeString(message)
    }

    static func decode(_ reader: inout ByteReader) throws(DecodingFailure) -> TriggerCondition {
        let start = reader.position
        let limit = TriggerBounds.textBytes
        let demand: Demand
        switch try reader.readUInt8() {
        case 1: demand = .noChange(keyPrefix: try reader.readString(limit: limit, "prefix"))
        case 2: demand = .noDeletion(keyPrefix: try reader.readString(limit: limit, "prefix"))
        case 3: demand = .someChange(keyPrefix: try reader.readString(limit: limit, "prefix"))
        case 4: demand = .transactionProperty(name: try reader.readString(limit: limit, "name"))
        case 5: demand = .mostChanges(try reader.readVarint())
        case 6:
            let store = StoreID(rawValue: try reader.readUInt8())
            demand = .rowPresent(store: store, key: try reader.readBytes(limit: limit, "key"))
        case 7:
            let store = StoreID(rawValue: try reader.readUInt8())
            demand = .rowAbsent(store: store, key: try reader.readBytes(limit: limit, "key"))
        default: throw .malformed(at: start, what: "unknown demand of a trigger")
        }
        return TriggerCondition(demand, message: try reader.readString(limit: limit, "message"))
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
