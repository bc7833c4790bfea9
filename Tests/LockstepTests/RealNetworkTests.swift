import IOCore
import IOLibuv
import Identifiers
import Lockstep
import Sessions
import Testing
import Transactions
import Wire

/// The client over real sockets and threads, against a node that commits everything.
@Suite struct RealNetworkTests {
    @Test(.timeLimit(.minutes(1)))
    func `many tasks commit over one connection, and close lets go`() async throws {
        let loop = UVLoop.start(name: "node")
        defer { loop.stop() }
        let endpoint = await withCheckedContinuation { continuation in
            loop.post {
                let node = AgreeableNode(loop)
                continuation.resume(returning: node.listen())
            }
        }
        let port = try #require(endpoint)
        let client = try LockstepClient(
            configuration: ClientConfiguration(
                endpoints: [Endpoint(host: "127.0.0.1", port: port)]))
        let indices = await withTaskGroup(of: UInt64?.self) { group in
            for _ in 0..<500 {
                group.addTask { try? await client.commit(.sample()).index }
            }
            var indices: Set<UInt64> = []
            for await index in group {
                if let index { indices.insert(index) }
            }
            return indices
        }
        #expect(indices.count == 500)
        client.close()
        await #expect(throws: LockstepError.closed(mayHaveExecuted: false)) {
            try await client.commit(.sample())
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a client that is dropped ends its thread`() async throws {
        for _ in 0..<20 {
            let client = try LockstepClient(
                configuration: ClientConfiguration(endpoints: [
                    Endpoint(host: "127.0.0.1", port: 1)
                ]))
            await #expect(throws: LockstepError.self) {
                try await client.commit(.sample(), timeout: .milliseconds(5))
            }
        }
    }
}

/// A node on a real loop; everything on that loop.
final class AgreeableNode {
    private let loop: UVLoop
    private let network: UVNetwork
    private var listener: (any Listener)?
    var log: UInt64 = 0

    init(_ loop: UVLoop) {
        self.loop = loop
        network = UVNetwork(loop)
    }

    func listen() -> UInt16? {
        let address = Address(host: "127.0.0.1", port: 0)
        listener = try? network.listen(on: address) { connection in
            connection.setHandler(AgreeableConnection(connection, self))
        }
        return listener?.address.port
    }
}

final class AgreeableConnection: ConnectionHandler {
    private let connection: any Connection
    private let node: AgreeableNode
    private var session = ClientSession(
        identity: .init(cluster: nil, node: NodeID(1), incarnation: Incarnation(1)))

    init(_ connection: any Connection, _ node: AgreeableNode) {
        self.connection = connection
        self.node = node
    }

    func received(_ bytes: [UInt8]) {
        take(session.received(bytes))
    }

    func drained() {}

    func closed(_ reason: String) {
        session.connectionClosed()
    }

    private func take(_ actions: [ClientSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): connection.send(bytes)
            case .perform(let identifier, let request):
                node.log += 1
                let index = LogIndex(node.log)
                let response: Response =
                    switch request {
                    case .openSession: .sessionOpened(SessionID(node.log))
                    case .submit:
                        .outcome(
                            Outcome.committed(index: index, results: [[]]).encoded(), changes: nil)
                    default: .done(index)
                    }
                take(session.answered(identifier, response))
            case .close: connection.close(flush: true)
            case .creditGranted, .cancelWatch, .watchRefused, .setReading: break
            }
        }
    }
}
