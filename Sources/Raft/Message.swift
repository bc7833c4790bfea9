package import Identifiers

/// What one core says to another.
///
/// The shell adds the frames' and snapshots' bytes, and its own envelope with cluster, sender and
/// receiver.
package struct Message: Hashable, Sendable {
    /// The sender's term; for a pre-vote request the term it would campaign in.
    package let term: Term
    package let body: Body

    package init(term: Term, body: Body) {
        self.term = term
        self.body = body
    }

    package enum Body: Hashable, Sendable {
        case voteRequest(VoteRequest)
        case voteResponse(VoteResponse)
        case appendRequest(AppendRequest)
        case appendResponse(AppendResponse)
        case snapshotRequest(SnapshotRequest)
        case snapshotResponse(SnapshotResponse)
        /// Frames are lost here that nobody holds any more.
        case snapshotNeeded
        /// Campaign now, without pre-vote (*thesis §3.10*).
        case timeoutNow
        /// A follower asks for a read index; `nonce` is its own and is returned.
        case readIndexRequest(nonce: UInt64)
        /// `index` nil: the receiver cannot say (not leader, or no commit in its term).
        case readIndexResponse(nonce: UInt64, index: LogIndex?)
    }

    /// Whether a leader or candidate counts what this message says.
    package var isAnswer: Bool {
        switch body {
        case .voteResponse, .appendResponse, .snapshotResponse, .readIndexResponse: true
        case .voteRequest, .appendRequest, .snapshotRequest, .snapshotNeeded, .timeoutNow,
            .readIndexRequest:
            false
        }
    }

    /// Whether this message is meant for the member that the membership records under the name.
    package var isForMemberAlone: Bool {
        switch body {
        case .voteRequest, .appendRequest, .snapshotRequest, .snapshotNeeded, .timeoutNow: true
        case .voteResponse, .appendResponse, .snapshotResponse, .readIndexRequest,
            .readIndexResponse:
            false
        }
    }

    package struct VoteRequest: Hashable, Sendable {
        package let isPreVote: Bool
        /// Set in a campaign that a leader asked for: check-quorum's refusal does not hold.
        package let isTransfer: Bool
        package let last: LogPosition
        package init(isPreVote: Bool, isTransfer: Bool, last: LogPosition) {
            self.isPreVote = isPreVote
            self.isTransfer = isTransfer
            self.last = last
        }
    }

    package struct VoteResponse: Hashable, Sendable {
        package let isPreVote: Bool
        package let granted: Bool
        package init(isPreVote: Bool, granted: Bool) {
            self.isPreVote = isPreVote
            self.granted = granted
        }
    }

    /// Frames to append, or none: a heartbeat or probe.
    package struct AppendRequest: Hashable, Sendable {
        package let previous: LogPosition
        package let commit: LogIndex
        package let frames: [FrameDescriptor]
        /// Echoed in the response; confirms leadership for reads (*thesis §6.4*); 0 for none.
        package let readNonce: UInt64
        package init(
            previous: LogPosition, commit: LogIndex, frames: [FrameDescriptor], readNonce: UInt64
        ) {
            self.previous = previous
            self.commit = commit
            self.frames = frames
            self.readNonce = readNonce
        }
    }

    package struct AppendResponse: Hashable, Sendable {
        package enum Result: Hashable, Sendable {
            /// Everything up to here equals the leader's log and is durable.
            case matched(LogIndex)
            /// `previous` of the request is not in the log. `hint`: the last position that could
            /// match; `last`: the end of the follower's log.
            case rejected(previous: LogIndex, hint: LogPosition, last: LogIndex)
        }
        package let result: Result
        package let readNonce: UInt64
        package init(result: Result, readNonce: UInt64) {
            self.result = result
            self.readNonce = readNonce
        }
    }

    /// One chunk of a snapshot; the shell adds the bytes and whether it is the last.
    package struct SnapshotRequest: Hashable, Sendable {
        package let snapshot: LogPosition
        package let membership: Membership
        /// Counts from 0.
        package let chunk: UInt64
        package let isLast: Bool
        /// Whether the sender leads nobody by it, and was asked for it.
        package let isLent: Bool
        package init(
            snapshot: LogPosition, membership: Membership, chunk: UInt64, isLast: Bool,
            isLent: Bool = false
        ) {
            self.snapshot = snapshot
            self.membership = membership
            self.chunk = chunk
            self.isLast = isLast
            self.isLent = isLent
        }
    }

    package struct SnapshotResponse: Hashable, Sendable {
        package enum Result: Hashable, Sendable {
            /// Send this chunk next (also the way to resume).
            case wants(chunk: UInt64)
            /// Installed and durable, or not needed: the log matches up to here.
            case installed(LogIndex)
        }
        package let snapshot: LogPosition
        package let result: Result
        package init(snapshot: LogPosition, result: Result) {
            self.snapshot = snapshot
            self.result = result
        }
    }
}
