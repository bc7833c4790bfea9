/// What a node does in its cluster at the moment.
public enum NodeRole: Hashable, Sendable, CustomStringConvertible {
    case follower
    case candidate
    case leader
    case learner
    /// Not a member yet.
    case outsider
    /// Damage in its log keeps it from voting until it has been repaired.
    case repairing
    /// Was a member, and has learned that it is none any more; add it again, or stop it.
    case removed
    /// What only a newer node knows, by its number.
    case unknown(UInt8)

    public var description: String {
        switch self {
        case .follower: "follower"
        case .candidate: "candidate"
        case .leader: "leader"
        case .learner: "learner"
        case .outsider: "outsider"
        case .repairing: "repairing"
        case .removed: "removed"
        case .unknown(let number): "unknown (\(number))"
        }
    }
}

/// What one node says about itself, and what it sees of the others.
public struct NodeStatus: Hashable, Sendable {
    public var node: UInt64
    /// 32 hexadecimal digits; nil for a node without a cluster.
    public var cluster: String?
    public var incarnation: UInt64
    public var role: NodeRole
    public var term: UInt64
    public var leader: UInt64?
    /// `host:port`; empty if unknown.
    public var leaderClientAddress: String
    public var version: String
    public var featureLevel: UInt64
    public var commitIndex: UInt64
    public var appliedIndex: UInt64
    public var durableIndex: UInt64
    public var firstLogIndex: UInt64
    public var lastLogIndex: UInt64
    /// Bytes that the log holds; what its files have prepared for more is not counted.
    public var logBytes: UInt64
    /// Bytes appended to the log since start.
    public var appendedBytes: UInt64
    /// Payload bytes since start, before and after compression.
    public var rawBytes: UInt64
    public var storedBytes: UInt64
    public var sessions: UInt64
    public var connections: UInt64
    public var engineBytes: UInt64
    public var memoryBytes: UInt64
    public var uptime: Duration
    public var triggers: [TriggerStatus]
    /// What the node cannot read of its log, as far as it knows; of much damage the first of it.
    public var damage: [DamageStatus]
    public var members: [MemberStatus]
    /// What the node waits for, and what to do about it; empty where all is well.
    public var notice: String

    /// How many times smaller the log's payload is than what it holds; nil before there is any.
    public var compressionRatio: Double? {
        storedBytes == 0 ? nil : Double(rawBytes) / Double(storedBytes)
    }
}

/// Records that a node has lost from its log.
public struct DamageStatus: Hashable, Sendable {
    public var first: UInt64
    public var last: UInt64
    /// File and byte.
    public var place: String
}

/// What the leader says about a trigger that it runs.
public struct TriggerStatus: Hashable, Sendable {
    public var name: String
    public var deliveredThrough: UInt64
    /// Records between the last delivery and the present.
    public var lagRecords: UInt64
    public var state: TriggerState

    package init(name: String, deliveredThrough: UInt64, lagRecords: UInt64, state: TriggerState) {
        self.name = name
        self.deliveredThrough = deliveredThrough
        self.lagRecords = lagRecords
        self.state = state
    }
}

/// Whether a trigger gets what it is to be given.
public enum TriggerState: Hashable, Sendable {
    case running
    /// The last run failed for this reason; it is tried again.
    case failing(String)
    /// It waits for `resumeTrigger`, for this reason.
    case suspended(String)
    /// What only a newer node knows, by its number, and what that says of it.
    case unknown(UInt8, String)
}

/// What the membership has a member for.
public enum MemberRole: Hashable, Sendable, CustomStringConvertible {
    case voter
    /// Votes until the membership change ends.
    case outgoing
    case learner
    /// A learner that votes again once it has caught up: its data directory was lost.
    case rejoining
    /// What only a newer node knows, by its number.
    case unknown(UInt8)

    public var description: String {
        switch self {
        case .voter: "voter"
        case .outgoing: "outgoing"
        case .learner: "learner"
        case .rejoining: "rejoining"
        case .unknown(let number): "unknown (\(number))"
        }
    }
}

public struct MemberStatus: Hashable, Sendable {
    public var node: UInt64
    public var incarnation: UInt64?
    public var peerAddress: String
    public var clientAddress: String
    public var role: MemberRole
    /// Told by a leader only, as are lag and last heard.
    public var matchIndex: UInt64
    public var lagRecords: UInt64
    public var lastHeard: Duration?
}

/// One node of the configuration, and what it answered.
public struct NodeReport: Hashable, Sendable {
    public let endpoint: Endpoint
    public let status: Result<NodeStatus, LockstepError>
}

/// The digest of a node's replicated state as of one index; equal on all nodes that hold it.
public struct StateDigest: Hashable, Sendable {
    public let index: UInt64
    /// 32 hexadecimal digits.
    public let digest: String

    package init(index: UInt64, digest: String) {
        self.index = index
        self.digest = digest
    }
}

/// What a snapshot of one node did.
public struct SnapshotReport: Hashable, Sendable {
    public let appliedIndex: UInt64
    public let firstRetainedIndex: UInt64
    public let duration: Duration

    package init(appliedIndex: UInt64, firstRetainedIndex: UInt64, duration: Duration) {
        self.appliedIndex = appliedIndex
        self.firstRetainedIndex = firstRetainedIndex
        self.duration = duration
    }
}

/// A stretch of one node's log.
public struct LogFramesReport: Hashable, Sendable {
    public let node: UInt64
    /// The term that the node is in.
    public let term: UInt64
    /// Of the whole log; over `lastIndex` where it is empty.
    public let firstIndex: UInt64
    public let lastIndex: UInt64
    /// In order; those that damage hides are missing.
    public let frames: [LogFrameReport]

    package init(
        node: UInt64, term: UInt64, firstIndex: UInt64, lastIndex: UInt64, frames: [LogFrameReport]
    ) {
        self.node = node
        self.term = term
        self.firstIndex = firstIndex
        self.lastIndex = lastIndex
        self.frames = frames
    }
}

/// What a log stores and checks as one: some records of one term.
public struct LogFrameReport: Hashable, Sendable {
    public let firstIndex: UInt64
    public let records: UInt64
    public let term: UInt64
    /// What the records are: `entries` or `membership`.
    public let kind: String
    /// Payload bytes as stored, and before compression.
    public let storedBytes: UInt64
    public let rawBytes: UInt64
    /// 32 hexadecimal digits that stand for the log up to the end of this frame.
    public let digest: String

    public var lastIndex: UInt64 {
        firstIndex + records - 1
    }

    package init(
        firstIndex: UInt64, records: UInt64, term: UInt64, kind: String, storedBytes: UInt64,
        rawBytes: UInt64, digest: String
    ) {
        self.firstIndex = firstIndex
        self.records = records
        self.term = term
        self.kind = kind
        self.storedBytes = storedBytes
        self.rawBytes = rawBytes
        self.digest = digest
    }
}

/// What a check of one node's log has found.
public struct VerificationReport: Hashable, Sendable {
    public let segments: UInt64
    public let frames: UInt64
    public let bytes: UInt64
    /// One sentence each; empty if all is well.
    public let problems: [String]

    package init(segments: UInt64, frames: UInt64, bytes: UInt64, problems: [String]) {
        self.segments = segments
        self.frames = frames
        self.bytes = bytes
        self.problems = problems
    }
}
