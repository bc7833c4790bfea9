import Identifiers

extension ConsensusCore {
    /// Whether a message of a leader counts: takes up its term, or tells it of a later one.
    mutating func hearsLeader(
        _ messageTerm: Term, _ node: NodeID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) -> Bool {
        guard messageTerm >= term else {
            reject(previous: log.last.index, readNonce: 0, to: node, &effects)
            return false
        }
        if messageTerm == term, isLeader || (leader != nil && leader != node) {
            effects.append(
                .peerViolation(
                    node, "it leads in term \(term), as node \(leader ?? identifier) does"))
            return false
        }
        if messageTerm > term || leader != node || campaign != nil {
            becomeFollower(messageTerm, leader: node, now, &effects)
        }
        lastHeardFromLeader = now
        resetElectionDeadline(now)
        return true
    }

    private func reject(
        previous: LogIndex, readNonce: UInt64, to node: NodeID, _ effects: inout [Effect]
    ) {
        answer(
            .rejected(previous: previous, hint: log.last, last: endOfLog),
            readNonce: readNonce, to: node, after: nil, &effects)
    }

    private func answer(
        _ result: Message.AppendResponse.Result, readNonce: UInt64, to node: NodeID,
        after: WriteID?, _ effects: inout [Effect]
    ) {
        let response = Message.AppendResponse(result: result, readNonce: readNonce)
        effects.append(
            .send(Message(term: term, body: .appendResponse(response)), to: node, after: after))
    }

    /// *Raft §5.3*, with frames for entries.
    mutating func append(
        _ request: Message.AppendRequest, from node: NodeID, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        let previous = request.previous
        var next = previous.index.next
        for frame in request.frames {
            guard frame.firstIndex == next else {
                effects.append(
                    .peerViolation(node, "frame \(frame.firstIndex) where \(next) should follow"))
                return
            }
            next = frame.lastIndex.next
        }
        guard agrees(with: previous) else {
            let before = LogPosition(
                index: min(previous.index.previous, log.last.index), term: previous.term)
            let hint = log.latestBoundary(notAfter: before)
            answer(
                .rejected(previous: previous.index, hint: hint, last: endOfLog),
                readNonce: request.readNonce, to: node, after: nil, &effects)
            return
        }
        var matched = previous.index
        if let first = firstNewFrame(in: request.frames) {
            guard appendFrames(request.frames, from: first, sender: node, now, &effects) else {
                return
            }
        }
        if let last = request.frames.last {
            matched = max(matched, last.lastIndex)
        }
        matched = belowDamage(matched)
        #if PLANTED_BUGS
            if PlantedBug.commitBeyondMatch.isActive {
                followCommit(min(request.commit, log.last.index), &effects)
            }
            if PlantedBug.acknowledgeBeforeSync.isActive {
                return answer(
                    .matched(matched), readNonce: request.readNonce, to: node, after: nil, &effects)
            }
        #endif
        followCommit(min(request.commit, matched), &effects)
        // Frames are acknowledged when they are on disk, a heartbeat with what is there now; but not
        // before the term is: a node that forgets it in a crash would let an older leader truncate
        // what it has acknowledged.
        if request.frames.isEmpty || writes.isEmpty {
            answer(
                .matched(min(matched, durableIndex)), readNonce: request.readNonce, to: node,
                after: isTermDurable ? nil : hardStateWrite, &effects)
        } else {
            answer(
                .matched(matched), readNonce: request.readNonce, to: node,
                after: writes.last?.id, &effects)
        }
    }

    /// Whether the log has `previous`.
    ///
    /// What is committed here equals every leader's log; compacted terms are not known any more.
    private func agrees(with previous: LogPosition) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.previousTermUnchecked.isActive { return previous.index <= log.last.index }
        #endif
        return previous.index <= commitIndex || log.term(at: previous.index) == previous.term
    }

    /// Whether the term and the vote are on disk.
    private var isTermDurable: Bool {
        writes.first.map { $0.id > hardStateWrite } ?? true
    }

    /// The first of `frames` that is not in the log; nil where all are.
    private func firstNewFrame(in frames: [FrameDescriptor]) -> Int? {
        #if PLANTED_BUGS
            if PlantedBug.truncatesWithoutConflict.isActive {
                return frames.firstIndex { $0.lastIndex > commitIndex }
            }
        #endif
        return frames.firstIndex { frame in
            frame.lastIndex > commitIndex && log.term(at: frame.lastIndex) != frame.term
        }
    }

    private mutating func appendFrames(
        _ frames: [FrameDescriptor], from first: Int, sender: NodeID, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) -> Bool {
        let start = frames[first].firstIndex
        if start <= log.last.index {
            guard start > commitIndex else {
                effects.append(
                    .peerViolation(
                        sender, "frame \(start) conflicts below the commit index \(commitIndex)"))
                return false
            }
            guard log.isBoundary(start.previous) else {
                effects.append(
                    .peerViolation(sender, "frame \(start) conflicts inside another frame"))
                return false
            }
            truncate(after: start.previous, now, &effects)
        }
        guard start == log.last.index.next else {
            effects.append(
                .peerViolation(sender, "frame \(start) does not follow \(log.last)"))
            return false
        }
        for frame in frames[first...] {
            log.append(frame)
            if let membership = frame.membership {
                adoptMembership(membership, at: frame.firstIndex, now, &effects)
            }
        }
        effects.append(.append(.message(first: first), nextWrite()))
        return true
    }

    private mutating func truncate(
        after index: LogIndex, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        log.truncate(after: index)
        truncateWrites(after: index)
        truncateDamage(after: index)
        effects.append(.truncate(after: index, nextWrite()))
        #if PLANTED_BUGS
            if PlantedBug.membershipSurvivesTruncation.isActive { return }
        #endif
        while memberships.count > 1, membershipIndex > index {
            memberships.removeLast()
        }
        role = membership.isVoter(identifier) ? .follower : .learner
    }

    private mutating func followCommit(_ index: LogIndex, _ effects: inout [Effect]) {
        guard index > commitIndex else { return }
        commitIndex = index
        requestApply(&effects)
    }
}
