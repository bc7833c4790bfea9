import IOCore
import IOLibuv
import Identifiers

/// Runs `body` with a loop of its own, and stops the loop in every case.
func withLoop<Result>(
    _ body: (UVLoop) async throws -> Result
) async rethrows -> Result {
    let loop = UVLoop.start(name: "test-loop")
    defer { loop.stop() }
    return try await body(loop)
}

extension UVLoop {
    /// Runs `body` on the loop and waits for what it hands to its argument, now or later.
    func wait<Value: Sendable>(
        _ body: @escaping @Sendable (@escaping @Sendable (Value) -> Void) -> Void
    ) async -> Value {
        await withCheckedContinuation { continuation in
            post { body { continuation.resume(returning: $0) } }
        }
    }

    /// Runs `body` on the loop and waits for its value.
    func perform<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await wait { done in done(body()) }
    }
}

extension UVLoop {
    /// Runs `body` on the loop when `turns` turns have passed; on the loop.
    func afterTurns<Value>(
        _ turns: Int, with value: Value, _ body: @escaping @Sendable (Value) -> Void
    ) {
        let bound = LoopBound(value, to: self)
        post { [self] in
            turns > 1 ? afterTurns(turns - 1, with: bound.value, body) : body(bound.value)
        }
    }
}

/// A connection handler of closures.
final class Handler: ConnectionHandler {
    var onReceived: ([UInt8]) -> Void = { _ in }
    var onDrained: () -> Void = {}
    var onClosed: (String) -> Void = { _ in }

    func received(_ bytes: [UInt8]) { onReceived(bytes) }
    func drained() { onDrained() }
    func closed(_ reason: String) { onClosed(reason) }
}

/// A listener and one pair of connections between two ends on one loop.
final class Pair {
    let client: any Connection
    let server: any Connection
    private let listener: any Listener

    private init(client: any Connection, server: any Connection, listener: any Listener) {
        self.client = client
        self.server = server
        self.listener = listener
    }

    /// Connects over the loopback; on the loop, which `done` is called on as well.
    static func make(
        on loop: UVLoop, tuning: UVNetwork.Tuning = UVNetwork.Tuning(),
        done: @escaping (Pair) -> Void
    ) throws {
        let network = UVNetwork(loop, tuning: tuning)
        var client: (any Connection)?
        var server: (any Connection)?
        var listener: (any Listener)?
        let meet = {
            guard let client, let server, let listener else { return }
            listener.close()
            done(Pair(client: client, server: server, listener: listener))
        }
        let listening = try network.listen(on: Address(host: "127.0.0.1", port: 0)) {
            server = $0
            meet()
        }
        listener = listening
        network.connect(to: listening.address) { result in
            client = try? result.get()
            meet()
        }
    }

    /// What two connections did, once `body` has reported it.
    static func run<Value: Sendable>(
        on loop: UVLoop, tuning: UVNetwork.Tuning = UVNetwork.Tuning(),
        _ body: @escaping @Sendable (Pair, @escaping @Sendable (Value) -> Void) -> Void
    ) async -> Value? {
        await loop.wait { done in
            do {
                try make(on: loop, tuning: tuning) { pair in body(pair) { done($0) } }
            } catch {
                done(nil)
            }
        }
    }
}
