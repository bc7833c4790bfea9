internal import Codec
package import IOCore
package import Identifiers

/// What can go wrong with a log or a data directory; `description` says what to do.
package enum WALFailure: Error, Sendable, CustomStringConvertible {
    /// The operating system refused an operation; the log is stopped if it was a write or sync.
    case file(FileFailure)
    /// An earlier write or sync has failed, and nothing is written any more.
    case stopped
    /// No segment could be prepared; nothing was written, and the log goes on.
    case diskFull(directory: String, neededBytes: Int)
    /// No file could be opened for want of descriptors; nothing was written, and the log goes on.
    case noDescriptors(FileFailure)
    case damaged(DamagedRange)
    /// The records before this position have been compacted away.
    case compacted(WriteAheadLog.LogStart)
    /// Written by a later version of this program.
    case futureFormat(file: String, version: UInt32, supported: UInt32)
    /// A file of another cluster, node or incarnation.
    case foreign(file: String, found: WriteAheadLog.Identity, expected: WriteAheadLog.Identity)
    /// A file whose every copy of its header is unreadable.
    case unreadable(file: String, offset: Int, what: String)
    case segmentMissing(file: String)
    /// The log begins behind what the engine holds, so that records are lost in between.
    case gap(start: LogIndex, engineDurable: LogIndex, directory: String)
    /// A frame does not continue the chain; nothing was written, and the log goes on.
    case chainMismatch(index: LogIndex, expected: ChainDigest, found: ChainDigest)
    /// A frame does not fit the damage; nothing was written, and the log goes on.
    case repairRefused(index: LogIndex, why: String)
    case identityMissing(file: String, found: String)
    case identityExists(file: String)
    /// A directory that no node has begun to use.
    case noDataDirectory(String)

    /// Whether room on the disk is all that is missing.
    package var isDiskFull: Bool {
        if case .diskFull = self { return true }
        return false
    }

    /// Whether file descriptors are all that is missing.
    package var lacksDescriptors: Bool {
        if case .noDescriptors = self { return true }
        return false
    }

    /// Whether the log goes on once there is room, or a descriptor, again.
    package var isOfShortage: Bool {
        isDiskFull || lacksDescriptors
    }

    /// What a lack of room for `neededBytes`, or of descriptors, is to the log.
    static func shortage(
        _ failure: FileFailure, in directory: String, neededBytes: Int
    ) -> WALFailure {
        failure.kind == .noDescriptors
            ? .noDescriptors(failure) : .diskFull(directory: directory, neededBytes: neededBytes)
    }

    package var description: String {
        switch self {
        case .file(let failure):
            failure.kind == .other
                ? "\(failure); restart the node once the disk is in order" : "\(failure)"
        case .stopped:
            "the log was stopped by an earlier failure; restart the node"
        case .diskFull(let directory, let neededBytes):
            "no room for a log segment of \(neededBytes) bytes in \(directory): "
                + "free some space"
        case .noDescriptors(let failure):
            "\(failure); raise the limit of open files (LimitNOFILE of the service, ulimit -n), or "
                + "find out what on this machine has so many open"
        case .damaged(let range):
            "\(range): checksum mismatch; they are fetched from another node where there is one; for a "
                + "node alone put the file back from a backup (lockstep log verify --data shows "
                + "what else is damaged)"
        case .compacted(let start):
            "records up to \(start.index) have been compacted away; a snapshot is needed"
        case .futureFormat(let file, let version, let supported):
            "\(file) has format version \(version), this program reads up to \(supported): "
                + "start the newer program again"
        case .foreign(let file, let found, let expected):
            "\(file) belongs to node \(found.node), incarnation \(found.incarnation) of cluster "
                + "\(found.cluster), not to node \(expected.node), incarnation "
                + "\(expected.incarnation) of cluster \(expected.cluster): "
                + "check the node's data directory"
        case .unreadable(let file, let offset, let what):
            "\(file) cannot be read at byte \(offset): \(what); restore the file, or, "
                + Self.rejoining
        default:
            moreDescription
        }
    }

    /// What to do about a directory that cannot be restored.
    package static let rejoining =
        "in a cluster, move the node's whole data directory away and start it, and it rejoins"

    private var moreDescription: String {
        switch self {
        case .segmentMissing(let file):
            "\(file) is missing; restore the file, or, " + Self.rejoining
        case .gap(let start, let engineDurable, let directory):
            "the log in \(directory) begins behind record \(start), but the engine holds records "
                + "up to \(engineDurable) only: segments are missing, or it is another engine; "
                + "restore what is lost, or, " + Self.rejoining
        case .chainMismatch(let index, let expected, let found):
            "the frame at index \(index) continues digest \(found) where the log has \(expected); "
                + "its sender's log has diverged from this one"
        case .repairRefused(let index, let why):
            "the frame at index \(index) does not repair the log: \(why)"
        case .identityMissing(let file, let found):
            "\(file) is missing, but \(found) is there: restore it, or, " + Self.rejoining
        case .identityExists(let file):
            "\(file) exists already: this data directory belongs to a node"
        case .noDataDirectory(let directory):
            "\(directory) is not the data directory of a node: there is no identity file in it"
        default:
            preconditionFailure("no description of \(self)")
        }
    }
}
