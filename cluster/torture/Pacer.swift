import IOCore

/// Spreads the operations of all clients of a run over time, so that a run leaves the machine to others.
///
/// Any task may ask at any time.
package final class Pacer: Sendable {
    private let interval: Duration
    private let next: Locked<ContinuousClock.Instant>

    /// Lets at most so many operations a second begin, of all clients together.
    package init(operationsPerSecond rate: Int) {
        precondition(rate > 0, "a pace of \(rate) operations a second")
        interval = .seconds(1) / rate
        next = Locked(.now)
    }

    /// Waits for the turn of one operation, or until the task is cancelled or the run interrupted.
    ///
    /// Turns that nobody took are not made up for.
    package func turn() async {
        let place = next.withLock { next in
            let place = max(next, .now)
            next = place + interval
            return place
        }
        await pause(place - .now)
    }
}
