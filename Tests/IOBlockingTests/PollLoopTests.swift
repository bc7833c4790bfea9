import IOBlocking
import IOCore
import IOPosix
import Identifiers
import Testing

struct PollLoopTests {
    @Test func `posted jobs run in their order, each once, when the loop is turned`() throws {
        let loop = try PollLoop()
        let order = Locked<[Int]>([])
        for number in 0..<3 {
            loop.post { order.withLock { $0.append(number) } }
        }
        #expect(order.withLock { $0 } == [])
        loop.run { order.withLock { $0.count >= 3 } }
        loop.run { true }
        #expect(order.withLock { $0 } == [0, 1, 2])
    }

    @Test func `timers run by their time, unless they are cancelled`() throws {
        let loop = try PollLoop()
        let order = Locked<[String]>([])
        loop.entered {
            let now = loop.now
            _ = loop.schedule(at: now.advanced(milliseconds: 20)) {
                order.withLock { $0.append("late") }
            }
            _ = loop.schedule(at: now.advanced(milliseconds: 5)) {
                order.withLock { $0.append("early") }
            }
            let cancelled = loop.schedule(at: now.advanced(milliseconds: 1)) {
                order.withLock { $0.append("never") }
            }
            loop.cancel(cancelled)
        }
        let start = loop.now
        loop.run { order.withLock { $0.count >= 2 } }
        #expect(order.withLock { $0 } == ["early", "late"])
        #expect(loop.now.nanoseconds - start.nanoseconds >= 15_000_000)
    }

    @Test func `a job of another thread ends a wait`() throws {
        let loop = try PollLoop()
        let isDone = Locked(false)
        let worker = ThreadWorker(name: "poster")
        defer { worker.stop() }
        loop.entered {
            #expect(loop.isCurrent)
            // Without it, the wait would last this long.
            _ = loop.schedule(at: loop.now.advanced(milliseconds: 600_000)) {}
        }
        #expect(!loop.isCurrent)
        worker.submit { loop.post { isDone.withLock { $0 = true } } }
        loop.run { isDone.withLock { $0 } }
    }

    @Test func `the job of a turn's end runs after each turn's other jobs`() throws {
        let loop = try PollLoop()
        let order = Locked<[String]>([])
        loop.entered { loop.atTurnEnd { order.withLock { $0.append("end") } } }
        loop.post {
            order.withLock { $0.append("first") }
            loop.post { order.withLock { $0.append("second") } }
        }
        loop.run { order.withLock { $0.contains("second") } }
        #expect(order.withLock { $0 } == ["first", "end", "second", "end"])
    }
}
