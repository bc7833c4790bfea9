import Codec
package import IOCore
package import Identifiers
package import KeyValue
import Raft
package import Stores
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
    /// The chain digests of the newest frames that the core begins with.
    let chain: ChainTail
    /// What cannot be read of the log; what of it the engine holds is in nobody's way.
    let damage: [DamagedRange]
    /// The other nodes that the engine or any readable record of the log names.
    let others: [NodeID]
    /// The memberships of the log behind the engine's position.
    let logMemberships: [(index: LogIndex, membership: ClusterMembership)]
    /// The first members of the cluster as configured; empty for a node that joins one.
    let founders: ClusterMembership
    /// What recovery has to tell people.
    package let notes: [String]
    /// What of the recovery table the log and the engine have come to together.
    let steps: RecoverySteps

    /// Opens the directory; blocks, and is called before the loop needs the node.
    ///
    /// `bootstrap` names the first members of a new cluster, or nobody for a node that will be added
    /// to one. A node alone begins its cluster at once; of several, each waits for all the others.
    package static func open(
        settings: ReplicaSettings, bootstrap: ClusterMembership, executor: Executor,
        fileSystem: any FileSystem, engineFactory: any EngineFactory, incarnation: Incarnation
    ) throws -> OpenedReplica {
        let location = EngineLocation(
            root: settings.dataDirectory + "/engine", fileSystem: fileSystem)
        let engine = try engineFactory.open(try location.current())
        do {
            try EngineIdentity(
                cluster: settings.cluster, node: settings.node, incarnation: incarnation
            ).claim(engine, in: location.root)
            let applier = try Applier(engine: engine, executor: executor, limits: settings.limits)
            if bootstrap.voters == [settings.node], applier.membership.voters.isEmpty,
                applier.position.index == .zero
            {
                try applier.found(bootstrap.founded(by: [settings.node: incarnation]))
            }
            return try open(
                settings: settings, applier: applier, location: location, fileSystem: fileSystem,
                incarnation: incarnation, founders: bootstrap)
        } catch {
            engine.close()
            throw error
        }
    }

    private static func open(
        settings: ReplicaSettings, applier: Applier, location: EngineLocation,
        fileSystem: any FileSystem, incarnation: Incarnation, founders: ClusterMembership
    ) throws -> OpenedReplica {
        let position = applier.position
        let register = try SegmentRegister(
            fileSystem: fileSystem, layout: DataDirectoryLayout(root: settings.dataDirectory),
            incarnation: incarnation)
        let (log, recovery) = try WriteAheadLog.open(
            fileSystem: fileSystem, directory: settings.dataDirectory + "/log",
            identity: WriteAheadLog.Identity(
                cluster: settings.cluster, node: settings.node, incarnation: incarnation),
            limits: settings.limits, engineDurable: position.index, register: register)
        var notes = recovery.rottenHeaders + recovery.notes
        let others = try others(
            than: settings.node, in: recovery, behind: position.index, of: log,
            besides: applier.membership.members.isEmpty ? founders : applier.membership,
            limits: settings.limits)
        let kept = try keep(
            recovery, position, log: log, isAlone: others.isEmpty, notes: &notes)
        let (start, frames) = (kept.start, kept.frames)
        let lastDigest = frames.last?.digest ?? start.digest
        let (descriptors, memberships) = try describe(frames, log: log, limits: settings.limits)
        return OpenedReplica(
            settings: settings, incarnation: incarnation, location: location, applier: applier,
            log: log,
            recovered: RecoveredState(
                hardState: HardState(term: recovery.voting.term, vote: recovery.voting.vote),
                compacted: LogPosition(index: start.index, term: start.term),
                membership: applier.membership.core, frames: descriptors,
                applied: position.index, hiddenEnd: kept.hiddenEnd),
            lastDigest: lastDigest, membership: applier.membership,
            chain: ChainTail(behind: start.index, start.digest, frames: frames),
            damage: log.damage, others: others,
            logMemberships: memberships.filter { $0.index > position.index }, founders: founders,
            notes: notes, steps: kept.steps)
    }

    /// The other nodes that `present`, or a readable membership of the log behind `position`, names.
    private static func others(
        than node: NodeID, in recovery: WriteAheadLog.Recovery, behind position: LogIndex,
        of log: WriteAheadLog, besides present: ClusterMembership, limits: Limits
    ) throws -> [NodeID] {
        let headers = recovery.frames.filter { $0.kind == .membership && $0.firstIndex > position }
        let named = try describe(headers, log: log, limits: limits).1.map(\.membership)
        let nodes = ([present] + named).flatMap(\.members).map(\.node)
        return Set(nodes).subtracting([node]).sorted()
    }

    /// What of the recovered log goes with the engine's position: from where, and which frames.
    ///
    /// The engine holds committed records only. A log that ends before it, has another frame at its
    /// position or goes on from another one, is older than a snapshot whose installation was cut
    /// short, and is reset; so is one that ends with damage at its position: a node that went on from
    /// the frames below would vote without them. Other damage below the position is no obstacle.
    /// Damage above it may have been acknowledged: the log is hidden from there on until it has been
    /// repaired; a node alone, which nobody can help, is refused.
    private static func keep(
        _ recovery: WriteAheadLog.Recovery, _ position: AppliedPosition, log: WriteAheadLog,
        isAlone: Bool, notes: inout [String]
    ) throws -> Kept {
        let engine = WriteAheadLog.LogStart(
            index: position.index, term: position.term, digest: position.digest)
        let obstacles = recovery.damage.filter { $0.last > position.index }
        let readableEnd = recovery.frames.last?.lastIndex ?? recovery.start.index
        if recovery.lastIndex < position.index || position.contradicts(recovery)
            || obstacles.isEmpty && readableEnd < position.index
        {
            try log.reset(to: engine, voting: recovery.voting)
            notes.append("the log was reset to the engine's position \(position.index)")
            return Kept(start: engine, steps: .beganBehindEngine)
        }
        if isAlone, let damage = obstacles.first { throw WALFailure.damaged(damage) }
        if let first = obstacles.first, first.first <= position.index {
            _ = try log.begin(behind: engine, voting: recovery.voting)
        }
        let steps: RecoverySteps =
            obstacles.isEmpty && !recovery.damage.isEmpty ? .passedOverFlushed : []
        let hiddenEnd = obstacles.isEmpty || log.lastIndex <= position.index ? nil : log.lastIndex
        let frames = recovery.frames.filter {
            $0.lastIndex > recovery.start.index
                && $0.lastIndex < obstacles.first?.first ?? LogIndex(.max)
        }
        if log.start == recovery.start, follows(frames, recovery.start.index) {
            return Kept(
                start: recovery.start, frames: frames, hiddenEnd: hiddenEnd, steps: steps)
        }
        let behind = frames.filter { $0.firstIndex > position.index }
        guard follows(behind, position.index) else {
            throw ReplicationFailure.inconsistent(
                "the log has a hole behind record \(position.index), up to which the engine "
                    + "holds everything; restore the log, or, " + WALFailure.rejoining)
        }
        notes.append("records up to \(position.index) are damaged in the log, and applied already")
        return Kept(start: engine, frames: behind, hiddenEnd: hiddenEnd, steps: steps)
    }

    /// What of a recovered log goes with the engine.
    private struct Kept {
        let start: WriteAheadLog.LogStart
        var frames: [FrameHeader] = []
        var hiddenEnd: LogIndex?
        var steps: RecoverySteps = []
    }

    /// Whether `frames` follow `index` and each other without a gap.
    private static func follows(_ frames: [FrameHeader], _ index: LogIndex) -> Bool {
        var next = index.next
        for frame in frames {
            guard frame.firstIndex == next else { return false }
            next = frame.lastIndex.next
        }
        return true
    }

    private static func describe(
        _ headers: [FrameHeader], log: WriteAheadLog, limits: Limits
    ) throws -> ([FrameDescriptor], [(index: LogIndex, membership: ClusterMembership)]) {
        var result: [FrameDescriptor] = []
        var memberships: [(index: LogIndex, membership: ClusterMembership)] = []
        result.reserveCapacity(headers.count)
        for header in headers {
            if header.kind == .membership {
                let frames = try log.frames(from: header.firstIndex, maximumBytes: 1)
                for frame in frames.prefix(1) {
                    result.append(try frame.descriptor(limits: limits))
                    memberships.append(
                        (header.firstIndex, try MembershipFrame.read(frame, limits: limits)))
                }
                continue
            }
            result.append(
                FrameDescriptor(
                    firstIndex: header.firstIndex, count: header.count, term: header.term,
                    byteCount: UInt32(header.frameBytes)))
        }
        return (result, memberships)
    }
}
