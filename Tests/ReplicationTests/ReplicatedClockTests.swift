import Identifiers
import Replication
import Testing

@Suite struct ReplicatedClockTests {
    @Test func `the first stamp is the wall clock's, and jumps of that count no more`() {
        var clock = ReplicatedClock(0)
        clock.restart(now: MonotonicTime(nanoseconds: 7))
        #expect(clock.stamp(now: MonotonicTime(nanoseconds: 9), wallMilliseconds: 5_000) == 5_000)
        let later = MonotonicTime(nanoseconds: 9).advanced(milliseconds: 20)
        #expect(clock.stamp(now: later, wallMilliseconds: 1) == 5_020)
        #expect(clock.stamp(now: later, wallMilliseconds: 9_999_999) == 5_020)
    }

    @Test(arguments: [1_900_000, 999_999, 1_000_000, 1, 350_000_001] as [UInt64])
    func `parts of a millisecond between stamps add up`(step: UInt64) {
        var clock = ReplicatedClock(100)
        clock.restart(now: .zero)
        var last: UInt64 = 0
        for count in 1...1_000 as ClosedRange<UInt64> {
            let now = MonotonicTime(nanoseconds: count * step)
            last = clock.stamp(now: now, wallMilliseconds: 0)
            #expect(last == 100 + count * step / 1_000_000)
        }
        #expect(last == 100 + step / 1_000)
    }

    @Test func `time goes on from what the log says, and never back`() {
        var clock = ReplicatedClock(100)
        clock.restart(now: .zero)
        clock.observe(2_000)
        clock.observe(50)
        let now = MonotonicTime(nanoseconds: 3_000_000)
        #expect(clock.stamp(now: now, wallMilliseconds: 0) == 2_003)
    }
}
