import LockstepSimulate
import Simulation
import Testing

struct ShrinkerTests {
    /// The verdict of a run whose violation is `violation`; nil for one that passes.
    private static func verdict(_ violation: String?) -> Verdict {
        var verdict = Verdict(
            seed: 5, schedule: Schedule(seed: 5, hosts: 3, milliseconds: 20_000))
        if let violation { verdict.violations.append(violation) }
        return verdict
    }

    @Test
    func `only the faults that are needed are left`() {
        let shrinker = Shrinker(bound: .seconds(60)) { numbers in
            Self.verdict(numbers.contains(2) && numbers.contains(5) ? "n1 has lost 17" : nil)
        }
        let found = shrinker.shrink(Self.verdict("n2 has lost 12"))
        #expect(found.only == [2, 5])
        #expect(!found.isCutShort)
    }

    @Test
    func `another violation does not stand for the one that is looked for`() {
        let shrinker = Shrinker(bound: .seconds(60)) { numbers in
            Self.verdict(numbers.contains(3) ? "n1 has lost 17" : "c1 waits")
        }
        #expect(shrinker.shrink(Self.verdict("n2 has lost 12")).only == [3])
    }

    @Test
    func `a seed that fails without a fault is left with none`() {
        let shrinker = Shrinker(bound: .seconds(60)) { _ in Self.verdict("n1 has lost 17") }
        #expect(shrinker.shrink(Self.verdict("n2 has lost 12")).only == [])
    }

    @Test
    func `without time all are left, and it is said`() {
        let shrinker = Shrinker(bound: .zero) { _ in Self.verdict("n1 has lost 17") }
        let found = shrinker.shrink(Self.verdict("n2 has lost 12"))
        #expect(found.isCutShort)
        #expect(found.only.count == Self.verdict(nil).schedule.entries.count)
    }

    @Test
    func `no further run begins once the end is asked for`() {
        var runs = 0
        let shrinker = Shrinker(bound: .seconds(60), mayGoOn: { runs < 2 }) { _ in
            runs += 1
            return Self.verdict(nil)
        }
        #expect(shrinker.shrink(Self.verdict("n2 has lost 12")).isCutShort)
        #expect(runs == 2)
    }
}
