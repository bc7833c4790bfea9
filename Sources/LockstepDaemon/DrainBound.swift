import Glibc

/// The end of a drain that does not come to one by itself.
///
/// The node gives up after some seconds on clients and on handing over. What is left may wait for a
/// disk that hangs: a flush, then the end of the disk's thread, behind the loop and its timers. All
/// that was acknowledged is in the log by then, so the process may end without it.
package enum DrainBound {
    /// Longer than the node's own bound and a flush behind it, shorter than the service file's.
    package static let seconds: UInt32 = 30

    /// Has the process end after so long, if it has not ended by then.
    package static func set(seconds: UInt32 = seconds) {
        _ = signal(SIGALRM) { _ in
            // Nothing else is safe to be called from here.
            let text: StaticString = "lockstepd: the drain has taken too long; ended without it\n"
            _ = unsafe write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
            _exit(DaemonExit.temporary.rawValue)
        }
        alarm(seconds)
    }
}
