import IOCore

/// A worker of one simulated process: one job at a time, in order, each after some time.
package final class SimulatedWorker: Worker, @unchecked Sendable {
    private let loop: SimulatedLoop
    private var busyUntil: UInt64 = 0
    private var waiting: [@Sendable () -> Void] = []
    /// Nanoseconds that a job takes at the least; twice as many at the most.
    package var jobNanoseconds: UInt64
    /// How many times as long each job takes as it should.
    package var slowness: UInt64 = 1

    /// While set, jobs wait: a disk that hangs.
    package var isStalled = false {
        didSet { goOn() }
    }

    package init(loop: SimulatedLoop, jobNanoseconds: UInt64) {
        self.loop = loop
        self.jobNanoseconds = jobNanoseconds
    }

    package func submit(_ job: @escaping @Sendable () -> Void) {
        loop.passing("job")
        guard loop.isAlive else { return }
        let world = loop.world
        let spread = UInt64.random(in: 0...jobNanoseconds, using: &world.random)
        busyUntil = max(busyUntil, world.time) + (jobNanoseconds + spread) * slowness
        world.after(busyUntil - world.time) {
            self.loop.perform {
                guard self.isStalled || !self.waiting.isEmpty else { return job() }
                self.waiting.append(job)
                self.goOn()
            }
        }
    }

    /// The process is gone: nothing is kept for it.
    func end() {
        waiting = []
    }

    private func goOn() {
        while !isStalled, loop.isAlive, !waiting.isEmpty {
            waiting.removeFirst()()
        }
    }
}
