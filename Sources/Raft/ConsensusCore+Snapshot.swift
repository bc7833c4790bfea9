import Identifiers

extension ConsensusCore {
    // MARK: Sending

    mutating func startSnapshot(
        _ place: Int, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard let peer = leading?.peers[place], appliedIndex > .zero else { return }
        leading?.peers[place].become(
            .snapshot(chunk: 0, sentAt: now), next: peer.match.next)
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
        leading?.peers[place].isRecentlyActive = true
        guard case .snapshot = leading?.peers[place].state else { return }
        switch response.result {
        case .wants(let chunk):
            leading?.peers[place].state = .snapshot(chunk: chunk, sentAt: now)
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

    /// Sends chunks once more that nobody has answered for an election time-out.
    mutating func resendSnapshotChunks(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let current = leading else { return }
        for place in current.peers.indices {
            let peer = current.peers[place]
            guard case .snapshot(let chunk, let sentAt) = peer.state,
                now.milliseconds(since: sentAt) >= settings.electionMilliseconds
            else { continue }
            guard peer.isRecentlyActive else {
                // Nobody is there: the snapshot is not kept for it.
                leading?.peers[place].become(
                    .probe(isWaiting: true), next: max(peer.match, log.compacted.index).next)
                continue
            }
            leading?.peers[place].state = .snapshot(chunk: chunk, sentAt: now)
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
        leading?.peers[place].state = .snapshot(chunk: 0, sentAt: now)
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
