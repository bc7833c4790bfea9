import Client
import IOCore
import Lockstep

/// A runtime over the hand-turned loop.
final class MemoryRuntime: ClientRuntime {
    let loop: any EventLoop
    private let network: LoopBound<MemoryNetwork>
    private let ended = Locked(false)

    init(_ cluster: FakeCluster) {
        loop = cluster.loop
        network = LoopBound(cluster.network, to: cluster.loop)
    }

    var hasEnded: Bool {
        ended.withLock { $0 }
    }

    func begin(_ body: @escaping @Sendable (any Network) -> Void) {
        let network = self.network
        loop.post { body(network.value) }
    }

    func end() {
        ended.withLock { $0 = true }
    }
}

/// A client of a fake cluster, and the turning of the loop until a call has its answer.
struct ClientHarness {
    let cluster: FakeCluster
    let runtime: MemoryRuntime
    let client: LockstepClient

    init(
        _ cluster: FakeCluster, _ change: (inout ClientConfiguration) -> Void = { _ in }
    ) throws {
        self.cluster = cluster
        runtime = MemoryRuntime(cluster)
        var configuration = ClientConfiguration(
            endpoints: cluster.addresses.map { Endpoint(host: $0.host, port: $0.port) })
        change(&configuration)
        client = try LockstepClient(configuration: configuration, runtime: runtime)
    }

    /// Begins `body`, which goes on when the loop is turned.
    func begin<Value: Sendable>(
        _ body: @escaping @Sendable (LockstepClient) async throws(LockstepError) -> Value
    ) -> Pending<Value> {
        Pending(client, body)
    }

    /// Runs `body` while the loop turns, a millisecond of its clock a turn.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (LockstepClient) async throws(LockstepError) -> Value
    ) async throws(LockstepError) -> Value {
        try await finish(begin(body))
    }

    func finish<Value: Sendable>(_ pending: Pending<Value>) async throws(LockstepError) -> Value {
        while true {
            if let result = pending.result.withLock({ $0 }) { return try result.get() }
            cluster.loop.advance(milliseconds: 1)
            await Task.yield()
        }
    }

    /// Commits `count` transactions, all begun at once, and waits for each.
    func commitSamples(_ count: UInt8) async throws(LockstepError) {
        let calls = (0..<count).map { number in
            begin { (client) throws(LockstepError) in
                try await client.commit(.sample(number), timeout: .seconds(1_000))
            }
        }
        for call in calls { _ = try await finish(call) }
    }

    /// Turns the loop until `condition` holds.
    func turn(until condition: () -> Bool) async {
        while !condition() {
            cluster.loop.advance(milliseconds: 1)
            await Task.yield()
        }
    }
}

/// A call under way in a task of its own.
struct Pending<Value: Sendable>: Sendable {
    let result: Locked<Result<Value, LockstepError>?>
    let task: Task<Void, Never>

    init(
        _ client: LockstepClient,
        _ body: @escaping @Sendable (LockstepClient) async throws(LockstepError) -> Value
    ) {
        let result = Locked<Result<Value, LockstepError>?>(nil)
        self.result = result
        task = Task {
            do throws(LockstepError) {
                let value = try await body(client)
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
        }
    }
}

extension Lockstep.Transaction {
    /// A transaction with one step that names itself.
    static func sample(_ number: UInt8 = 1) -> Self {
        var transaction = Self()
        transaction.append(store: .properties, kind: 1, body: [number])
        return transaction
    }
}
