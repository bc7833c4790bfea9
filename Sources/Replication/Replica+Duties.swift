package import Codec
import IOCore
package import Identifiers
import KeyValue
import Logging
import Raft
import Transactions
import WAL

extension Replica {
    /// Time between two looks at the disk and the maintenance.
    private static let dutyMilliseconds: UInt64 = 100

    func scheduleDuties() {
        guard !isStopped else { return }
        let back = LoopBound(self, to: loop)
        let next = loop.now.advanced(milliseconds: Self.dutyMilliseconds)
        _ = loop.schedule(at: next) {
            let replica = back.value
            guard !replica.isStopped else { return }
            replica.watchDisk()
            replica.maintain()
            replica.pumpRepair()
            replica.considerReplacements()
            replica.considerTransfer()
            replica.dutyTurn += 1
            if replica.dutyTurn.isMultiple(of: 10) {
                replica.everySecond()
            }
            replica.scheduleDuties()
        }
    }

    /// A disk that hangs under a leader costs it the leadership.
    private func watchDisk() {
        guard !isDiskHung, let since = writer?.waitingSince,
            loop.now.milliseconds(since: since) > settings.diskHangMilliseconds
        else { return }
        guard !isDiskFull else {
            // It answers, and has been told of.
            sendWaitersAway()
            return
        }
        isDiskHung = true
        logger.error(
            "the disk does not answer",
            metadata: ["milliseconds": "\(loop.now.milliseconds(since: since))"])
        reconsiderDiskHealth()
        sendWaitersAway()
    }

    /// Nothing more is applied before the disk answers, so whoever waits for that is to ask another
    /// node: what was proposed may be committed, and its session knows the outcome there.
    private func sendWaitersAway() {
        forgetProposals(after: position.index)
        let reads = readsAwaitingApply
        readsAwaitingApply = []
        reads.forEach { $0.read.fail(.notLeader(leaderHint)) }
    }

    /// Tells the consensus what the disk lets it do, if that has changed.
    func reconsiderDiskHealth() {
        let present: DiskHealth =
            isLogFull || isDiskHung ? .cannotWrite : isEngineFull ? .shouldNotLead : .good
        guard present != diskHealth else { return }
        diskHealth = present
        step(.diskHealth(present))
    }

    private func everySecond() {
        if isDiskFull { writer?.retry() }
        retryLogReset()
        closeIdleSources()
        expireSessions()
        refreshDamage()
        damageFlushed(knownDamage)
        considerFounding()
        tellNotice()
        scrubWhenIdle()
    }

    /// Seconds in which the disk is busy at every look after which the scrub goes on regardless: the
    /// log of the node that works most is not to be looked at least.
    private static let busyScrubLooksBorne = 10
    /// What a scrub of a busy disk reads at a time, and a write may have to wait for.
    private static let busyScrubBytes = 1 << 20

    private func scrubWhenIdle() {
        guard settings.scrubBytesPerSecond > 0, let writer, !isScrubbing else { return }
        if writer.isIdle {
            busyScrubLooks = 0
            scrub(settings.scrubBytesPerSecond)
        } else if busyScrubLooks >= Self.busyScrubLooksBorne {
            scrub(min(settings.scrubBytesPerSecond, Self.busyScrubBytes))
        } else {
            busyScrubLooks += 1
        }
    }

    // MARK: Sessions

    /// The leader proposes the end of sessions that have been idle for too long.
    private func expireSessions() {
        guard raft.isLeader, raft.canServeProposals, sessionCount > 0 else { return }
        #if PLANTED_BUGS
            let time =
                PlantedBug.expiryByLocalClock.isActive ? loop.wallMilliseconds : stamp()
        #else
            let time = stamp()
        #endif
        let epoch = leadership
        applier.perform { applier in
            applier.expiredSessions(time: time)
        } done: { [self] expired in
            guard !expired.isEmpty, leadership == epoch else { return }
            let bound = 1_024
            propose(Record.expireSessions(Array(expired.prefix(bound))).encoded()) { _ in }
        }
    }

    // MARK: Engine and log

    private func maintain() {
        let age = loop.now.milliseconds(since: flushStarted)
        let isDue =
            bytesSinceFlush >= settings.flushBytes
            || recordsSinceFlush >= settings.flushRecords
            || (bytesSinceFlush > 0 && age >= settings.flushMilliseconds)
            || (isEngineFull && age >= 1_000)
        if isDue, !isFlushing, !isInstalling {
            flushEngine { _ in }
        }
        let excess = writer.map { $0.statistics.fileBytes > settings.limits.retainedLogBytes }
        // What may go changes with a flush alone, and to find it out costs a walk over all frames.
        if excess == true, !isCompacting, !isInstalling, flushed > compactionSought {
            compactionSought = flushed
            let target = compactionTarget
            if target > raft.compacted.index { compact(through: target) { _ in } }
        }
        writer?.prepareSpareWhenIdle()
    }

    /// Makes the engine durable up to what is applied now.
    package func flushEngine(done: @escaping (Result<LogIndex, RequestRefusal>) -> Void) {
        guard !isFlushing, !isInstalling else {
            done(.failure(.unavailable("the engine is being flushed or replaced; try again")))
            return
        }
        isFlushing = true
        flushStarted = loop.now
        let sinceFlush = (bytes: bytesSinceFlush, records: recordsSinceFlush)
        bytesSinceFlush = 0
        recordsSinceFlush = 0
        let through = position.index
        let engine = engine
        let loop = loop
        let back = LoopBound((self, done), to: loop)
        resources.maintenanceWorker.submit {
            let result: Result<Void, EngineFailure>
            do throws(EngineFailure) {
                result = .success(try engine.withLock { $0 }.flush())
            } catch {
                result = .failure(error)
            }
            loop.post {
                let (replica, done) = back.value
                replica.isFlushing = false
                switch result {
                case .success:
                    replica.flushed = max(replica.flushed, through)
                    replica.engineHasRoom()
                    done(.success(through))
                case .failure(let failure) where failure.isFull:
                    replica.bytesSinceFlush += sinceFlush.bytes
                    replica.recordsSinceFlush += sinceFlush.records
                    replica.engineIsFull(failure)
                    done(.failure(.unavailable("\(failure)")))
                case .failure(let failure):
                    replica.fail(.engine(failure))
                    done(.failure(.unavailable("\(failure)")))
                }
            }
        }
    }

    /// Refuses proposals and gives leadership up until a flush succeeds; what is committed is applied
    /// as far as memory holds it.
    private func engineIsFull(_ failure: EngineFailure) {
        guard !isStopped, !isEngineFull else { return }
        isEngineFull = true
        logger.error(
            "the disk is full: proposals are refused", metadata: ["what": "\(failure)"])
        reconsiderDiskHealth()
    }

    private func engineHasRoom() {
        guard !isStopped, isEngineFull else { return }
        isEngineFull = false
        logger.notice("the store engine was flushed again")
        reconsiderDiskHealth()
        pumpApply()
    }

    /// The last index that need not be kept: flushed, and far enough behind that a follower which
    /// lags by less than half the retained bytes still finds its frames.
    private var compactionTarget: LogIndex {
        #if PLANTED_BUGS
            if PlantedBug.compactionPastFlush.isActive { return position.index }
        #endif
        let bytes = settings.limits.retainedLogBytes / 2
        return min(flushed, raft.index(leaving: bytes))
    }

    func compact(
        through index: LogIndex, done: @escaping (Result<LogIndex, RequestRefusal>) -> Void
    ) {
        guard !isCompacting, !isInstalling else {
            done(.failure(.unavailable("the log is being compacted or replaced; try again")))
            return
        }
        isCompacting = true
        writer?.perform { log in
            Result { (try log.compact(through: index), log.statistics) }
        } done: { [unowned self] result in
            isCompacting = false
            guard !isStopped else {
                done(.failure(.unavailable("the node is stopping")))
                return
            }
            switch result {
            case .success(let (start, statistics)):
                writer?.took(statistics)
                if start.index > raft.compacted.index {
                    step(.compacted(LogPosition(index: start.index, term: start.term)))
                }
                done(.success(start.index))
            case .failure(let error):
                logger.error("the log cannot be compacted", metadata: ["reason": "\(error)"])
                done(.failure(.unavailable("\(error)")))
            }
        }
    }

    /// Flushes the engine and compacts the log as far as that allows; for operators.
    package func snapshotNow(done: @escaping (Result<LogIndex, RequestRefusal>) -> Void) {
        flushEngine { [unowned self] result in
            switch result {
            case .success(let index): compact(through: index, done: done)
            case .failure: done(result)
            }
        }
    }

    // MARK: Scrub

    private func scrub(_ budget: Int) {
        let place = scrubPlace
        isScrubbing = true
        writer?.perform { log in
            Result { try log.scrub(budgetBytes: budget, from: place) }
        } done: { [unowned self] result in
            isScrubbing = false
            guard !isStopped else { return }
            switch result {
            case .success(let report):
                scrubPlace = report.next
                damageListed(report.damage)
                tell(of: report)
            case .failure(let error):
                guard let dropped = scrubThrottle.admit(at: loop.now) else { return }
                logger.error(
                    "the scrub failed",
                    metadata: ["reason": "\(error)", "not logged before": "\(dropped)"])
            }
        }
    }
}

extension Replica {
    /// Logs what a scrub has mended.
    private func tell(of report: ScrubReport) {
        for note in report.notes {
            logger.error("the log was damaged and has been mended", metadata: ["what": "\(note)"])
        }
    }
}

/// What a check of the whole log found.
package struct LogReport: Sendable {
    package let segments: Int
    package let frames: UInt64
    package let bytes: UInt64
    /// What cannot be read, and what was mended by the check.
    package let problems: [String]
}

/// A stretch of the log, as its frames' headers tell it.
package struct LogStretch: Sendable {
    package let node: NodeID
    package let term: Term
    package let firstIndex: LogIndex
    package let lastIndex: LogIndex
    package let frames: [FrameHeader]
}

extension Replica {
    /// Reads of frames' headers that may be under way: the log's own writes queue behind them.
    private static let logFramesBound = 2

    /// Reads the headers of up to `count` frames from the one with `from` on, on the log's worker.
    package func logFrames(
        from: LogIndex, count: Int, done: @escaping (Result<LogStretch, RequestRefusal>) -> Void
    ) {
        guard let writer, !isStopped else {
            done(.failure(.unavailable("the node is stopping")))
            return
        }
        guard logFramesUnderWay < Self.logFramesBound else {
            done(.failure(.unavailable("\(logFramesUnderWay) reads of the log are under way")))
            return
        }
        logFramesUnderWay += 1
        writer.perform { log in
            Result { (try log.headers(from: from, count: count), log.damage) }
        } done: { [unowned self] result in
            logFramesUnderWay -= 1
            switch result {
            case .failure(let error):
                done(.failure(.unavailable("\(error)")))
            case .success(let (frames, damage)):
                damageListed(damage)
                done(
                    .success(
                        LogStretch(
                            node: settings.node, term: raft.term,
                            firstIndex: raft.compacted.index.next,
                            lastIndex: raft.lastPosition.index, frames: frames)))
            }
        }
    }
}

extension Replica {
    package var now: MonotonicTime {
        loop.now
    }

    /// Reads and checks every segment of the log, in pieces that writes get between.
    ///
    /// One check at a time: who comes later gets the result of the one under way.
    package func verifyLog(done: @escaping (Result<LogReport, RequestRefusal>) -> Void) {
        guard !isStopped else {
            done(.failure(.unavailable("the node is stopping")))
            return
        }
        let bound = Self.verifyWaitersBound
        guard verifyWaiters.count < bound else {
            done(.failure(.unavailable("\(bound) wait for a check of the log; try again")))
            return
        }
        verifyWaiters.append(done)
        if verifyWaiters.count == 1 { verifyMore(checked: 0, notes: [], from: .beginning) }
    }

    /// Who may wait for one check at a time.
    private static let verifyWaitersBound = 64

    /// Tells everybody who waits for the check under way what it has come to.
    func endVerification(_ result: Result<LogReport, RequestRefusal>) {
        let waiters = verifyWaiters
        verifyWaiters = []
        waiters.forEach { $0(result) }
    }

    private func verifyMore(
        checked: UInt64, notes: [String], from place: ScrubPlace
    ) {
        writer?.perform { log in
            Result {
                let report = try log.scrub(budgetBytes: 8 << 20, from: place)
                return (report, log.statistics.segments, log.frameCount)
            }
        } done: { [unowned self] result in
            guard !isStopped else { return }
            switch result {
            case .failure(let error):
                endVerification(.failure(.unavailable("\(error)")))
            case .success(let (report, segments, frames)):
                damageListed(report.damage)
                tell(of: report)
                let bytes = checked + UInt64(report.checkedBytes)
                let notes = notes + report.notes
                guard report.reachedEnd else {
                    verifyMore(checked: bytes, notes: notes, from: report.next)
                    return
                }
                let found = notes + report.damage.map(\.description)
                endVerification(
                    .success(
                        LogReport(
                            segments: segments, frames: UInt64(frames),
                            bytes: bytes, problems: Array(Set(found)).sorted())))
            }
        }
    }
}
