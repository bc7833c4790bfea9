import CLibuv
import Glibc
package import IOCore
package import Identifiers
import Synchronization

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

    /// Runs `job` when what runs now has returned, before the loop waits; on the loop.
    func later(_ job: @escaping () -> Void) {
        requireCurrent()
        turn.later.append(job)
    }

    /// Offers the output of `connection` to the system at the end of this turn.
    func flushAtTurnEnd(_ connection: UVConnection) {
        turn.unflushed.append(connection)
        turn.hasWorked = true
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
        turn.timer = TimerHandle(on: self) { [unowned self] in runTimers() }
        let wakeUp = PollHandle(on: self, descriptor: wakeDescriptor) { [unowned self] in
            var count: eventfd_t = 0
            _ = unsafe eventfd_read(wakeDescriptor, &count)
        }
        wakeUp.start()
        // What the loop did since it last waited ends here, and only an idle loop waits.
        _ = PrepareHandle(on: self) { [unowned self] in finishTurns() }
        mailbox.withLock { $0.state = .running }
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

    /// Delivers what is posted and ends the turn, until there is nothing left to do but wait.
    private func finishTurns() {
        // Input must not wait for ever behind jobs that post jobs.
        for _ in 0..<Self.turnsWithoutInput {
            receiveMail()
            endTurn()
            guard isAsleep() else { continue }
            return
        }
        signalWakeUp()
    }

    private static let turnsWithoutInput = 16

    /// Something is delivered: there will be an end of the turn, and a look into the mailbox.
    func noteWork() {
        guard !turn.hasWorked else { return }
        turn.hasWorked = true
        isAwake.store(true, ordering: .relaxed)
    }

    /// Lets the loop wait, unless there is something to do; false if so.
    private func isAsleep() -> Bool {
        guard turn.later.isEmpty, !turn.hasWorked else { return false }
        isAwake.store(false, ordering: .sequentiallyConsistent)
        let isIdle = mailbox.withLock { mailbox in
            mailbox.jobs.isEmpty && (!mailbox.isStopRequested || turn.isStopping)
        }
        if !isIdle { isAwake.store(true, ordering: .relaxed) }
        return isIdle
    }

    private func receiveMail() {
        let mustStop = mailbox.withLock { mailbox in
            swap(&mailbox.jobs, &turn.spareJobs)
            return mailbox.isStopRequested
        }
        var jobs: [@Sendable () -> Void] = []
        swap(&jobs, &turn.spareJobs)
        if !jobs.isEmpty || !turn.later.isEmpty { turn.hasWorked = true }
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
        turn.atEnd?()
        var connections: [UVConnection] = []
        swap(&connections, &turn.unflushed)
        // What they are given from now on is work for another turn.
        turn.hasWorked = false
        for connection in connections { connection.flush() }
    }

    /// Sends what can be sent, refuses what is new, and closes every handle.
    private func closeEverything() {
        guard !turn.isStopping else { return }
        turn.hasWorked = true
        endTurn()
        turn.isStopping = true
        mailbox.withLock { $0.state = .stopping }
        turn.timers.removeAll()
        turn.atEnd = nil
        turn.timer = nil
        for handle in turn.handles.values { handle.loopIsStopping() }
    }
}
