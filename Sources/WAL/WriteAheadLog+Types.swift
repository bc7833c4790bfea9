package import Codec
package import Identifiers

extension WriteAheadLog {
    /// Whose log it is; every segment carries it, and a segment of another is refused.
    package struct Identity: Hashable, Sendable {
        package let cluster: ClusterID
        package let node: NodeID
        package let incarnation: Incarnation

        package init(cluster: ClusterID, node: NodeID, incarnation: Incarnation) {
            precondition(node.rawValue != 0, "a log belongs to node 0")
            precondition(incarnation.rawValue != 0, "a log belongs to incarnation 0")
            self.cluster = cluster
            self.node = node
            self.incarnation = incarnation
        }
    }

    /// The term and vote that must survive a crash (*Raft §5.2*).
    package struct VotingState: Hashable, Sendable, CustomStringConvertible {
        package var term: Term
        package var vote: NodeID?

        package init(term: Term, vote: NodeID?) {
            self.term = term
            self.vote = vote
        }
        package static let initial = VotingState(term: .zero, vote: nil)

        package var description: String {
            "term \(term), vote for \(vote.map(\.description) ?? "nobody")"
        }

        /// Whether `later` may replace this: a greater term, or the same and no vote withdrawn.
        func permits(_ later: VotingState) -> Bool {
            later.term > term || (later.term == term && (vote == nil || later.vote == vote))
        }
    }

    /// The end of what was compacted away: the log begins behind this position.
    package struct LogStart: Hashable, Sendable {
        package let index: LogIndex
        package let term: Term
        package let digest: ChainDigest

        package init(index: LogIndex, term: Term, digest: ChainDigest) {
            self.index = index
            self.term = term
            self.digest = digest
        }
        package static let empty = LogStart(index: .zero, term: .zero, digest: .empty)
    }

    /// What is written and synced at once: all of it survives a crash, or none.
    package struct Group: Hashable, Sendable {
        package let voting: VotingState
        package let records: [GroupRecord]

        package init(voting: VotingState, records: [GroupRecord]) {
            self.voting = voting
            self.records = records
        }
    }

    package enum GroupRecord: Hashable, Sendable {
        case frame(SealedFrame)
        /// Forgets all frames behind this index, which must be the last of a frame.
        case truncate(after: LogIndex)
    }

    /// What `open` has found.
    package struct Recovery: Sendable {
        package let voting: VotingState
        package let start: LogStart
        /// The frames that can be trusted, in order; contiguous from `start` but for `damage`.
        ///
        /// Where the last of them ends below the engine's durable index (a crash between the
        /// installation of a snapshot and `reset`), the log must be reset to the engine's position.
        package let frames: [FrameHeader]
        /// The last index of the log, damage included.
        package let lastIndex: LogIndex
        /// The chain digest at `lastIndex`; `ChainDigest.empty` where damage at the end hides it.
        package let lastDigest: ChainDigest
        package let damage: [DamagedRange]
        /// Bytes of a last group that had not been acknowledged, and was cut off.
        package let tornBytes: Int
        /// Copies of headers that cannot be read, and have been written again unless this was a look.
        package let rottenHeaders: [String]
        /// What else people should know: cut bytes, files that were ignored.
        package let notes: [String]
    }
}

/// Records that are known to have been durable here, and cannot be read.
package struct DamagedRange: Hashable, Sendable, CustomStringConvertible {
    package let first: LogIndex
    package let last: LogIndex
    /// The chain digest at `last`, from the damaged frame's own header or its successor; nil where
    /// only a current leader can tell what belongs here.
    package let digest: ChainDigest?
    /// The term of the damaged frame, where its header could be read.
    package let term: Term?
    /// The file and the offset of the first damaged byte range.
    package let file: String
    package let offset: Int
    /// Whether the engine holds the effects of all of it, so that it stands in nobody's way.
    package let isBelowEngine: Bool

    package var description: String {
        "records \(first) to \(last) are damaged in \(file) at byte \(offset)"
            + (isBelowEngine ? " (already applied and flushed)" : "")
    }
}

/// How far a scrub has come.
package struct ScrubPlace: Hashable, Sendable {
    let segment: UInt64
    var offset: Int

    init(_ segment: UInt64, _ offset: Int) {
        self.segment = segment
        self.offset = offset
    }

    /// The first byte of the log, wherever that is by then.
    package static let beginning = ScrubPlace(0, 0)
}

/// What one call of `scrub` has looked at.
package struct ScrubReport: Hashable, Sendable {
    package let checkedBytes: Int
    /// Whether the end of the log was reached.
    package let reachedEnd: Bool
    /// Where the next call goes on: at the beginning, where the end was reached.
    package let next: ScrubPlace
    /// All damage that is known now.
    package let damage: [DamagedRange]
    /// What was mended by this call.
    package let notes: [String]
}

/// Counters since `open`, and sizes as they are now.
package struct WALStatistics: Hashable, Sendable {
    /// Bytes written in groups: envelopes, headers, payloads and padding.
    package var appendedBytes: UInt64 = 0
    /// Payload bytes of frames before and after compression.
    package var rawPayloadBytes: UInt64 = 0
    package var storedPayloadBytes: UInt64 = 0
    package var frames: UInt64 = 0
    package var groups: UInt64 = 0
    /// Groups, segment headers and preparations that were waited for until they were on the disk.
    package var syncs: UInt64 = 0
    package var segments = 0
    package var spareSegments = 0
    /// Bytes of all segment and spare files.
    package var fileBytes = 0
    /// Bytes of what the segments hold: their headers and groups, without the room behind them.
    package var heldBytes = 0
    package var lastIndex = LogIndex.zero
    /// What `open` and repairs have come to.
    package var steps: RecoverySteps = []

    package init() {}
}
