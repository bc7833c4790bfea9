import Identifiers
import Replication
import Testing

@Suite struct ReplicatedClockTests {
    @Test func `a cluster's time begins once with the wall clock's`() {
        var clock = ReplicatedClock(0)
        clock.restart(now: MonotonicTime(nanoseconds: 9))
        clock.begin(wallMilliseconds: 5_000)
        #expect(clock.stamp(now: MonotonicTime(nanoseconds: 9)) == 5_000)
        clock.begin(wallMilliseconds: 9_999_999)
        let later = MonotonicTime(nanoseconds: 9).advanced(milliseconds: 20)
        #expect(clock.stamp(now: later) == 5_020)
    }

    @Test func `a leader that has applied nothing yet is behind its log, not at the wall clock`() {
        var clock = ReplicatedClock(0)
        clock.restart(now: .zero)
        #expect(clock.stamp(now: .zero.advanced(milliseconds: 3)) == 3)
        clock.observe(2_000)
        #expect(clock.stamp(now: .zero.advanced(milliseconds: 4)) == 2_001)
    }

    @Test(arguments: [1_900_000, 999_999, 1_000_000, 1, 350_000_001] as [UInt64])
    func `parts of a millisecond between stamps add up`(step: UInt64) {
        var clock = ReplicatedClock(100)
        clock.restart(now: .zero)
        var last: UInt64 = 0
        for count in 1...1_000 as ClosedRange<UInt64> {
            let now = MonotonicTime(nanoseconds: count * step)
            last = clock.stamp(now: now)
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
        #expect(clock.stamp(now: now) == 2_003)
    }
}
