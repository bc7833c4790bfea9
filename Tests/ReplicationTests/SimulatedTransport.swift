import Codec
import IOCore
import Identifiers
import Raft
import Replication
import Simulation
import Testing
import Transactions

/// The connections of one simulated process: each is with one process of another node, and what
/// was sent to or by an earlier one is lost.
///
/// Delivers after a delay, or not at all; messages about founding are as sure as the connection.
final class SimulatedTransport: PeerTransport, @unchecked Sendable {
    private unowned let node: SimulatedNode
    private unowned let cluster: SimulatedCluster
    private let epoch: Int
    private var links: [NodeID: (epoch: Int, incarnation: Incarnation)] = [:]
    private var lastArrival: [NodeID: UInt64] = [:]

    init(_ node: SimulatedNode, _ cluster: SimulatedCluster) {
        self.node = node
        self.cluster = cluster
        epoch = node.epoch
    }

    // MARK: Connections

    /// Connects the two processes that run now, as soon as their nodes can reach each other.
    func connect(to other: SimulatedNode) {
        guard let peer = other.transport else { return }
        let cluster = cluster
        let delay = UInt64.random(in: 1_000_000...20_000_000, using: &cluster.world.random)
        cluster.world.after(delay) { [self] in
            guard node.transport === self, other.transport === peer else { return }
            guard !cluster.cut.contains([node.identifier, other.identifier].sorted()) else {
                connect(to: other)
                return
            }
            links[other.identifier] = (other.epoch, other.incarnation)
            peer.links[node.identifier] = (node.epoch, node.incarnation)
            changed(other.identifier)
            peer.changed(node.identifier)
        }
    }

    /// The process at the other end has ended.
    func lost(_ other: NodeID) {
        guard links.removeValue(forKey: other) != nil else { return }
        changed(other)
    }

    private func changed(_ other: NodeID) {
        guard let replica = node.replica else { return }
        let back = LoopBound(replica, to: node.loop)
        node.loop.turn { back.value.connectionChanged(other) }
    }

    // MARK: PeerTransport

    func send(_ buffers: [[UInt8]], to target: NodeID) -> Bool {
        let world = cluster.world
        guard let link = links[target] else { return false }
        let bytes = buffers.flatMap { $0 }
        let isSure = bytes[4] == FoundingMessage.kind
        let isLost = UInt64.random(in: 0..<100, using: &world.random) < cluster.lossPercent
        guard isSure || (!isCut(target) && !isLost) else { return true }
        let delay = UInt64.random(in: 20_000...200_000, using: &world.random)
        let idle = max(world.time, lastArrival[target] ?? 0)
        let travel = cluster.bytesPerMillisecond[target].map { 1_000_000 * bytes.count / $0 } ?? 0
        let arrival = max(world.time + delay, idle + UInt64(travel) + 1)
        lastArrival[target] = arrival
        deliver(bytes, to: target, link.epoch, after: arrival - world.time)
        return true
    }

    private func isCut(_ other: NodeID) -> Bool {
        cluster.cut.contains([node.identifier, other].sorted())
    }

    private func deliver(_ bytes: [UInt8], to target: NodeID, _ end: Int, after delay: UInt64) {
        let cluster = cluster
        cluster.world.after(delay) { [self] in
            let receiver = cluster.node(target)
            guard receiver.epoch == end, let replica = receiver.replica,
                receiver.transport?.links[node.identifier]?.epoch == epoch
            else { return }
            guard !isCut(target) else {
                if bytes[4] == FoundingMessage.kind {
                    deliver(bytes, to: target, end, after: 5_000_000)
                }
                return
            }
            let reader = ByteReader(bytes, in: 5..<bytes.count)
            let back = LoopBound(replica, to: receiver.loop)
            let sender = node.identifier
            do {
                if bytes[4] == FoundingMessage.kind {
                    let message = try FoundingMessage.decode(reader, limits: cluster.limits)
                    receiver.loop.turn { back.value.received(message, from: sender) }
                } else if bytes[4] == RepairMessage.kind {
                    let message = try RepairMessage.decode(reader, limits: cluster.limits)
                    if case .frames = message.body { cluster.repairsDelivered += 1 }
                    receiver.loop.turn { back.value.received(message, from: sender) }
                } else {
                    let message = try PeerMessage.decode(reader, limits: cluster.limits)
                    if cluster.losesFrames, !message.frames.isEmpty { return }
                    cluster.watch(message.message, from: node)
                    receiver.loop.turn { back.value.received(message, from: sender) }
                }
            } catch {
                Issue.record("a message cannot be read: \(error)")
            }
        }
    }

    func drop(_ node: NodeID, reason: String) {
        guard !cluster.expectsDrops else {
            cluster.drops.append(reason)
            return
        }
        Issue.record("node \(self.node.identifier) drops \(node): \(reason)")
    }

    func update(_ membership: ClusterMembership, asOf index: LogIndex) {}

    func incarnation(of node: NodeID) -> Incarnation? {
        links[node]?.incarnation
    }
}
