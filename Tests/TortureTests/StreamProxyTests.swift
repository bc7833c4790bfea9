import Lockstep
import Testing
import Torture
import Wire

@Suite struct StreamProxyTests {
    private static let there = Link(from: 0, to: 1)
    private static let back = Link(from: 1, to: 0)

    /// Does something with a proxy before a node on a socket, and the endpoint where it listens.
    private func withProxy(_ body: (StreamProxy, Endpoint) async throws -> Void) async throws {
        let node = try #require(FakeSessionNode("127.0.0.1", .remembers, noteName: "id"))
        let route = StreamProxy.Route(port: 0, node: 1, target: node.endpoint.port)
        let proxy = try StreamProxy([route], seed: 3)
        let port = try #require(proxy.ports.first)
        do {
            try await body(proxy, Endpoint(host: "127.0.0.1", port: port))
        } catch {
            proxy.stop()
            _ = node.stop()
            throw error
        }
        proxy.stop()
        _ = node.stop()
    }

    private func ask(_ connection: RawConnection) async -> Response? {
        let request = Request.openSession(timeToLiveMilliseconds: 1_000, description: "test")
        guard let number = connection.send(request) else { return nil }
        return await connection.answer(to: number, until: .now + .seconds(60))
    }

    @Test func `a port where something listens is not free`() async throws {
        try await withProxy { _, endpoint in
            let error = #expect(throws: TortureFailure.self) {
                try StreamProxy.checkIsFree(endpoint.port)
            }
            #expect(error?.description.contains("port \(endpoint.port)") ?? false)
        }
        try StreamProxy.checkIsFree(0)
    }

    @Test func `it carries both directions`() async throws {
        try await withProxy { proxy, endpoint in
            let connection = try #require(
                await RawConnection.open(endpoint, until: .now + .seconds(60)))
            for _ in 0..<20 {
                guard case .sessionOpened? = await ask(connection) else {
                    Issue.record("no answer through the proxy")
                    return
                }
            }
            #expect(proxy.counts.dropped == 0)
        }
    }

    @Test(arguments: [there, back])
    func `what one direction holds back in a partition comes after it`(cut: Link) async throws {
        try await withProxy { proxy, endpoint in
            let connection = try #require(
                await RawConnection.open(endpoint, until: .now + .seconds(60)))
            proxy.apply([cut: .cut], fault: 7)
            async let answer = ask(connection)
            while proxy.counts.dropped == 0 { await Task.yield() }
            proxy.heal(fault: 7)
            guard case .sessionOpened? = await answer else {
                Issue.record("nothing came after the partition")
                return
            }
        }
    }

    @Test func `nobody is let in in a partition`() async throws {
        try await withProxy { proxy, endpoint in
            proxy.apply([Self.there: .cut, Self.back: .cut], fault: 1)
            let none = await RawConnection.open(endpoint, until: .now + .milliseconds(300))
            #expect(none == nil)
            proxy.heal(fault: 1)
            let some = await RawConnection.open(endpoint, until: .now + .seconds(60))
            #expect(some != nil)
        }
    }

    @Test func `nobody is told so where nobody listens`() async throws {
        let proxy = try StreamProxy([.init(port: 0, node: 1, target: 1)], seed: 3)
        let port = try #require(proxy.ports.first)
        let start = ContinuousClock.now
        let none = await RawConnection.open(
            Endpoint(host: "127.0.0.1", port: port), until: .now + .seconds(3_600))
        #expect(none == nil)
        #expect(ContinuousClock.now - start < .seconds(3_600))
        proxy.stop()
    }
}
