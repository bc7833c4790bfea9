import Codec
import IOCore
import IOLibuv
import Identifiers
import Lockstep
import Properties
import Testing
import Transactions
import Wire

/// A client that goes its own way: sends what it is told to once it is let in, then reads nothing.
private final class Hog: ConnectionHandler, @unchecked Sendable {
    private struct State {
        var received = 0
        var isClosed = false
        var whenClosed: CheckedContinuation<Void, Never>?
    }

    private let connection: any Connection
    private let demand: [UInt8]
    private let whenLetIn: CheckedContinuation<Void, Never>
    private let state = Locked(State())

    /// Connects on `loop`, where it lives; returns once it has been let in.
    static func start(
        _ demand: [UInt8], to address: Address, on loop: UVLoop
    ) async throws -> Hog {
        let made = Locked<Hog?>(nil)
        await withCheckedContinuation { continuation in
            loop.post {
                UVNetwork(loop).connect(to: address) { result in
                    guard let connection = try? result.get() else { return continuation.resume() }
                    let hog = Hog(connection, demand, continuation)
                    made.withLock { $0 = hog }
                    connection.setHandler(hog)
                    connection.send(HandshakeOffer(role: .client).encoded())
                }
            }
        }
        return try #require(made.withLock { $0 })
    }

    private init(
        _ connection: any Connection, _ demand: [UInt8],
        _ whenLetIn: CheckedContinuation<Void, Never>
    ) {
        self.connection = connection
        self.demand = demand
        self.whenLetIn = whenLetIn
    }

    func received(_ bytes: [UInt8]) {
        let isFirst = state.withLock { state in
            defer { state.received += bytes.count }
            return state.received == 0
        }
        guard isFirst else { return }
        connection.setReading(false)
        connection.send(demand)
        whenLetIn.resume()
    }

    func drained() {}

    func closed(_ reason: String) {
        state.withLock { state in
            state.isClosed = true
            state.whenClosed?.resume()
            state.whenClosed = nil
        }
    }

    /// Reads what there is until the connection ends; the bytes received in all.
    func readToEnd(on loop: UVLoop) async -> Int {
        await withCheckedContinuation { continuation in
            loop.post { [self] in
                connection.setReading(true)
                state.withLock { state in
                    guard !state.isClosed else { return continuation.resume() }
                    state.whenClosed = continuation
                }
            }
        }
        return state.withLock(\.received)
    }
}

@Suite(.timeLimit(.minutes(5))) struct ClientBytesTests {
    private static let path = "svc:/web/:properties/a/b"

    /// A hundred reads whose answers come to 40 MB.
    private static func reads() throws -> [UInt8] {
        let query = PropertyQuery.property(try #require(PropertyPath(path)))
        var writer = ByteWriter()
        for number in 1...100 {
            Request.read(
                ReadRequest(
                    store: .properties, kind: query.kind, body: query.body,
                    consistency: .linearizable)
            ).encode(RequestID(UInt32(number)), into: &writer)
        }
        return writer.take()
    }

    /// All but the last byte of a message of 3 MB.
    private static func half() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeUInt32(3_000_001)
        return writer.take() + [UInt8](repeating: 0x02, count: 3_000_000)
    }

    @Test(arguments: ["answers that nobody reads", "a request that does not end"])
    func `a client for which too much is kept is closed, and others are served on`(
        _ kind: String
    ) async throws {
        var limits = Limits()
        limits.clientBytes = 2 << 20
        try await LiveNode.with(limits: limits) { node, address in
            let endpoint = Endpoint(host: address.host, port: address.port)
            let client = try LockstepClient(
                configuration: ClientConfiguration(endpoints: [endpoint]))
            defer { client.close() }
            let text = Lockstep.PropertyValue.text(String(repeating: "x", count: 4_000))
            _ = try await client.setProperty(
                Self.path, type: .astring, values: Array(repeating: text, count: 100),
                groupType: "application")
            let before = try await client.status(of: endpoint).connections
            let demand = kind.hasPrefix("answers") ? try Self.reads() : Self.half()
            let hog = try await Hog.start(demand, to: address, on: node.loop)
            // Ends by the time limit where the hog is let be.
            while try await client.status(of: endpoint).connections > before {
                _ = try await client.setProperty(
                    "svc:/web/:properties/a/c", type: .integer, values: [.integer(1)],
                    groupType: "application")
            }
            #expect(await hog.readToEnd(on: node.loop) < 40_000_000)
            #expect(try await client.status(of: endpoint).connections == before)
        }
    }
}
