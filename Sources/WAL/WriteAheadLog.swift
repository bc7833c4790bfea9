internal import Codec
internal import IOCore
package import Identifiers

/// The replicated log and the votes of one node, on disk.
///
/// Frames, terms and votes go in as groups; `write` returns when its group is durable. Groups lie
/// one behind the other in preallocated segment files (`SegmentHeader`, `GroupEnvelope`,
/// `FrameHeader` hold the byte tables). Everything is synchronous and for one thread at a time.
/// A failed write or sync stops the log for good: what the disk then holds is for the next `open`
/// to find out.
package final class WriteAheadLog {
    package let directory: String
    package let identity: Identity
    let fileSystem: any FileSystem
    let limits: Limits

    /// In order; the last is written.
    var segments: [Segment]
    var index: FrameIndex
    package internal(set) var voting: VotingState
    /// The term at `open`; no frame that was found then is of a later one.
    let openedTerm: Term
    var nextSequence: UInt64
    /// Up to here the engine needs no log any more.
    var engineDurable: LogIndex
    /// Names of files that are ready to become segments.
    var spares: [String]
    /// What has stopped the log for good, for whoever comes next.
    package private(set) var failure: WALFailure?
    private var isClosed = false
    var counters = WALStatistics()
    /// Rotten envelopes whose frames have been written again.
    var mendedEnvelopes: Set<MendedPlace> = []

    struct MendedPlace: Hashable {
        let segment: UInt64
        let offset: Int
    }

    /// Where the newest segment is noted; nil for a log without a data directory.
    let register: SegmentRegister?

    init(
        fileSystem: any FileSystem, directory: String, identity: Identity, limits: Limits,
        replayed: LogReplay, spares: [String], register: SegmentRegister?
    ) {
        self.fileSystem = fileSystem
        self.directory = directory
        self.identity = identity
        self.limits = limits
        segments = replayed.segments
        index = replayed.index
        voting = replayed.voting
        openedTerm = replayed.voting.term
        nextSequence = replayed.nextSequence
        engineDurable = replayed.engineDurable
        self.spares = spares
        self.register = register
        countFiles()
    }

    /// The position that the log begins behind.
    package var start: LogStart {
        index.start
    }

    package var lastIndex: LogIndex {
        index.last.index
    }

    /// The chain digest at the end; nil where damage hides it.
    package var lastDigest: ChainDigest? {
        index.last.digest
    }

    /// What is known to be damaged, in order.
    package var damage: [DamagedRange] {
        index.holes.map(describe)
    }

    /// Frames that the log holds and can read, as far as it knows.
    package var frameCount: Int {
        index.entries.count
    }

    package var statistics: WALStatistics {
        var result = counters
        result.lastIndex = lastIndex
        result.heldBytes = segments.reduce(0) { $0 + $1.end }
        return result
    }

    /// Closes the files; nothing may be called afterwards.
    package func close() {
        isClosed = true
        for segment in segments {
            segment.file.close()
        }
        register?.close()
    }

    // MARK: Within the log

    var isStopped: Bool {
        failure != nil || isClosed
    }

    /// Stops the log for good.
    func stop(for reason: FileFailure) -> WALFailure {
        let failure = WALFailure.file(reason)
        self.failure = failure
        return failure
    }

    /// The segment that groups are written to.
    var current: Segment {
        segments[segments.count - 1]
    }

    func path(_ name: String) -> String {
        directory + "/" + name
    }

    func segment(numbered number: UInt64) -> Segment {
        let position = Int(number - segments[0].number)
        precondition(
            segments.indices.contains(position) && segments[position].number == number,
            "segment \(number) is not between \(segments[0].number) and \(current.number)")
        return segments[position]
    }

    func describe(_ hole: FrameIndex.Hole) -> DamagedRange {
        DamagedRange(
            first: hole.first, last: hole.last, digest: hole.digest, term: hole.term,
            file: path(LogFileName.segment(hole.segment)), offset: hole.offset,
            isBelowEngine: hole.last <= engineDurable)
    }

    /// Performs an operation that changes the disk; its failure stops the log.
    func changing<Result>(
        _ body: () throws(FileFailure) -> Result
    ) throws(WALFailure) -> Result {
        do throws(FileFailure) {
            return try body()
        } catch {
            throw stop(for: error)
        }
    }

    func countFiles() {
        counters.segments = segments.count
        counters.spareSegments = spares.count
        counters.fileBytes =
            segments.reduce(0) { $0 + $1.bytes } + spares.count * limits.segmentBytes
    }
}

/// Performs an operation that only looks, or that is part of opening.
func reading<Result>(
    _ body: () throws(FileFailure) -> Result
) throws(WALFailure) -> Result {
    do throws(FileFailure) {
        return try body()
    } catch {
        throw .file(error)
    }
}
