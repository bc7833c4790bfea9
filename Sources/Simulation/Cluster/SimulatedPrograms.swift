package import IOCore

/// Runs trigger programs by noting what they were given.
package final class SimulatedPrograms: ProcessRunner, @unchecked Sendable {
    /// One program that has run.
    package struct Delivery: Sendable, Hashable {
        package let trigger: String
        package let index: UInt64
        package let succeeded: Bool
    }

    private let loop: SimulatedLoop
    private let delivered: (Delivery) -> Void
    /// How many of a thousand programs fail by now.
    private let failingPerMille: () -> UInt64

    init(
        _ loop: SimulatedLoop, failingPerMille: @escaping () -> UInt64,
        delivered: @escaping (Delivery) -> Void
    ) {
        self.loop = loop
        self.failingPerMille = failingPerMille
        self.delivered = delivered
    }

    @discardableResult
    package func run(
        _ request: ProcessRequest, done: @escaping (ProcessResult) -> Void
    ) -> any RunningProcess {
        let world = loop.world
        let program = SimulatedProgram(done: done)
        guard loop.isAlive else { return program }
        let fails = world.random.happens(perMille: failingPerMille())
        let duration = world.random.nanoseconds(milliseconds: 1...5)
        world.after(duration) {
            self.loop.turn {
                guard program.isRunning else { return }
                self.delivered(
                    Delivery(
                        trigger: request.environment["LOCKSTEP_TRIGGER"] ?? "",
                        index: UInt64(request.environment["LOCKSTEP_INDEX"] ?? "") ?? 0,
                        succeeded: !fails))
                program.end(.exited(fails ? 1 : 0))
            }
        }
        return program
    }
}

private final class SimulatedProgram: RunningProcess, @unchecked Sendable {
    private var done: ((ProcessResult) -> Void)?

    init(done: @escaping (ProcessResult) -> Void) {
        self.done = done
    }

    var isRunning: Bool { done != nil }

    func end(_ ending: ProcessResult.Ending) {
        let told = done
        done = nil
        told?(ProcessResult(ending: ending))
    }

    func kill() {
        end(.signalled(9))
    }
}
