import Codec

extension ByteWriter {
    /// Writes one message with its length in front; `body` writes what follows the request id.
    mutating func writeMessage(
        kind: UInt8, _ identifier: RequestID, _ body: (inout ByteWriter) -> Void
    ) {
        let start = count
        writeUInt32(0)
        writeUInt8(kind)
        writeUInt32(identifier.rawValue)
        body(&self)
        patchUInt32(UInt32(count - start - 4), at: start)
    }
}

extension ByteReader {
    /// A count, checked against the bytes that its elements need at least, then the elements.
    mutating func readArray<Element>(
        limit: Int, _ what: StaticString,
        _ element: (inout ByteReader) throws(DecodingFailure) -> Element
    ) throws(DecodingFailure) -> [Element] {
        let count = try readCount(limit: min(limit, remaining), what)
        var result: [Element] = []
        result.reserveCapacity(min(count, 1_024))
        for _ in 0..<count {
            result.append(try element(&self))
        }
        return result
    }

    /// An enum case by its raw byte.
    mutating func readEnum<Value: RawRepresentable>(
        _ type: Value.Type, _ what: StaticString
    ) throws(DecodingFailure) -> Value where Value.RawValue == UInt8 {
        let place = position
        let raw = try readUInt8()
        guard let value = Value(rawValue: raw) else {
            throw .malformed(at: place, what: "unknown \(what) \(raw)")
        }
        return value
    }

    /// A varint that fits in 32 bits.
    mutating func readVarint32(_ what: StaticString) throws(DecodingFailure) -> UInt32 {
        UInt32(try readCount(limit: Int(UInt32.max), what))
    }

    /// A varint of which 0 is not a value, and not encoded as such.
    mutating func readNonzero(_ what: StaticString) throws(DecodingFailure) -> UInt64 {
        let place = position
        let value = try readVarint()
        guard value != 0 else { throw .malformed(at: place, what: "\(what) is 0") }
        return value
    }

    /// Must be 0 where the field has no meaning.
    mutating func readUnused(_ what: StaticString) throws(DecodingFailure) {
        let place = position
        guard try readVarint() == 0 else {
            throw .malformed(at: place, what: "\(what) is set where it has no meaning")
        }
    }
}

/// Bounds of texts that are for people.
enum TextLimit {
    static let addressBytes = 512
    static let descriptionBytes = 1_024
    static let reasonBytes = 64 << 10
}
