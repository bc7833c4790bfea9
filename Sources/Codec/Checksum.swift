internal import CChecksum

/// CRC32C (Castagnoli, as in RFC 3720 appendix B.4) of bytes in memory.
package enum Checksum {
    /// The checksum of all of `bytes`, continuing from `seed`, which is 0 at the start.
    package static func crc32c(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        crc32c(bytes, in: 0..<bytes.count, seed: seed)
    }

    /// The checksum of `[range.lowerBound, range.upperBound)`, which `bytes` must contain.
    package static func crc32c(
        _ bytes: [UInt8], in range: Range<Int>, seed: UInt32 = 0
    ) -> UInt32 {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= bytes.count,
            "range \(range) of \(bytes.count) bytes")
        guard !range.isEmpty else { return seed }
        return unsafe bytes.withUnsafeBytes { buffer in
            let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
            return unsafe lockstep_crc32c(seed, part.baseAddress, part.count)
        }
    }

    /// The same of all of `bytes` as a processor without the instruction computes it; for tests.
    package static func portableCRC32C(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe lockstep_crc32c_portable(seed, buffer.baseAddress, buffer.count)
        }
    }
}
