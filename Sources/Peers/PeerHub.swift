package import Codec
package import IOCore
package import Identifiers
package import Logging
package import Replication
package import Transactions
import Wire

/// The connections between this replica and the others: dialling, handshake, back-off, framing.
///
/// Lives on the loop. Either side may dial; of two connections between the same nodes both sides
/// keep the one that the node with the smaller name dialled, unless that has been silent: a peer that
/// has one dials no other, so the older may be one that only this end still believes in.
package final class PeerHub: PeerTransport {
    /// What the hub tells the replica's owner, on the loop.
    package struct Events {
        package var received: (PeerMessage, NodeID) -> Void = { _, _ in }
        /// A message about frames that one of both has lost.
        package var repair: (RepairMessage, NodeID) -> Void = { _, _ in }
        /// A message about founding.
        package var foundingReceived: (FoundingMessage, NodeID) -> Void = { _, _ in }
        /// A connection was made or lost.
        package var changed: (NodeID) -> Void = { _ in }
        /// Whether the recorded directory of a member has been heard of lately.
        package var isHeard: (NodeID) -> Bool = { _ in false }
        /// This node has learned that it is no member any more.
        package var removed: () -> Void = {}
        package init() {}
    }

    let loop: any EventLoop
    let network: any Network
    let limits: Limits
    let logger: Logger
    let cluster: ClusterID
    let node: NodeID
    let incarnation: Incarnation
    /// In which run this process is, which peers are told.
    let boot: UInt64
    /// What a peer must have in common with this node.
    let terms: ReplicationTerms
    package var events = Events()

    private var listener: (any Listener)?
    /// The other members.
    private var members: [NodeID: Member] = [:]
    /// Whether a membership is known; of a cluster of one it has no others.
    private var knowsCluster = false
    /// The record as of which `members` are known.
    private(set) var membershipIndex = LogIndex.zero
    /// Whether there is a membership, and this node is not in it.
    private var isOutside = false
    private var removalCheck: TimerID?
    private var lastHeard = MonotonicTime.zero
    /// Whether this node was a member and has learned that it is none any more: it dials nobody, and
    /// waits to be added again.
    package private(set) var isRemoved = false
    private var links = NodeTable<PeerConnection>()
    private var handshaking: [PeerConnection] = []
    private var dialling: Set<NodeID> = []
    private var retryMilliseconds: [NodeID: UInt64] = [:]
    private var isStopped = false
    /// Whoever reaches the port can bring about refusals, as many as they like.
    private var refusalThrottle = LogThrottle()

    /// How long a connection has been silent that gives way to any newer one.
    private static let silentMilliseconds: UInt64 = 2_000
    /// Connections that have not finished their handshake, at most.
    private static let handshakeLimit = 128
    private static let firstRetryMilliseconds: UInt64 = 20
    private static let lastRetryMilliseconds: UInt64 = 1_000
    /// How long nobody speaks to a node outside the membership before it takes itself for removed.
    private static let removalMilliseconds: UInt64 = 1_000

    package init(
        loop: any EventLoop, network: any Network, cluster: ClusterID, node: NodeID,
        incarnation: Incarnation, boot: UInt64, limits: Limits, logger: Logger
    ) {
        self.loop = loop
        self.network = network
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.boot = boot
        self.limits = limits
        terms = ReplicationTerms(limits)
        self.logger = logger
    }

    /// Listens for other replicas.
    package func listen(on address: Address) throws(NetworkFailure) -> Address {
        let listener = try network.listen(on: address) { [unowned self] connection in
            guard !isStopped, handshaking.count < Self.handshakeLimit else {
                connection.close(flush: false)
                return
            }
            adopt(PeerConnection(accepted: connection, hub: self))
        }
        self.listener = listener
        return listener.address
    }

    package func stop() {
        isStopped = true
        if let removalCheck { loop.cancel(removalCheck) }
        removalCheck = nil
        listener?.close()
        for connection in connectedNodes.compactMap({ links[$0] }) {
            connection.close("the node stops")
        }
        for connection in handshaking {
            connection.close("the node stops")
        }
    }

    /// The incarnation that a connected member named in its handshake.
    package func incarnation(of node: NodeID) -> Incarnation? {
        links[node]?.peerIncarnation
    }

    /// In which run the process of this node or of a connected member is; 0: not known.
    package func boot(of node: NodeID) -> UInt64 {
        node == self.node ? boot : links[node]?.peerBoot ?? 0
    }

    package var connectedNodes: [NodeID] {
        links.keys
    }

    // MARK: PeerTransport

    package func send(_ buffers: [[UInt8]], to node: NodeID) -> Bool {
        guard let link = links[node], link.hasRoom else { return false }
        link.send(buffers)
        return true
    }

    package func unsentBytes(to node: NodeID) -> Int {
        links[node]?.unsentBytes ?? 0
    }

    package func drop(_ node: NodeID, reason: String) {
        links[node]?.close(reason)
    }

    package func update(_ membership: ClusterMembership, asOf index: LogIndex) {
        members = [:]
        membershipIndex = index
        knowsCluster = !membership.members.isEmpty
        isOutside = knowsCluster && membership.member(node) == nil
        if !isOutside, isRemoved {
            isRemoved = false
            logger.notice("this node is a member of the cluster again")
        }
        scheduleRemovalCheck()
        for member in membership.members where member.node != node {
            members[member.node] = member
            if links[member.node] == nil {
                dial(member.node)
            }
        }
        // A peer that knows a later membership may have joined since.
        for (other, link) in links
        where members[other] == nil && knowsCluster
            && link.peerMembershipIndex <= index
        {
            link.closeSoon("node \(other) has left the cluster")
        }
    }
}

extension PeerHub {
    /// Logs a refusal, of many only some.
    func complain(_ what: Logger.Message, _ metadata: Logger.Metadata) {
        guard let dropped = refusalThrottle.admit(at: loop.now) else { return }
        let count: Logger.Metadata = dropped > 0 ? ["not-logged": "\(dropped)"] : [:]
        logger.warning(what, metadata: metadata.merging(count) { $1 })
    }
}

// MARK: - Dialling

extension PeerHub {
    private func dial(_ other: NodeID) {
        guard !isStopped, !isOutside, !isRemoved, links[other] == nil, !dialling.contains(other),
            let member = members[other], let address = Address(member.peerAddress)
        else { return }
        dialling.insert(other)
        network.connect(to: address) { [unowned self] result in
            switch result {
            case .success(let connection):
                adopt(PeerConnection(dialled: connection, expecting: other, hub: self))
            case .failure(let failure):
                logger.debug("cannot connect", metadata: ["peer": "\(other)", "why": "\(failure)"])
                dialFailed(other)
            }
        }
    }

    private func adopt(_ connection: PeerConnection) {
        handshaking.append(connection)
        connection.start()
    }

    private func dialFailed(_ other: NodeID) {
        dialling.remove(other)
        let wait = retryMilliseconds[other] ?? Self.firstRetryMilliseconds
        retryMilliseconds[other] = min(wait * 2, Self.lastRetryMilliseconds)
        let back = LoopBound(self, to: loop)
        let jitter = loop.randomBits() % (wait / 2 + 1)
        _ = loop.schedule(at: loop.now.advanced(milliseconds: wait + jitter)) {
            back.value.dial(other)
        }
    }

    // MARK: Connections

    /// Why a peer that knows the membership as of `peerIndex` may not join, or nil.
    func objection(
        to other: NodeID, _ peerIncarnation: Incarnation, knowing peerIndex: LogIndex
    ) -> HandshakeRefusal? {
        guard other != node else {
            return HandshakeRefusal(
                .unknownPeer, "the other end calls itself \(node), as this node does")
        }
        guard let member = members[other] else {
            // A node that knows no cluster yet hears everybody, and so does one outside it, which only
            // a member can bring back; a member hears members, and those that know of a later
            // membership than it does, such as a leader that joined while this node was down.
            guard knowsCluster, !isOutside, !isRemoved, peerIndex <= membershipIndex else {
                return nil
            }
            return HandshakeRefusal(
                .notMember,
                "node \(other) is no member of the cluster as of record \(membershipIndex); "
                    + "add it first",
                asOf: membershipIndex)
        }
        guard let present = links[other], present.peerIncarnation != peerIncarnation,
            present.peerIncarnation == member.incarnation, events.isHeard(other)
        else { return nil }
        return HandshakeRefusal(
            .unknownPeer,
            "node \(other) is here with the data directory that the cluster knows; give the second "
                + "one another name, or stop the first")
    }

    /// A connection has finished its handshake; of two, the one dialled by the smaller name stays, or
    /// the newer where the older has been silent.
    func established(_ connection: PeerConnection) {
        handshaking.removeAll { $0 === connection }
        guard let other = connection.peer else { return }
        if connection.isDialled {
            dialling.remove(other)
        }
        if let present = links[other], present.peerIncarnation != connection.peerIncarnation {
            // Another directory has taken the name; `objection` has seen to it that it may.
            links[other] = connection
            present.close("replaced by another data directory")
            events.changed(other)
            return
        }
        if let present = links[other],
            loop.now.milliseconds(since: present.lastHeard) >= Self.silentMilliseconds
        {
            links[other] = connection
            present.close("silent, and replaced by a newer connection")
            events.changed(other)
            return
        }
        if let present = links[other] {
            let dialler = connection.isDialled ? node : other
            guard dialler == min(node, other), present.isDialled != connection.isDialled else {
                if present.isDialled == connection.isDialled {
                    // The other end has begun anew: what it says now counts.
                    links[other] = connection
                    present.close("replaced by a newer connection")
                    events.changed(other)
                } else {
                    connection.close("one connection between two nodes is enough")
                }
                return
            }
            links[other] = connection
            present.close("one connection between two nodes is enough")
            events.changed(other)
            return
        }
        links[other] = connection
        retryMilliseconds[other] = nil
        logger.info("peer connected", metadata: ["peer": "\(other)"])
        events.changed(other)
    }

    func ended(_ connection: PeerConnection, reason: String) {
        let wasHandshaking = handshaking.contains { $0 === connection }
        handshaking.removeAll { $0 === connection }
        guard let other = connection.peer ?? connection.expected else { return }
        if links[other] === connection {
            links[other] = nil
            logger.info("peer lost", metadata: ["peer": "\(other)", "why": "\(reason)"])
            events.changed(other)
            dialFailed(other)
        } else if connection.isDialled, wasHandshaking {
            logger.debug(
                "handshake failed", metadata: ["peer": "\(other)", "why": "\(reason)"])
            dialFailed(other)
        }
    }

    func received(_ message: PeerMessage, from connection: PeerConnection) {
        guard let other = connection.peer, links[other] === connection else { return }
        lastHeard = loop.now
        events.received(message, other)
    }

    func received(_ message: RepairMessage, from connection: PeerConnection) {
        guard let other = connection.peer, links[other] === connection else { return }
        events.repair(message, other)
    }

    func received(_ message: FoundingMessage, from connection: PeerConnection) {
        guard let other = connection.peer, links[other] === connection else { return }
        events.foundingReceived(message, other)
    }
}

// MARK: - Refusals and removal

extension PeerHub {
    /// A peer has refused this node.
    ///
    /// One that knows a later membership than this node, without it, tells that this node has been
    /// removed; one that knows an older one has yet to hear that it was added.
    func refused(_ refusal: HandshakeRefusal, by peer: NodeID?) {
        if refusal.code == .notMember, refusal.asOf > membershipIndex {
            becomeRemoved(as: "\(refusal.text)")
        } else {
            complain(
                "refused by a peer",
                ["peer": "\(peer?.description ?? "?")", "why": "\(refusal)"])
        }
    }

    /// A node outside the membership that it knows has been removed, unless a leader still brings it
    /// up to date: then a later record may add it.
    private func scheduleRemovalCheck() {
        if let removalCheck { loop.cancel(removalCheck) }
        removalCheck = nil
        guard isOutside, !isRemoved, !isStopped else { return }
        let back = LoopBound(self, to: loop)
        let next = loop.now.advanced(milliseconds: Self.removalMilliseconds)
        removalCheck = loop.schedule(at: next) {
            let hub = back.value
            hub.removalCheck = nil
            let quiet = hub.loop.now.milliseconds(since: hub.lastHeard)
            if quiet >= Self.removalMilliseconds {
                hub.becomeRemoved(
                    as: "it is no member of the cluster as of record \(hub.membershipIndex)")
            } else {
                hub.scheduleRemovalCheck()
            }
        }
    }

    private func becomeRemoved(as reason: String) {
        guard !isRemoved, !isStopped else { return }
        isRemoved = true
        logger.notice(
            "this node has been removed from the cluster; it waits to be added again, or stopped",
            metadata: ["why": "\(reason)"])
        events.removed()
    }
}
