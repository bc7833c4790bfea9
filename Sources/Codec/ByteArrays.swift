import Glibc

// What the making of keys and rows needs many times for each transaction.
extension [UInt8] {
    /// Appends `[range.lowerBound, range.upperBound)` of `bytes`, which must contain it.
    package mutating func append(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= bytes.count,
            "range \(range) of \(bytes.count) bytes")
        // Half of what the same takes by a slice.
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe append(contentsOf: UnsafeBufferPointer(rebasing: buffer[range]))
        }
    }

    /// Whether one of the bytes at `range`, which must lie within, is `byte`.
    package func contains(_ byte: UInt8, in range: Range<Int>) -> Bool {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count,
            "range \(range) of \(count) bytes")
        return unsafe withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe memchr(start + range.lowerBound, Int32(byte), range.count) != nil
        }
    }
}
