package import Identifiers

/// Appends little-endian integers, varints and byte strings to one growing buffer.
///
/// Varints are unsigned LEB128: seven bits a byte, least significant first, at most ten bytes.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// A writer whose buffer has room for `capacity` bytes.
    package init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Continues `buffer`, which the writer takes over.
    package init(continuing buffer: consuming [UInt8]) {
        bytes = buffer
    }

    package var count: Int {
        bytes.count
    }

    package mutating func removeAll(keepingCapacity: Bool) {
        bytes.removeAll(keepingCapacity: keepingCapacity)
    }

    package mutating func writeUInt8(_ value: UInt8) {
        bytes.append(value)
    }

    package mutating func writeUInt16(_ value: UInt16) {
        writeLittleEndian(value)
    }

    package mutating func writeUInt32(_ value: UInt32) {
        writeLittleEndian(value)
    }

    package mutating func writeUInt64(_ value: UInt64) {
        writeLittleEndian(value)
    }

    private mutating func writeLittleEndian(_ value: some FixedWidthInteger & BitwiseCopyable) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    package mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    package mutating func writeBool(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    /// The bytes as they are, without a length.
    package mutating func writeRaw(_ value: [UInt8]) {
        bytes.append(contentsOf: value)
    }

    package mutating func writeRaw(_ value: ArraySlice<UInt8>) {
        bytes.append(contentsOf: value)
    }

    /// A varint length, then the bytes.
    package mutating func writeBytes(_ value: [UInt8]) {
        writeVarint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A varint length, then the UTF-8 of `value`.
    package mutating func writeString(_ value: String) {
        writeVarint(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    /// The high word, then the low one.
    package mutating func writeBits128(_ value: Bits128) {
        writeUInt64(value.high)
        writeUInt64(value.low)
    }

    package mutating func writeVarint(_ identifier: some NumericIdentifier) {
        writeVarint(identifier.rawValue)
    }

    package mutating func writeUInt64(_ identifier: some NumericIdentifier) {
        writeUInt64(identifier.rawValue)
    }

    /// Overwrites four bytes at `offset`, which must lie within what was written.
    package mutating func patchUInt32(_ value: UInt32, at offset: Int) {
        precondition(
            offset >= 0 && offset + 4 <= bytes.count, "patch at \(offset) of \(bytes.count)")
        for place in 0..<4 {
            bytes[offset + place] = UInt8(truncatingIfNeeded: value >> UInt32(8 * place))
        }
    }

    /// Gives the buffer away and starts with an empty one.
    package mutating func take() -> [UInt8] {
        let result = bytes
        bytes = []
        return result
    }
}
