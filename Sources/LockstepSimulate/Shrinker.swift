package import Simulation

/// Looks for the fewest faults with which a seed still fails in the same way (*Zeller, Hildebrandt:
/// simplifying and isolating failure-inducing input*).
package struct Shrinker {
    /// What was found of one failing seed.
    package struct Found {
        /// The numbers of the faults that are left.
        package let only: [Int]
        /// Whether time has run out, or the end was asked for, before it was known that none of them can be left out.
        package let isCutShort: Bool
    }

    /// How long to look for, by the wall clock.
    private let bound: Duration
    /// Whether another run may begin.
    private let mayGoOn: () -> Bool
    /// Runs the seed with the faults of these numbers alone.
    private let run: ([Int]) -> Verdict

    package init(
        bound: Duration, mayGoOn: @escaping () -> Bool = { true },
        run: @escaping ([Int]) -> Verdict
    ) {
        self.bound = bound
        self.mayGoOn = mayGoOn
        self.run = run
    }

    /// The fewest faults that make what `verdict` has failed with; all of its own where it passed.
    package func shrink(_ verdict: Verdict) -> Found {
        let start = ContinuousClock.now
        var kept = verdict.schedule.entries.map(\.number)
        guard let kind = verdict.violations.first.map(Self.kind) else {
            return Found(only: kept, isCutShort: false)
        }
        var size = max(1, kept.count / 2)
        while true {
            var place = 0
            var hasShrunk = false
            while place < kept.count {
                guard mayGoOn(), ContinuousClock.now - start < bound else {
                    return Found(only: kept, isCutShort: true)
                }
                var tried = kept
                tried.removeSubrange(place..<min(place + size, kept.count))
                if run(tried).violations.contains(where: { Self.kind($0) == kind }) {
                    kept = tried
                    hasShrunk = true
                } else {
                    place += size
                }
            }
            if size == 1, !hasShrunk { return Found(only: kept, isCutShort: false) }
            size = max(1, size / 2)
        }
    }

    /// What a violation says but for its numbers, digests and names that hold a digit.
    static func kind(_ violation: String) -> String {
        violation.split(separator: " ").filter { word in
            !word.contains { $0.isNumber }
        }.joined(separator: " ")
    }
}
