package import Identifiers

/// Reads what `ByteWriter` writes, and refuses what it could not have written.
///
/// Nothing is allocated on the word of a length before that length has been compared with the bytes
/// that are really there. Every failing read throws `DecodingFailure` with the offset.
package struct ByteReader: Sendable {
    package let bytes: [UInt8]
    /// The offset of the next byte.
    package private(set) var position: Int
    /// The offset behind the last byte that may be read.
    package let end: Int

    package init(_ bytes: [UInt8]) {
        self.init(bytes, in: 0..<bytes.count)
    }

    /// Reads `[range.lowerBound, range.upperBound)` of `bytes`, which must contain it.
    package init(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= bytes.count,
            "range \(range) of \(bytes.count) bytes")
        self.bytes = bytes
        self.position = range.lowerBound
        self.end = range.upperBound
    }

    package var remaining: Int {
        end - position
    }

    package var isAtEnd: Bool {
        position == end
    }

    package mutating func readUInt8() throws(DecodingFailure) -> UInt8 {
        guard position < end else { throw .truncated(at: position, wanted: 1) }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func readUInt16() throws(DecodingFailure) -> UInt16 {
        try readLittleEndian()
    }

    package mutating func readUInt32() throws(DecodingFailure) -> UInt32 {
        try readLittleEndian()
    }

    package mutating func readUInt64() throws(DecodingFailure) -> UInt64 {
        try readLittleEndian()
    }

    /// A varint of at most ten bytes whose value fits in 64 bits.
    package mutating func readVarint() throws(DecodingFailure) -> UInt64 {
        if position < end, bytes[position] < 0x80 {
            defer { position += 1 }
            return UInt64(bytes[position])
        }
        var result: UInt64 = 0
        var shift: UInt64 = 0
        let start = position
        while true {
            let byte = try readUInt8()
            if shift == 63, byte > 1 { throw .malformed(at: start, what: "varint over 64 bits") }
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
            if shift > 63 { throw .malformed(at: start, what: "varint over ten bytes") }
        }
    }

    /// A varint that must lie in `[0, limit]`.
    package mutating func readCount(limit: Int, _ what: StaticString) throws(DecodingFailure) -> Int
    {
        let start = position
        let value = try readVarint()
        guard value <= UInt64(limit) else {
            throw .overLimit(at: start, what: "\(what)", value: value, limit: UInt64(limit))
        }
        return Int(value)
    }

    package mutating func readBool() throws(DecodingFailure) -> Bool {
        let start = position
        switch try readUInt8() {
        case 0: return false
        case 1: return true
        default: throw .malformed(at: start, what: "boolean is neither 0 nor 1")
        }
    }

    /// Exactly `count` bytes.
    package mutating func readRaw(_ count: Int) throws(DecodingFailure) -> [UInt8] {
        Array(bytes[try skip(count)])
    }

    /// A varint length of at most `limit`, then that many bytes.
    package mutating func readBytes(
        limit: Int, _ what: StaticString
    ) throws(DecodingFailure) -> [UInt8] {
        let count = try readCount(limit: limit, what)
        return try readRaw(count)
    }

    /// A varint length of at most `limit` bytes, then well-formed UTF-8.
    package mutating func readString(
        limit: Int, _ what: StaticString
    ) throws(DecodingFailure) -> String {
        let count = try readCount(limit: limit, what)
        let start = position
        let range = try skip(count)
        // Nearly all are ASCII, where there is nothing to validate.
        if bytes[range].allSatisfy({ $0 < 0x80 }) {
            return String(decoding: bytes[range], as: UTF8.self)
        }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw .malformed(at: start, what: "\(what) is not UTF-8")
        }
        return text
    }

    package mutating func readBits128() throws(DecodingFailure) -> Bits128 {
        let high = try readUInt64()
        return Bits128(high: high, low: try readUInt64())
    }

    package mutating func readVarint<ID: NumericIdentifier>(
        _ type: ID.Type
    ) throws(DecodingFailure) -> ID {
        ID(try readVarint())
    }

    package mutating func readUInt64<ID: NumericIdentifier>(
        _ type: ID.Type
    ) throws(DecodingFailure) -> ID {
        ID(try readUInt64())
    }

    /// Steps over `count` bytes and tells where they are in `bytes`.
    package mutating func skip(_ count: Int) throws(DecodingFailure) -> Range<Int> {
        guard count >= 0, count <= end - position else {
            throw .truncated(at: position, wanted: count)
        }
        defer { position += count }
        return position..<(position + count)
    }

    /// Throws unless everything has been read.
    package func finish() throws(DecodingFailure) {
        guard position == end else {
            throw .malformed(at: position, what: "\(end - position) bytes too many")
        }
    }

    private mutating func readLittleEndian<Integer: FixedWidthInteger & BitwiseCopyable>()
        throws(DecodingFailure) -> Integer
    {
        let range = try skip(MemoryLayout<Integer>.size)
        // The range was found to lie within the bytes.
        return unsafe bytes.withUnsafeBytes { buffer in
            unsafe Integer(
                littleEndian: buffer.loadUnaligned(
                    fromByteOffset: range.lowerBound, as: Integer.self))
        }
    }
}
