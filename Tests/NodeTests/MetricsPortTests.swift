import IOCore
import Identifiers
import Node
import Simulation
import Testing
import Wire

/// A metrics port in a simulated network, and those who ask it.
private final class PortHarness: @unchecked Sendable {
    let world = World(seed: 51)
    let fabric: Fabric
    let server: SimulatedLoop
    let client: SimulatedLoop
    private let asking: SimulatedNetwork
    let address = Address(host: "node", port: 9_100)
    var status = NodeStatus(
        node: NodeID(1), cluster: nil, incarnation: Incarnation(7), role: .follower)
    private var port: MetricsPort?

    init() throws {
        fabric = Fabric(world: world)
        server = SimulatedLoop(world: world)
        client = SimulatedLoop(world: world)
        asking = SimulatedNetwork(fabric, host: "asker", loop: client)
        status.leader = NodeID(2)
        let port = MetricsPort(
            loop: server, network: SimulatedNetwork(fabric, host: "node", loop: server)
        ) { [unowned self] in status }
        self.port = port
        try port.listen(on: address)
    }

    deinit {
        world.end()
    }

    /// Connects and sends these pieces, some time apart.
    func open(_ pieces: [String]) -> Asker {
        let asker = Asker()
        client.turn { [self] in
            asking.connect(to: address) { result in
                guard let connection = try? result.get() else { return }
                asker.connection = connection
                connection.setHandler(asker)
            }
        }
        world.run(milliseconds: 100) { asker.connection != nil }
        for piece in pieces {
            client.turn { asker.connection?.send(Array(piece.utf8)) }
            world.run(milliseconds: 10)
        }
        return asker
    }

    /// What is answered to these pieces until the connection ends.
    func answer(_ pieces: String...) -> String {
        let asker = open(pieces)
        world.run(milliseconds: 10_000) { asker.isClosed }
        #expect(asker.isClosed)
        return asker.text
    }
}

private final class Asker: ConnectionHandler, @unchecked Sendable {
    var connection: (any Connection)?
    private(set) var text = ""
    private(set) var isClosed = false

    func received(_ bytes: [UInt8]) {
        text += String(decoding: bytes, as: UTF8.self)
    }

    func drained() {}

    func closed(_ reason: String) {
        isClosed = true
    }
}

@Suite struct MetricsPortTests {
    private static let get = "GET /health HTTP/1.1\r\n\r\n"

    @Test func `a node with a leader and a good disk is well`() throws {
        let answer = try PortHarness().answer(Self.get)
        #expect(
            answer
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                + "Content-Length: 33\r\nConnection: close\r\n\r\n"
                + "role follower\nleader 2\ndisk good\n")
    }

    @Test(
        arguments: [
            (NodeRole.follower, nil, .good), (.follower, 2, .full), (.leader, 1, .hung),
            (.repairing, 2, .good), (.removed, 2, .good),
        ] as [(NodeRole, UInt64?, DiskState)])
    func `a node that cannot serve says so`(
        _ role: NodeRole, _ leader: UInt64?, _ disk: DiskState
    ) throws {
        let harness = try PortHarness()
        harness.status.role = role
        harness.status.leader = leader.map { NodeID($0) }
        harness.status.disk = disk
        let answer = harness.answer(Self.get)
        #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(answer.contains("role \(role)\n") && answer.contains("disk \(disk)\n"))
    }

    @Test func `metrics are lines of Prometheus' format, lag those of a leader`() throws {
        let harness = try PortHarness()
        harness.status.commitIndex = LogIndex(77)
        harness.status.disk = .noDescriptors
        #expect(harness.answer("GET /metrics HTTP/1.0\n\n").contains("_exhausted 1\n"))
        #expect(harness.answer(Self.get).contains("\ndisk no file descriptors\n"))
        harness.status.disk = .full
        var member = MemberStatus(
            node: NodeID(2), incarnation: nil, peerAddress: "a:1", clientAddress: "a:2",
            role: .voter)
        member.lagRecords = 5
        harness.status.members = [member]
        let follower = harness.answer("GET /metrics HTTP/1.0\n\n")
        #expect(follower.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(follower.contains("\nlockstep_commit_index 77\n"))
        #expect(follower.contains("\nlockstep_disk_full 1\n"))
        #expect(follower.contains("\nlockstep_disk_hung 0\n"))
        #expect(!follower.contains("member_lag"))
        harness.status.role = .leader
        let leader = harness.answer("GET /metrics HTTP/1.1\r\nHost: node\r\n\r\n")
        #expect(leader.contains("\nlockstep_member_lag_records{node=\"2\"} 5\n"))
        let body = try #require(leader.firstRange(of: "\r\n\r\n")).upperBound
        var declared = ""
        for line in leader[body...].split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") { declared = String(words[2]) }
            guard !line.hasPrefix("#") else { continue }
            #expect(words.count == 2 && words[0].prefix { $0 != "{" } == declared, "\(line)")
            #expect(words.last.flatMap { UInt64($0) } != nil, "\(line)")
        }
    }

    @Test(arguments: [
        ("GET /metrics/x HTTP/1.1\r\n\r\n", "404 Not Found"),
        ("POST /health HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        ("GET /health\r\n\r\n", "400 Bad Request"),
        ("\u{0}\u{1}\u{FFFD}\n\n", "400 Bad Request"),
        ("\r\n\r\n", "400 Bad Request"),
    ])
    func `what is no request for one of the two is refused in words`(
        _ request: String, _ status: String
    ) throws {
        let answer = try PortHarness().answer(request)
        #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"))
    }

    @Test func `a head may come in pieces, and is cut off at 4 KiB`() throws {
        let harness = try PortHarness()
        #expect(harness.answer("GET /hea", "lth HTTP/1.1\r\n", "\r\n").contains(" 200 OK"))
        let filling = String(repeating: "x", count: 3_000)
        let answer = harness.answer("GET /health HTTP/1.1\r\nA: ", filling, filling)
        #expect(answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
    }

    @Test func `who does not ask within five seconds is cut off`() throws {
        let harness = try PortHarness()
        let asker = harness.open(["GET /health HTTP/1.1\r\n"])
        harness.world.run(milliseconds: 4_500)
        #expect(!asker.isClosed)
        harness.world.run(milliseconds: 1_000)
        #expect(asker.isClosed && asker.text.isEmpty)
    }

    @Test func `where there are too many connections, the oldest one makes room`() throws {
        let harness = try PortHarness()
        let silent = (0..<MetricsPort.connectionLimit).map { _ in harness.open([]) }
        #expect(silent.allSatisfy { !$0.isClosed })
        #expect(harness.answer(Self.get).contains(" 200 OK"))
        harness.world.run(milliseconds: 100)
        #expect(silent.map(\.isClosed) == [true] + silent.dropFirst().map { _ in false })
        let second = silent[1]
        harness.client.turn { second.connection?.send(Array(Self.get.utf8)) }
        harness.world.run(milliseconds: 100)
        #expect(second.text.contains(" 200 OK"))
    }
}
