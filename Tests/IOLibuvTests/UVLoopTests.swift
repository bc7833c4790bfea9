import IOCore
import IOLibuv
import Identifiers
import Testing

struct UVLoopTests {
    @Test func `a clock far before or after our time is no reason to end`() {
        #expect(UVLoop.nanoseconds(seconds: 1, and: 500) == 1_000_000_500)
        #expect(UVLoop.nanoseconds(seconds: -2_000_000_000, and: 1) == -1_999_999_999_999_999_999)
        #expect(UVLoop.nanoseconds(seconds: .max, and: 1) == .max)
        #expect(UVLoop.nanoseconds(seconds: 9_223_372_036, and: 999_999_999) == .max)
        #expect(UVLoop.nanoseconds(seconds: .min, and: 1) == .min)
    }

    @Test func `jobs of each of many threads run once, in the order they were posted`() async {
        await withLoop { loop in
            let threads = 8
            let jobs = 5_000
            let seen = Locked([[Int]](repeating: [], count: threads))
            let posters = (0..<threads).map { thread in
                JoinableThread(name: "poster") {
                    for job in 0..<jobs {
                        loop.post { seen.withLock { $0[thread].append(job) } }
                    }
                }
            }
            for poster in posters { poster.join() }
            await loop.perform {}
            let expected = [[Int]](repeating: Array(0..<jobs), count: threads)
            #expect(seen.withLock { $0 } == expected)
        }
    }

    @Test func `a job runs on the loop and on nothing else`() async {
        await withLoop { loop in
            #expect(!loop.isCurrent)
            #expect(await loop.perform { loop.isCurrent })
        }
    }

    @Test func `timers fire by deadline, those of one deadline in the order they were set`() async {
        await withLoop { loop in
            let order: [Int] = await loop.wait { done in
                let base = loop.now
                let fired = Locked<[Int]>([])
                for (name, milliseconds) in [(1, 6), (2, 2), (3, 4), (4, 2), (5, 0)] {
                    let deadline = base.advanced(milliseconds: UInt64(milliseconds))
                    _ = loop.schedule(at: deadline) { fired.withLock { $0.append(name) } }
                }
                _ = loop.schedule(at: base.advanced(milliseconds: 7)) {
                    done(fired.withLock { $0 })
                }
            }
            #expect(order == [5, 2, 4, 3, 1])
        }
    }

    @Test func `a timer that is cancelled by another one due with it does not fire`() async {
        await withLoop { loop in
            let fired: [String] = await loop.wait { done in
                let fired = Locked<[String]>([])
                let victim = Locked<TimerID?>(nil)
                let deadline = loop.now
                _ = loop.schedule(at: deadline) {
                    fired.withLock { $0.append("first") }
                    if let timer = victim.withLock({ $0 }) { loop.cancel(timer) }
                }
                let timer = loop.schedule(at: deadline) { fired.withLock { $0.append("victim") } }
                victim.withLock { $0 = timer }
                _ = loop.schedule(at: deadline) { done(fired.withLock { $0 }) }
            }
            #expect(fired == ["first"])
        }
    }

    @Test(arguments: [UInt64(1), 20, 300])
    func `of many timers all but the cancelled fire, in order, none early`(seed: UInt64) async {
        print("seed \(seed)")
        await withLoop { loop in
            let wrong: [String] = await loop.wait { done in
                var generator = SeededGenerator(seed: seed)
                let log = Locked((fired: [Int](), last: MonotonicTime.zero, wrong: [String]()))
                var kept = Set<Int>()
                let base = loop.now
                for name in 0..<1_000 {
                    let nanoseconds = UInt64.random(in: 0..<20_000_000, using: &generator)
                    let deadline = MonotonicTime(nanoseconds: base.nanoseconds + nanoseconds)
                    let timer = loop.schedule(at: deadline) {
                        log.withLock { log in
                            log.fired.append(name)
                            if loop.now < deadline { log.wrong.append("\(name) is early") }
                            if deadline < log.last { log.wrong.append("\(name) is out of order") }
                            log.last = deadline
                        }
                    }
                    if Int.random(in: 0..<4, using: &generator) > 0 {
                        loop.cancel(timer)
                    } else {
                        kept.insert(name)
                    }
                }
                let expected = kept
                _ = loop.schedule(at: base.advanced(milliseconds: 21)) {
                    log.withLock { log in
                        let complete = Set(log.fired) == expected
                        done(complete ? log.wrong : log.wrong + ["fired \(log.fired.count)"])
                    }
                }
            }
            #expect(wrong == [])
        }
    }

    @Test func `the end of a turn comes after all jobs of the turn`() async {
        await withLoop { loop in
            let events = Locked<[String]>([])
            let note: @Sendable (String) -> Void = { event in
                events.withLock { $0.append(event) }
            }
            let result: [String] = await loop.wait { done in
                loop.atTurnEnd { note("end") }
                // Both are posted while this job runs, so they are one turn's.
                loop.post { note("first") }
                loop.post { note("second") }
                loop.post { loop.post { done(events.withLock { $0 }) } }
            }
            #expect(result == ["end", "first", "second", "end"])
        }
    }

    @Test func `a turn of timers alone has an end, too`() async {
        await withLoop { loop in
            let events: [String] = await loop.wait { done in
                let events = Locked<[String]>([])
                loop.atTurnEnd {
                    let all = events.withLock { events in
                        events.append("end")
                        return events
                    }
                    if all.filter({ $0 == "timer" }).count == 1, all.last == "end",
                        all[all.count - 2] == "timer"
                    {
                        done(all)
                    }
                }
                _ = loop.schedule(at: loop.now.advanced(milliseconds: 3)) {
                    events.withLock { $0.append("timer") }
                }
            }
            #expect(events.suffix(2) == ["timer", "end"])
        }
    }

    @Test func `what was posted before the stop runs, what comes later is dropped`() async {
        let loop = UVLoop.start(name: "test-loop")
        let ran = Locked<[Int]>([])
        for job in 0..<100 { loop.post { ran.withLock { $0.append(job) } } }
        loop.stop()
        loop.post { ran.withLock { $0.append(-1) } }
        #expect(ran.withLock { $0 } == Array(0..<100))
        loop.stop()
    }

    @Test func `a loop can borrow the thread of its caller`() {
        let loop = UVLoop()
        let ran = Locked(false)
        loop.post {
            ran.withLock { $0 = loop.isCurrent }
            loop.requestStop()
        }
        loop.run()
        #expect(ran.withLock { $0 })
        #expect(!loop.isCurrent)
    }

    @Test func `loops start and stop while others post to them`() async {
        for _ in 0..<50 {
            let loop = UVLoop.start(name: "test-loop")
            let posters = (0..<2).map { _ in
                JoinableThread(name: "poster") { for _ in 0..<200 { loop.post {} } }
            }
            loop.stop()
            for poster in posters { poster.join() }
        }
    }

    @Test func `clocks go forward and bits differ`() async {
        await withLoop { loop in
            let early = loop.now
            #expect(early <= loop.now)
            #expect(loop.wallMilliseconds > 1_700_000_000_000)
            let bits = await loop.perform { [loop.randomBits(), loop.randomBits()] }
            #expect(bits[0] != bits[1])
        }
    }
}
