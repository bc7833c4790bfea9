package import Identifiers

extension SeededGenerator {
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
