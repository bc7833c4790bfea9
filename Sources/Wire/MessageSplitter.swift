package import Codec

/// Cuts a byte stream into messages, without copying any but those that arrive in pieces.
///
/// Works for every stream of `u32 length | u8 kind | …`. Give it what was read with `append`, then
/// take messages with `next` until it returns nil. What has not been taken stays, so that a reader
/// that is held back can go on later.
package struct MessageSplitter: Sendable {
    private var buffer: [UInt8] = []
    private var position = 0
    private let limitBytes: Int
    private let minimumBytes: Int

    /// Lengths must lie in `[minimumBytes, limitBytes]`; both count kind and body.
    package init(limitBytes: Int, minimumBytes: Int = 5) {
        precondition(
            minimumBytes >= 1 && limitBytes >= minimumBytes,
            "message lengths \(minimumBytes) to \(limitBytes)")
        self.limitBytes = limitBytes
        self.minimumBytes = minimumBytes
    }

    /// Bytes that wait for `next`.
    package var pendingBytes: Int {
        buffer.count - position
    }

    package mutating func append(_ bytes: [UInt8]) {
        if position == buffer.count {
            buffer = bytes
            position = 0
            return
        }
        if position > 0 {
            buffer.removeSubrange(0..<position)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole message: its kind, and a reader over the rest of it; nil if there is none yet.
    ///
    /// Throws on a length out of bounds, as soon as the length is there.
    package mutating func next() throws(DecodingFailure) -> (kind: UInt8, body: ByteReader)? {
        guard buffer.count - position >= 4 else { return nil }
        let length =
            Int(buffer[position]) | Int(buffer[position + 1]) << 8 | Int(buffer[position + 2]) << 16
            | Int(buffer[position + 3]) << 24
        guard length >= minimumBytes else {
            throw .malformed(at: 0, what: "message length \(length) is below \(minimumBytes)")
        }
        guard length <= limitBytes else {
            throw .overLimit(
                at: 0, what: "message length", value: UInt64(length), limit: UInt64(limitBytes))
        }
        guard buffer.count - position - 4 >= length else { return nil }
        let start = position + 4
        position = start + length
        return (buffer[start], ByteReader(buffer, in: (start + 1)..<position))
    }
}
