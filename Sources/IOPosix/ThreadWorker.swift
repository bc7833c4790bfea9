import Glibc
import IOCore

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
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state = State()
    private let thread = Locked<JoinableThread?>(nil)

    /// Starts the thread.
    package init(name: String) {
        self.name = name
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

    private func work() {
        var jobs: [@Sendable () -> Void] = []
        while take(&jobs) {
            for job in jobs { job() }
            jobs.removeAll(keepingCapacity: true)
        }
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
}
