import IOCore
import IOLibuv
import Identifiers
import Lockstep
import Testing
import Transactions

/// A cluster of nodes in this process, each as `LiveNode` has it.
enum LiveCluster {
    /// Runs `body` with the nodes' addresses for clients, and stops them in every case.
    static func with(
        nodes count: Int, _ body: ([Address]) async throws -> Void
    ) async throws {
        let ports = try await freePorts(2 * count)
        let (peers, clients) = (Array(ports[..<count]), Array(ports[count...]))
        let members = (0..<count).map { place in
            Transactions.Member(
                node: NodeID(UInt64(place + 1)), incarnation: nil,
                peerAddress: "\(peers[place])", clientAddress: "\(clients[place])")
        }
        let places = (0..<count).map { place in
            LiveNode.Place(
                number: UInt64(place + 1), members: members, peerListen: peers[place],
                clientListen: clients[place])
        }
        try await with(places[...], clients, body)
    }

    private static func with(
        _ places: ArraySlice<LiveNode.Place>, _ clients: [Address],
        _ body: ([Address]) async throws -> Void
    ) async throws {
        guard let first = places.first else { return try await body(clients) }
        try await LiveNode.with(first) { _, _ in
            try await with(places.dropFirst(), clients, body)
        }
    }

    /// The node that leads, by its place, and its term, as soon as all nodes agree on them.
    static func leader(_ client: LockstepClient) async throws -> (place: Int, term: UInt64) {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            let reports = await client.statusOfAllNodes(timeout: .seconds(5))
            let heard = reports.compactMap { report in
                (try? report.status.get()).flatMap { status in
                    status.leader.map { (leader: $0, term: status.term) }
                }
            }
            if let first = heard.first, heard.count == reports.count,
                heard.allSatisfy({ $0 == first })
            {
                return (Int(first.leader) - 1, first.term)
            }
        }
        throw NoLeader()
    }

    struct NoLeader: Error {}

    /// Addresses that nobody listens on; out of the range from which the system gives ports away.
    private static func freePorts(_ count: Int) async throws -> [Address] {
        let loop = UVLoop.start(name: "ports")
        defer { loop.stop() }
        return await withCheckedContinuation { continuation in
            loop.post {
                var listeners: [any Listener] = []
                while listeners.count < count {
                    let address = Address(host: "127.0.0.1", port: .random(in: 10_000..<32_000))
                    let listener = try? UVNetwork(loop).listen(on: address) { connection in
                        connection.close(flush: false)
                    }
                    if let listener { listeners.append(listener) }
                }
                let addresses = listeners.map(\.address)
                for listener in listeners { listener.close() }
                // What is closed is gone in a later turn.
                loop.post { continuation.resume(returning: addresses) }
            }
        }
    }
}
