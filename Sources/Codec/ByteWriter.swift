package import Identifiers

/// Appends little-endian integers, varints and byte strings to one growing buffer.
///
/// Varints are unsigned LEB128: seven bits a byte, least significant first, at most ten bytes.
package struct ByteWriter: Sendable {
    /// What `bytes` gives.
    @usableFromInline var buffer: [UInt8] = []

    @inlinable package init() {}

    /// A writer whose buffer has room for `capacity` bytes.
    package init(capacity: Int) {
        buffer.reserveCapacity(capacity)
    }

    /// Continues `buffer`, which the writer takes over.
    package init(continuing buffer: consuming [UInt8]) {
        self.buffer = buffer
    }

    /// What has been written.
    @inlinable package var bytes: [UInt8] {
        buffer
    }

    @inlinable package var count: Int {
        buffer.count
    }

    package mutating func removeAll(keepingCapacity: Bool) {
        buffer.removeAll(keepingCapacity: keepingCapacity)
    }

    @inlinable package mutating func writeUInt8(_ value: UInt8) {
        buffer.append(value)
    }

    package mutating func writeUInt16(_ value: UInt16) {
        buffer.append(UInt8(truncatingIfNeeded: value))
        buffer.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    package mutating func writeUInt32(_ value: UInt32) {
        writeUInt16(UInt16(truncatingIfNeeded: value))
        writeUInt16(UInt16(truncatingIfNeeded: value >> 16))
    }

    package mutating func writeUInt64(_ value: UInt64) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe buffer.append(contentsOf: $0) }
    }

    @inlinable package mutating func writeVarint(_ value: UInt64) {
        guard value >= 0x80 else {
            buffer.append(UInt8(truncatingIfNeeded: value))
            return
        }
        writeLongVarint(value)
    }

    /// A varint of any length; apart, so that the short ones' writing is small enough to be inlined.
    @usableFromInline mutating func writeLongVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(truncatingIfNeeded: rest))
    }

    @inlinable package mutating func writeBool(_ value: Bool) {
        buffer.append(value ? 1 : 0)
    }

    /// The bytes as they are, without a length.
    package mutating func writeRaw(_ value: [UInt8]) {
        buffer.append(contentsOf: value)
    }

    package mutating func writeRaw(_ value: ArraySlice<UInt8>) {
        buffer.append(contentsOf: value)
    }

    /// The bytes at `range` of `bytes`, without a length.
    package mutating func writeRaw(_ bytes: [UInt8], in range: Range<Int>) {
        buffer.append(bytes, in: range)
    }

    /// A varint length, then the bytes.
    package mutating func writeBytes(_ value: [UInt8]) {
        writeVarint(UInt64(value.count))
        buffer.append(contentsOf: value)
    }

    /// A varint length, then the UTF-8 of `value`.
    package mutating func writeString(_ value: String) {
        writeVarint(UInt64(value.utf8.count))
        buffer.append(contentsOf: value.utf8)
    }

    /// The high word, then the low one.
    package mutating func writeBits128(_ value: Bits128) {
        writeUInt64(value.high)
        writeUInt64(value.low)
    }

    @inlinable package mutating func writeVarint(_ identifier: some NumericIdentifier) {
        writeVarint(identifier.rawValue)
    }

    package mutating func writeUInt64(_ identifier: some NumericIdentifier) {
        writeUInt64(identifier.rawValue)
    }

    /// Overwrites four bytes at `offset`, which must lie within what was written.
    package mutating func patchUInt32(_ value: UInt32, at offset: Int) {
        precondition(
            offset >= 0 && offset + 4 <= buffer.count, "patch at \(offset) of \(buffer.count)")
        for place in 0..<4 {
            buffer[offset + place] = UInt8(truncatingIfNeeded: value >> UInt32(8 * place))
        }
    }

    /// Gives the buffer away and starts with an empty one.
    package mutating func take() -> [UInt8] {
        let result = buffer
        buffer = []
        return result
    }
}
