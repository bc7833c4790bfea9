import Identifiers

/// What exists only while this node leads.
struct Leading: Sendable {
    var peers: [Progress]
    var heartbeatDue: MonotonicTime
    var quorumCheckDue: MonotonicTime
    var transfer: Transfer?
    var reads: [LeaderRead] = []
    /// The round of the newest read, record or heartbeat; what is sent in it carries it, and so do the answers.
    var readRound: UInt64 = 0
    /// The joint membership whose end was asked for.
    var settling: LogIndex?

    func place(of node: NodeID) -> Int? {
        // By place: each peer that a closure is given would be copied, with its list of sent frames.
        peers.indices.first { peers[$0].node == node }
    }

    /// What a peer is known to have on disk; nothing of one that is none.
    func match(of node: NodeID) -> LogIndex {
        place(of: node).map { peers[$0].match } ?? .zero
    }
}

/// A follower's answer that its log does not have what should go before.
private struct Rejection {
    let previous: LogIndex
    let hint: LogPosition
    let last: LogIndex
    /// The round of reads that the answered request carried.
    let round: UInt64
}

extension ConsensusCore {
    mutating func becomeLeader(_ now: MonotonicTime, _ effects: inout [Effect]) {
        let next = log.last.index.next
        campaign = nil
        loans = []
        role = .leader
        leader = identifier
        failForwardedReads(&effects)
        leading = Leading(
            peers: membership.everyone.filter { $0 != identifier }.map {
                Progress(node: $0, next: next)
            },
            heartbeatDue: now.advanced(milliseconds: settings.heartbeatMilliseconds),
            quorumCheckDue: now.advanced(milliseconds: settings.electionMilliseconds))
        armedDeadline = nil
        arm(&effects)
        broadcastHeartbeat(&effects)
    }

    mutating func leaderTick(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let current = leading else { return }
        if now >= current.quorumCheckDue {
            checkQuorum(now, &effects)
        }
        if let transfer = leading?.transfer, now >= transfer.deadline {
            leading?.transfer = nil
        }
        guard isLeader, now >= current.heartbeatDue else { return }
        leading?.heartbeatDue = now.advanced(milliseconds: settings.heartbeatMilliseconds)
        // So that an answer tells since when the peer has followed.
        leading?.readRound += 1
        broadcastHeartbeat(&effects)
        resendSnapshotChunks(now, &effects)
    }

    /// Steps down where no majority was heard of for an election time-out (*thesis §6.2*).
    private mutating func checkQuorum(_ now: MonotonicTime, _ effects: inout [Effect]) {
        leading?.quorumCheckDue = now.advanced(milliseconds: settings.electionMilliseconds)
        let active = leading?.peers.filter(\.isRecentlyActive).map(\.node) ?? []
        let isReached = Quorum.isReached(membership) { $0 == identifier || active.contains($0) }
        guard isReached else {
            becomeFollower(term, leader: nil, now, &effects)
            return
        }
        #if PLANTED_BUGS
            if PlantedBug.readByStaleLease.isActive { return }
        #endif
        for place in leading?.peers.indices ?? 0..<0 {
            leading?.peers[place].isRecentlyActive = false
        }
    }

    // MARK: Proposals

    mutating func propose(
        _ frame: FrameDescriptor, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard isLeader else {
            effects.append(.refused(.notLeader(leader)))
            return
        }
        // What ends a joint change goes through: no client waits for it, and nobody asks again.
        guard leading?.transfer == nil || frame.membership != nil else {
            effects.append(.refused(.transferInProgress))
            return
        }
        precondition(
            frame.term == term && frame.firstIndex == log.last.index.next,
            "proposed \(frame.firstIndex)/\(frame.term) behind \(log.last) in term \(term)")
        log.append(frame)
        effects.append(.append(.proposal(frame), nextWrite()))
        if let membership = frame.membership {
            adoptMembership(membership, at: frame.firstIndex, now, &effects)
        }
        // As with a heartbeat: an answer tells since when the peer has followed.
        leading?.readRound += 1
        for place in leading?.peers.indices ?? 0..<0 {
            sendFrames(place, now, &effects)
        }
    }

    // MARK: Sending

    /// Sends what the peer at `place` may be sent now.
    mutating func sendFrames(
        _ place: Int, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        // Only the state is copied: a copied peer would have its list of sent frames copied too.
        guard let state = leading?.peers[place].state else { return }
        switch state {
        case .snapshot:
            return
        case .probe(let isWaiting):
            guard !isWaiting else { return }
            guard sendNextFrames(place, now, &effects) else { return }
            if case .probe? = leading?.peers[place].state {
                leading?.peers[place].state = .probe(isWaiting: true)
            }
        case .replicate:
            while canSendMore(place), sendNextFrames(place, now, &effects) {}
        }
    }

    private func canSendMore(_ place: Int) -> Bool {
        guard let peer = leading?.peers[place], case .replicate = peer.state else { return false }
        return peer.inflightBytes < settings.inflightBytes
            && peer.inflightCount < settings.inflightAppends
    }

    /// Sends one message of frames from the peer's `next` on; false where there is none to send.
    private mutating func sendNextFrames(
        _ place: Int, _ now: MonotonicTime, _ effects: inout [Effect]
    ) -> Bool {
        guard let node = leading?.peers[place].node, let next = leading?.peers[place].next,
            let state = leading?.peers[place].state, next <= log.last.index
        else { return false }
        let previousIndex = next.previous
        guard previousIndex >= log.compacted.index, let previousTerm = log.term(at: previousIndex)
        else {
            startSnapshot(place, now, &effects)
            return false
        }
        let frames = log.frames(
            from: next, byteLimit: settings.appendBytes,
            countLimit: settings.framesPerAppend)
        guard let last = frames.last else { return false }
        let bytes = frames.reduce(0) { $0 + Int($1.byteCount) }
        let request = Message.AppendRequest(
            previous: LogPosition(index: previousIndex, term: previousTerm),
            commit: commitIndex, frames: Array(frames), readNonce: leading?.readRound ?? 0)
        effects.append(
            .send(Message(term: term, body: .appendRequest(request)), to: node, after: nil))
        if case .replicate = state {
            leading?.peers[place].sent(through: last.lastIndex, bytes: bytes)
        }
        #if PLANTED_BUGS
            if PlantedBug.matchOnSending.isActive {
                _ = leading?.peers[place].matched(last.lastIndex)
            }
        #endif
        return true
    }

    /// An empty append to everybody: the heartbeat, which carries the commit and the read round.
    mutating func broadcastHeartbeat(_ effects: inout [Effect]) {
        for place in leading?.peers.indices ?? 0..<0 {
            heartbeat(place, &effects)
        }
    }

    func heartbeat(_ place: Int, _ effects: inout [Effect]) {
        guard let leading else { return }
        let peer = leading.peers[place]
        var previous = LogPosition(index: peer.match, term: log.term(at: peer.match) ?? .zero)
        let before = peer.next.previous
        if before >= log.compacted.index, let beforeTerm = log.term(at: before) {
            previous = LogPosition(index: before, term: beforeTerm)
        } else if peer.match < log.compacted.index {
            previous = .start
        }
        let request = Message.AppendRequest(
            previous: previous, commit: commitIndex, frames: [], readNonce: leading.readRound)
        effects.append(
            .send(Message(term: term, body: .appendRequest(request)), to: peer.node, after: nil))
    }

    // MARK: Answers

    mutating func appendAnswered(
        _ response: Message.AppendResponse, from node: NodeID, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        guard let place = leading?.place(of: node), let newest = leading?.readRound else { return }
        guard response.readNonce <= newest else {
            effects.append(
                .peerViolation(
                    node, "it answers round \(response.readNonce), and the newest is \(newest)"))
            return
        }
        leading?.peers[place].heard(now)
        switch response.result {
        case .matched(let index):
            guard index <= log.compacted.index || log.isBoundary(index) else {
                effects.append(
                    .peerViolation(
                        node, "it matched \(index), no frame's end in a log up to \(log.last)"))
                return
            }
            matched(index, place, now, &effects)
        case .rejected(let previous, let hint, let last):
            rejected(
                Rejection(previous: previous, hint: hint, last: last, round: response.readNonce),
                place, now, &effects)
        }
        // A commit may have ended the leadership, or a peer's membership and so moved the others.
        guard let place = leading?.place(of: node) else { return }
        confirmReads(round: response.readNonce, place, &effects)
    }

    private mutating func matched(
        _ index: LogIndex, _ place: Int, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard let node = leading?.peers[place].node else { return }
        leading?.peers[place].doubtedInRound = nil
        let isNews = leading?.peers[place].matched(index) ?? false
        if isNews {
            advanceCommit(now, &effects)
        }
        guard let place = leading?.place(of: node), let peer = leading?.peers[place] else { return }
        switch peer.state {
        case .probe:
            leading?.peers[place].become(.replicate, next: peer.match.next)
        case .snapshot:
            if peer.match >= log.compacted.index, !peer.needsSnapshot {
                leading?.peers[place].become(.replicate, next: peer.match.next)
            }
        case .replicate:
            if peer.next.previous < log.compacted.index {
                // What should follow is compacted away, so heartbeats cannot tell that the frames in
                // flight are lost; a full window of them would be waited for without end.
                leading?.peers[place].become(.probe(isWaiting: false), next: peer.match.next)
            }
        }
        sendFrames(place, now, &effects)
        finishTransfer(place, &effects)
    }

    private mutating func rejected(
        _ answer: Rejection, _ place: Int, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard let peer = leading?.peers[place],
            answer.previous > peer.match
                || (answer.previous == peer.match && peer.match > answer.last)
        else { return }
        switch peer.state {
        case .snapshot: return
        case .probe where answer.previous != peer.next.previous:
            // Sent ahead of the probe, or twice: only the probe's own answer tells where to go on.
            return
        case .probe, .replicate: break
        }
        if peer.match > answer.last {
            doubt(answer, place, &effects)
            return
        }
        let boundary = log.latestBoundary(notAfter: answer.hint)
        let next = max(boundary.index, peer.match).next
        leading?.peers[place].become(.probe(isWaiting: false), next: next)
        if boundary.index > answer.hint.index {
            // The follower ends before what is still in this log.
            startSnapshot(place, now, &effects)
            return
        }
        sendFrames(place, now, &effects)
        if case .probe(isWaiting: false)? = leading?.peers[place].state {
            heartbeat(place, &effects)
        }
    }

    /// A peer's log seems to end before what it has acknowledged.
    ///
    /// An answer from before the acknowledgement looks so too. So the peer is asked in a new round:
    /// if it says the same there, its promise is broken. What it has acknowledged counts no more, and
    /// it gets what it lacks as a new node does; what was committed by it stays so.
    private mutating func doubt(
        _ answer: Rejection, _ place: Int, _ effects: inout [Effect]
    ) {
        guard var current = leading else { return }
        let peer = current.peers[place]
        if let round = peer.doubtedInRound {
            guard answer.round >= round else { return }
            leading?.peers[place] = Progress(node: peer.node, next: log.last.index.next)
            effects.append(
                .peerViolation(
                    peer.node,
                    "its log ends at \(answer.last), it had acknowledged \(peer.match)"))
            return
        }
        current.readRound += 1
        current.peers[place].doubtedInRound = current.readRound
        current.peers[place].become(.probe(isWaiting: true), next: peer.match.next)
        leading = current
        heartbeat(place, &effects)
    }

    /// What was sent to `node` may be lost: find out anew where the logs agree.
    mutating func peerUnreachable(
        _ node: NodeID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard let place = leading?.place(of: node), let peer = leading?.peers[place] else { return }
        if case .snapshot(let chunk, _, _) = peer.state {
            // It was the old link that was slow; the chunk may be lost with it. The node has a pause in
            // which to be heard of, however long the link was gone.
            leading?.peers[place].state = .snapshot(
                chunk: chunk, sentAt: now, pauseMilliseconds: settings.electionMilliseconds)
            return
        }
        leading?.peers[place].become(.probe(isWaiting: false), next: peer.match.next)
        if peer.match == .zero {
            leading?.peers[place].become(.probe(isWaiting: false), next: log.last.index.next)
        }
        heartbeat(place, &effects)
    }

    // MARK: Commit

    /// Commits what a majority has on disk, if it is of this term (*Raft §5.4.2*).
    ///
    /// Followers hear of it with the next frames, heartbeat or read: a message of its own for each
    /// commit would double the traffic of a leader with few clients.
    mutating func advanceCommit(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard isLeader else { return }
        #if PLANTED_BUGS
            let own = PlantedBug.leaderCountsUnsynced.isActive ? log.last.index : durableIndex
        #else
            let own = durableIndex
        #endif
        let reached = Quorum.committed(membership) { node in
            node == identifier ? own : leading?.match(of: node) ?? .zero
        }
        #if PLANTED_BUGS
            if PlantedBug.oldTermCommitted.isActive, let reached, reached > commitIndex {
                commitIndex = reached
                requestApply(&effects)
                return membershipCommitted(now, &effects)
            }
        #endif
        guard let reached, reached > commitIndex, log.term(at: reached) == term else { return }
        commitIndex = reached
        requestApply(&effects)
        membershipCommitted(now, &effects)
    }
}
