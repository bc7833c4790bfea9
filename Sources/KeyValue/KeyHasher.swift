/// Hashes keys for tables in memory; a table has one of its own.
///
/// Each word is multiplied into the state to twice its width and folded (*Wang Yi: wyhash*). The
/// seed is of this process, so that nobody can send keys that all meet in one place, and the results
/// are never kept.
package struct KeyHasher: Sendable {
    private let seed: UInt64

    package init() {
        seed = UInt64.random(in: .min ... .max)
    }

    /// A hasher whose numbers follow from `seed`, for tests.
    package init(seed: UInt64) {
        self.seed = seed
    }

    /// The same number for the same bytes, as long as the hasher lives.
    package func hash(_ key: [UInt8]) -> Int {
        unsafe key.withUnsafeBytes { bytes in
            var state = seed
            var place = 0
            while bytes.count - place >= 8 {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                state = Self.fold(state ^ word, 0x9E37_79B9_7F4A_7C15)
                place += 8
            }
            var rest: UInt64 = 0
            while place < bytes.count {
                rest = rest << 8 | UInt64(unsafe bytes[place])
                place += 1
            }
            state = Self.fold(state ^ rest, 0xA076_1D64_78BD_642F)
            state = Self.fold(state ^ UInt64(bytes.count), seed | 1)
            return Int(truncatingIfNeeded: state)
        }
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
