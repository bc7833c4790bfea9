import CLibuv
import Glibc
import IOCore
package import Identifiers
import Synchronization

/// An event loop over libuv: one thread that waits for input, timers and posted jobs.
///
/// A turn is: input, due timers and posted jobs, then the job of `atTurnEnd`, then the output of all
/// connections, each in one gathered write. `start` gives it a thread, `run` borrows the caller's.
///
/// Jobs are taken right before the loop waits, so that only a loop that waits must be woken. That is
/// done through an eventfd and not by uv_async_send: libuv's receiver spins while the sender, which
/// it has just woken up from, has no core.
///
/// The conformance is unchecked because of `turn` and what belongs to it, which only the thread of
/// the loop touches: every entry point but `post`, `isCurrent` and the clocks asserts that.
@safe package final class UVLoop: EventLoop, @unchecked Sendable {
    /// What other threads may touch; under the lock.
    struct Mailbox {
        var jobs: [@Sendable () -> Void] = []
        var isStopRequested = false
        /// Jobs are taken in the first two states.
        var state = State.starting

        enum State {
            case starting
            case running
            case stopping
            case stopped
        }
    }

    /// The thread that runs the loop; 0 for none.
    private let owner = Atomic<UInt>(0)
    let mailbox = Locked(Mailbox())
    /// Whether the loop will look into the mailbox before it waits.
    ///
    /// Who changes the mailbox sets this afterwards, and wakes the loop if it was not set. The loop
    /// clears it, then looks into the mailbox once more, then waits.
    let isAwake = Atomic<Bool>(true)
    /// An eventfd; open as long as the value lives, so that a late waker finds it.
    let wakeDescriptor: Int32
    private let thread = Locked<JoinableThread?>(nil)

    /// libuv's loop.
    let pointer: UnsafeMutablePointer<uv_loop_t>
    /// Where every stream reads into; what arrived is copied out at once.
    let readBuffer: UnsafeMutableRawBufferPointer
    private static let readBufferBytes = 256 << 10

    /// What only the loop's thread touches.
    var turn = Turn()

    /// Makes a loop that does not run yet.
    package init() {
        unsafe pointer = .allocate(capacity: 1)
        unsafe readBuffer = .allocate(byteCount: Self.readBufferBytes, alignment: 64)
        wakeDescriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(wakeDescriptor >= 0, "eventfd: error \(errno)")
    }

    deinit {
        let state = mailbox.withLock { $0.state }
        precondition(
            state == .starting || state == .stopped, "an event loop is released while \(state)")
        Glibc.close(wakeDescriptor)
        unsafe readBuffer.deallocate()
        unsafe pointer.deallocate()
    }

    /// Makes a loop and runs it on a thread of its own, which `stop` ends.
    package static func start(name: String) -> UVLoop {
        let loop = UVLoop()
        let thread = JoinableThread(name: name) { loop.run() }
        loop.thread.withLock { $0 = thread }
        return loop
    }

    /// Runs the loop on the calling thread until it is told to stop; once.
    package func run() {
        let before = owner.exchange(JoinableThread.current, ordering: .relaxed)
        precondition(before == 0, "an event loop is run twice")
        // A peer that is gone is learnt from the error of the write.
        _ = signal(SIGPIPE, SIG_IGN)
        open()
        unsafe uv_run(pointer, UV_RUN_DEFAULT)
        shutDown()
        owner.store(0, ordering: .relaxed)
    }

    /// Asks the loop to close everything and return; from any thread.
    ///
    /// Jobs posted before still run, later ones are dropped, and every open connection hears `closed`.
    package func requestStop() {
        wake { $0.isStopRequested = true }
    }

    /// Stops the loop and waits for its thread; not from the loop itself.
    ///
    /// A second call does nothing.
    package func stop() {
        precondition(!isCurrent, "an event loop waits for itself to stop")
        requestStop()
        thread.withLock { $0.take() }?.join()
    }

    package var isCurrent: Bool {
        owner.load(ordering: .relaxed) == JoinableThread.current
    }

    package var now: MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(max(0, Self.read(CLOCK_MONOTONIC))))
    }

    package var wallMilliseconds: UInt64 {
        // A clock set before 1970 is as wrong as one that stands at 1970.
        UInt64(max(0, Self.read(CLOCK_REALTIME))) / 1_000_000
    }

    /// Bits of the kernel's generator.
    package func randomBits() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    package func post(_ job: @escaping @Sendable () -> Void) {
        wake { $0.jobs.append(job) }
    }

    /// Changes the mailbox, unless the loop takes nothing more, and sees that the loop looks at it.
    private func wake(_ change: (inout Mailbox) -> Void) {
        let isTaken = mailbox.withLock { mailbox in
            guard mailbox.state == .starting || mailbox.state == .running else { return false }
            change(&mailbox)
            return true
        }
        guard isTaken, !isAwake.exchange(true, ordering: .acquiringAndReleasing) else { return }
        signalWakeUp()
    }

    /// Ends the wait of the loop, or the next one.
    func signalWakeUp() {
        // It fails only when the counter is full, and then the loop is about to wake.
        _ = eventfd_write(wakeDescriptor, 1)
    }

    func requireCurrent() {
        precondition(isCurrent, "an event loop is used from another thread")
    }

    /// Nanoseconds, saturating: a wall clock may say anything.
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let code = unsafe clock_gettime(clock, &time)
        precondition(code == 0, "clock_gettime: \(code)")
        return nanoseconds(seconds: Int64(time.tv_sec), and: Int64(time.tv_nsec))
    }

    /// A time of the system in nanoseconds, or the nearest that there is.
    package static func nanoseconds(seconds: Int64, and rest: Int64) -> Int64 {
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflows, whole <= .max - rest else { return seconds < 0 ? .min : .max }
        return whole + rest
    }
}
