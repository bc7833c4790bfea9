import Identifiers
import Testing

import IOCore

@Suite struct LogThrottleTests {
    @Test func `a flood is logged as a burst a period, and what was dropped is counted`() {
        var throttle = LogThrottle(burst: 3, periodMilliseconds: 1_000)
        let start = MonotonicTime(nanoseconds: 5_000_000_000)
        let first = (0..<10).map { _ in throttle.admit(at: start) }
        #expect(first == [0, 0, 0] + Array(repeating: nil, count: 7))
        #expect(throttle.admit(at: start.advanced(milliseconds: 999)) == nil)
        #expect(throttle.admit(at: start.advanced(milliseconds: 1_000)) == 8)
        #expect(throttle.admit(at: start.advanced(milliseconds: 1_001)) == 0)
    }
}
