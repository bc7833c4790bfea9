import Codec
import IOCore
import Identifiers
import Logging
import Raft
import Transactions
import WAL

extension Replica {
    /// Steps the core and performs its effects in order.
    ///
    /// An input that comes out of an effect waits until the effects before it are done.
    func step(_ input: Input) {
        guard !isStepping else {
            queuedInputs.append(input)
            return
        }
        isStepping = true
        stepOnce(input)
        while !queuedInputs.isEmpty {
            let next = queuedInputs.removeFirst()
            stepOnce(next)
        }
        isStepping = false
        if !wasBegun, hasBegun {
            wasBegun = true
            updateStanding()
            announce()
        }
        if let first = firstRecord {
            firstRecord = nil
            propose(first)
        }
        if let membership = membershipToPropose {
            membershipToPropose = nil
            sealMembership(membership)
        }
    }

    private func stepOnce(_ input: Input) {
        var batch = effects
        effects = []
        raft.step(input, at: loop.now, into: &batch)
        for effect in batch {
            perform(effect)
        }
        batch.removeAll(keepingCapacity: true)
        effects = batch
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .writeHardState(let state, let id):
            writer?.writeHardState(state, id)
        case .append(let source, let id):
            append(source, id)
        case .truncate(let index, let id):
            writer?.truncate(after: index, id)
            cache.truncate(after: index)
            forgetProposals(after: index)
            if logMemberships.last.map({ $0.index > index }) == true {
                logMemberships.removeAll { $0.index > index }
                membershipChanged()
            }
        case .send(let message, let node, let after):
            guard !message.isForMemberAlone || isMember(node) else { break }
            if let after, after > durable {
                hold(message, to: node, after: after)
            } else {
                send(message, to: node)
            }
        case .sendSnapshotChunk(let node, let chunk):
            guard isMember(node) else { break }
            sendSnapshotChunk(chunk, to: node)
        case .storeSnapshotChunk(let request, let node):
            storeSnapshotChunk(request, from: node)
        case .apply(let index):
            applyTarget = max(applyTarget, index)
            applySoon()
        case .readReady(let nonce, let index):
            readsConfirmed(nonce, at: index)
        case .readFailed(let nonce, let refusal):
            readsFailed(nonce, refusal)
        case .proposeMembership(let membership):
            membershipToPropose = membership
        case .refused(let refusal):
            // What became of a proposal is told to whom it is of.
            if proposal == nil, !isResigning { finishAdministration(.failure(describe(refusal))) }
        case .roleChanged(let report):
            roleChanged(report)
        case .setDeadline(let time):
            setDeadline(time)
        case .peerViolation(let node, let what):
            logger.error(
                "a peer has broken the protocol",
                metadata: ["peer": "\(node)", "what": "\(what)"])
            resources.transport.drop(node, reason: what)
        }
    }

    /// Keeps a message until a write is durable.
    ///
    /// While a disk hangs, answers to heartbeats come for as long as that lasts. A later one says
    /// what the earlier of its kind does, and that may be lost.
    private func hold(_ message: Message, to node: NodeID, after write: WriteID) {
        let place = held.lastIndex { earlier in
            earlier.after == write && earlier.to == node && earlier.message.isImplied(by: message)
        }
        if let place {
            held.remove(at: place)
        }
        held.append((write, message, node))
    }

    private func append(_ source: AppendSource, _ id: WriteID) {
        switch source {
        case .proposal(let descriptor):
            guard let frame = proposal else {
                preconditionFailure("no sealed frame for \(descriptor.firstIndex)")
            }
            append(frame)
        case .message(let first):
            guard let incoming else {
                preconditionFailure("frames are to be appended without a message")
            }
            for frame in incoming.frames[first...] {
                append(frame)
            }
        }
        writer?.mark(id)
    }

    private func append(_ frame: SealedFrame) {
        cache.append(frame)
        writer?.append(frame)
        lastDigest = frame.header.digest
        chain.append(frame.header)
        guard frame.header.kind == .membership else { return }
        do throws(DecodingFailure) {
            let next = try MembershipFrame.read(frame, limits: settings.limits)
            logMemberships.append((frame.header.firstIndex, next))
            membershipChanged()
        } catch {
            preconditionFailure("membership frame \(frame.header.firstIndex): \(error)")
        }
    }

    private func setDeadline(_ time: MonotonicTime) {
        if let deadline { loop.cancel(deadline) }
        let back = LoopBound(self, to: loop)
        deadline = loop.schedule(at: time) {
            let replica = back.value
            replica.deadline = nil
            guard !replica.isStopped else { return }
            replica.step(.tick)
        }
    }

    func writerReported(_ event: LogWriter.Event) {
        guard !isStopped else { return }
        switch event {
        case .durable(let id):
            durable = id
            if isDiskFull || isDiskHung {
                isDiskFull = false
                writerLacksDescriptors = false
                isDiskHung = false
                logger.notice("the disk takes writes again")
                reconsiderDiskHealth()
            }
            let count = held.firstIndex { $0.after > id } ?? held.count
            let released = Array(held.prefix(count))
            held.removeFirst(count)
            for message in released {
                send(message.message, to: message.to)
            }
            step(.durable(id))
            refreshDamage()
        case .full(let failure):
            guard !isDiskFull || writerLacksDescriptors != failure.lacksDescriptors
            else { return }
            isDiskFull = true
            writerLacksDescriptors = failure.lacksDescriptors
            logger.error(
                writerLacksDescriptors
                    ? "there are no file descriptors left: proposals are refused"
                    : "the disk is full: proposals are refused",
                metadata: ["what": "\(failure)"])
            reconsiderDiskHealth()
        case .failed(let failure):
            fail(.log(failure))
        }
    }

    private func roleChanged(_ report: RoleReport) {
        logger.notice(
            "role changed",
            metadata: [
                "role": "\(report.role)", "term": "\(report.term)",
                "leader": "\(report.leader.map(\.description) ?? "none")",
            ])
        leadership += 1
        if report.role == .leader {
            pumpApply()
            clock.restart(now: loop.now)
            if raft.lastPosition.index == .zero {
                // Only here the wall clock counts: a node that has a log and has applied nothing of
                // it yet would push the time of all sessions on by what its clock is wrong.
                clock.begin(wallMilliseconds: loop.wallMilliseconds)
                // The log begins with who founded it, so that a node that gets it from there knows.
                firstRecord = membership
            } else {
                let nothing = Record.nothing.encoded()
                let record = WaitingRecord(
                    bytes: nothing, countedBytes: 0, isQuick: true, done: { _ in })
                waiting.insert(record, at: 0)
            }
        } else {
            leadershipLost()
            closeIdleSources()
        }
        considerTransfer()
        observer.roleChanged(report)
    }

    /// A core's refusal in a client's words.
    func describe(_ refusal: Refusal) -> RequestRefusal {
        switch refusal {
        case .notLeader: .notLeader(leaderHint)
        case .notReady:
            .unavailable("the leader has not committed a record of its term yet; try again")
        case .changeInProgress:
            .refused(.busy, "a change of membership is under way; wait until it has ended")
        case .transferInProgress:
            .unavailable("leadership is being handed over; try again in a moment")
        case .unknownNode(let node):
            .refused(.notFound, "node \(node) is not a member of the cluster")
        case .unfitTarget(let node):
            .refused(.wrongState, "node \(node) is not a voter that has caught up with the log")
        case .repeatedNode(let node):
            .refused(.invalidArgument, "node \(node) is named more than once")
        case .noVoters: .refused(.wrongState, "a cluster needs at least one voter")
        case .unchanged: .refused(.wrongState, "the membership already is so")
        case .leadershipLost: .notLeader(leaderHint)
        }
    }

    /// Who leads, as far as this node knows; nil where it is itself or nobody.
    package var leaderHint: LeaderHint? {
        guard let leader = raft.leader, leader != settings.node,
            let member = membership.member(leader)
        else { return nil }
        return LeaderHint(node: leader, clientAddress: member.clientAddress)
    }
}

extension Message {
    /// Whether `later`, to the same node, tells all that this answer does.
    fileprivate func isImplied(by later: Message) -> Bool {
        guard term == later.term else { return false }
        switch (body, later.body) {
        case (.appendResponse(let old), .appendResponse(let new)):
            guard case .matched(let before) = old.result, case .matched(let now) = new.result
            else { return old.result == new.result }
            return before <= now && old.readNonce <= new.readNonce
        case (.voteResponse(let old), .voteResponse(let new)):
            return old == new
        default:
            return false
        }
    }
}
