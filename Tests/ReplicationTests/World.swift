import IOCore
import Identifiers

/// One simulated moment after another for every node of a test: a queue of events by time.
///
/// Everything runs on the test's own thread, which is the proof for the unchecked conformances.
final class World: @unchecked Sendable {
    private struct Event {
        let time: UInt64
        let order: UInt64
        let job: @Sendable () -> Void
    }

    private var queue: [Event] = []
    private var order: UInt64 = 0
    private(set) var time: UInt64 = 1_000_000_000
    var random: SeededGenerator
    let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    func after(_ nanoseconds: UInt64, _ job: @escaping @Sendable () -> Void) {
        order += 1
        let event = Event(time: time + nanoseconds, order: order, job: job)
        queue.append(event)
        var child = queue.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(queue[child], queue[parent]) else { break }
            queue.swapAt(child, parent)
            child = parent
        }
    }

    private func precedes(_ left: Event, _ right: Event) -> Bool {
        (left.time, left.order) < (right.time, right.order)
    }

    private func pop() -> Event? {
        guard let first = queue.first else { return nil }
        let last = queue.removeLast()
        guard !queue.isEmpty else { return first }
        queue[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < queue.count {
                if precedes(queue[child], queue[least]) { least = child }
            }
            guard least != parent else { return first }
            queue.swapAt(parent, least)
            parent = least
        }
    }

    /// Lets time pass until `isDone`, at most `milliseconds`; whether it was done in time.
    @discardableResult
    func run(milliseconds: UInt64, until isDone: () -> Bool = { false }) -> Bool {
        let end = time + milliseconds * 1_000_000
        while !isDone() {
            guard let event = queue.first, event.time <= end, let next = pop() else {
                time = end
                return isDone()
            }
            time = next.time
            next.job()
        }
        return true
    }

    func milliseconds(_ range: ClosedRange<UInt64>) -> UInt64 {
        UInt64.random(
            in: range.lowerBound * 1_000_000...range.upperBound * 1_000_000, using: &random)
    }
}

/// The loop of one simulated node; a turn is one event.
final class SimulatedLoop: EventLoop, @unchecked Sendable {
    let world: World
    private var timers: Set<UInt64> = []
    private var nextTimer: UInt64 = 1
    private var turnEnd: @Sendable () -> Void = {}
    /// Whether the node's process lives; what is posted to a dead one is lost.
    var isAlive = true

    init(world: World) {
        self.world = world
    }

    var isCurrent: Bool { true }
    var now: MonotonicTime { MonotonicTime(nanoseconds: world.time) }
    var wallMilliseconds: UInt64 { 1_700_000_000_000 + world.time / 1_000_000 }

    func post(_ job: @escaping @Sendable () -> Void) {
        world.after(1_000) { self.turn(job) }
    }

    func turn(_ job: @Sendable () -> Void) {
        guard isAlive else { return }
        job()
        if isAlive { turnEnd() }
    }

    func schedule(at deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void) -> TimerID {
        let identifier = nextTimer
        nextTimer += 1
        timers.insert(identifier)
        let wait = deadline.nanoseconds > world.time ? deadline.nanoseconds - world.time : 0
        world.after(wait) {
            guard self.timers.remove(identifier) != nil else { return }
            self.turn(job)
        }
        return TimerID(identifier)
    }

    func cancel(_ timer: TimerID) {
        timers.remove(timer.rawValue)
    }

    func atTurnEnd(_ job: @escaping @Sendable () -> Void) {
        turnEnd = job
    }

    func randomBits() -> UInt64 {
        world.random.next()
    }
}

/// A worker of one simulated node: one job at a time, each after some time.
final class SimulatedWorker: Worker, @unchecked Sendable {
    private let loop: SimulatedLoop
    private var busyUntil: UInt64 = 0
    /// Nanoseconds that a job takes.
    var jobNanoseconds: UInt64
    /// While set, jobs wait.
    var isStalled = false

    init(loop: SimulatedLoop, jobNanoseconds: UInt64) {
        self.loop = loop
        self.jobNanoseconds = jobNanoseconds
    }

    func submit(_ job: @escaping @Sendable () -> Void) {
        let world = loop.world
        let spread = UInt64.random(in: 0...jobNanoseconds, using: &world.random)
        busyUntil = max(busyUntil, world.time) + jobNanoseconds + spread
        run(job, at: busyUntil)
    }

    private func run(_ job: @escaping @Sendable () -> Void, at time: UInt64) {
        loop.world.after(time - min(time, loop.world.time)) {
            guard self.loop.isAlive else { return }
            guard !self.isStalled else {
                self.run(job, at: self.loop.world.time + 10_000_000)
                return
            }
            job()
        }
    }
}

/// Reproducible random numbers (*SplitMix64*).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
