package import Identifiers

/// Reads what `ByteWriter` writes, and refuses what it could not have written.
///
/// Nothing is allocated on the word of a length before that length has been compared with the bytes
/// that are really there. Every failing read throws `DecodingFailure` with the offset.
package struct ByteReader: Sendable {
    package let bytes: [UInt8]
    /// What `position` gives.
    @usableFromInline var place: Int
    /// The offset behind the last byte that may be read.
    package let end: Int

    @inlinable package init(_ bytes: [UInt8]) {
        self.init(bytes, in: 0..<bytes.count)
    }

    /// Reads `[range.lowerBound, range.upperBound)` of `bytes`, which must contain it.
    @inlinable package init(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= bytes.count,
            "range \(range) of \(bytes.count) bytes")
        self.bytes = bytes
        self.place = range.lowerBound
        self.end = range.upperBound
    }

    /// The offset of the next byte.
    @inlinable package var position: Int {
        place
    }

    @inlinable package var remaining: Int {
        end - place
    }

    @inlinable package var isAtEnd: Bool {
        place == end
    }

    @inlinable package mutating func readUInt8() throws(DecodingFailure) -> UInt8 {
        guard place < end else { throw .truncated(at: place, wanted: 1) }
        let byte = bytes[place]
        place += 1
        return byte
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
    @inlinable package mutating func readVarint() throws(DecodingFailure) -> UInt64 {
        if place < end {
            let byte = bytes[place]
            if byte < 0x80 {
                place += 1
                return UInt64(byte)
            }
        }
        return try readLongVarint()
    }

    /// A varint of any length; apart, so that the short ones' reading is small enough to be inlined.
    @usableFromInline mutating func readLongVarint() throws(DecodingFailure) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        let start = place
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
    @inlinable package mutating func readCount(
        limit: Int, _ what: StaticString
    ) throws(DecodingFailure) -> Int {
        let start = place
        let value = try readVarint()
        guard value <= UInt64(limit) else {
            throw Self.overLimit(at: start, what, value, limit)
        }
        return Int(value)
    }

    @usableFromInline static func overLimit(
        at offset: Int, _ what: StaticString, _ value: UInt64, _ limit: Int
    ) -> DecodingFailure {
        .overLimit(at: offset, what: "\(what)", value: value, limit: UInt64(limit))
    }

    @inlinable package mutating func readBool() throws(DecodingFailure) -> Bool {
        let start = place
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
        let start = place
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

    @inlinable package mutating func readVarint<ID: NumericIdentifier>(
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
    @inlinable package mutating func skip(_ count: Int) throws(DecodingFailure) -> Range<Int> {
        let start = place
        guard count >= 0, count <= end - start else {
            throw .truncated(at: start, wanted: count)
        }
        place = start + count
        return start..<place
    }

    /// Throws unless everything has been read.
    @inlinable package func finish() throws(DecodingFailure) {
        guard place == end else { throw excess() }
    }

    @usableFromInline func excess() -> DecodingFailure {
        .malformed(at: place, what: "\(end - place) bytes too many")
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
