package import Codec

/// What a property holds: one type, and any number of values in order, repeats and all.
package struct PropertyContent: Hashable, Sendable {
    package let type: PropertyType
    package let values: [PropertyValue]

    /// Values that one property may have.
    package static let valueLimit = 65_536

    /// Values that are all valid as `type`; nil otherwise.
    package init?(type: PropertyType, values: [PropertyValue]) {
        guard values.count <= Self.valueLimit, values.allSatisfy({ $0.isValid(as: type) }) else {
            return nil
        }
        self.type = type
        self.values = values
    }

    fileprivate init(checked type: PropertyType, values: [PropertyValue]) {
        self.type = type
        self.values = values
    }

    /// Reads the string forms of values; nil where one is none of `type`.
    package init?(type: PropertyType, strings: [String]) {
        var values: [PropertyValue] = []
        for string in strings {
            guard let value = PropertyValue(stringBytes: Array(string.utf8), type: type) else {
                return nil
            }
            values.append(value)
        }
        self.init(type: type, values: values)
    }
}

/// The encoding of a property's content.
///
/// | bytes | field |
/// |---|---|
/// | varint | type |
/// | varint | number of values, then each |
///
/// | root of the type | bytes of a value |
/// |---|---|
/// | boolean | 0 or 1 |
/// | count | varint |
/// | integer | varint of the zigzag form: 0, -1, 1, -2 … as 0, 1, 2, 3 … |
/// | time | seconds (as an integer), nanoseconds (varint) |
/// | astring, opaque | varint length, bytes |
extension PropertyContent {
    package func encode(into writer: inout ByteWriter) {
        writer.writeVarint(UInt64(type.rawValue))
        writer.writeVarint(UInt64(values.count))
        for value in values {
            switch value {
            case .boolean(let value): writer.writeBool(value)
            case .count(let value): writer.writeVarint(value)
            case .integer(let value): writer.writeVarint(Self.zigzag(value))
            case .time(let seconds, let nanoseconds):
                writer.writeVarint(Self.zigzag(seconds))
                writer.writeVarint(UInt64(nanoseconds))
            case .text(let bytes), .opaque(let bytes): writer.writeBytes(bytes)
            }
        }
    }

    /// About as many bytes as the encoding takes.
    package var encodedBytesHint: Int {
        values.reduce(4) { sum, value in
            switch value {
            case .boolean, .count, .integer, .time: sum + 8
            case .text(let bytes), .opaque(let bytes): sum + bytes.count + 2
            }
        }
    }

    package static func decode(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> PropertyContent {
        try decode(&reader, isTrusted: false)
    }

    /// Reads what was checked before it was written where `isTrusted`, without checking it again.
    package static func decode(
        _ reader: inout ByteReader, isTrusted: Bool
    ) throws(DecodingFailure) -> PropertyContent {
        let type = try readType(&reader)
        let count = try reader.readCount(limit: valueLimit, "value count")
        var values: [PropertyValue] = []
        values.reserveCapacity(min(count, reader.remaining))
        for _ in 0..<count {
            let place = reader.position
            let value = try readValue(&reader, root: type.root)
            guard isTrusted || value.isValid(as: type) else {
                throw .malformed(at: place, what: "value is no \(type)")
            }
            values.append(value)
        }
        return PropertyContent(checked: type, values: values)
    }

    /// Steps over a content, checking as `decode` does; returns its type.
    package static func skip(
        _ reader: inout ByteReader, isTrusted: Bool
    ) throws(DecodingFailure) -> PropertyType {
        let start = reader.position
        let type = try readType(&reader)
        // The types with the usual checks cost no copy of their values.
        guard isTrusted || type == .astring || type == .opaque else {
            reader = ByteReader(reader.bytes, in: start..<reader.end)
            return try decode(&reader, isTrusted: isTrusted).type
        }
        let count = try reader.readCount(limit: valueLimit, "value count")
        let root = type.root
        for _ in 0..<count {
            let place = reader.position
            guard root == .astring || root == .opaque else {
                _ = try readValue(&reader, root: root)
                continue
            }
            let isOpaque = root == .opaque
            let bytes = try reader.readCount(
                limit: isOpaque ? PropertyValue.opaqueBytes : PropertyValue.textBytes,
                isOpaque ? "opaque value" : "text value")
            let range = try reader.skip(bytes)
            guard isTrusted || isOpaque || !reader.bytes.contains(0, in: range) else {
                throw .malformed(at: place, what: "value is no \(type)")
            }
        }
        return type
    }

    private static func readType(
        _ reader: inout ByteReader
    ) throws(DecodingFailure) -> PropertyType {
        let start = reader.position
        let number = try reader.readCount(limit: Int(UInt16.max), "property type")
        guard let type = PropertyType(rawValue: UInt16(number)) else {
            throw .malformed(at: start, what: "unknown property type \(number)")
        }
        return type
    }

    private static func readValue(
        _ reader: inout ByteReader, root: PropertyType
    ) throws(DecodingFailure) -> PropertyValue {
        switch root {
        case .boolean:
            return .boolean(try reader.readBool())
        case .count:
            return .count(try reader.readVarint())
        case .integer:
            return .integer(integer(zigzag: try reader.readVarint()))
        case .time:
            let seconds = integer(zigzag: try reader.readVarint())
            let nanoseconds = try reader.readCount(limit: 999_999_999, "nanoseconds")
            return .time(seconds: seconds, nanoseconds: UInt32(nanoseconds))
        case .opaque:
            return .opaque(
                try reader.readBytes(limit: PropertyValue.opaqueBytes, "opaque value"))
        case .astring, .ustring, .uri, .fmri, .host, .hostname, .netAddress, .netAddressV4,
            .netAddressV6:
            return .text(try reader.readBytes(limit: PropertyValue.textBytes, "text value"))
        }
    }

    private static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1 ^ value >> 63)
    }

    private static func integer(zigzag word: UInt64) -> Int64 {
        Int64(bitPattern: word >> 1) ^ -Int64(bitPattern: word & 1)
    }
}
