import Glibc
import IOCore
import IOPosix
import Testing

struct ThreadWorkerTests {
    @Test func `jobs run in order on one other thread, and stop waits for them`() {
        let worker = ThreadWorker(name: "test-worker")
        let seen = Locked((order: [Int](), threads: Set<UInt>()))
        for job in 0..<10_000 {
            worker.submit {
                seen.withLock { seen in
                    seen.order.append(job)
                    seen.threads.insert(JoinableThread.current)
                }
            }
        }
        worker.stop()
        let (order, threads) = seen.withLock { $0 }
        #expect(order == Array(0..<10_000))
        #expect(threads.count == 1)
        #expect(!threads.contains(JoinableThread.current))
    }

    @Test func `jobs of many threads all run, those of one in order`() {
        let worker = ThreadWorker(name: "test-worker")
        let seen = Locked([[Int]](repeating: [], count: 4))
        let threads = (0..<4).map { thread in
            JoinableThread(name: "submitter") {
                for job in 0..<2_000 {
                    worker.submit { seen.withLock { $0[thread].append(job) } }
                }
            }
        }
        for thread in threads { thread.join() }
        worker.stop()
        let expected = [[Int]](repeating: Array(0..<2_000), count: 4)
        #expect(seen.withLock { $0 } == expected)
    }

    @Test func `a job may submit the next one, again and again`() async {
        let worker = ThreadWorker(name: "test-worker")
        let steps = Locked(0)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            @Sendable func step(_ left: Int) {
                steps.withLock { $0 += 1 }
                if left == 0 { return continuation.resume() }
                worker.submit { step(left - 1) }
            }
            step(1_000)
        }
        worker.stop()
        #expect(steps.withLock { $0 } == 1_001)
    }

    @Test func `what comes after the stop is dropped`() {
        let worker = ThreadWorker(name: "test-worker")
        worker.stop()
        weak var kept: AnyObject?
        do {
            let held = Held()
            kept = held
            worker.submit { preconditionFailure("a job ran after the stop with \(held)") }
        }
        #expect(kept == nil)
        worker.stop()
    }

    private final class Held: Sendable {}

    @Test func `the thread has the name of the worker`() async {
        let worker = ThreadWorker(name: "a-name-over-15-bytes")
        let name: [UInt8] = await withCheckedContinuation { continuation in
            worker.submit {
                var bytes = [UInt8](repeating: 0, count: 16)
                let descriptor = unsafe open("/proc/thread-self/comm", O_RDONLY)
                let count = unsafe bytes.withUnsafeMutableBytes {
                    unsafe read(descriptor, $0.baseAddress, $0.count)
                }
                _ = close(descriptor)
                continuation.resume(returning: Array(bytes.prefix(max(0, count))))
            }
        }
        worker.stop()
        #expect(String(decoding: name, as: UTF8.self) == "a-name-over-15-\n")
    }
}
