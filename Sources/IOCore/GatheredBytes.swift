package import Glibc

/// Buffers that leave in one gathered system call, seen as the vector that such a call takes.
package enum GatheredBytes {
    /// The buffers of one call: below the system's IOV_MAX of 1,024, and small enough to recurse over.
    package static let buffersPerCall = 128

    /// Runs `body` with the memory of `buffers`, from the one at `first` without its `skipped` first
    /// bytes, `buffersPerCall` of them at most.
    ///
    /// Nothing is copied; the vector is valid inside `body` alone.
    package static func withVector<Result>(
        of buffers: [[UInt8]], from first: Int, skipping skipped: Int,
        _ body: (UnsafeBufferPointer<iovec>) -> Result
    ) -> Result {
        precondition(
            first >= 0 && first <= buffers.count, "buffer \(first) of \(buffers.count)")
        let count = min(buffers.count - first, buffersPerCall)
        return unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: max(count, 1)) {
            vector in
            unsafe vector.initialize(repeating: iovec())
            return unsafe fill(
                vector, upTo: count, at: 0, of: buffers, from: first, skipping: skipped, body)
        }
    }

    /// Holds one buffer's memory after the other open, and calls `body` inside the innermost.
    private static func fill<Result>(
        _ vector: UnsafeMutableBufferPointer<iovec>, upTo count: Int, at position: Int,
        of buffers: [[UInt8]], from first: Int, skipping skipped: Int,
        _ body: (UnsafeBufferPointer<iovec>) -> Result
    ) -> Result {
        guard position < count else {
            return unsafe body(UnsafeBufferPointer(rebasing: vector[0..<count]))
        }
        return unsafe buffers[first + position].withUnsafeBytes { bytes in
            let start = position == 0 ? min(skipped, bytes.count) : 0
            let rest = unsafe UnsafeMutableRawPointer(
                mutating: bytes.baseAddress.map { unsafe $0 + start })
            unsafe vector[position] = iovec(iov_base: rest, iov_len: bytes.count - start)
            return unsafe fill(
                vector, upTo: count, at: position + 1, of: buffers, from: first,
                skipping: skipped, body)
        }
    }
}
