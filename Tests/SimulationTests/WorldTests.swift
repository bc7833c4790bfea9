import IOCore
import Identifiers
import Simulation
import Testing

struct WorldTests {
    private let world = World(seed: 3)

    /// What has run, in order.
    private final class Log: @unchecked Sendable {
        var entries: [Int] = []
    }

    @Test
    func `events run by time, and those of one time in the order they came`() {
        let log = Log()
        world.after(20) { log.entries.append(3) }
        world.after(10) { log.entries.append(1) }
        world.after(10) { log.entries.append(2) }
        world.run(milliseconds: 1)
        #expect(log.entries == [1, 2, 3])
    }

    @Test
    func `a paused process keeps what comes, in order, and goes on with it`() {
        let log = Log()
        let loop = SimulatedLoop(world: world)
        loop.pause()
        loop.post { log.entries.append(1) }
        loop.post { log.entries.append(2) }
        world.run(milliseconds: 5)
        #expect(log.entries.isEmpty)
        loop.resume()
        #expect(log.entries == [1, 2])
    }

    @Test
    func `a timer of a slow clock fires late`() {
        let log = Log()
        let loop = SimulatedLoop(world: world)
        loop.setClockRate(perMille: 500)
        _ = loop.schedule(at: loop.now.advanced(milliseconds: 10)) { log.entries.append(1) }
        world.run(milliseconds: 19)
        #expect(log.entries.isEmpty)
        world.run(milliseconds: 2)
        #expect(log.entries == [1])
    }

    @Test
    func `a timer that is cancelled does not fire`() {
        let log = Log()
        let loop = SimulatedLoop(world: world)
        let timer = loop.schedule(at: loop.now.advanced(milliseconds: 1)) {
            log.entries.append(1)
        }
        loop.cancel(timer)
        world.run(milliseconds: 5)
        #expect(log.entries.isEmpty)
    }

    @Test
    func `a stalled worker does its jobs in order once it goes on`() {
        let log = Log()
        let worker = SimulatedWorker(loop: SimulatedLoop(world: world), jobNanoseconds: 1_000)
        worker.isStalled = true
        worker.submit { log.entries.append(1) }
        worker.submit { log.entries.append(2) }
        world.run(milliseconds: 5)
        #expect(log.entries.isEmpty)
        worker.isStalled = false
        #expect(log.entries == [1, 2])
    }
}
