import Codec
import Compression
import IOCore
package import Identifiers
import Logging
import Raft
import Transactions
import WAL

/// The repair of damage in the log, from peers.
///
/// Damage that the engine holds on disk is in nobody's way; damage that it has applied is flushed out
/// of the way; for any other the node leaves elections and fetches the frames: by chain digest from
/// whoever has them, or, where no digest is known, from the leader.
extension Replica {
    /// How long a peer has to answer.
    private static let answerMilliseconds: UInt64 = 500
    /// How long nobody is asked after everybody was in vain.
    private static let pauseMilliseconds: UInt64 = 1_000
    /// Bytes of frames in one answer, but for a single frame.
    private static let answerBytes = 1 << 20

    // MARK: Finding

    /// Takes up damage that the scrub or a read has found.
    func damageFound(_ found: [DamagedRange]) {
        guard !isStopped else { return }
        for range in found where !knownDamage.contains(range) {
            knownDamage.append(range)
            logger.error("the log is damaged", metadata: ["what": "\(range)"])
        }
        knownDamage.removeAll { !found.contains($0) && $0.last <= raft.compacted.index }
        let obstacles = found.filter { $0.last > flushed }
        if obstacles.contains(where: { $0.last <= position.index }) {
            // Once it is flushed, the engine stands in for it.
            flushEngine { [unowned self] result in
                guard case .success = result else { return }
                steps.insert(.flushedOverRot)
                damageFlushed(found)
            }
        } else {
            damageFlushed(found)
        }
        let lost = obstacles.filter { $0.last > position.index }
        guard let first = lost.first else { return }
        guard !otherMembers.isEmpty else {
            fail(.log(.damaged(first)))
            return
        }
        steps.insert(.foundRotRunning)
        let isNew = repair == nil
        if isNew { repair = RepairState(lost, now: loop.now) }
        for range in lost {
            step(.damaged(first: range.first, last: range.last))
        }
        if isNew {
            pumpRepair()
        } else {
            refreshDamage()
        }
    }

    /// Takes up the list of all damage that the log knows of.
    func damageListed(_ all: [DamagedRange]) {
        guard !isStopped, all != knownDamage else { return }
        damageFound(all)
        knownDamage = all
    }

    /// What is damaged and on the engine's disk is served as a snapshot from now on, not as frames.
    func damageFlushed(_ found: [DamagedRange]) {
        let last = found.map(\.last).filter { $0 <= flushed }.max()
        guard let last, last > raft.compacted.index, last <= raft.appliedIndex,
            let term = raft.term(at: last)
        else { return }
        step(.compacted(LogPosition(index: last, term: term)))
    }

    /// Reads anew what damage is left, and goes on from there.
    func refreshDamage() {
        guard repair?.isBusy == false else { return }
        repair?.isBusy = true
        writer?.perform { log in
            log.damage
        } done: { [unowned self] damage in
            damageLeft(damage)
        }
    }

    private func damageLeft(_ damage: [DamagedRange]) {
        repair?.isBusy = false
        guard !isStopped else { return }
        knownDamage = damage
        repair?.update(damage.filter { $0.last > flushed })
        pumpRepair()
    }

    /// Every other node that may have what is lost here, of whichever membership.
    private var otherMembers: [NodeID] {
        let known = ([membership] + logMemberships.map(\.membership)).flatMap(\.members)
        let nodes = known.map(\.node) + (repair?.helpers ?? [])
        return Set(nodes).subtracting([settings.node]).sorted()
    }

    // MARK: Asking

    /// Asks the next peer, or ends the repair; called when something has changed, and by the duties.
    func pumpRepair() {
        guard !isStopped, !isInstalling, repair?.isBusy == false else { return }
        repair?.expire(loop.now)
        if let gone = repair?.ranges.filter({ $0.last <= flushed }), !gone.isEmpty {
            repair?.ranges.removeAll { $0.last <= flushed }
            damageFlushed(gone)
        }
        guard let present = repair, present.question == nil else { return }
        guard let lowest = present.ranges.first else {
            finishRepair()
            return
        }
        if lowest.last <= position.index {
            flushEngine { _ in }
            return
        }
        if let until = present.pausedUntil, loop.now < until { return }
        repair?.pausedUntil = nil
        for range in present.ranges {
            if let own = remembered(range) {
                write([own], into: range, from: settings.node)
                return
            }
            if ask(for: range) { return }
        }
        giveUpForNow(lowest)
    }

    /// The frame of `range` that this node has in memory and has not tried in vain.
    private func remembered(_ range: DamagedRange) -> SealedFrame? {
        guard repair?.next(of: [settings.node], for: range) != nil,
            let own = cache[firstIndex: range.first], own.header.lastIndex == range.last,
            range.digest == nil || range.digest == own.header.digest
        else { return nil }
        return own
    }

    /// Asks the next peer for `range`; false where there is none left.
    private func ask(for range: DamagedRange) -> Bool {
        let leader = raft.leader == settings.node ? nil : raft.leader
        let anybody = (leader.map { [$0] } ?? []) + otherMembers.filter { $0 != leader }
        let peers = range.digest == nil ? Array(anybody.prefix(leader == nil ? 0 : 1)) : anybody
        while let node = repair?.next(of: peers, for: range) {
            let nonce = loop.randomBits()
            let request = RepairRequest(
                first: range.first, last: range.last, digest: range.digest)
            let message = RepairMessage(nonce: nonce, body: .request(request))
            guard resources.transport.send(message.encoded(), to: node) else {
                repair?.heardNothing(of: node)
                continue
            }
            repair?.question = RepairState.Question(
                node: node, nonce: nonce, range: range,
                deadline: loop.now.advanced(milliseconds: Self.answerMilliseconds))
            return true
        }
        return false
    }

    /// Nobody can help with `range` now.
    private func giveUpForNow(_ range: DamagedRange) {
        let until = loop.now.advanced(milliseconds: Self.pauseMilliseconds)
        if let holder = repair?.pause(until: until) {
            step(.needSnapshot(of: holder))
            return
        }
        steps.insert(.foundNobody)
        guard let rounds = repair?.vainRounds, rounds % 30 == 3 else { return }
        logger.error(
            "no other node can give what is damaged here; this node does not vote until one can",
            metadata: ["what": "\(range)"])
    }

    // MARK: Answering

    /// A message of a peer about damage, its own or this node's.
    package func received(_ message: RepairMessage, from node: NodeID) {
        guard !isStopped, peers[node]?.founding == newestMembership.founding else { return }
        switch message.body {
        case .request(let request):
            serve(request, message.nonce, to: node)
        case .frames(let frames, let term):
            guard let question = answered(message, by: node) else { return }
            guard fits(frames, question, leaderTerm: term) else {
                refused(question, .absent)
                return
            }
            write(
                question.range.digest == nil ? frames : frames.reversed(), into: question.range,
                from: node)
        case .absent, .notLeader:
            guard let question = answered(message, by: node) else { return }
            refused(question, .absent)
        case .compacted:
            guard let question = answered(message, by: node) else { return }
            refused(question, .compacted)
        case .ended(let term):
            guard let question = answered(message, by: node) else { return }
            // Where the core knows the frames, an ordinary conflict ends them.
            guard question.range.digest == nil, writer?.isMending == true, raft.leader == node,
                raft.term == term
            else {
                refused(question, .absent)
                return
            }
            forget(question.range, in: term, from: node)
        }
    }

    private func refused(_ question: RepairState.Question, _ refusal: RepairState.Refusal) {
        repair?.refused(question.node, question.range, refusal)
        pumpRepair()
    }

    /// The question that this message answers.
    private func answered(_ message: RepairMessage, by node: NodeID) -> RepairState.Question? {
        guard let question = repair?.question, question.node == node,
            question.nonce == message.nonce, repair?.isBusy == false, !isInstalling
        else { return nil }
        repair?.question = nil
        return question
    }

    /// Whether the frames are what was asked for, as far as their headers tell.
    private func fits(
        _ frames: [SealedFrame], _ question: RepairState.Question, leaderTerm: Term
    ) -> Bool {
        guard let first = frames.first?.header, let last = frames.last?.header else { return false }
        for (one, other) in zip(frames, frames.dropFirst()) {
            guard other.header.firstIndex == one.header.lastIndex.next,
                other.header.previousDigest == one.header.digest
            else { return false }
        }
        #if PLANTED_BUGS
            if PlantedBug.repairUnverified.isActive { return true }
        #endif
        guard let digest = question.range.digest else {
            let isExpected = frames.allSatisfy {
                raft.term(at: $0.header.firstIndex) == $0.header.term
                    && raft.term(at: $0.header.lastIndex) == $0.header.term
            }
            return first.firstIndex == question.range.first && raft.leader == question.node
                && raft.term == leaderTerm && (writer?.isMending == true || isExpected)
        }
        return last.digest == digest && last.lastIndex == question.range.last
            && first.firstIndex >= question.range.first
    }

    /// Reads what a peer has lost, on the disk worker; one question of a peer at a time.
    private func serve(_ request: RepairRequest, _ nonce: UInt64, to node: NodeID) {
        guard servingRepairs.insert(node).inserted else { return }
        let leaderTerm = raft.isLeader ? raft.term : Term.zero
        guard request.digest != nil || raft.isLeader else {
            servingRepairs.remove(node)
            send(RepairMessage(nonce: nonce, body: .notLeader), to: node)
            return
        }
        guard request.digest != nil || request.first <= raft.lastPosition.index else {
            servingRepairs.remove(node)
            send(RepairMessage(nonce: nonce, body: .ended(leaderTerm: leaderTerm)), to: node)
            return
        }
        writer?.perform { log in
            let body = Self.answer(request, leaderTerm: leaderTerm, from: log)
            return (body, log.damage)
        } done: { [unowned self] body, damage in
            servingRepairs.remove(node)
            guard !isStopped else { return }
            send(RepairMessage(nonce: nonce, body: body), to: node)
            // The reading may have met with damage of this node's own.
            damageListed(damage)
        }
    }

    private static func answer(
        _ request: RepairRequest, leaderTerm: Term, from log: WriteAheadLog
    ) -> RepairMessage.Body {
        guard request.first > log.start.index else { return .compacted }
        do throws(WALFailure) {
            var frames: [SealedFrame]
            if let digest = request.digest {
                frames = try log.frames(
                    from: request.first, endingAt: request.last, digest: digest,
                    maximumBytes: answerBytes)
            } else {
                frames = try log.frames(from: request.first, maximumBytes: answerBytes)
                frames = Array(frames.prefix { $0.header.firstIndex <= request.last })
            }
            return frames.isEmpty ? .absent : .frames(frames, leaderTerm: leaderTerm)
        } catch {
            return .absent
        }
    }

    private func send(_ message: RepairMessage, to node: NodeID) {
        _ = resources.transport.send(message.encoded(), to: node)
    }

    // MARK: Writing

    /// Writes frames into the damage, in this order, each verified down to its chain digest.
    private func write(_ frames: [SealedFrame], into range: DamagedRange, from node: NodeID) {
        let limits = settings.limits
        change(range, from: node) { log, outcome in
            let opener = FrameOpener(limits: limits)
            for frame in frames {
                _ = try opener.open(frame)
                try log.repair(with: frame)
                outcome.written += 1
            }
        }
    }

    /// Forgets what the leader of the present term does not have.
    private func forget(_ range: DamagedRange, in term: Term, from node: NodeID) {
        change(range, from: node) { log, outcome in
            outcome.hasForgotten = try log.forgetDamage(from: range.first, in: term)
        }
    }

    /// Changes the log by the help of `node`.
    private func change(
        _ range: DamagedRange, from node: NodeID,
        _ body: @escaping @Sendable (WriteAheadLog, inout RepairOutcome) throws -> Void
    ) {
        repair?.isBusy = true
        writer?.perform { log in
            var outcome = RepairOutcome()
            do {
                try body(log, &outcome)
            } catch {
                outcome.failure = error
            }
            outcome.damage = log.damage
            return outcome
        } done: { [unowned self] outcome in
            repairWritten(outcome, into: range, from: node)
        }
    }

    private func repairWritten(
        _ outcome: RepairOutcome, into range: DamagedRange, from node: NodeID
    ) {
        guard !isStopped else { return }
        repair?.fetched += outcome.written
        if outcome.written > 0, node != settings.node {
            steps.insert(range.digest == nil ? .repairedByLeader : .repairedByDigest)
        }
        if outcome.hasForgotten {
            steps.insert(.forgotUncommitted)
            logger.notice(
                "damaged records were never committed and are forgotten",
                metadata: ["what": "\(range)", "leader": "\(node)"])
        }
        switch outcome.failure {
        case nil:
            break
        case WALFailure.repairRefused? where !outcome.damage.contains(range):
            // What the leader has sent meanwhile was there first.
            break
        case let failure?:
            if let dropped = repair?.throttle.admit(at: loop.now) {
                logger.error(
                    "a repair could not be written",
                    metadata: [
                        "peer": "\(node)", "reason": "\(failure)", "not-logged": "\(dropped)",
                    ])
            }
        }
        if outcome.damage.contains(range) { repair?.refused(node, range, .absent) }
        damageLeft(outcome.damage)
    }

    // MARK: Ending

    /// No damage is left above the engine: what it has hidden comes to light.
    ///
    /// What lies behind the core's log can be told only while nothing is being written. Frames that
    /// come until then are dropped, as if lost on the way: with a busy leader that would never be.
    private func finishRepair() {
        guard let writer else { return }
        guard writer.isMending else {
            repairEnded([])
            return
        }
        repair?.isBusy = true
        repair?.isEnding = true
        writer.whenIdle { [unowned self] in readHiddenTail() }
    }

    private func readHiddenTail() {
        let last = raft.lastPosition.index
        let limits = settings.limits
        writer?.perform { log in
            (Result { try HiddenTail(behind: last, of: log, limits: limits) }, log.damage)
        } done: { [unowned self] tail, damage in
            repair?.isBusy = false
            repair?.isEnding = false
            // With a vote or a snapshot under way, the next turn tries again.
            guard !isStopped, !isInstalling, writer?.isIdle == true,
                raft.lastPosition.index == last
            else { return }
            switch tail {
            case .success(let tail) where damage.allSatisfy({ $0.last <= flushed }):
                reveal(tail)
            case .success:
                damageLeft(damage)
            case .failure(let error):
                logger.error("the log cannot be read", metadata: ["reason": "\(error)"])
                damageLeft(damage)
            }
        }
    }

    private func reveal(_ tail: HiddenTail) {
        writer?.isMending = false
        cache.removeAll()
        lastDigest = tail.digest
        tail.ends.forEach { chain.append($0) }
        logMemberships += tail.memberships.filter { $0.index > position.index }
        repairEnded(tail.frames)
        membershipChanged()
    }

    private func repairEnded(_ tail: [FrameDescriptor]) {
        guard let ended = repair else { return }
        repair = nil
        logger.notice(
            "the log is whole again",
            metadata: [
                "frames fetched": "\(ended.fetched)",
                "milliseconds": "\(loop.now.milliseconds(since: ended.began))",
            ])
        step(.repaired(tail))
        pumpApply()
    }
}

/// What became of an attempt to repair damage.
private struct RepairOutcome: Sendable {
    /// Frames that were written.
    var written = 0
    var hasForgotten = false
    /// What is damaged now.
    var damage: [DamagedRange] = []
    var failure: (any Error)?
}

/// The frames behind an index, as the core and the chain want to know them.
private struct HiddenTail: Sendable {
    private(set) var frames: [FrameDescriptor] = []
    private(set) var ends: [FrameHeader] = []
    private(set) var memberships: [(index: LogIndex, membership: ClusterMembership)] = []
    private(set) var digest: ChainDigest

    init(behind index: LogIndex, of log: WriteAheadLog, limits: Limits) throws {
        var next = index.next
        while next <= log.lastIndex {
            let read = try log.frames(from: next, maximumBytes: 4 << 20)
            for frame in read {
                frames.append(try frame.descriptor(limits: limits))
                ends.append(frame.header)
                if frame.header.kind == .membership {
                    let membership = try MembershipFrame.read(frame, limits: limits)
                    memberships.append((frame.header.firstIndex, membership))
                }
                next = frame.header.lastIndex.next
            }
        }
        guard let digest = log.lastDigest else {
            throw ReplicationFailure.inconsistent("the log's end is not known behind its repair")
        }
        self.digest = digest
    }
}
