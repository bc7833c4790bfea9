import LockstepCLI
import Testing

@Suite struct LatenciesTests {
    @Test func `shares are exact to a sixty-fourth`() {
        var latencies = Latencies()
        for value in 1...100_000 as ClosedRange<UInt64> { latencies.add(nanoseconds: value * 100) }
        for percent in [1, 50, 90, 99] as [UInt64] {
            let exact = percent * 100_000
            let found = latencies.nanoseconds(atShare: Double(percent) / 100)
            #expect(found >= exact)
            #expect(found <= exact + exact / 64 + 1)
        }
        #expect(latencies.nanoseconds(atShare: 1) == 10_000_000)
        #expect(latencies.count == 100_000)
    }

    @Test(arguments: [0, 1, 63, 64, 127, 128, 1 << 40, UInt64.max])
    func `one value is its own every share, and the most`(value: UInt64) {
        var latencies = Latencies()
        latencies.add(nanoseconds: value)
        #expect(latencies.nanoseconds(atShare: 0) == value)
        #expect(latencies.nanoseconds(atShare: 1) == value)
        #expect(latencies.mostNanoseconds == value)
    }

    @Test func `merging adds up`() {
        var left = Latencies()
        left.add(nanoseconds: 10)
        var right = Latencies()
        right.add(nanoseconds: 1_000_000)
        left.merge(right)
        #expect(left.count == 2)
        #expect(left.nanoseconds(atShare: 0.5) == 10)
        #expect(left.mostNanoseconds == 1_000_000)
        #expect(Latencies().nanoseconds(atShare: 0.5) == 0)
    }
}
