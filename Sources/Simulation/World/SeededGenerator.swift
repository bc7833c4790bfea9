/// Reproducible random numbers (*Steele, Lea, Flood: splittable generators*).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether an event of `perMille` in a thousand happens.
    package mutating func happens(perMille: UInt64) -> Bool {
        perMille > 0 && next() % 1_000 < perMille
    }

    /// A number of nanoseconds in a range of milliseconds.
    package mutating func nanoseconds(milliseconds range: ClosedRange<UInt64>) -> UInt64 {
        UInt64.random(
            in: range.lowerBound * 1_000_000...range.upperBound * 1_000_000, using: &self)
    }

    /// One of `choices`, which must not be empty.
    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        precondition(!choices.isEmpty, "a choice among none")
        return choices[Int(next() % UInt64(choices.count))]
    }
}
