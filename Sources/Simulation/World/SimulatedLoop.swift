package import IOCore
package import Identifiers

/// The loop of one simulated process; a turn is one event.
///
/// A process that is paused keeps what comes in, in order, until it goes on. Its clock may run fast
/// or slow, and its wall clock may be wrong by any amount.
package final class SimulatedLoop: EventLoop, @unchecked Sendable {
    package let world: World
    /// Whether the process lives; what is posted to a dead one is lost.
    package private(set) var isAlive = true
    /// What the wall clock is wrong by, milliseconds.
    package var wallOffsetMilliseconds: Int64 = 0
    /// Called at the end of each turn, after the process's own job.
    package var turnObserver: () -> Void = {}
    /// Called at each thing that the process does to the world, with its name; it may end in it.
    package var passing: (String) -> Void = { _ in }
    private var timers: [UInt64: @Sendable () -> Void] = [:]
    private var nextTimer: UInt64 = 1
    private var turnEnd: @Sendable () -> Void = {}
    private var clock: DriftingClock
    private var isPaused = false
    private var backlog: [@Sendable () -> Void] = []

    package init(world: World) {
        self.world = world
        clock = DriftingClock(at: world.time)
    }

    // MARK: EventLoop

    package var isCurrent: Bool { true }

    package var now: MonotonicTime {
        MonotonicTime(nanoseconds: clock.local(at: world.time))
    }

    package var wallMilliseconds: UInt64 {
        let right = Int64(1_700_000_000_000 + world.time / 1_000_000)
        return UInt64(max(0, right + wallOffsetMilliseconds))
    }

    package func post(_ job: @escaping @Sendable () -> Void) {
        passing("post")
        world.after(1_000) { self.turn(job) }
    }

    package func schedule(
        at deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void
    ) -> TimerID {
        let identifier = nextTimer
        nextTimer += 1
        guard isAlive else { return TimerID(identifier) }
        timers[identifier] = job
        arm(identifier, deadline)
        return TimerID(identifier)
    }

    private func arm(_ identifier: UInt64, _ deadline: MonotonicTime) {
        let wait = clock.wait(from: world.time, until: deadline.nanoseconds)
        world.after(wait) {
            self.perform {
                guard let job = self.timers[identifier] else { return }
                // The clock may have been slowed down meanwhile.
                guard self.now >= deadline else {
                    self.arm(identifier, deadline)
                    return
                }
                self.timers[identifier] = nil
                self.runTurn(job)
            }
        }
    }

    package func cancel(_ timer: TimerID) {
        timers[timer.rawValue] = nil
    }

    package func atTurnEnd(_ job: @escaping @Sendable () -> Void) {
        if isAlive { turnEnd = job }
    }

    package func randomBits() -> UInt64 {
        isAlive ? world.random.next() : 0
    }

    // MARK: The process

    /// Ends the process: nothing runs on the loop any more, and nothing is kept for it.
    package func end() {
        isAlive = false
        timers = [:]
        backlog = []
        turnEnd = {}
        turnObserver = {}
        passing = { _ in }
    }

    /// Runs `job` as a turn, or keeps it while the process is paused.
    package func turn(_ job: @escaping @Sendable () -> Void) {
        guard isAlive, !isPaused else {
            perform { self.runTurn(job) }
            return
        }
        runTurn(job)
    }

    /// Runs `job` beside the loop, as a worker does, or keeps it while the process is paused.
    func perform(_ job: @escaping @Sendable () -> Void) {
        guard isAlive else { return }
        guard !isPaused else {
            backlog.append(job)
            return
        }
        job()
    }

    private func runTurn(_ job: @Sendable () -> Void) {
        guard isAlive else { return }
        job()
        if isAlive { turnEnd() }
        if isAlive { turnObserver() }
    }

    /// Stops the process as SIGSTOP does.
    package func pause() {
        isPaused = true
    }

    /// Lets a paused process go on with all that has come meanwhile.
    package func resume() {
        isPaused = false
        while !isPaused, isAlive, !backlog.isEmpty {
            backlog.removeFirst()()
        }
        if !isAlive { backlog = [] }
    }

    /// Lets the monotonic clock run at another rate, in thousandths of the world's.
    package func setClockRate(perMille rate: UInt64) {
        clock.setRate(perMille: rate, at: world.time)
    }
}

/// A clock that may run fast or slow, and never goes back.
struct DriftingClock {
    private var anchorWorld: UInt64
    private var anchorLocal: UInt64
    private var ratePerMille: UInt64 = 1_000

    init(at time: UInt64) {
        anchorWorld = time
        anchorLocal = time
    }

    /// What it shows when the world's time is `time`.
    func local(at time: UInt64) -> UInt64 {
        anchorLocal + (time - anchorWorld) / 1_000 * ratePerMille
            + (time - anchorWorld) % 1_000 * ratePerMille / 1_000
    }

    /// The world's time that passes from `time` until it shows `deadline`, at the present rate.
    func wait(from time: UInt64, until deadline: UInt64) -> UInt64 {
        let now = local(at: time)
        guard deadline > now else { return 0 }
        return (deadline - now) * 1_000 / ratePerMille + 1
    }

    mutating func setRate(perMille rate: UInt64, at time: UInt64) {
        precondition(rate > 0, "a clock that stands still")
        anchorLocal = local(at: time)
        anchorWorld = time
        ratePerMille = rate
    }
}
