/// Bytes kept for each of several owners, and a bound on all of them together.
package struct ByteBudget {
    private var kept: [UInt64: Int] = [:]
    private let bound: Int
    /// Bytes kept for all owners.
    package private(set) var total = 0

    package init(bound: Int) {
        self.bound = bound
    }

    /// Whether more is kept than the bound allows.
    package var isExceeded: Bool {
        total > bound
    }

    /// The owner for whom most is kept, the lowest of equals; nil within the bound.
    package var largestOverBound: UInt64? {
        guard isExceeded else { return nil }
        return kept.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    /// `bytes` are kept for an owner now, whatever it was before; 0 forgets it.
    package mutating func note(_ owner: UInt64, _ bytes: Int) {
        total += bytes - (kept[owner] ?? 0)
        kept[owner] = bytes > 0 ? bytes : nil
    }
}
