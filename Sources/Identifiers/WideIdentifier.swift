/// Sixteen bytes of identity or digest, held as two big-endian words.
package struct Bits128: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static let zero = Bits128(high: 0, low: 0)

    package static func < (left: Bits128, right: Bits128) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// Thirty-two lower-case hexadecimal digits.
    package var description: String {
        Self.hexadecimal(high) + Self.hexadecimal(low)
    }

    /// Reads what `description` writes; nil for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
            let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    private static func hexadecimal(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The name of a cluster: random, made once at bootstrap, carried by every segment and handshake.
package struct ClusterID: Hashable, Sendable, CustomStringConvertible {
    package let bits: Bits128
    package init(_ bits: Bits128) {
        self.bits = bits
    }
    package var description: String {
        bits.description
    }
}

/// The chain digest of the log up to and including one frame: SHA-256 cut to 128 bits.
package struct ChainDigest: Hashable, Sendable, CustomStringConvertible {
    package let bits: Bits128
    package init(_ bits: Bits128) {
        self.bits = bits
    }
    /// The digest of the empty log.
    package static let empty = ChainDigest(.zero)
    package var description: String {
        bits.description
    }
}
