package import Identifiers

/// The one thread of a simulation: its time, its luck, and what is going to happen.
///
/// Everything that belongs to a world runs on the thread that runs it, which is the proof for the
/// unchecked conformances in this target.
package final class World: @unchecked Sendable {
    package let seed: UInt64
    package var random: SeededGenerator
    /// Nanoseconds since the world began.
    package private(set) var time: UInt64 = 1_000_000_000
    /// Jobs run so far.
    package private(set) var steps: UInt64 = 0
    private var queue = EventQueue()
    /// Jobs after which the world stands still: whoever needs more goes round in circles.
    private let stepBound: UInt64

    package init(seed: UInt64, stepBound: UInt64 = .max) {
        self.seed = seed
        self.stepBound = stepBound
        random = SeededGenerator(seed: seed)
    }

    /// Runs `job` when so much time has passed.
    package func after(_ nanoseconds: UInt64, _ job: @escaping @Sendable () -> Void) {
        queue.insert(at: time + nanoseconds, job)
    }

    /// Whether it has come to its bound; time goes on, and nothing happens.
    package var isExhausted: Bool { steps >= stepBound }

    /// Forgets all that was going to happen.
    package func end() {
        queue = EventQueue()
    }

    /// The job that runs takes so long; what was due meanwhile comes late.
    package func spend(nanoseconds: UInt64) {
        time += nanoseconds
    }

    /// Lets time pass until `isDone`, at most `milliseconds`; whether it was done in time.
    @discardableResult
    package func run(milliseconds: UInt64, until isDone: () -> Bool = { false }) -> Bool {
        let end = time + milliseconds * 1_000_000
        while !isDone() {
            guard !isExhausted, let due = queue.next, due <= end, let event = queue.pop() else {
                time = max(time, end)
                return isDone()
            }
            time = max(time, event.time)
            steps += 1
            event.job()
        }
        return true
    }
}
