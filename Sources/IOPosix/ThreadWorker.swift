import Glibc
import IOCore
import Synchronization

/// A thread of its own that runs the jobs given to it, one at a time and in order.
///
/// What is submitted while it works is taken in one go when it has done. The queue is not bounded
/// here: who submits bounds what it has in flight.
///
/// The conformance is unchecked because `state` is a plain value: it is reached with `mutex` held and
/// never otherwise.
@safe package final class ThreadWorker: Worker, @unchecked Sendable {
    /// What `submit` and the thread share; under `mutex`.
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isSleeping = false
        var isStopping = false
    }

    package let name: String
    private let spinNanoseconds: UInt64
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state = State()
    private let waiting = Atomic<Int>(0)
    private let busy = Atomic<UInt64>(0)
    private let thread = Locked<JoinableThread?>(nil)

    /// Starts the thread.
    ///
    /// - Parameter spinMicroseconds: how long it looks for the next job before it sleeps. Waking a
    ///   sleeping thread takes tens of microseconds, looking takes a core: it does so only while the
    ///   last gaps between jobs were about that short. 0, the default, sleeps at once.
    package init(name: String, spinMicroseconds: UInt64 = 0) {
        self.name = name
        self.spinNanoseconds = spinMicroseconds * 1_000
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe Self.check(pthread_mutex_init(mutex, nil), "pthread_mutex_init")
        unsafe Self.check(pthread_cond_init(condition, nil), "pthread_cond_init")
        let thread = JoinableThread(name: name) { self.work() }
        self.thread.withLock { $0 = thread }
    }

    deinit {
        precondition(
            thread.withLock { $0 == nil }, "worker \(name) is released and was never stopped")
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `job` after those submitted before; after `stop` it is dropped.
    package func submit(_ job: @escaping @Sendable () -> Void) {
        lock()
        guard !state.isStopping else { return unlock() }
        state.jobs.append(job)
        waiting.add(1, ordering: .releasing)
        let wake = state.isSleeping
        state.isSleeping = false
        unlock()
        if wake { unsafe Self.check(pthread_cond_signal(condition), "pthread_cond_signal") }
    }

    /// Runs what has been submitted, then ends the thread and waits for it; from another thread.
    ///
    /// A second call does nothing.
    package func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        lock()
        state.isStopping = true
        state.isSleeping = false
        unlock()
        unsafe Self.check(pthread_cond_signal(condition), "pthread_cond_signal")
        thread.join()
    }

    /// Jobs submitted and not finished.
    package var queuedJobs: Int {
        waiting.load(ordering: .relaxed)
    }

    /// Time spent in jobs since the start.
    package var busyNanoseconds: UInt64 {
        busy.load(ordering: .relaxed)
    }

    private func work() {
        var gap = GapEstimate(limit: spinNanoseconds)
        var jobs: [@Sendable () -> Void] = []
        while true {
            let idleSince = Self.nanoseconds()
            if gap.isWorthSpinning { spin(until: idleSince + spinNanoseconds) }
            guard take(&jobs) else { return }
            var time = Self.nanoseconds()
            gap.note(time - idleSince)
            for job in jobs {
                job()
                let end = Self.nanoseconds()
                busy.add(end - time, ordering: .relaxed)
                waiting.subtract(1, ordering: .relaxed)
                time = end
            }
            jobs.removeAll(keepingCapacity: true)
        }
    }

    /// Returns when something waits or `deadline` is over.
    private func spin(until deadline: UInt64) {
        while waiting.load(ordering: .relaxed) == 0, Self.nanoseconds() < deadline {}
    }

    /// Sleeps until there are jobs and swaps them into `jobs`, which is empty; false at the end.
    private func take(_ jobs: inout [@Sendable () -> Void]) -> Bool {
        lock()
        defer { unlock() }
        while state.jobs.isEmpty {
            if state.isStopping { return false }
            state.isSleeping = true
            unsafe Self.check(pthread_cond_wait(condition, mutex), "pthread_cond_wait")
        }
        state.isSleeping = false
        swap(&jobs, &state.jobs)
        return true
    }

    private func lock() {
        unsafe Self.check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
    }

    private func unlock() {
        unsafe Self.check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock")
    }

    private static func check(_ code: Int32, _ operation: StaticString) {
        precondition(code == 0, "\(operation): error \(code)")
    }

    private static func nanoseconds() -> UInt64 {
        var time = timespec()
        let code = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        precondition(code == 0, "clock_gettime: \(code)")
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Decides whether the next job is likely to come soon enough to wait for it awake.
struct GapEstimate {
    private let limit: UInt64
    /// A moving average over about eight gaps, each counted as eight limits at the most.
    private var average: UInt64 = 0

    init(limit: UInt64) {
        self.limit = limit
    }

    var isWorthSpinning: Bool {
        limit > 0 && average <= limit
    }

    mutating func note(_ nanoseconds: UInt64) {
        average = (average * 7 + min(nanoseconds, limit * 8)) / 8
    }
}
