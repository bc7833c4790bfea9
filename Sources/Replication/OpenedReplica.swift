import Codec
package import IOCore
package import Identifiers
package import KeyValue
import Raft
package import Transactions
import WAL

/// A node's state as its directory holds it: the engine, the log, and what the core starts from.
package struct OpenedReplica {
    package let settings: ReplicaSettings
    package let incarnation: Incarnation
    let location: EngineLocation
    let applier: Applier
    let log: WriteAheadLog
    let recovered: RecoveredState
    let lastDigest: ChainDigest
    let membership: ClusterMembership
    /// Index ranges that cannot be read and are not in the engine either.
    let damage: [ClosedRange<LogIndex>]
    /// What recovery has to tell people.
    package let notes: [String]

    /// Opens the directory; blocks, and is called before the loop needs the node.
    ///
    /// `bootstrap` is the membership that an empty directory begins with: the first members of a new
    /// cluster, or nobody for a node that will be added to one.
    package static func open(
        settings: ReplicaSettings, bootstrap: ClusterMembership, executor: Executor,
        fileSystem: any FileSystem, engineFactory: any EngineFactory, incarnation: Incarnation
    ) throws -> OpenedReplica {
        let location = EngineLocation(
            root: settings.dataDirectory + "/engine", fileSystem: fileSystem)
        let engine = try engineFactory.open(try location.current())
        do {
            try seed(engine, with: bootstrap)
            let applier = try Applier(engine: engine, executor: executor, limits: settings.limits)
            return try open(
                settings: settings, applier: applier, location: location, fileSystem: fileSystem,
                incarnation: incarnation)
        } catch {
            engine.close()
            throw error
        }
    }

    /// Writes the first membership into an engine that holds nothing.
    private static func seed(
        _ engine: any Engine, with bootstrap: ClusterMembership
    ) throws(EngineFailure) {
        guard try engine.get(SystemRows.membership) == nil else { return }
        var writer = ByteWriter()
        bootstrap.encode(into: &writer)
        var batch = WriteBatch()
        batch.changes.append(
            .put(
                key: SystemRows.membership, row: Row(version: .zero, value: writer.take())))
        try engine.write(batch)
        try engine.flush()
    }

    private static func open(
        settings: ReplicaSettings, applier: Applier, location: EngineLocation,
        fileSystem: any FileSystem, incarnation: Incarnation
    ) throws -> OpenedReplica {
        let position = applier.position
        let (log, recovery) = try WriteAheadLog.open(
            fileSystem: fileSystem, directory: settings.dataDirectory + "/log",
            identity: WriteAheadLog.Identity(
                cluster: settings.cluster, node: settings.node, incarnation: incarnation),
            limits: settings.limits, engineDurable: position.index)
        var notes = recovery.notes
        var frames = recovery.frames
        var start = recovery.start
        var lastDigest = recovery.lastDigest
        if !holds(position, frames: frames, start: start) {
            // The engine came by a snapshot whose log was not reset before a crash.
            start = WriteAheadLog.LogStart(
                index: position.index, term: position.term, digest: position.digest)
            try log.reset(to: start, voting: recovery.voting)
            frames = []
            lastDigest = position.digest
            notes.append("the log was reset to the engine's position \(position.index)")
        }
        let fatal = recovery.damage.filter { !$0.isBelowEngine && !frames.isEmpty }
        if let damage = fatal.first {
            throw WALFailure.damaged(damage)
        }
        frames.removeAll { $0.lastIndex <= start.index }
        if let gap = zip(frames, frames.dropFirst()).first(where: {
            $0.0.lastIndex.next != $0.1.firstIndex
        }) {
            // Damage below the engine's position: what is before it is of no use any more.
            start = WriteAheadLog.LogStart(
                index: gap.1.firstIndex.previous, term: gap.0.term,
                digest: gap.1.previousDigest)
            frames.removeAll { $0.firstIndex < gap.1.firstIndex }
            notes.append("records before \(gap.1.firstIndex) are damaged, and applied already")
        }
        let descriptors = try describe(frames, log: log, limits: settings.limits)
        return OpenedReplica(
            settings: settings, incarnation: incarnation, location: location, applier: applier,
            log: log,
            recovered: RecoveredState(
                hardState: HardState(term: recovery.voting.term, vote: recovery.voting.vote),
                compacted: LogPosition(index: start.index, term: start.term),
                membership: applier.membership.core, frames: descriptors,
                applied: position.index),
            lastDigest: lastDigest, membership: applier.membership, damage: [], notes: notes)
    }

    /// Whether the log goes up to the engine's position, and agrees about it.
    private static func holds(
        _ position: AppliedPosition, frames: [FrameHeader], start: WriteAheadLog.LogStart
    ) -> Bool {
        if position.index <= start.index { return position.index == start.index }
        return frames.contains {
            $0.lastIndex == position.index && $0.term == position.term
                && $0.digest == position.digest
        }
    }

    private static func describe(
        _ headers: [FrameHeader], log: WriteAheadLog, limits: Limits
    ) throws -> [FrameDescriptor] {
        var result: [FrameDescriptor] = []
        result.reserveCapacity(headers.count)
        for header in headers {
            if header.kind == .membership {
                let frames = try log.frames(from: header.firstIndex, maximumBytes: 1)
                for frame in frames.prefix(1) {
                    result.append(try frame.descriptor(limits: limits))
                }
                continue
            }
            result.append(
                FrameDescriptor(
                    firstIndex: header.firstIndex, count: header.count, term: header.term,
                    byteCount: UInt32(header.frameBytes)))
        }
        return result
    }
}
