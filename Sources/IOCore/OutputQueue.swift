package import Glibc

/// Bytes that wait to leave, in the arrays they came in; small ones share one.
package struct OutputQueue {
    private var buffers: [[UInt8]] = []
    /// The first buffer that has not left.
    private var first = 0
    /// Bytes of it that have left.
    private var skipped = 0
    package private(set) var byteCount = 0

    /// Up to this size a buffer is filled with what comes next; a larger one is passed on as it is.
    private static let sharedBytes = 16 << 10

    package init() {}

    package mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        byteCount += bytes.count
        if first < buffers.count,
            buffers[buffers.count - 1].count + bytes.count <= Self.sharedBytes
        {
            buffers[buffers.count - 1].append(contentsOf: bytes)
        } else {
            buffers.append(bytes)
        }
    }

    /// Drops the first `count` bytes, which have left.
    package mutating func consume(_ count: Int) {
        precondition(count <= byteCount, "\(count) bytes left of \(byteCount)")
        byteCount -= count
        var rest = count
        while rest > 0 {
            let available = buffers[first].count - skipped
            guard rest >= available else {
                skipped += rest
                break
            }
            rest -= available
            buffers[first] = []
            first += 1
            skipped = 0
        }
        if first == buffers.count {
            buffers.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 64, first > buffers.count / 2 {
            buffers.removeFirst(first)
            first = 0
        }
    }

    /// A copy of the first bytes, `limit` at most.
    package func prefix(_ limit: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(min(limit, byteCount))
        var start = skipped
        for buffer in buffers[first...] where result.count < limit {
            result += buffer[start...].prefix(limit - result.count)
            start = 0
        }
        return result
    }

    /// Runs `body` with the memory of the first buffers, as many as one call takes.
    package func withVector<Result>(_ body: (UnsafeBufferPointer<iovec>) -> Result) -> Result {
        unsafe GatheredBytes.withVector(of: buffers, from: first, skipping: skipped, body)
    }
}
