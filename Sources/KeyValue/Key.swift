package import Identifiers

/// Builds a key out of components so that byte order of keys is the order of the component tuples.
///
/// Components carry no type tag: whoever reads a key space knows what follows what. Each component
/// but the raw ones is self-delimiting, so the bytes of the first components are the prefix of
/// exactly the keys that begin with these components (`KeyRange(prefix: encoder.bytes)`).
///
/// | component | bytes |
/// |---|---|
/// | byte | the byte |
/// | `UInt64` in `[0, 248)` | the value in one byte, `00` … `F7` |
/// | `UInt64` above | `F7 + n`, then the value in its fewest bytes n = 1 … 8, big-endian |
/// | bytes, string (UTF-8) | each byte, `00` as `00 FF`; then the end mark `00 01` |
/// | start of bytes or of a string | the same without the end mark; only for the end of a range |
/// | rest | the bytes as they are; only as the last component |
package struct KeyEncoder: Sendable {
    package private(set) var bytes: [UInt8]

    /// Starts with `prefix`, as a rule the byte of a key space.
    package init(_ prefix: [UInt8] = []) {
        bytes = prefix
    }

    package mutating func append(byte: UInt8) {
        bytes.append(byte)
    }

    package mutating func append(_ value: UInt64) {
        OrderedInteger.append(value, to: &bytes)
    }

    package mutating func append<ID: NumericIdentifier>(_ identifier: ID) {
        OrderedInteger.append(identifier.rawValue, to: &bytes)
    }

    package mutating func append(_ string: String) {
        append(startOf: string)
        appendEndMark()
    }

    package mutating func append(_ component: [UInt8]) {
        append(startOf: component)
        appendEndMark()
    }

    /// Appends a string without its end mark, to range over all strings that begin so.
    package mutating func append(startOf string: String) {
        for byte in string.utf8 {
            appendEscaped(byte)
        }
    }

    /// Appends bytes without their end mark, to range over all byte strings that begin so.
    package mutating func append(startOf component: [UInt8]) {
        for byte in component {
            appendEscaped(byte)
        }
    }

    /// Appends bytes as they are; nothing may follow them.
    package mutating func append(rest: [UInt8]) {
        bytes.append(contentsOf: rest)
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        bytes.append(byte)
        if byte == 0 {
            bytes.append(0xFF)
        }
    }

    private mutating func appendEndMark() {
        bytes.append(0x00)
        bytes.append(0x01)
    }
}

/// Why the bytes of a key are not what its key space should hold; offsets count from the key's start.
package enum KeyDecodingFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case truncated(at: Int, what: String)
    case malformed(at: Int, what: String)
    case excess(at: Int, byteCount: Int)

    package var description: String {
        switch self {
        case .truncated(let offset, let what):
            "key ends at byte \(offset) within \(what)"
        case .malformed(let offset, let what):
            "key is malformed at byte \(offset): \(what)"
        case .excess(let offset, let byteCount):
            "key has \(byteCount) bytes too many from byte \(offset)"
        }
    }
}

/// Reads the components of a key that `KeyEncoder` built, and refuses what it could not have built.
package struct KeyDecoder: Sendable {
    package let bytes: [UInt8]
    /// The offset of the next component.
    package private(set) var position: Int

    /// Reads `key` from `position`, which is within it or at its end.
    package init(_ key: [UInt8], from position: Int = 0) {
        precondition(
            position >= 0 && position <= key.count, "byte \(position) of a key of \(key.count)")
        bytes = key
        self.position = position
    }

    package var isAtEnd: Bool {
        position == bytes.count
    }

    package mutating func readByte() throws(KeyDecodingFailure) -> UInt8 {
        guard position < bytes.count else { throw .truncated(at: position, what: "a byte") }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func readUInt64() throws(KeyDecodingFailure) -> UInt64 {
        switch OrderedInteger.read(bytes, at: position) {
        case .value(let value, let end):
            position = end
            return value
        case .truncated:
            throw .truncated(at: bytes.count, what: "an integer")
        case .notShortest:
            throw .malformed(at: position, what: "integer is not in its shortest form")
        }
    }

    package mutating func read<ID: NumericIdentifier>(
        _ type: ID.Type
    ) throws(KeyDecodingFailure) -> ID {
        ID(try readUInt64())
    }

    package mutating func readString() throws(KeyDecodingFailure) -> String {
        let start = position
        let component = try readBytes()
        guard let text = String(validating: component, as: UTF8.self) else {
            throw .malformed(at: start, what: "string is not UTF-8")
        }
        return text
    }

    package mutating func readBytes() throws(KeyDecodingFailure) -> [UInt8] {
        var component: [UInt8] = []
        var offset = position
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            guard byte == 0 else {
                component.append(byte)
                continue
            }
            guard offset < bytes.count else { break }
            switch bytes[offset] {
            case 0xFF:
                component.append(0)
            case 0x01:
                position = offset + 1
                return component
            case let other:
                throw .malformed(at: offset, what: "byte \(other) after an escape")
            }
            offset += 1
        }
        throw .truncated(at: bytes.count, what: "a byte string")
    }

    /// All bytes that are left.
    package mutating func readRest() -> [UInt8] {
        defer { position = bytes.count }
        return Array(bytes[position...])
    }

    /// Throws unless everything has been read.
    package func finish() throws(KeyDecodingFailure) {
        guard isAtEnd else { throw .excess(at: position, byteCount: bytes.count - position) }
    }
}

/// The integer of keys and stored rows: short for small values, and ordered as its bytes are.
///
/// | value | bytes |
/// |---|---|
/// | `[0, 248)` | the value, `00` … `F7` |
/// | `[248, 2⁶⁴)` | `F7 + n`, then the value in its fewest bytes n = 1 … 8, big-endian |
package enum OrderedInteger {
    /// The most bytes that one value takes.
    package static let byteLimit = 9

    private static let firstLong: UInt64 = 248

    package enum Reading: Equatable, Sendable {
        /// The value, and the offset behind it.
        case value(UInt64, end: Int)
        case truncated
        case notShortest
    }

    package static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        guard value >= firstLong else {
            bytes.append(UInt8(truncatingIfNeeded: value))
            return
        }
        let count = 8 - value.leadingZeroBitCount / 8
        bytes.append(0xF7 + UInt8(truncatingIfNeeded: count))
        for place in stride(from: (count - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(place)))
        }
    }

    /// Reads the value at `offset`, which is not negative.
    package static func read(_ bytes: [UInt8], at offset: Int) -> Reading {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe read(buffer, at: offset)
        }
    }

    /// Reads the value at `offset` of memory that stays valid for the call.
    package static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Reading {
        precondition(offset >= 0, "offset \(offset)")
        guard offset < bytes.count else { return .truncated }
        let first = unsafe bytes[offset]
        guard first >= 0xF8 else { return .value(UInt64(first), end: offset + 1) }
        let count = Int(first) - 0xF7
        guard bytes.count - offset - 1 >= count else { return .truncated }
        var value: UInt64 = 0
        for place in 1...count {
            value = value << 8 | UInt64(unsafe bytes[offset + place])
        }
        guard value >= firstLong, 8 - value.leadingZeroBitCount / 8 == count else {
            return .notShortest
        }
        return .value(value, end: offset + 1 + count)
    }
}
