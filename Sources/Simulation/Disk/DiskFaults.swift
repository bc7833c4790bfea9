/// What is wrong with one simulated disk at present.
package struct DiskFaults: Sendable {
    /// Bytes that files may still grow by; nil for any number.
    package var freeBytes: UInt64? {
        didSet { if oldValue == nil { isFullCounted = false } }
    }
    /// Files whose paths begin so cannot be opened or made, for want of descriptors.
    package var undescribedPrefix: String?
    /// Writes fail from the next one on, and so does what makes, names, removes or sizes a file.
    package var failsWrites = false { didSet { isWriteCounted = false } }
    /// Says how many bytes a failing write has written all the same.
    package var writeLuck: UInt64 = 0
    /// Syncs fail from the next one on.
    package var failsSyncs = false { didSet { isSyncCounted = false } }
    /// Reads fail from the next one on.
    package var failsReads = false { didSet { isReadCounted = false } }
    /// Syncs do nothing and say that all is well.
    package var liesAboutSyncs = false
    /// What goes wrong with the next fitting access, once.
    package var slip: DiskSlip?
    /// Whose access that is.
    package var slipTarget = SlipTarget.log
    /// Whether the present fault has refused something already: each counts once.
    var isFullCounted = false
    var isWriteCounted = false
    var isSyncCounted = false
    var isReadCounted = false

    package init() {}
}

/// What a slip is of.
package enum SlipTarget: String, Sendable, CaseIterable {
    case log
    case register = "slips of the register of segments"
    case identity = "slips of an identity"
}

/// What goes wrong once with a group of the log, or with what lies beside it, without a word from the disk.
package enum DiskSlip: String, Sendable, CaseIterable {
    /// A write says that it is done, and is nowhere.
    case lostWrite = "lost write"
    /// A write lands at another place of its file.
    case misdirectedWrite = "misdirected write"
    /// A read gives 512 bytes from another place of the file, or of another file of the log.
    case misdirectedRead = "misdirected read"
    /// A read gives 512 bytes as they were when the slip was made ready.
    case staleRead = "stale read"

    var isOfWrites: Bool {
        switch self {
        case .lostWrite, .misdirectedWrite: true
        case .misdirectedRead, .staleRead: false
        }
    }
}

/// What a simulated disk has refused or done wrong so far.
package struct DiskCounts: Sendable {
    /// Faults that have refused an access, by its kind.
    package var failedWrites = 0
    /// Changes of names and lengths that failing writes have refused.
    package var failedNames = 0
    package var failedSyncs = 0
    package var failedReads = 0
    /// Times that the disk was full and has refused a file more room.
    package var refusedGrowths = 0
    package var rottenBytes = 0
    /// Reads that have met a sector which cannot be read.
    package var lostReads = 0
    /// Crashes that have lost some change of names.
    package var lostNames = 0
    /// Processes that ended with writes, or changes of names, in memory that the disk did not have.
    package var keptWrites = 0
    /// Slips of the log by their name.
    package var slips: [DiskSlip: Int] = [:]
    /// Those of what lies beside it.
    package var slipsBeside: [SlipTarget: Int] = [:]

    package init() {}

    /// Adds what another disk has done.
    mutating func merge(_ other: DiskCounts) {
        failedWrites += other.failedWrites
        failedNames += other.failedNames
        failedSyncs += other.failedSyncs
        failedReads += other.failedReads
        refusedGrowths += other.refusedGrowths
        rottenBytes += other.rottenBytes
        lostReads += other.lostReads
        lostNames += other.lostNames
        keptWrites += other.keptWrites
        slips.merge(other.slips, uniquingKeysWith: +)
        slipsBeside.merge(other.slipsBeside, uniquingKeysWith: +)
    }

    /// Each count by the name of the fault that it belongs to.
    var byName: [(name: String, count: Int)] {
        [
            ("failing write", failedWrites), ("failing sync", failedSyncs),
            ("failed changes of names and lengths", failedNames),
            ("failing read", failedReads), ("full disk", refusedGrowths),
            ("names lost in a crash", lostNames),
            ("unsynced writes that a process left", keptWrites),
            ("reads of unreadable sectors", lostReads),
        ] + DiskSlip.allCases.map { ($0.rawValue, slips[$0] ?? 0) }
            + SlipTarget.allCases.dropFirst().map { ($0.rawValue, slipsBeside[$0] ?? 0) }
    }
}

/// How a crash tears what was written and not synced.
package enum Tearing: Sendable {
    /// Each sector of 512 bytes is there or not.
    case sectors
    /// Each write is there up to some byte of it.
    case bytes
    /// Nothing that was not synced is there.
    case none
    /// The process alone has ended: all that was written is there still, and not on the disk.
    case kept
}
