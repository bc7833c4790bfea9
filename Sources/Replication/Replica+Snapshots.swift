import Codec
import IOCore
import Identifiers
import KeyValue
import Logging
import Raft
import Transactions
import WAL

extension Replica {
    // MARK: Sending

    /// Makes the chunk on the read worker and sends it; chunk 0 pins the present state, unless it is
    /// asked for again: who needs long to store it would begin anew each time.
    func sendSnapshotChunk(_ chunk: UInt64, to node: NodeID) {
        guard !sourcesInTheMaking.contains(node) else { return }
        sourcesInTheMaking.insert(node)
        let known = sources[node]
        let openSources = openSources
        let compacted = raft.compacted.index
        let engine = engine
        let limits = settings.limits
        let loop = loop
        let back = LoopBound(self, to: loop)
        resources.readWorker.submit {
            let result: Result<(WorkerBound<SnapshotSource>, SnapshotSource.Chunk)?, EngineFailure>
            do throws(EngineFailure) {
                result = .success(
                    try Self.makeChunk(
                        chunk, known, notBefore: compacted
                    ) { () throws(EngineFailure) in
                        try openSources.value.make(of: engine.withLock { $0 }, limits: limits)
                    })
            } catch {
                result = .failure(error)
            }
            loop.post { back.value.chunkMade(result, for: node) }
        }
    }

    private static func makeChunk(
        _ number: UInt64, _ known: WorkerBound<SnapshotSource>?, notBefore compacted: LogIndex,
        make: () throws(EngineFailure) -> SnapshotSource
    ) throws(EngineFailure) -> (WorkerBound<SnapshotSource>, SnapshotSource.Chunk)? {
        let source: WorkerBound<SnapshotSource>
        if let known, number > 0 || known.value.isRepeatable(notBefore: compacted) {
            source = known
        } else {
            guard number == 0 else { return nil }
            known?.value.close()
            source = WorkerBound(try make())
        }
        guard let chunk = try source.value.chunk(number) else { return nil }
        return (source, chunk)
    }

    private func chunkMade(
        _ result: Result<(WorkerBound<SnapshotSource>, SnapshotSource.Chunk)?, EngineFailure>,
        for node: NodeID
    ) {
        sourcesInTheMaking.remove(node)
        guard !isStopped else {
            if case .success(let made?) = result {
                resources.readWorker.submit { made.0.value.close() }
            }
            return
        }
        switch result {
        case .success(let made?):
            let (source, chunk) = made
            guard raft.isSendingSnapshot(to: node) else {
                sources[node] = nil
                resources.readWorker.submit { source.value.close() }
                return
            }
            sources[node] = source
            let position = source.value.position
            let request = Message.SnapshotRequest(
                snapshot: LogPosition(index: position.index, term: position.term),
                membership: source.value.membership, chunk: chunk.number, isLast: chunk.isLast,
                isLent: !raft.isLeader)
            let message = Message(term: raft.term, body: .snapshotRequest(request))
            if chunk.number == 0 {
                logger.notice(
                    "sending a snapshot",
                    metadata: ["peer": "\(node)", "index": "\(position.index)"])
            }
            _ = resources.transport.send(
                PeerMessage(message: message, chunk: chunk.bytes).encoded(), to: node)
        case .success(nil):
            step(.snapshotSendFailed(node))
        case .failure(let failure):
            logger.error(
                "a snapshot cannot be made",
                metadata: ["peer": "\(node)", "reason": "\(failure)"])
            step(.snapshotSendFailed(node))
        }
    }

    /// Releases all snapshots; those that are being made as well.
    func closeSources() {
        let openSources = openSources
        resources.readWorker.submit { openSources.value.closeAll() }
        sources = [:]
    }

    /// Releases the snapshots of followers that replicate from the log again, or are led by another
    /// node; not of those that are lent one.
    func closeIdleSources() {
        for node in sources.keys.sorted()
        where !raft.isSendingSnapshot(to: node) && !sourcesInTheMaking.contains(node) {
            if let source = sources.removeValue(forKey: node) {
                resources.readWorker.submit { source.value.close() }
            }
        }
    }

    // MARK: Receiving

    /// Stores the chunk of the message being stepped on the maintenance worker.
    func storeSnapshotChunk(_ request: Message.SnapshotRequest, from node: NodeID) {
        // One chunk at a time: what is sent anew meanwhile is dropped.
        guard let bytes = incoming?.chunk, !isInstalling, !isStoring else { return }
        // So is what comes while there may be no room for it; its sender repeats it.
        if let pause = intakePause, loop.now < pause.end { return }
        var known = intake
        // The first chunk once more means a new beginning, unless it is all that has come: then it has
        // only been sent twice, and to store it again would have the next one dropped.
        if let stale = known,
            stale.value.snapshot != request.snapshot || (request.chunk == 0 && intakeWants > 1)
        {
            resources.maintenanceWorker.submit { stale.value.abandon() }
            intake = nil
            known = nil
        }
        let make: (@Sendable () throws -> SnapshotIntake)?
        if known == nil {
            guard request.chunk == 0 else {
                step(.snapshotChunkWanted(request.snapshot, chunk: 0))
                return
            }
            make = intakeMaker(for: request.snapshot)
        } else {
            make = nil
        }
        isStoring = true
        isInstalling = request.isLast
        let loop = loop
        let back = LoopBound(self, to: loop)
        resources.maintenanceWorker.submit { [known] in
            let result: Result<(WorkerBound<SnapshotIntake>, SnapshotIntake.Progress), any Error>
            do {
                let intake = try known ?? WorkerBound(make.unsafelyPresent()())
                do {
                    let progress = try intake.value.store(
                        bytes, number: request.chunk, isLast: request.isLast)
                    result = .success((intake, progress))
                } catch {
                    // Of one that is new nobody else knows.
                    intake.value.abandon()
                    throw error
                }
            } catch {
                result = .failure(error)
            }
            loop.post { back.value.chunkStored(request, result) }
        }
    }

    private func intakeMaker(
        for snapshot: LogPosition
    ) -> @Sendable () throws -> SnapshotIntake {
        let location = location
        let factory = resources.engineFactory
        let limits = settings.limits
        let nonce = loop.randomBits()
        let identity = EngineIdentity(
            cluster: settings.cluster, node: settings.node, incarnation: incarnation)
        return {
            try SnapshotIntake(
                snapshot: snapshot, location: location, nonce: nonce, factory: factory,
                identity: identity, limits: limits)
        }
    }

    private func chunkStored(
        _ request: Message.SnapshotRequest,
        _ result: Result<(WorkerBound<SnapshotIntake>, SnapshotIntake.Progress), any Error>
    ) {
        isStoring = false
        guard !isStopped else {
            if case .success((let intake, _)) = result {
                resources.maintenanceWorker.submit { intake.value.abandon() }
            }
            return
        }
        switch result {
        case .failure(let error):
            pauseIntake(error)
            isInstalling = false
            abandonIntake()
            pumpApply()
        case .success(let (intake, .wants(chunk))):
            self.intake = intake
            intakeWants = chunk
            isInstalling = false
            pumpApply()
            if request.chunk < chunk {
                step(.snapshotChunkStored(request.snapshot, chunk: request.chunk))
            } else {
                step(.snapshotChunkWanted(request.snapshot, chunk: chunk))
            }
        case .success(let (intake, .complete(engine))):
            self.intake = nil
            adopt(engine, of: intake, request)
        }
    }

    /// Gives up what has arrived of a snapshot.
    func abandonIntake() {
        guard let intake else { return }
        self.intake = nil
        resources.maintenanceWorker.submit { intake.value.abandon() }
    }

    private static let shortestIntakePause: UInt64 = 1_000
    private static let longestIntakePause: UInt64 = 30_000

    /// Takes no chunk for a while, twice as long as the last time; the next one begins anew.
    private func pauseIntake(_ error: any Error) {
        let last = intakePause?.milliseconds ?? 0
        let next = min(max(2 * last, Self.shortestIntakePause), Self.longestIntakePause)
        intakePause = (loop.now.advanced(milliseconds: next), next)
        guard let dropped = intakeThrottle.admit(at: loop.now) else { return }
        logger.error(
            "a snapshot cannot be stored",
            metadata: [
                "reason": "\(error)", "again in milliseconds": "\(next)",
                "not logged before": "\(dropped)",
            ])
    }

    // MARK: Installing

    /// Makes the snapshot's engine the present one: pointer, applier, then the log.
    ///
    /// A crash behind the first step is mended at the next start, which finds an engine that is
    /// ahead of the log and resets the log to it.
    private func adopt(
        _ next: any Engine, of intake: WorkerBound<SnapshotIntake>,
        _ request: Message.SnapshotRequest
    ) {
        #if PLANTED_BUGS
            if PlantedBug.logResetBeforeSnapshot.isActive {
                return resetLogFirst(next, of: intake, request)
            }
        #endif
        takeOver(next, of: intake, request)
    }

    #if PLANTED_BUGS
        private func resetLogFirst(
            _ next: any Engine, of intake: WorkerBound<SnapshotIntake>,
            _ request: Message.SnapshotRequest
        ) {
            guard position.index < request.snapshot.index,
                let position = try? AppliedPosition.read(next)
            else { return takeOver(next, of: intake, request) }
            let start = WriteAheadLog.LogStart(
                index: position.index, term: position.term, digest: position.digest)
            writer?.whenIdle { [unowned self] in
                let voting = WriteAheadLog.VotingState(term: raft.term, vote: raft.vote)
                writer?.perform { log in
                    Result { try log.reset(to: start, voting: voting) }
                } done: { [unowned self] _ in
                    takeOver(next, of: intake, request)
                }
            }
        }
    #endif

    private func takeOver(
        _ next: any Engine, of intake: WorkerBound<SnapshotIntake>,
        _ request: Message.SnapshotRequest
    ) {
        let location = location
        let directory = intake.value.directory
        applier.perform { applier -> Result<Takeover, any Error> in
            Result {
                guard applier.position.index.rawValue < request.snapshot.index.rawValue else {
                    return .unneeded
                }
                // All that may be wrong with it must be known before its name is the present one's.
                let successor: Applier
                do throws(EngineFailure) {
                    successor = try applier.successor(over: next)
                } catch {
                    return .unusable(error)
                }
                do throws(FileFailure) {
                    try location.prepare(directory)
                } catch {
                    guard error.kind == .noSpace else { throw error }
                    return .unusable(error)
                }
                try location.adopt()
                let old = applier.engine
                applier.take(over: successor)
                return .done(
                    Adoption(
                        old: old, position: applier.position, membership: applier.membership,
                        sessionCount: applier.sessionCount))
            }
        } done: { [self] result in
            adopted(next, of: intake, result, request)
        }
    }

    private func adopted(
        _ next: any Engine, of intake: WorkerBound<SnapshotIntake>,
        _ result: Result<Takeover, any Error>, _ request: Message.SnapshotRequest
    ) {
        guard !isStopped else { return }
        switch result {
        case .failure(let error):
            fail(.inconsistent("a snapshot cannot take over: \(error)"))
        case .success(.unneeded):
            resources.maintenanceWorker.submit { intake.value.abandon() }
            isInstalling = false
            pumpApply()
        case .success(.unusable(let failure)):
            pauseIntake(failure)
            resources.maintenanceWorker.submit { intake.value.abandon() }
            isInstalling = false
            pumpApply()
        case .success(.done(let adoption)):
            engine.withLock { $0 = next }
            // What is lent of the old engine must not outlive it.
            closeSources()
            let maintenance = resources.maintenanceWorker
            resources.readWorker.submit { maintenance.submit { adoption.old.close() } }
            resetLog(request, adoption)
        }
    }

    private func resetLog(_ request: Message.SnapshotRequest, _ adoption: Adoption) {
        let position = adoption.position
        let start = WriteAheadLog.LogStart(
            index: position.index, term: position.term, digest: position.digest)
        let keeps = raft.holds(LogPosition(index: position.index, term: position.term))
        guard !keeps || writer?.isMending == true else {
            installed(request, adoption)
            return
        }
        // Appends are refused while a snapshot is installed, so nothing can come behind the last
        // write and be taken for a part of the log after the reset.
        writer?.whenIdle { [unowned self] in
            let voting = WriteAheadLog.VotingState(term: raft.term, vote: raft.vote)
            let isMending = writer?.isMending == true
            writer?.perform { log in
                Result {
                    guard isMending else { return try log.reset(to: start, voting: voting) }
                    // What damage hides behind the snapshot may have been acknowledged.
                    _ = try log.begin(behind: start, voting: voting)
                }
            } done: { [unowned self] result in
                logReset(result, keeps: keeps, request, adoption)
            }
        }
    }

    private func logReset(
        _ result: Result<Void, any Error>, keeps: Bool, _ request: Message.SnapshotRequest,
        _ adoption: Adoption
    ) {
        guard !isStopped else { return }
        let position = adoption.position
        switch result {
        case .success:
            if !keeps {
                cache.removeAll()
                logMemberships = []
                lastDigest = position.digest
                chain.reset(to: position.index, position.digest)
            }
            installed(request, adoption)
        case .failure(let error) where (error as? WALFailure)?.isOfShortage == true:
            // The log is as it was: a crash would find the engine ahead of it, and no more than that.
            if roomlessSnapshot == nil {
                logger.error(
                    "the log behind a snapshot waits for room or a file descriptor",
                    metadata: ["reason": "\(error)"])
            }
            roomlessSnapshot = RoomlessSnapshot(
                request: request, adoption: adoption,
                lacksDescriptors: (error as? WALFailure)?.lacksDescriptors == true)
            reconsiderDiskHealth()
        case .failure(let error as WALFailure):
            fail(.log(error))
        case .failure(let error):
            fail(.inconsistent("the log cannot be reset to a snapshot: \(error)"))
        }
    }

    /// Tries once more to begin the log behind a snapshot for which there was no room.
    func retryLogReset() {
        guard let snapshot = roomlessSnapshot, !snapshot.isTriedNow else { return }
        roomlessSnapshot?.isTriedNow = true
        resetLog(snapshot.request, snapshot.adoption)
    }

    /// Whether the log waits for room on the disk, or for file descriptors.
    var isLogFull: Bool {
        isDiskFull || roomlessSnapshot != nil
    }

    /// Whether it is descriptors that the log waits for.
    var lacksDescriptors: Bool {
        isDiskFull ? writerLacksDescriptors : roomlessSnapshot?.lacksDescriptors == true
    }

    private func installed(_ request: Message.SnapshotRequest, _ adoption: Adoption) {
        intakePause = nil
        roomlessSnapshot = nil
        reconsiderDiskHealth()
        let position = adoption.position
        if raft.isDamaged {
            steps.insert(.tookSnapshot)
            if raft.leader == nil { steps.insert(.borrowedSnapshot) }
        }
        logger.notice("snapshot installed", metadata: ["index": "\(position.index)"])
        isInstalling = false
        self.position = position
        applyTarget = max(applyTarget, position.index)
        flushed = position.index
        clock.observe(position.timeMilliseconds)
        membership = adoption.membership
        sessionCount = adoption.sessionCount
        // The table that was loaded with it has counted none yet.
        sessionFillings = 0
        resources.transport.update(membership, asOf: position.index)
        forgetProposals(through: position.index)
        logMemberships.removeAll { $0.index <= position.index }
        step(.snapshotInstalled(request.snapshot, membership.core))
        membershipChanged()
        observer.stateReplaced(position)
        releaseReads()
        considerPostponedRun()
        refreshDamage()
        pumpApply()
    }
}

/// What the applier holds after a snapshot's engine has taken over, and the engine before it.
struct Adoption: Sendable {
    let old: any Engine
    let position: AppliedPosition
    let membership: ClusterMembership
    let sessionCount: Int
}

/// A snapshot whose engine has taken over, while its log is still the old one.
struct RoomlessSnapshot {
    let request: Message.SnapshotRequest
    let adoption: Adoption
    /// Whether its log waits for a file descriptor, and not for room.
    let lacksDescriptors: Bool
    /// Whether a job of the log is under way for it.
    var isTriedNow = false
}

/// What has become of a snapshot whose rows are all there.
private enum Takeover: Sendable {
    case done(Adoption)
    /// What it holds has been applied meanwhile.
    case unneeded
    /// Its rows are not a replica's, or the disk has no room for its name; all is as it was.
    case unusable(any Error)
}

extension Optional {
    /// The value where the caller has just made sure that there is one.
    fileprivate func unsafelyPresent() -> Wrapped {
        guard let self else { preconditionFailure("a value that was made sure of is absent") }
        return self
    }
}
