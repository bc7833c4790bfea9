package import Identifiers

/// One record of the log: everything that changes replicated state.
package enum Record: Hashable, Sendable {
    /// A new leader's first record (*Raft §8*).
    case nothing
    /// A transaction; without an origin it is the cluster's own.
    case transaction(Transaction, origin: Origin?)
    /// Opens the session whose name is this record's index.
    case openSession(timeToLiveMilliseconds: UInt64, description: String)
    /// Says that a session lives.
    case touchSession(SessionID)
    case closeSession(SessionID)
    /// The leader found these sessions idle for longer than their time to live.
    case expireSessions([SessionID])
    /// The membership of the cluster and where its members are; in a frame of its own.
    case membership(ClusterMembership)
    /// How far the leader's runs of post-commit triggers have come.
    case triggerCursors([TriggerCursor])
    /// Every node computes the digest of its state as of this record; `nonce` names the request.
    case digestMark(nonce: UInt64)
}

/// Who is in the cluster, sorted by node; the consensus core gets the names only.
package struct ClusterMembership: Hashable, Sendable {
    /// Which directories began the cluster; the same for as long as it lives.
    package var founding: FoundingID
    package var voters: [NodeID]
    package var outgoing: [NodeID]
    package var learners: [NodeID]
    /// One for every node named above.
    package var members: [Member]

    package init(
        founding: FoundingID, voters: [NodeID], outgoing: [NodeID], learners: [NodeID],
        members: [Member]
    ) {
        self.founding = founding
        self.voters = voters
        self.outgoing = outgoing
        self.learners = learners
        self.members = members
    }

    package static let empty = ClusterMembership(
        founding: .zero, voters: [], outgoing: [], learners: [], members: [])
}

package struct Member: Hashable, Sendable {
    package let node: NodeID
    /// The incarnation of its data directory; nil until it has been seen; known of voters.
    package var incarnation: Incarnation?
    /// Whether it voted before its data directory was lost, and votes again once it has caught up.
    package var isRejoining = false
    /// When another data directory was last put in the place of its own, in replicated time; 0:
    /// never.
    package var replacedMilliseconds: UInt64 = 0
    /// `host:port` where it listens for peers and for clients.
    package var peerAddress: String
    package var clientAddress: String

    package init(
        node: NodeID, incarnation: Incarnation?, peerAddress: String, clientAddress: String
    ) {
        self.node = node
        self.incarnation = incarnation
        self.peerAddress = peerAddress
        self.clientAddress = clientAddress
    }
}

/// How far one leader-run trigger has come.
package struct TriggerCursor: Hashable, Sendable {
    package let trigger: String
    /// All change sets up to here have been delivered (or skipped as not matching).
    package let deliveredThrough: LogIndex
    /// Set when the trigger is suspended: why, for people.
    package let suspension: String?
    package init(trigger: String, deliveredThrough: LogIndex, suspension: String?) {
        self.trigger = trigger
        self.deliveredThrough = deliveredThrough
        self.suspension = suspension
    }
}
