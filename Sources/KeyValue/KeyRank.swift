/// Where a key stands among others, as far as ten of its bytes tell: nearly always far enough.
///
/// The rows of one batch are as a rule of a few key spaces, and begin alike within one: the bytes
/// behind what is common tell them apart without a look at the keys.
struct KeyRank {
    /// The first two bytes.
    private let space: UInt16
    /// The eight bytes from where keys of this space begin to differ.
    private let word: UInt64
    private let number: Int32

    private init(_ key: [UInt8], number: Int, wordStart: Int) {
        space = Self.space(of: key)
        word = Self.word(of: key, at: wordStart)
        self.number = Int32(number)
    }

    /// The numbers of `count` different keys by the keys' byte order; `key` gives each.
    static func order(of count: Int, _ key: (Int) -> [UInt8]) -> [Int32] {
        guard count > 0 else { return [] }
        // What one of the middle begins with is what most begin with.
        let example = key(count / 2)
        let space = space(of: example)
        var common = example.count
        for number in 0..<count where common > 2 {
            let other = key(number)
            guard self.space(of: other) == space else { continue }
            common = commonBytes(example, other, limit: common)
        }
        var ranks: [KeyRank] = []
        ranks.reserveCapacity(count)
        for number in 0..<count {
            let key = key(number)
            let isLikeExample = self.space(of: key) == space
            ranks.append(
                KeyRank(key, number: number, wordStart: isLikeExample ? max(common, 2) : 2))
        }
        ranks.sort { left, right in
            if left.space != right.space { return left.space < right.space }
            if left.word != right.word { return left.word < right.word }
            return byteOrder(key(Int(left.number)), key(Int(right.number))) < 0
        }
        return ranks.map(\.number)
    }

    private static func space(of key: [UInt8]) -> UInt16 {
        UInt16(key.first ?? 0) << 8 | UInt16(key.count > 1 ? key[1] : 0)
    }

    /// Eight bytes, the first the highest; those behind the key's end count as 0.
    private static func word(of key: [UInt8], at start: Int) -> UInt64 {
        unsafe key.withUnsafeBytes { bytes in
            guard bytes.count - start < 8 else {
                return unsafe UInt64(
                    bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))
            }
            var word: UInt64 = 0
            for place in start..<(start + 8) {
                word = word << 8 | (place < bytes.count ? UInt64(unsafe bytes[place]) : 0)
            }
            return word
        }
    }

    /// How many bytes at the front of both are the same, `limit` at the most.
    private static func commonBytes(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
        let most = min(limit, left.count, right.count)
        return unsafe left.withUnsafeBytes { leftBytes in
            unsafe right.withUnsafeBytes { rightBytes in
                var count = 0
                while count < most, unsafe leftBytes[count] == rightBytes[count] { count += 1 }
                return count
            }
        }
    }
}
