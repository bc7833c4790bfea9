import Glibc

/// A pthread mutex, for the memory engine alone: this target stands below the one with `Locked`.
@safe final class Lock: @unchecked Sendable {
    // The pointer never changes, and the mutex behind it is made for sharing: hence Sendable.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        let code = unsafe pthread_mutex_init(mutex, nil)
        precondition(code == 0, "pthread_mutex_init: \(code)")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` under the lock; not reentrant.
    func withLock<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let code = unsafe pthread_mutex_lock(mutex)
        precondition(code == 0, "pthread_mutex_lock: \(code)")
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body()
    }
}
