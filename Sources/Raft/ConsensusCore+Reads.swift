import Identifiers

/// A read that waits until a quorum has confirmed, after it came, that this node leads.
struct LeaderRead: Sendable {
    let nonce: UInt64
    /// Nil for this node's own.
    let requester: NodeID?
    let index: LogIndex
    let round: UInt64
}

extension ConsensusCore {
    /// *Thesis §6.4*: note the commit index, have a quorum answer a later heartbeat, serve from there.
    mutating func read(_ nonce: UInt64, _ now: MonotonicTime, _ effects: inout [Effect]) {
        if isLeader {
            leaderRead(nonce, requester: nil, &effects)
            return
        }
        guard let leader else {
            effects.append(.readFailed(nonce: nonce, .notLeader(nil)))
            return
        }
        let patience = 2 * settings.electionMilliseconds
        forwardedReads.append((nonce, now.advanced(milliseconds: patience)))
        effects.append(
            .send(
                Message(term: term, body: .readIndexRequest(nonce: nonce)), to: leader, after: nil))
    }

    private mutating func leaderRead(
        _ nonce: UInt64, requester: NodeID?, _ effects: inout [Effect]
    ) {
        guard knowsTheCommit else {
            finish(nonce, requester, index: nil, &effects)
            return
        }
        #if PLANTED_BUGS
            if isTakenForLeader { return finish(nonce, requester, index: commitIndex, &effects) }
        #endif
        if Quorum.isReached(membership, { $0 == identifier }) {
            finish(nonce, requester, index: commitIndex, &effects)
            return
        }
        guard var current = leading else { return }
        current.readRound += 1
        current.reads.append(
            LeaderRead(
                nonce: nonce, requester: requester, index: commitIndex, round: current.readRound))
        leading = current
        broadcastHeartbeat(&effects)
    }

    /// Whether the commit index is the cluster's: a new leader's is, once it has committed a record of
    /// its own term.
    private var knowsTheCommit: Bool {
        #if PLANTED_BUGS
            if PlantedBug.readBeforeOwnCommit.isActive { return true }
        #endif
        return log.term(at: commitIndex) == term
    }

    #if PLANTED_BUGS
        /// Whether this leader answers without asking anybody.
        private var isTakenForLeader: Bool {
            let active = leading?.peers.filter(\.isRecentlyActive).map(\.node) ?? []
            return PlantedBug.readUnconfirmed.isActive
                || PlantedBug.readByStaleLease.isActive
                    && Quorum.isReached(membership) { $0 == identifier || active.contains($0) }
        }
    #endif

    private func finish(
        _ nonce: UInt64, _ requester: NodeID?, index: LogIndex?, _ effects: inout [Effect]
    ) {
        if let requester {
            effects.append(
                .send(
                    Message(term: term, body: .readIndexResponse(nonce: nonce, index: index)),
                    to: requester, after: nil))
        } else if let index {
            effects.append(.readReady(nonce: nonce, index: index))
        } else {
            effects.append(.readFailed(nonce: nonce, .notReady))
        }
    }

    /// A peer has answered a heartbeat of this round: so has it all earlier ones.
    mutating func confirmReads(round: UInt64, _ place: Int, _ effects: inout [Effect]) {
        guard let known = leading?.peers[place].confirmedRound, known < round else { return }
        leading?.peers[place].confirmedRound = round
        guard let current = leading, !current.reads.isEmpty else { return }
        var count = 0
        for read in current.reads {
            let isConfirmed = Quorum.isReached(membership) { node in
                node == identifier
                    || current.place(of: node).map {
                        current.peers[$0].confirmedRound >= read.round
                    } == true
            }
            guard isConfirmed else { break }
            finish(read.nonce, read.requester, index: read.index, &effects)
            count += 1
        }
        leading?.reads.removeFirst(count)
    }

    func failReads(_ reads: [LeaderRead], _ effects: inout [Effect]) {
        for read in reads {
            if read.requester == nil {
                effects.append(.readFailed(nonce: read.nonce, .leadershipLost))
            } else {
                finish(read.nonce, read.requester, index: nil, &effects)
            }
        }
    }

    mutating func readRequested(
        _ nonce: UInt64, from node: NodeID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        if isLeader {
            leaderRead(nonce, requester: node, &effects)
        } else {
            finish(nonce, node, index: nil, &effects)
        }
    }

    mutating func readAnswered(
        _ nonce: UInt64, _ index: LogIndex?, _ effects: inout [Effect]
    ) {
        guard let place = forwardedReads.firstIndex(where: { $0.nonce == nonce }) else { return }
        forwardedReads.remove(at: place)
        #if PLANTED_BUGS
            if PlantedBug.readAtLocalCommit.isActive, index != nil {
                return effects.append(.readReady(nonce: nonce, index: commitIndex))
            }
        #endif
        if let index {
            effects.append(.readReady(nonce: nonce, index: index))
        } else {
            effects.append(.readFailed(nonce: nonce, .notLeader(leader)))
        }
    }

    mutating func failForwardedReads(_ effects: inout [Effect]) {
        for read in forwardedReads {
            effects.append(.readFailed(nonce: read.nonce, .leadershipLost))
        }
        forwardedReads.removeAll()
    }

    mutating func expireForwardedReads(_ now: MonotonicTime, _ effects: inout [Effect]) {
        while let first = forwardedReads.first, now >= first.deadline {
            forwardedReads.removeFirst()
            effects.append(.readFailed(nonce: first.nonce, .notLeader(leader)))
        }
    }
}
