package import Identifiers

/// One thread that runs one closure at a time: the owner of the replica and of every connection.
///
/// Everything but `post`, `isCurrent` and `now` must be called on the loop itself.
package protocol EventLoop: AnyObject, Sendable {
    /// Whether the caller runs on this loop.
    var isCurrent: Bool { get }

    /// The monotonic clock.
    var now: MonotonicTime { get }

    /// The wall clock, milliseconds since 1970; for stamping records on the leader and for people.
    var wallMilliseconds: UInt64 { get }

    /// Runs `job` on the loop, after what was posted before it; from any thread.
    func post(_ job: @escaping @Sendable () -> Void)

    /// Runs `job` once on the loop, not before `deadline`.
    func schedule(at deadline: MonotonicTime, _ job: @escaping @Sendable () -> Void) -> TimerID

    /// Forgets a timer; one that has fired or been cancelled is ignored.
    func cancel(_ timer: TimerID)

    /// Runs `job` at the end of every turn, after all input of that turn has been delivered and
    /// before output is flushed: the place where what has arrived is batched. Set once.
    func atTurnEnd(_ job: @escaping @Sendable () -> Void)

    /// Random bits for timers, nonces and identifiers; seeded in a simulation.
    func randomBits() -> UInt64
}

/// Names one scheduled job of one event loop.
package struct TimerID: Hashable, Sendable {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// Lets a closure that will run on a loop carry a value that must not leave that loop.
///
/// Every access traps off the loop, which is what makes the unchecked conformance sound: the value
/// is made, read and released on one thread only.
package struct LoopBound<Value>: @unchecked Sendable {
    private let loop: any EventLoop
    private let bound: Value

    /// Binds `value`; on the loop.
    package init(_ value: Value, to loop: any EventLoop) {
        precondition(loop.isCurrent, "a value is bound to an event loop from another thread")
        self.loop = loop
        self.bound = value
    }

    /// The value; on the loop.
    package var value: Value {
        precondition(loop.isCurrent, "a loop-bound value is used from another thread")
        return bound
    }
}
