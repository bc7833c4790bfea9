import Identifiers

extension ConsensusCore {
    // MARK: Sending

    /// Election time-outs between two sendings of a chunk that is not answered, at most, and those
    /// of silence after which, when the next is due, nobody is there.
    private static let longestSnapshotPause: UInt64 = 8
    private static let snapshotPatience: UInt64 = 10

    /// The state of a peer that has been sent a chunk for the first time.
    private func awaiting(_ chunk: UInt64, _ now: MonotonicTime) -> Progress.State {
        .snapshot(
            chunk: chunk, sentAt: now, pauseMilliseconds: settings.electionMilliseconds)
    }

    mutating func startSnapshot(
        _ place: Int, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard let peer = leading?.peers[place], appliedIndex > .zero else { return }
        let state = awaiting(0, now)
        leading?.peers[place].become(state, next: peer.match.next)
        leading?.peers[place].lastHeard = now
        effects.append(.sendSnapshotChunk(to: peer.node, chunk: 0))
    }

    mutating func snapshotAnswered(
        _ response: Message.SnapshotResponse, from node: NodeID, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        guard let place = leading?.place(of: node) else {
            loanAnswered(response, from: node, now, &effects)
            return
        }
        leading?.peers[place].heard(now)
        guard case .snapshot(let sent, _, let pause)? = leading?.peers[place].state else { return }
        switch response.result {
        case .wants(let chunk):
            // The answer to a chunk that was sent twice: to send the next one for each would keep a
            // slow link busy with copies for ever.
            guard chunk != sent else { return }
            // A link that was slow for one chunk is for the next.
            leading?.peers[place].state = .snapshot(
                chunk: chunk, sentAt: now, pauseMilliseconds: pause)
            effects.append(.sendSnapshotChunk(to: node, chunk: chunk))
        case .installed(let index):
            guard index <= log.compacted.index || log.isBoundary(index) else {
                effects.append(.peerViolation(node, "it installed \(index), no frame's end"))
                return
            }
            _ = leading?.peers[place].matched(index)
            let next = index.next
            leading?.peers[place].become(.probe(isWaiting: false), next: next)
            sendFrames(place, now, &effects)
        }
    }

    /// Sends chunks once more that nobody has answered for an election time-out, then two, then four.
    ///
    /// On a slow link a chunk may take longer than that, and what else is sent to the node waits behind
    /// it: not to be heard of for an election time-out means nothing here, and chunks that are sent
    /// twice are what the link is busy with.
    mutating func resendSnapshotChunks(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let current = leading else { return }
        for place in current.peers.indices {
            let peer = current.peers[place]
            guard case .snapshot(let chunk, let sentAt, let pause) = peer.state,
                now.milliseconds(since: sentAt) >= pause
            else { continue }
            let patience = Self.snapshotPatience * settings.electionMilliseconds
            guard now.milliseconds(since: peer.lastHeard) < patience else {
                // Nobody is there: the snapshot is not kept for it.
                leading?.peers[place].become(
                    .probe(isWaiting: true), next: max(peer.match, log.compacted.index).next)
                continue
            }
            let longest = Self.longestSnapshotPause * settings.electionMilliseconds
            leading?.peers[place].state = .snapshot(
                chunk: chunk, sentAt: now, pauseMilliseconds: min(2 * pause, longest))
            effects.append(.sendSnapshotChunk(to: peer.node, chunk: chunk))
        }
    }

    /// The shell has lost the snapshot: begin with a new one, at the next time-out.
    mutating func snapshotSendFailed(
        _ node: NodeID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        endLoan(to: node)
        guard let place = leading?.place(of: node), case .snapshot? = leading?.peers[place].state
        else { return }
        let state = awaiting(0, now)
        leading?.peers[place].state = state
    }

    // MARK: Receiving

    mutating func snapshotOffered(
        _ request: Message.SnapshotRequest, from node: NodeID, _ effects: inout [Effect]
    ) {
        let leadsPastDamage =
            damage.map { $0.upperBound > appliedIndex && request.snapshot.index >= $0.upperBound }
            ?? false
        guard request.snapshot.index > commitIndex || leadsPastDamage else {
            // What is committed may still be on its way to this disk.
            answerSnapshot(
                request.snapshot, .installed(belowDamage(commitIndex)), after: writes.last?.id,
                &effects)
            return
        }
        effects.append(.storeSnapshotChunk(request, from: node))
    }

    func answerSnapshot(
        _ snapshot: LogPosition, _ result: Message.SnapshotResponse.Result, after: WriteID? = nil,
        _ effects: inout [Effect]
    ) {
        guard let sender = lender ?? leader, sender != identifier else { return }
        let response = Message.SnapshotResponse(snapshot: snapshot, result: result)
        effects.append(
            .send(Message(term: term, body: .snapshotResponse(response)), to: sender, after: after))
    }

    /// *Raft §7*: keeps what follows the snapshot if the log has its last record, else begins anew.
    mutating func snapshotInstalled(
        _ position: LogPosition, _ installed: Membership, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        guard position.index > commitIndex || position.index > log.compacted.index else { return }
        if holds(position) {
            log.compact(through: position)
            memberships.removeAll { $0.index <= position.index }
        } else {
            log.reset(to: position)
            memberships.removeAll()
            for place in writes.indices {
                writes[place].last = position.index
            }
            durableIndex = position.index
        }
        memberships.insert((position.index, installed), at: 0)
        durableIndex = max(durableIndex, position.index)
        commitIndex = max(commitIndex, position.index)
        appliedIndex = max(appliedIndex, position.index)
        applyRequested = max(applyRequested, position.index)
        endDamage(through: position.index)
        if campaign == nil, !isLeader {
            role = membership.isVoter(identifier) ? .follower : .learner
        }
        requestApply(&effects)
        answerSnapshot(position, .installed(position.index), &effects)
        lender = nil
    }
}
