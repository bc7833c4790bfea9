import Codec
import IOCore
import IOLibuv
import Identifiers
import Peers
import Testing
import Transactions

/// A hub on a loop of its own, with what it logs.
final class Station: Sendable {
    let loop: UVLoop
    let log = LogCapture()
    let node: NodeID
    let address: Address
    private let hub: LoopBound<PeerHub>

    init(_ node: UInt64, limits: Limits = .standard) async throws {
        let loop = UVLoop.start(name: "peer-\(node)")
        let name = NodeID(node)
        let logger = log.logger
        let made: (LoopBound<PeerHub>, Address)? = await withCheckedContinuation { continuation in
            loop.post {
                let hub = PeerHub(
                    loop: loop, network: UVNetwork(loop),
                    cluster: ClusterID(Bits128(high: 1, low: 2)), node: name,
                    incarnation: Incarnation(node), boot: 100 + node, limits: limits,
                    logger: logger)
                let address = try? hub.listen(on: Address(host: "127.0.0.1", port: 0))
                continuation.resume(returning: address.map { (LoopBound(hub, to: loop), $0) })
            }
        }
        let (hub, address) = try #require(made)
        self.loop = loop
        self.node = name
        self.hub = hub
        self.address = address
    }

    deinit {
        let hub = hub
        loop.post { hub.value.stop() }
        loop.stop()
    }

    /// Tells the hub who is in the cluster, as of a record.
    func learn(_ stations: [Station], asOf index: UInt64) async {
        let members = stations.sorted { $0.node < $1.node }.map {
            Member(
                node: $0.node, incarnation: nil, peerAddress: "\($0.address)",
                clientAddress: "127.0.0.1:1")
        }
        let membership = ClusterMembership(
            founding: FoundingID(1), voters: members.map(\.node), outgoing: [], learners: [],
            members: members)
        let hub = hub
        await withCheckedContinuation { continuation in
            loop.post {
                hub.value.update(membership, asOf: LogIndex(index))
                continuation.resume()
            }
        }
    }

    var isRemoved: Bool {
        get async {
            await withCheckedContinuation { continuation in
                let hub = hub
                loop.post { continuation.resume(returning: hub.value.isRemoved) }
            }
        }
    }
}

/// Who may connect to whom, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct PeerHubTests {
    @Test func `nodes with other deciding limits refuse each other and say which`() async throws {
        let one = try await Station(1)
        var limits = Limits.standard
        limits.sessions = 5
        let two = try await Station(2, limits: limits)
        await one.learn([one, two], asOf: 1)
        let refusal = await two.log.line(with: "warning: peer refused")
        #expect(
            refusal.contains("the limit sessions is 5 at this node and 100000 at the other end"))
        let told = await one.log.line(with: "warning: refused by a peer")
        #expect(told.contains("peer=2"))
        #expect(told.contains("the limit sessions is 5 at this node"))
    }

    @Test func `a node that was removed while it was away learns so and dials no more`()
        async throws
    {
        let (one, two) = (try await Station(1), try await Station(2))
        await one.learn([one], asOf: 50)
        await two.learn([one, two], asOf: 10)
        let line = await two.log.line(with: "this node has been removed from the cluster")
        #expect(line.contains("node 2 is no member of the cluster as of record 50"))
        #expect(await two.isRemoved)
        #expect(one.log.lines.filter { $0.contains("peer refused") }.count == 1)
        // It is added again: the leader dials, and it is heard.
        await one.learn([one, two], asOf: 60)
        _ = await two.log.line(with: "peer connected peer=1")
        await two.learn([one, two], asOf: 60)
        _ = await two.log.line(with: "this node is a member of the cluster again")
        #expect(await two.isRemoved == false)
        #expect(two.log.lines.filter { $0.contains("has been removed") }.count == 1)
    }

    @Test func `a node that applies its own removal says so once nobody speaks to it`() async throws
    {
        let (one, two) = (try await Station(1), try await Station(2))
        await one.learn([one, two], asOf: 10)
        await two.learn([one, two], asOf: 10)
        _ = await two.log.line(with: "peer connected")
        await two.learn([one], asOf: 20)
        let line = await two.log.line(with: "this node has been removed from the cluster")
        #expect(line.contains("as of record 20"))
    }

    @Test func `a peer that has yet to hear of a new member does not make it give up`() async throws
    {
        let (one, two) = (try await Station(1), try await Station(2))
        await one.learn([one], asOf: 10)
        await two.learn([one, two], asOf: 20)
        // What two knows is newer, so one hears it, as it must hear a leader that joined meanwhile.
        _ = await one.log.line(with: "peer connected peer=2")
        // And is not put off by what it applies next of the past.
        await one.learn([one], asOf: 15)
        await one.learn([one, two], asOf: 20)
        #expect(await two.isRemoved == false)
        #expect(!one.log.lines.contains { $0.contains("peer lost") || $0.contains("refused") })
    }
}
