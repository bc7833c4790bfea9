import IOCore
import Identifiers

/// An event loop that a test turns by hand, with a clock that moves only when told.
final class MemoryLoop: EventLoop {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var timers: [UInt64: (deadline: MonotonicTime, job: @Sendable () -> Void)] = [:]
        var nextTimer: UInt64 = 0
        var now = MonotonicTime(nanoseconds: 1_000_000_000)
        var randomBits: UInt64 = 0
    }

    private let state = Locked(State())

    var isCurrent: Bool { true }
    var now: MonotonicTime { state.withLock { $0.now } }
    var wallMilliseconds: UInt64 { now.nanoseconds / 1_000_000 }

    /// Timers that wait for their time.
    var timerCount: Int { state.withLock { $0.timers.count } }

    func post(_ job: @escaping @Sendable () -> Void) {
        state.withLock { $0.jobs.append(job) }
    }

    func schedule(at deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void) -> TimerID {
        state.withLock { state in
            state.nextTimer += 1
            state.timers[state.nextTimer] = (deadline, job)
            return TimerID(state.nextTimer)
        }
    }

    func cancel(_ timer: TimerID) {
        state.withLock { _ = $0.timers.removeValue(forKey: timer.rawValue) }
    }

    func atTurnEnd(_ job: @escaping @Sendable () -> Void) {
        preconditionFailure("nothing here runs at the end of a turn")
    }

    func randomBits() -> UInt64 {
        state.withLock { state in
            state.randomBits += 1
            return state.randomBits
        }
    }

    /// Runs what is posted, and what that posts, until nothing is left.
    func run() {
        while true {
            let jobs = state.withLock { state in
                defer { state.jobs = [] }
                return state.jobs
            }
            if jobs.isEmpty { return }
            for job in jobs { job() }
        }
    }

    /// Moves the clock, and runs each timer at its own time.
    func advance(milliseconds: UInt64) {
        run()
        let target = now.advanced(milliseconds: milliseconds)
        while let job = takeTimer(before: target) {
            job()
            run()
        }
        state.withLock { $0.now = target }
    }

    private func takeTimer(before target: MonotonicTime) -> (@Sendable () -> Void)? {
        state.withLock { state in
            let due = state.timers.filter { $0.value.deadline <= target }
            let first = due.min { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
            guard let (key, timer) = first else { return nil }
            state.timers[key] = nil
            state.now = max(state.now, timer.deadline)
            return timer.job
        }
    }
}
