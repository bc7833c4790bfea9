import Glibc
package import IOCore
package import Identifiers
import Synchronization

/// An event loop over poll(2) without a thread: whoever waits for something turns it meanwhile.
///
/// It is for a library that must not surprise its program with threads or signals. One thread at a
/// time calls `run`; which one, its owner decides by a lock of its own. Nothing happens between two
/// calls: timers that have become due run in the next.
///
/// The conformance is unchecked because of `turn`, which only the thread inside `run` touches: every
/// entry point but `post`, `isCurrent` and the clocks asserts that, and `run` lets one thread in.
package final class PollLoop: EventLoop, @unchecked Sendable {
    /// What the thread inside `run` alone touches.
    struct Turn {
        var timers = TimerQueue()
        var turnEnd: (@Sendable () -> Void)?
        var streams: [Int32: any PolledStream] = [:]
        var random = SystemRandomNumberGenerator()
    }

    /// The thread inside `run`; 0 for none.
    private let owner = Atomic<UInt>(0)
    private let posted = Locked<[@Sendable () -> Void]>([])
    /// Two sockets, one the other's peer: what is written ends a wait.
    private let wakeReader: OwnedDescriptor
    private let wakeWriter: OwnedDescriptor
    var turn = Turn()

    /// A loop without anything to do; fails where the process has no descriptor left.
    package init() throws(NetworkFailure) {
        var ends: [Int32] = [-1, -1]
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        guard unsafe socketpair(AF_UNIX, Int32(kind), 0, &ends) == 0 else {
            throw NetworkFailure(
                "make an event loop for", Address(host: "cluster", port: 0),
                reason: SystemError.text(errno))
        }
        wakeReader = OwnedDescriptor(ends[0])
        wakeWriter = OwnedDescriptor(ends[1])
    }

    deinit {
        abandon()
        wakeReader.close()
        wakeWriter.close()
    }

    package var isCurrent: Bool {
        owner.load(ordering: .relaxed) == JoinableThread.current
    }

    package var now: MonotonicTime {
        Self.now
    }

    /// The time of all loops.
    package static var now: MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(max(0, read(CLOCK_MONOTONIC))))
    }

    package var wallMilliseconds: UInt64 {
        UInt64(max(0, Self.read(CLOCK_REALTIME))) / 1_000_000
    }

    package func post(_ job: @escaping @Sendable () -> Void) {
        posted.withLock { $0.append(job) }
        guard !isCurrent, wakeWriter.isIntact else { return }
        // A stream that is full means that a wake-up is on its way already.
        var byte: UInt8 = 1
        _ = unsafe send(wakeWriter.number, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    package func schedule(
        at deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void
    ) -> TimerID {
        requireCurrent()
        return turn.timers.add(deadline, job)
    }

    package func cancel(_ timer: TimerID) {
        requireCurrent()
        turn.timers.cancel(timer)
    }

    package func atTurnEnd(_ job: @escaping @Sendable () -> Void) {
        requireCurrent()
        precondition(turn.turnEnd == nil, "the end of a turn has two jobs")
        turn.turnEnd = job
    }

    package func randomBits() -> UInt64 {
        requireCurrent()
        return turn.random.next()
    }

    func requireCurrent() {
        precondition(isCurrent, "a poll loop is used by a thread that does not turn it")
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let code = unsafe clock_gettime(clock, &time)
        precondition(code == 0, "clock_gettime: error \(errno)")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

// MARK: - Turning

extension PollLoop {
    /// Turns the loop on the calling thread until `isDone` holds.
    ///
    /// It is asked after jobs, timers and output, and right before a wait. False where the system does
    /// not let it wait, or the program has closed what wakes it: then the loop is of no use any more.
    @discardableResult
    package func run(until isDone: () -> Bool) -> Bool {
        entered {
            while true {
                work()
                if isDone() { return true }
                if wait(isIdle) == nil { return false }
            }
        }
    }

    /// Takes in what has come while nobody turned the loop, and then runs what is due; does not wait.
    ///
    /// What has come counts before the timers: an answer that is there is not overdue.
    @discardableResult
    package func catchUp() -> Bool {
        entered {
            while let count = wait(false) {
                if count > 0 { continue }
                work()
                return true
            }
            return false
        }
    }

    /// Waits without a loop, and so without a descriptor.
    package static func rest(milliseconds: UInt64) {
        let end = now.advanced(milliseconds: milliseconds)
        while case let time = now, time < end {
            // A signal ends it early.
            _ = poll(nil, 0, Int32(clamping: end.milliseconds(since: time) + 1))
        }
    }

    /// Whether all its descriptors are there still; the program may have closed them.
    package var isIntact: Bool {
        wakeReader.isIntact && wakeWriter.isIntact
            && turn.streams.values.allSatisfy { $0.isIntact }
    }

    /// Runs `body` as the thread of the loop, without a turn.
    package func entered<Result>(_ body: () -> Result) -> Result {
        let before = owner.exchange(JoinableThread.current, ordering: .acquiring)
        precondition(before == 0, "a poll loop is turned by two threads")
        defer { owner.store(0, ordering: .releasing) }
        return body()
    }

    /// Runs what is posted, and what that posts, without waiting; then forgets all else.
    ///
    /// Jobs keep what they are for, and that keeps the loop: one that is not ended stays for ever.
    package func end() {
        entered {
            repeat { work() } while !isIdle
        }
        abandon()
    }

    /// Closes all descriptors without a word to anybody, and forgets every job.
    ///
    /// For a process that was forked from the one that turns the loop, too.
    package func abandon() {
        for stream in turn.streams.values { stream.abandon() }
        turn = Turn()
        posted.withLock { $0 = [] }
    }

    /// Whether no job waits to be run at once.
    private var isIdle: Bool {
        posted.withLock { $0.isEmpty }
    }

    /// Posted jobs, due timers, the job of the turn's end, output.
    private func work() {
        let jobs = posted.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
        for job in jobs { job() }
        for timer in turn.timers.due(at: now) { turn.timers.take(timer)?() }
        turn.turnEnd?()
        for stream in turn.streams.values where stream.hasOutput { stream.flush() }
    }

    /// Waits for input, room for output, a timer or a job, and delivers what has come.
    ///
    /// The number of descriptors that had something; nil where the system does not let it wait.
    private func wait(_ mayBlock: Bool) -> Int? {
        let streams = turn.streams.sorted { $0.key < $1.key }
        var polled = [pollfd(fd: wakeReader.number, events: Int16(POLLIN), revents: 0)]
        for (descriptor, stream) in streams {
            // One that waits for nothing is left out, or an end of it would be told for ever.
            let interest = stream.interest
            polled.append(
                pollfd(fd: interest == 0 ? -1 : descriptor, events: interest, revents: 0))
        }
        let count = unsafe poll(&polled, nfds_t(polled.count), mayBlock ? timeoutMilliseconds : 0)
        guard count > 0 else { return count == 0 || errno == EINTR ? 0 : nil }
        if polled[0].revents & Int16(POLLNVAL) != 0 { return nil }
        if polled[0].revents != 0 { drainWakeUps() }
        for (place, (descriptor, stream)) in streams.enumerated() {
            let events = polled[place + 1].revents
            // One that an earlier stream's handler has closed is not there any more.
            guard events != 0, turn.streams[descriptor] === stream else { continue }
            stream.ready(events)
        }
        return Int(count)
    }

    /// Milliseconds until the first timer, rounded up; -1 for ever.
    private var timeoutMilliseconds: Int32 {
        guard let earliest = turn.timers.earliest else { return -1 }
        let now = now
        guard earliest > now else { return 0 }
        return Int32(clamping: (earliest.nanoseconds - now.nanoseconds + 999_999) / 1_000_000)
    }

    private func drainWakeUps() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while unsafe Glibc.read(wakeReader.number, &bytes, bytes.count) > 0 {}
    }
}

/// A socket that a poll loop looks after.
protocol PolledStream: AnyObject {
    /// The events to wait for, as poll(2) names them.
    var interest: Int16 { get }
    /// Whether its descriptor is there still; the program may have closed it.
    var isIntact: Bool { get }
    /// Whether something sent in this turn has not been offered to the system.
    var hasOutput: Bool { get }
    /// Some of the awaited events, or an error, have come.
    func ready(_ events: Int16)
    /// Offers what was sent to the system.
    func flush()
    /// Closes the descriptor without a word to anybody.
    func abandon()
}

/// The system's texts for its error numbers.
enum SystemError {
    static func text(_ code: Int32) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress else { return "error \(code)" }
            guard unsafe strerror_r(code, base, buffer.count) == 0 else { return "error \(code)" }
            return unsafe String(cString: base)
        }
    }
}
