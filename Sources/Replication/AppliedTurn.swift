import Codec
package import Identifiers
package import Transactions

/// What one run of the apply worker did, for the loop to answer from.
package struct AppliedTurn: Sendable {
    /// One a frame, in order.
    package var frames: [AppliedFrame] = []
    /// Where the engine stands now.
    package var position: AppliedPosition
    /// The membership, where a frame of this turn changed it.
    package var membership: ClusterMembership?
    /// The nonces of digest marks in the last frame: the state is to be pinned at `position`.
    package var digestMarks: [UInt64] = []
    package var sessionCount = 0
    /// How often the sessions have come up to their bound since the process began, or a snapshot.
    package var sessionFillings: UInt64 = 0
    /// Raised by every change of a trigger definition or suspension.
    package var touchedTriggers = false
}

/// The results of one frame's records.
package struct AppliedFrame: Sendable {
    package let firstIndex: LogIndex
    package var results: [RecordResult]
    package let byteCount: Int
}

/// What became of one record.
package enum RecordResult: Sendable {
    /// Nothing to say: the record is the cluster's own.
    case done
    /// An encoded `Outcome`.
    case outcome([UInt8])
    case sessionOpened(SessionID)
    /// A session to open, touch or close was refused or unknown.
    case refused(Abort)
}
