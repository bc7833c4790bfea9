import Codec
import IOCore
import Identifiers
import Logging
import Peers
import Replication
import Testing
import Transactions

/// When a node that is not there is dialled, on a clock of hand.
@Suite struct DialTests {
    private let loop = ManualLoop()
    private let network: PipeNetwork
    private let membership: ClusterMembership

    init() {
        network = PipeNetwork(loop)
        let members = (1...2 as ClosedRange<UInt64>).map { node in
            Member(
                node: NodeID(node), incarnation: nil, peerAddress: "127.0.0.1:\(node)",
                clientAddress: "127.0.0.1:9")
        }
        membership = ClusterMembership(
            founding: FoundingID(1), voters: members.map(\.node), outgoing: [], learners: [],
            members: members)
    }

    private func hub(_ node: UInt64) throws -> PeerHub {
        let hub = PeerHub(
            loop: loop, network: network, cluster: ClusterID(Bits128(high: 1, low: 2)),
            node: NodeID(node), incarnation: Incarnation(node), boot: 7,
            limits: .standard, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        _ = try hub.listen(on: Address(host: "127.0.0.1", port: UInt16(node)))
        hub.update(membership, asOf: LogIndex(1))
        return hub
    }

    @Test func `waits between dials double up to a second, and begin anew behind a link`() throws {
        let one = try hub(1)
        loop.run(milliseconds: 10_000)
        let dials = network.vainDials
        let gaps = zip(dials, dials.dropFirst()).map { $1.milliseconds(since: $0) }
        try #require(gaps.count > 10)
        for (place, gap) in gaps.enumerated() {
            let wait = min(UInt64(20) << min(UInt64(place), 10), 1_000)
            #expect((wait...(wait + wait / 2)).contains(gap), "wait \(place): \(gap) ms")
        }
        // They are not all the same: two nodes that dial each other would do so together for ever.
        #expect(Set(gaps.suffix(6)).count > 1)

        let two = try hub(2)
        loop.run(milliseconds: 1_500)
        #expect(one.send([[]], to: NodeID(2)) && two.send([[]], to: NodeID(1)))
        #expect(network.vainDials.count <= dials.count + 1)

        let before = network.vainDials.count
        network.stopListening(1)
        network.stopListening(2)
        network.forget(at: 1)
        network.forget(at: 2)
        loop.run(milliseconds: 200)
        // Of both, as neither listens: within 20, 60 and 140 ms and half as much.
        #expect(network.vainDials.count >= before + 4)
    }
}
