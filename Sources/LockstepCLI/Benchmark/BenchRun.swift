import IOCore
import IOLibuv
import Identifiers
import Lockstep

/// Runs the clients of a benchmark on one loop thread.
final class BenchRun {
    struct Plan: Sendable {
        var workload = Workload()
        var clients = 64
        var duration = Duration.seconds(10)
        var warmUp = Duration.seconds(1)
    }

    struct Result: Sendable {
        var tally = BenchClient.Tally()
        var duration = Duration.zero
    }

    private let plan: Plan
    private let loop: any EventLoop
    private var clients: [BenchClient] = []
    private var open = 0
    private var finish: ((Result) -> Void)?
    private var start = MonotonicTime.zero
    private var end = MonotonicTime.zero

    private init(_ plan: Plan, on loop: any EventLoop) {
        self.plan = plan
        self.loop = loop
    }

    /// Runs the whole plan; the leader and the other nodes are client addresses.
    static func run(_ plan: Plan, leader: Address, nodes: [Address]) async -> Result {
        let loop = UVLoop.start(name: "bench")
        let result = await withCheckedContinuation { continuation in
            loop.post {
                let run = BenchRun(plan, on: loop)
                run.begin(leader: leader, nodes: nodes, network: UVNetwork(loop)) {
                    continuation.resume(returning: $0)
                }
            }
        }
        loop.stop()
        return result
    }

    private func begin(
        leader: Address, nodes: [Address], network: any Network,
        finish: @escaping (Result) -> Void
    ) {
        self.finish = finish
        start = loop.now.advanced(milliseconds: UInt64(plan.warmUp.milliseconds))
        end = start.advanced(milliseconds: UInt64(plan.duration.milliseconds))
        open = plan.clients
        clients = (0..<plan.clients).map { number in
            BenchClient(
                number: number, workload: plan.workload, nodes: nodes, leader: leader, loop: loop,
                network: network, measuringSince: start
            ) { self.closedOne() }
        }
        for client in clients { client.start() }
        let own = LoopBound(self, to: loop)
        _ = loop.schedule(at: end) {
            for client in own.value.clients { client.stop() }
        }
        // Answers that do not come in this time are given up.
        _ = loop.schedule(at: end.advanced(milliseconds: 5_000)) {
            own.value.complete()
        }
    }

    private func closedOne() {
        open -= 1
        if open == 0 { complete() }
    }

    private func complete() {
        guard let finish else { return }
        self.finish = nil
        var result = Result()
        for client in clients {
            result.tally.merge(client.tally)
            client.abandon()
        }
        result.duration = .milliseconds(Int64(min(loop.now, end).milliseconds(since: start)))
        clients = []
        finish(result)
    }
}

extension BenchClient.Tally {
    fileprivate mutating func merge(_ other: BenchClient.Tally) {
        latencies.merge(other.latencies)
        committed += other.committed
        aborted += other.aborted
        retries += other.retries
        lastProblem = lastProblem ?? other.lastProblem
    }
}
