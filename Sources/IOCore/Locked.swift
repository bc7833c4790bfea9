import Glibc

/// One lock over one value, for the few things that threads share.
///
/// A pthread mutex inside, because the thread sanitizer does not understand
/// `Synchronization.Mutex` on Linux. The value is reached only under the lock, which is what makes
/// the unchecked conformance sound.
@safe package final class Locked<State>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var state: State

    package init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        let code = unsafe pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init: \(code)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` with the value; not reentrant.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let code = unsafe pthread_mutex_lock(mutex)
        precondition(code == 0, "pthread_mutex_lock: \(code)")
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&state)
    }
}
