import Simulation

/// Looks for the fewest faults with which a seed still fails (*Zeller, Hildebrandt: simplifying and
/// isolating failure-inducing input*).
struct Shrinker {
    let settings: RunSettings

    /// The numbers of the faults that are left, apart by commas.
    func shrink(_ seed: UInt64) -> String {
        var kept = run(seed, nil).schedule.entries.map(\.number)
        var size = max(1, kept.count / 2)
        while true {
            var start = 0
            var hasShrunk = false
            while start < kept.count {
                var tried = kept
                tried.removeSubrange(start..<min(start + size, kept.count))
                if run(seed, tried).passed {
                    start += size
                } else {
                    kept = tried
                    hasShrunk = true
                }
            }
            if size == 1, !hasShrunk { break }
            size = max(1, size / 2)
        }
        return kept.map(String.init).joined(separator: ",")
    }

    private func run(_ seed: UInt64, _ only: [Int]?) -> Verdict {
        SimulatedRun(seed: seed, settings: settings, only: only).run()
    }
}
