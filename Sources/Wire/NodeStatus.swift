package import Identifiers

/// What one node says about itself and what it sees of the others.
///
/// | field | encoding |
/// |---|---|
/// | node, incarnation | varint, u64 |
/// | cluster | 16 bytes |
/// | role, disk | u8 each; disk: 0 takes writes, 1 is full, 2 does not answer, 3 has no file descriptors |
/// | term, leader (0 none) | varints |
/// | leader's client address, version | texts |
/// | commit, applied, durable, first, last index | varints |
/// | feature level, log, appended, raw, stored bytes, sessions, connections | varints |
/// | engine bytes, memory bytes, uptime ms | varints |
/// | triggers | count varint; each: name text, delivered through varint, lag varint, state u8 (0 running, 1 failing, 2 suspended), reason text |
/// | damage | count varint; each: first, last index varints, place text |
/// | members | count varint; each: node varint, incarnation u64 (0 unknown), two address texts, role u8, match varint, lag varint, last heard ms varint (+1, 0 never) |
/// | notice | text |
package struct NodeStatus: Hashable, Sendable {
    package var node: NodeID
    package var cluster: ClusterID?
    package var incarnation: Incarnation
    package var role: NodeRole
    package var disk = DiskState.good
    package var term = Term.zero
    package var leader: NodeID?
    /// Where clients reach the leader; empty if unknown.
    package var leaderClientAddress = ""
    package var version = ""
    package var commitIndex = LogIndex.zero
    package var appliedIndex = LogIndex.zero
    /// Up to where this node's own log is synced.
    package var durableIndex = LogIndex.zero
    package var firstLogIndex = LogIndex.zero
    package var lastLogIndex = LogIndex.zero
    package var featureLevel: UInt64 = 0
    /// Bytes that the log holds; what its files have prepared for more is not counted.
    package var logBytes: UInt64 = 0
    /// Bytes appended to the log since start.
    package var appendedBytes: UInt64 = 0
    /// Payload bytes of frames since start, before and after compression.
    package var rawBytes: UInt64 = 0
    package var storedBytes: UInt64 = 0
    package var sessions: UInt64 = 0
    package var connections: UInt64 = 0
    package var engineBytes: UInt64 = 0
    /// Resident bytes of the process.
    package var memoryBytes: UInt64 = 0
    package var uptimeMilliseconds: UInt64 = 0
    package var triggers: [TriggerStatus] = []
    /// What of the log cannot be read, as far as it is known; the first of it where there is much.
    package var damage: [DamageStatus] = []
    /// Sorted by node; match, lag and last heard are told by a leader only.
    package var members: [MemberStatus] = []
    /// What the node waits for, and what to do about it; empty where all is well.
    package var notice = ""

    package init(
        node: NodeID, cluster: ClusterID?, incarnation: Incarnation, role: NodeRole
    ) {
        self.node = node
        self.cluster = cluster
        self.incarnation = incarnation
        self.role = role
    }
}

/// What a node does in its cluster at the moment.
///
/// | role | of a node |
/// |--:|---|
/// | 0 | follower |
/// | 1 | candidate |
/// | 2 | leader |
/// | 3 | learner: has the log and does not vote |
/// | 4 | outsider: not a member yet |
/// | 5 | repairing: damage in its log keeps it from voting |
/// | 6 | removed: was a member, and has learned that it is none any more |
package enum NodeRole: StatusValue {
    case follower
    case candidate
    case leader
    case learner
    /// Not a member yet: waits to be added.
    case outsider
    /// Damage in its log keeps it from voting until it has been repaired.
    case repairing
    /// Was a member, and has learned that it is none any more.
    case removed
    case unknown(UInt8)

    package static let known: [NodeRole] = [
        .follower, .candidate, .leader, .learner, .outsider, .repairing, .removed,
    ]
}

/// A value of a status that is a byte.
///
/// What is looked at is often a newer node in trouble. So a value that only it knows is no reason not to
/// show the rest.
package protocol StatusValue: Hashable, Sendable {
    /// The values that this build knows; the byte of each is its place here.
    static var known: [Self] { get }
    /// The value of a byte that no known value has.
    static func unknown(_ byte: UInt8) -> Self
}

extension StatusValue {
    init(byte: UInt8) {
        self = Int(byte) < Self.known.count ? Self.known[Int(byte)] : .unknown(byte)
    }

    var byte: UInt8 {
        let byte = (0...UInt8.max).first { Self(byte: $0) == self }
        guard let byte else { preconditionFailure("\(self) has no byte") }
        return byte
    }
}

/// What a node's disk lets it do.
package enum DiskState: StatusValue {
    case good
    /// The log or the store waits for room.
    case full
    /// A write has been waiting for too long.
    case hung
    /// The log waits for a file descriptor.
    case noDescriptors
    case unknown(UInt8)

    package static let known: [DiskState] = [.good, .full, .hung, .noDescriptors]
}

/// Records that a node has lost.
package struct DamageStatus: Hashable, Sendable {
    package var first: LogIndex
    package var last: LogIndex
    /// File and byte.
    package var place: String

    /// How many a status shows.
    package static let shown = 64

    package init(first: LogIndex, last: LogIndex, place: String) {
        self.first = first
        self.last = last
        self.place = place
    }
}

package struct TriggerStatus: Hashable, Sendable {
    package var name: String
    package var deliveredThrough: LogIndex
    /// Records between the cursor and the applied index.
    package var lagRecords: UInt64
    package var state: TriggerState

    package init(
        name: String, deliveredThrough: LogIndex, lagRecords: UInt64, state: TriggerState
    ) {
        self.name = name
        self.deliveredThrough = deliveredThrough
        self.lagRecords = lagRecords
        self.state = state
    }
}

/// Whether a trigger gets what it is to be given.
package enum TriggerState: Hashable, Sendable {
    case running
    /// The last run failed for this reason; it is tried again.
    case failing(String)
    /// It waits for an operator, for this reason.
    case suspended(String)
    /// A state that only a newer node knows, and what it says of it.
    case unknown(UInt8, String)
}

/// What the membership has a member for.
///
/// | role | of a member |
/// |--:|---|
/// | 0 | voter |
/// | 1 | outgoing: votes until the joint change ends |
/// | 2 | learner |
/// | 3 | rejoining: a learner that lost its data directory, and votes again once it has caught up |
package enum MemberRole: StatusValue {
    case voter
    /// Votes until the joint change ends.
    case outgoing
    case learner
    /// A learner that votes again once it has caught up: its data directory was lost.
    case rejoining
    case unknown(UInt8)

    package static let known: [MemberRole] = [.voter, .outgoing, .learner, .rejoining]
}

package struct MemberStatus: Hashable, Sendable {
    package var node: NodeID
    package var incarnation: Incarnation?
    package var peerAddress: String
    package var clientAddress: String
    package var role: MemberRole
    package var matchIndex = LogIndex.zero
    /// Records that the leader has and this member is not known to have.
    package var lagRecords: UInt64 = 0
    package var lastHeardMilliseconds: UInt64?

    package init(
        node: NodeID, incarnation: Incarnation?, peerAddress: String, clientAddress: String,
        role: MemberRole
    ) {
        self.node = node
        self.incarnation = incarnation
        self.peerAddress = peerAddress
        self.clientAddress = clientAddress
        self.role = role
    }
}
