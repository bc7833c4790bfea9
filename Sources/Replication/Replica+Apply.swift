import Codec
import IOCore
package import Identifiers
import KeyValue
import Logging
import Raft
import Transactions
import WAL

extension Replica {
    /// Bytes of frames behind which one turn of the apply worker takes no more.
    private static let turnBytes = 2 << 20

    /// Applies what is committed and durable here: at once where somebody waits for it, else with
    /// what comes in the next milliseconds.
    ///
    /// Nobody waits for a follower's apply but its reads. To wake a thread for each commit would
    /// cost more than the work itself, and cores that a leader on the same machine wants.
    func applySoon() {
        guard !isLeader, readsAwaitingApply.isEmpty,
            applyTarget - position.index < settings.applyGatheredRecords
        else {
            pumpApply()
            return
        }
        guard applyTimer == nil, !isApplying, !isStopped, position.index < applyTarget else {
            return
        }
        let back = LoopBound(self, to: loop)
        let time = loop.now.advanced(milliseconds: settings.applyDelayMilliseconds)
        applyTimer = loop.schedule(at: time) {
            let replica = back.value
            replica.applyTimer = nil
            replica.pumpApply()
        }
    }

    /// Gives the apply worker what is committed and durable here, one turn at a time.
    func pumpApply() {
        guard !isApplying, !isInstalling, !isStopped, position.index < applyTarget else { return }
        guard engineTakesMore else {
            refuseWaitingReads()
            return
        }
        let turnBytes = isEngineFull ? 1 : Self.turnBytes
        var frames: [SealedFrame] = []
        var next = position.index.next
        var bytes = 0
        while next <= applyTarget, bytes < turnBytes, let frame = cache[firstIndex: next] {
            frames.append(frame)
            bytes += frame.bytes.count
            next = frame.header.lastIndex.next
        }
        isApplying = true
        turnTarget = applyTarget
        guard frames.isEmpty else {
            apply(frames)
            return
        }
        readToApply(from: next, maximumBytes: turnBytes)
    }

    /// Whether the engine holds one more frame in memory, where it has no room for a flush.
    ///
    /// What it could not hold it would write out by itself and fail, and that ends the node.
    private var engineTakesMore: Bool {
        guard isEngineFull else { return true }
        return engine.withLock { $0 }.holdsInMemory(settings.limits.frameBytes)
    }

    /// Reads what is to be applied from the log; damage there is repaired first.
    private func readToApply(from next: LogIndex, maximumBytes: Int) {
        if let lost = repair?.ranges.first, lost.first <= next {
            isApplying = false
            return
        }
        readLog(from: next, maximumBytes: maximumBytes) { [unowned self] result in
            let frames: [SealedFrame]
            guard !isInstalling, next == position.index.next else {
                // A snapshot has taken over, or is about to, while the disk was busy.
                isApplying = false
                pumpApply()
                return
            }
            switch result {
            case .success(let read):
                frames = read.filter { $0.header.lastIndex <= applyTarget }
            case .failure(.damaged(let range)):
                isApplying = false
                damageFound([range])
                return
            case .failure(let failure):
                fail(.log(failure))
                return
            }
            guard frames.first?.header.firstIndex == next else {
                // Committed and acknowledged, and not damaged either.
                fail(.inconsistent("the log has no frame that begins at index \(next)"))
                return
            }
            apply(frames)
        }
    }

    private func apply(_ frames: [SealedFrame]) {
        guard !frames.isEmpty else {
            isApplying = false
            return
        }
        guard !appliedHere(frames) else { return }
        applier.perform { applier in
            applier.applyTurn(frames)
        } done: { [self] result in
            applied(result)
        }
    }

    /// Answers clients whose outcomes are known, while the engine has yet to take the changes.
    ///
    /// What they ask for next waits for it: reads for `position`, and records for their turn. The log
    /// has what is answered, and nothing that the engine meets can take it back.
    private func answerEarly(_ result: AppliedResult) {
        guard !isStopped, case .success((let turn, _)) = result else { return }
        for frame in turn.frames {
            guard let first = sealed.first, first.isQuick, first.firstIndex == frame.firstIndex
            else { return }
            answer(frame)
        }
    }

    /// Applies a turn on the loop if it is small and quick, and the apply worker idle; false if not.
    ///
    /// To hand it over and to hear of its end would wake two threads, which takes longer than the
    /// turn, while its clients wait.
    private func appliedHere(_ frames: [SealedFrame]) -> Bool {
        guard isSmallAndQuick(frames), loop.now >= appliesElsewhereUntil else { return false }
        let start = loop.now
        let taken = applier.take { $0.applyTurn(frames, leavingRest: true) }
        guard let result = taken else { return false }
        let nanoseconds = loop.now.nanoseconds - start.nanoseconds
        // What the end of a turn brings about must not happen in the middle of a step, and the
        // answers leave before the engine is given the changes.
        let back = LoopBound(self, to: loop)
        loop.post {
            back.value.answerEarly(result)
            back.value.loop.post { back.value.finishHere(result, after: nanoseconds) }
        }
        return true
    }

    /// Gives the engine what a turn on the loop has changed; where it could not take that at once,
    /// the apply worker waits for it.
    ///
    /// - Parameter nanoseconds: what the turn has taken of the loop before.
    private func finishHere(_ result: AppliedResult, after nanoseconds: UInt64) {
        let start = loop.now
        let (finished, hasRest) = applier.use {
            (isStopped ? result : $0.finishTurn(result, mayWait: false), $0.hasRest)
        }
        noteTurn(nanoseconds + loop.now.nanoseconds - start.nanoseconds)
        guard hasRest, !isStopped else {
            applier.letGo()
            applied(finished)
            return
        }
        applier.handOver { applier in
            applier.finishTurn(result)
        } done: { [self] result in
            applied(result)
        }
    }

    /// Leaves turns to the worker for a while after one that took long on the loop.
    private func noteTurn(_ nanoseconds: UInt64) {
        guard nanoseconds > Self.longTurnNanoseconds else { return }
        appliesElsewhereUntil = loop.now.advanced(milliseconds: Self.longTurnPauseMilliseconds)
    }

    /// Records of a turn that the loop applies, at the most.
    private static let smallTurnRecords = 4
    /// A turn on the loop that takes longer, such as for reads from the disk, sends those that follow
    /// for a while to the worker.
    private static let longTurnNanoseconds: UInt64 = 4_000_000
    private static let longTurnPauseMilliseconds: UInt64 = 1_000

    /// Whether the turn is of a few records proposed here, each of which takes little time, brings
    /// no checkpoint, and nothing else is under way that could go on meanwhile.
    private func isSmallAndQuick(_ frames: [SealedFrame]) -> Bool {
        guard frames.count == sealed.count, waiting.isEmpty, let last = frames.last,
            !settings.limits.isCheckpointDue(
                after: position.index, through: last.header.lastIndex)
        else { return false }
        var count = 0
        for (frame, proposals) in zip(frames, sealed) {
            count += proposals.done.count
            guard proposals.isQuick, proposals.firstIndex == frame.header.firstIndex,
                count <= Self.smallTurnRecords
            else { return false }
        }
        return true
    }

    private func applied(_ result: AppliedResult) {
        isApplying = false
        guard !isStopped else {
            if case .success((_, let pinned?)) = result {
                resources.maintenanceWorker.submit { pinned.close() }
            }
            return
        }
        let turn: AppliedTurn
        let pinned: (any PinnedState)?
        switch result {
        case .success(let success): (turn, pinned) = success
        case .failure(let failure):
            fail(failure)
            return
        }
        position = turn.position
        clock.observe(position.timeMilliseconds)
        sessionCount = turn.sessionCount
        sessionFillings = turn.sessionFillings
        step(.applied(position.index))
        releaseReads()
        considerPostponedRun()
        // What a turn had no room for has been gathered long enough.
        if position.index < turnTarget {
            pumpApply()
        } else {
            applySoon()
        }
        for frame in turn.frames {
            bytesSinceFlush += frame.byteCount
            recordsSinceFlush += frame.results.count
            answer(frame)
        }
        if let next = turn.membership {
            membership = next
            resources.transport.update(next, asOf: position.index)
            logMemberships.removeAll { $0.index <= position.index }
            membershipChanged()
        }
        if !turn.digestMarks.isEmpty, let pinned {
            computeDigest(of: pinned, nonces: turn.digestMarks)
        }
        observer.applied(turn)
    }

    /// Reads frames from the log on the disk worker; a failure has been logged.
    func readLog(
        from index: LogIndex, maximumBytes: Int,
        done: @escaping (Result<[SealedFrame], WALFailure>) -> Void
    ) {
        writer?.perform { log in
            do throws(WALFailure) {
                return Result<[SealedFrame], WALFailure>.success(
                    try log.frames(from: index, maximumBytes: maximumBytes))
            } catch {
                return .failure(error)
            }
        } done: { [unowned self] result in
            guard !isStopped else { return }
            if case .failure(let error) = result {
                logger.error(
                    "the log cannot be read", metadata: ["index": "\(index)", "reason": "\(error)"])
            }
            done(result)
        }
    }

    /// Computes a digest, one at a time: each goes through the whole state, on the worker that
    /// flushes it.
    private func computeDigest(of pinned: any PinnedState, nonces: [UInt64]) {
        guard !isDigesting else {
            resources.maintenanceWorker.submit { pinned.close() }
            for nonce in nonces {
                digestWaiters.removeValue(forKey: nonce)?(.failure(Self.digestUnderWay))
            }
            return
        }
        isDigesting = true
        let loop = loop
        let back = LoopBound(self, to: loop)
        resources.maintenanceWorker.submit {
            let result: Result<StateReport, EngineFailure>
            do throws(EngineFailure) {
                result = .success(try StateDigest.of(pinned))
            } catch {
                result = .failure(error)
            }
            pinned.close()
            loop.post { back.value.digestComputed(nonces, result) }
        }
    }

    private func digestComputed(
        _ nonces: [UInt64], _ result: Result<StateReport, EngineFailure>
    ) {
        isDigesting = false
        let waiters = nonces.compactMap { digestWaiters.removeValue(forKey: $0) }
        switch result {
        case .success(let report):
            reports.append(report)
            if reports.count > 16 { reports.removeFirst() }
            waiters.forEach { $0(.success(report)) }
        case .failure(let failure):
            waiters.forEach { $0(.failure(.unavailable("\(failure)"))) }
            fail(.engine(failure))
        }
    }

    private static let digestUnderWay = RequestRefusal.unavailable(
        "a state digest is being computed; try again when it is done")

    /// Asks every node for the digest of its state at one index, the same for all; `done` gets this
    /// node's, or is refused while one is under way.
    ///
    /// On the leader.
    package func requestDigest(
        done: @escaping (Result<StateReport, RequestRefusal>) -> Void
    ) {
        guard digestWaiters.isEmpty, !isDigesting else {
            done(.failure(Self.digestUnderWay))
            return
        }
        let nonce = loop.randomBits()
        digestWaiters[nonce] = done
        propose(Record.digestMark(nonce: nonce).encoded()) { [unowned self] result in
            if case .failure(let refusal) = result {
                digestWaiters.removeValue(forKey: nonce)?(.failure(refusal))
            }
        }
    }

    /// The digest this node computed at `index`, while it remembers it.
    package func digest(at index: LogIndex) -> StateReport? {
        reports.last { $0.index == index }
    }
}

/// A turn, and the state at its end where it has digest marks.
typealias AppliedResult = Result<(AppliedTurn, (any PinnedState)?), ReplicationFailure>

extension Applier {
    /// One turn, cut off behind a frame with a digest mark so that the state can be pinned there;
    /// where it leaves a rest, `finishTurn` is next.
    func applyTurn(_ frames: [SealedFrame], leavingRest: Bool = false) -> AppliedResult {
        let turn: AppliedTurn
        do throws(ReplicationFailure) {
            turn = try apply(frames, leavingRest: leavingRest)
        } catch {
            return .failure(error)
        }
        return hasRest ? .success((turn, nil)) : pinned(turn)
    }

    /// Writes what the turn has left; unless `mayWait`, as far as the engine takes it at once.
    func finishTurn(_ result: AppliedResult, mayWait: Bool = true) -> AppliedResult {
        guard case .success((let turn, _)) = result else { return result }
        do throws(ReplicationFailure) {
            try writeRest(mayWait: mayWait)
        } catch {
            return .failure(error)
        }
        return hasRest ? result : pinned(turn)
    }

    private func pinned(_ turn: AppliedTurn) -> AppliedResult {
        guard !turn.digestMarks.isEmpty else { return .success((turn, nil)) }
        do throws(EngineFailure) {
            return .success((turn, try engine.pin()))
        } catch {
            return .failure(.engine(error))
        }
    }
}
