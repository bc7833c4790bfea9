import Codec
import IOCore
import IOLibuv
import Identifiers
import Testing
import Wire

/// A client that says hello, hears the verdict, and then does nothing until it is closed.
private final class Caller: ConnectionHandler {
    private let connection: any Connection
    private var verdict: (@Sendable (Bool) -> Void)?

    init(_ connection: any Connection, verdict: @escaping @Sendable (Bool) -> Void) {
        self.connection = connection
        self.verdict = verdict
        connection.setHandler(self)
        connection.send(HandshakeOffer(role: .client).encoded())
    }

    func received(_ bytes: [UInt8]) {
        // Behind the magic: 0 where it is let in.
        verdict?(bytes.count > 8 && bytes[8] == 0)
        verdict = nil
        connection.setReading(false)
    }

    func drained() {}

    func closed(_ reason: String) {
        verdict?(false)
        verdict = nil
    }

    func close() {
        connection.close(flush: false)
    }
}

@Suite struct RefusedConnectionTests {
    /// Connects, and stays; whether it was let in, and how to close it.
    private func call(
        _ address: Address, on loop: UVLoop
    ) async -> (isIn: Bool, caller: LoopBound<Caller>?) {
        let made = Locked<LoopBound<Caller>?>(nil)
        let isIn = await withCheckedContinuation { continuation in
            loop.post {
                UVNetwork(loop).connect(to: address) { result in
                    guard let connection = try? result.get() else {
                        return continuation.resume(returning: false)
                    }
                    let caller = Caller(connection) { continuation.resume(returning: $0) }
                    let bound = LoopBound(caller, to: loop)
                    made.withLock { $0 = bound }
                }
            }
        }
        return (isIn, made.withLock { $0 })
    }

    @Test(.timeLimit(.minutes(1)))
    func `one that was refused and lingers takes nobody's place`() async throws {
        var limits = Limits.standard
        limits.clientConnections = 1
        try await LiveNode.with(limits: limits) { _, address in
            let loop = UVLoop.start(name: "callers")
            defer { loop.stop() }
            let first = await call(address, on: loop)
            #expect(first.isIn)
            #expect(await call(address, on: loop).isIn == false)
            loop.post { first.caller?.value.close() }
            // The node may hear of the next before it hears of the end of the first.
            var tries = 0
            while tries < 5 {
                tries += 1
                if await call(address, on: loop).isIn { break }
            }
            #expect(tries < 5)
        }
    }
}
