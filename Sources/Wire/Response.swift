package import Identifiers
package import Transactions

/// What a node answers.
///
/// | kind | response | body |
/// |--:|---|---|
/// | 0x81 | session opened | session varint |
/// | 0x82 | outcome | encoded outcome bytes, has changes u8, then if 1 an encoded change set bytes |
/// | 0x83 | done | applied index varint |
/// | 0x84 | read result | applied index varint, result bytes |
/// | 0x85 | read aborted | applied index varint, `AbortCode` u8, message text |
/// | 0x86 | watch started | first index varint |
/// | 0x87 | change sets | seen through index varint, count varint, that many encoded change set bytes |
/// | 0x88 | watch ended | reason u8, then what belongs to it: see `WatchEnd` |
/// | 0x89 | status | see `NodeStatus` |
/// | 0x8A | digest | index varint, digest 16 bytes |
/// | 0x8B | snapshot taken | applied index varint, first retained index varint, milliseconds varint |
/// | 0x8C | verified | segments varint, frames varint, bytes varint, count varint and that many problem texts |
/// | 0x8D | log frames | see `LogPage` |
/// | 0xFF | error | see `RequestError` |
package enum Response: Hashable, Sendable {
    case sessionOpened(SessionID)
    /// An `Outcome` and, where wanted and there, a `ChangeSet`, in the encoding of `Transactions`.
    case outcome([UInt8], changes: [UInt8]?)
    /// Carried out; the index is that of the record where one was written, else the applied one.
    case done(LogIndex)
    case readResult(applied: LogIndex, [UInt8])
    case readAborted(applied: LogIndex, AbortCode, message: String)
    /// The first change set to come has this index or a later one.
    case watchStarted(first: LogIndex)
    /// Encoded change sets in order of index; uses up one credit each. Nothing else up to `through`
    /// passed the filter, so a watch may go on behind it. May hold no change set at all.
    case changeSets(through: LogIndex, [[UInt8]])
    case watchEnded(WatchEnd)
    case status(NodeStatus)
    case digest(at: LogIndex, Bits128)
    case snapshotTaken(applied: LogIndex, firstRetained: LogIndex, milliseconds: UInt64)
    case verified(Verification)
    case logFrames(LogPage)
    case error(RequestError)

    /// Whether the request is over with this answer.
    package var isFinal: Bool {
        switch self {
        case .watchStarted, .changeSets: false
        case .sessionOpened, .outcome, .done, .readResult, .readAborted, .watchEnded, .status,
            .digest, .snapshotTaken, .verified, .logFrames, .error:
            true
        }
    }
}

/// Why no more change sets come.
///
/// | reason | end of a watch | what follows |
/// |--:|---|---|
/// | 1 | retention passed: the change sets wanted next are gone | first retained index varint |
/// | 2 | follower lost: this node does not follow the cluster any more; watch on another one | text |
/// | 3 | cancelled | empty text |
/// | 4 | stopping: the node is; watch on another one | empty text |
/// | 5 | too slow: too many change sets waited for too long | text |
package enum WatchEnd: Hashable, Sendable {
    /// The change sets wanted next are gone; the first one that is still there is told.
    case retentionPassed(firstRetained: LogIndex)
    /// This node does not follow the cluster any more; watch on another one.
    case followerLost(String)
    case cancelled
    /// The node is stopping; watch on another one.
    case stopping
    /// The client let too many change sets wait for too long.
    case tooSlow(String)
}

/// What a scrub of one node's log has found.
package struct Verification: Hashable, Sendable {
    package static let mostProblems = 1_000

    package var segments: UInt64
    package var frames: UInt64
    package var bytes: UInt64
    /// One sentence each, with file and offset; empty if all is well.
    package var problems: [String]

    package init(segments: UInt64, frames: UInt64, bytes: UInt64, problems: [String]) {
        self.segments = segments
        self.frames = frames
        self.bytes = bytes
        self.problems = problems
    }
}
