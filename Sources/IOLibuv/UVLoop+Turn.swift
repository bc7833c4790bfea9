import CLibuv
import Glibc
package import IOCore
package import Identifiers

/// What a loop knows on its own thread.
struct Turn {
    /// Every handle that libuv has not let go of.
    var handles: [ObjectIdentifier: Handle] = [:]
    var timer: TimerHandle?
    var timers = TimerQueue()
    /// When the libuv timer fires, in milliseconds of the monotonic clock; nil while it rests.
    var timerMilliseconds: UInt64?
    /// Jobs of the loop for itself, for its next turn.
    var later: [() -> Void] = []
    /// An empty array with room, to swap with the mailbox's.
    var spareJobs: [@Sendable () -> Void] = []
    var atEnd: (@Sendable () -> Void)?
    /// Whether something has been delivered since the last end of a turn.
    var hasWorked = false
    var isEnding = false
    /// Connections with output that has not been offered to the system.
    var unflushed: [UVConnection] = []
    var isStopping = false
}

extension UVLoop {
    package func atTurnEnd(_ job: @escaping @Sendable () -> Void) {
        requireCurrent()
        precondition(turn.atEnd == nil, "the job at the end of a turn is set twice")
        turn.atEnd = job
    }

    package func schedule(
        at deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void
    ) -> TimerID {
        requireCurrent()
        // A loop that stops runs no timer any more: 0 names none.
        guard !turn.isStopping else { return TimerID(0) }
        let id = turn.timers.add(deadline, job)
        armTimer()
        return id
    }

    package func cancel(_ timer: TimerID) {
        requireCurrent()
        turn.timers.cancel(timer)
    }

    /// Runs `job` in the next turn of this loop; on the loop.
    func later(_ job: @escaping () -> Void) {
        requireCurrent()
        turn.later.append(job)
        wake { _ in }
    }

    /// Offers the output of `connection` to the system at the end of this turn.
    func flushAtTurnEnd(_ connection: UVConnection) {
        turn.unflushed.append(connection)
        // A turn that ends already has taken its list: there must be another one.
        if turn.isEnding { wake { _ in } }
    }

    func register(_ handle: Handle) {
        precondition(!turn.isStopping, "a libuv handle is made while its loop stops")
        turn.handles[ObjectIdentifier(handle)] = handle
    }

    func unregister(_ handle: Handle) {
        turn.handles[ObjectIdentifier(handle)] = nil
    }

    /// Makes libuv's loop and the handles that drive the turns, and lets jobs in.
    func open() {
        let code = unsafe uv_loop_init(pointer)
        precondition(code == 0, "uv_loop_init: \(UVError.text(code))")
        let wakeUp = AsyncHandle(on: self) { [unowned self] in receiveMail() }
        turn.timer = TimerHandle(on: self) { [unowned self] in runTimers() }
        // The output of timers leaves before the loop waits, that of input right after it.
        _ = PrepareHandle(on: self) { [unowned self] in endTurn() }
        _ = CheckHandle(on: self) { [unowned self] in endTurn() }
        mailbox.withLock { mailbox in
            mailbox.state = .running
            mailbox.wakeUp = wakeUp.sender
        }
        wake { _ in }
    }

    /// Checks that everything has been closed, and gives libuv's loop back.
    func shutDown() {
        while !turn.later.isEmpty { runLater() }
        precondition(turn.handles.isEmpty, "\(turn.handles.count) handles outlive their loop")
        let code = unsafe uv_loop_close(pointer)
        precondition(code == 0, "uv_loop_close: \(UVError.text(code))")
        turn = Turn()
        mailbox.withLock { $0.state = .stopped }
    }

    private func receiveMail() {
        let mustStop = mailbox.withLock { mailbox in
            mailbox.isArmed = false
            swap(&mailbox.jobs, &turn.spareJobs)
            return mailbox.isStopRequested
        }
        var jobs: [@Sendable () -> Void] = []
        swap(&jobs, &turn.spareJobs)
        for job in jobs { job() }
        jobs.removeAll(keepingCapacity: true)
        swap(&jobs, &turn.spareJobs)
        runLater()
        if mustStop { closeEverything() }
    }

    private func runLater() {
        var jobs: [() -> Void] = []
        swap(&jobs, &turn.later)
        for job in jobs { job() }
    }

    private func runTimers() {
        turn.timerMilliseconds = nil
        for timer in turn.timers.due(at: now) {
            turn.timers.take(timer)?()
        }
        armTimer()
    }

    /// Sees that libuv's timer fires no later than the earliest deadline.
    private func armTimer() {
        guard let earliest = turn.timers.earliest else { return }
        let milliseconds = (earliest.nanoseconds + 999_999) / 1_000_000
        if let set = turn.timerMilliseconds, set <= milliseconds { return }
        turn.timerMilliseconds = milliseconds
        turn.timer?.start(atMilliseconds: milliseconds)
    }

    private func endTurn() {
        guard turn.hasWorked else { return }
        turn.hasWorked = false
        turn.isEnding = true
        defer { turn.isEnding = false }
        turn.atEnd?()
        var connections: [UVConnection] = []
        swap(&connections, &turn.unflushed)
        for connection in connections { connection.flush() }
    }

    /// Sends what can be sent, refuses what is new, and closes every handle.
    private func closeEverything() {
        guard !turn.isStopping else { return }
        turn.hasWorked = true
        endTurn()
        turn.isStopping = true
        mailbox.withLock { mailbox in
            mailbox.state = .stopping
            mailbox.wakeUp = nil
        }
        // Each of these is inside one call that does not wait.
        while mailbox.withLock({ $0.wakers > 0 }) { sched_yield() }
        turn.timers.removeAll()
        turn.atEnd = nil
        turn.timer = nil
        for handle in turn.handles.values { handle.loopIsStopping() }
    }
}
