/// Which rows of the recovery table of the log's article a node has come to, in the table's order.
///
/// For simulations, which must have met them all, and for tests, which prove them one by one.
package struct RecoverySteps: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// A last group that was not whole was cut off.
    package static let cutTornGroup = RecoverySteps(rawValue: 1 << 0)
    /// One copy of a segment's header was written again from the other.
    package static let rewroteHeader = RecoverySteps(rawValue: 1 << 1)
    /// Both copies of a header are unreadable, or a segment is missing or cut short.
    package static let refusedSegment = RecoverySteps(rawValue: 1 << 2)
    /// An envelope is rotten; its frames have proved themselves by their chain of digests.
    package static let keptFramesOfRottenEnvelope = RecoverySteps(rawValue: 1 << 3)
    /// The log was older than the engine and began anew behind it.
    package static let beganBehindEngine = RecoverySteps(rawValue: 1 << 4)
    /// Rotten frames are in nobody's way, for the engine has flushed them.
    package static let passedOverFlushed = RecoverySteps(rawValue: 1 << 5)
    /// Lost frames whose digest was known have come from another node.
    package static let repairedByDigest = RecoverySteps(rawValue: 1 << 6)
    /// Lost frames whose digest was not known have come from the leader.
    package static let repairedByLeader = RecoverySteps(rawValue: 1 << 7)
    /// A leader had other frames there.
    package static let gaveWayToConflict = RecoverySteps(rawValue: 1 << 8)
    /// The leader's log ended before: what was lost was never committed.
    package static let forgotUncommitted = RecoverySteps(rawValue: 1 << 9)
    /// A snapshot has taken the place of what was lost.
    package static let tookSnapshot = RecoverySteps(rawValue: 1 << 10)
    /// No other node could help.
    package static let foundNobody = RecoverySteps(rawValue: 1 << 11)
    /// Nobody could ever help: the node does not start.
    package static let refusedAlone = RecoverySteps(rawValue: 1 << 12)
    /// Rot was found while running, in what had been applied, and the engine flushed.
    package static let flushedOverRot = RecoverySteps(rawValue: 1 << 13)
    /// Rot was found while running, above what had been applied.
    package static let foundRotRunning = RecoverySteps(rawValue: 1 << 14)

    /// Ordinary frames of the leader have filled damage.
    package static let filledByAppends = RecoverySteps(rawValue: 1 << 15)
    /// Where the log ended was lost too, and the leader's frames began it anew there.
    package static let beganAnewInDamage = RecoverySteps(rawValue: 1 << 16)
    /// Frames that a lost group might have cut off were proved by the digest of what follows.
    package static let confirmedDoubt = RecoverySteps(rawValue: 1 << 17)
    /// The snapshot in the place of what was lost came from a node that does not lead.
    package static let borrowedSnapshot = RecoverySteps(rawValue: 1 << 18)

    /// A sector that the disk could not read was taken for rot, at the start.
    package static let tookSectorForRot = RecoverySteps(rawValue: 1 << 19)
    /// The same, while running.
    package static let tookSectorForRotRunning = RecoverySteps(rawValue: 1 << 20)
    /// The sector that cannot be read may hide the end of the log: the node does not start.
    package static let refusedSector = RecoverySteps(rawValue: 1 << 21)

    /// Each of them with what it is called in reports.
    package static let names: [(step: RecoverySteps, name: String)] = [
        (.cutTornGroup, "torn group cut off"),
        (.rewroteHeader, "header rewritten from its copy"),
        (.refusedSegment, "start refused for a segment"),
        (.keptFramesOfRottenEnvelope, "frames kept of a rotten envelope"),
        (.beganBehindEngine, "log begun anew behind the engine"),
        (.passedOverFlushed, "rot below the engine passed over"),
        (.repairedByDigest, "repair by digest"),
        (.repairedByLeader, "repair by the leader"),
        (.gaveWayToConflict, "damage ended by a conflict"),
        (.forgotUncommitted, "uncommitted damage forgotten"),
        (.tookSnapshot, "damage ended by a snapshot"),
        (.foundNobody, "nobody could help"),
        (.refusedAlone, "start refused alone"),
        (.tookSectorForRotRunning, "unreadable sector found while running"),
        (.tookSectorForRot, "unreadable sector found at the start"),
        (.refusedSector, "start refused for a sector"),
        (.flushedOverRot, "rot in applied records flushed away"),
        (.foundRotRunning, "rot found while running"),
        (.filledByAppends, "damage filled by appends"),
        (.beganAnewInDamage, "log begun anew in damage"),
        (.confirmedDoubt, "doubtful frames proved"),
        (.borrowedSnapshot, "snapshot lent without a leader"),
    ]
}
