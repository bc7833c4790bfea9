package import Identifiers

/// The timers and bounds of a core.
package struct Settings: Sendable {
    /// A follower that hears nothing campaigns after `[electionMilliseconds, 2 *
    /// electionMilliseconds)`, at random.
    package var electionMilliseconds: UInt64 = 1_000
    package var heartbeatMilliseconds: UInt64 = 100
    /// Bytes of frames on the way to one follower.
    package var inflightBytes = 16 << 20
    /// Append messages on the way to one follower.
    package var inflightAppends = 256
    /// Bytes of frames in one append message (at least one frame).
    package var appendBytes = 1 << 20
    /// Frames in one append message.
    package var framesPerAppend = 4_096
    /// How long a transfer may take before proposals are taken again.
    package var transferMilliseconds: UInt64 = 1_000
    /// Seed of the election timer's randomness.
    package var seed: UInt64 = 1

    package init() {}
}

/// What a core starts from: hard state, and the log as it was recovered.
package struct RecoveredState: Sendable {
    package var hardState: HardState
    /// The end of what was compacted away; the start of the log if nothing was.
    package var compacted: LogPosition
    /// The membership in force at `compacted`; empty for a node that has none yet.
    package var membership: Membership
    /// The frames after `compacted`, in order, without a gap.
    package var frames: [FrameDescriptor]
    /// What the engine holds; at least `compacted.index`.
    ///
    /// Known committed.
    package var applied: LogIndex
    /// The end of the log where recovery could not read what follows `frames`; nil without damage.
    package var hiddenEnd: LogIndex?

    package init(
        hardState: HardState, compacted: LogPosition, membership: Membership,
        frames: [FrameDescriptor], applied: LogIndex, hiddenEnd: LogIndex? = nil
    ) {
        self.hardState = hardState
        self.compacted = compacted
        self.membership = membership
        self.frames = frames
        self.applied = applied
        self.hiddenEnd = hiddenEnd
    }
}
