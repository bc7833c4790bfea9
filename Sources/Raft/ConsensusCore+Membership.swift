import Identifiers

/// A hand-over of leadership under way (*thesis §3.10*).
struct Transfer: Sendable {
    let target: NodeID
    let deadline: MonotonicTime
}

extension ConsensusCore {
    // MARK: Membership

    /// Prepares a change; joint where voters change (*Raft §6*).
    mutating func reconfigure(
        voters: [NodeID], learners: [NodeID], _ effects: inout [Effect]
    ) {
        let wanted = Membership(voters: voters, learners: learners)
        if let twice = repeated(in: wanted.voters + wanted.learners) {
            effects.append(.refused(.repeatedNode(twice)))
            return
        }
        if let refusal = refusal(of: wanted) {
            effects.append(.refused(refusal))
            return
        }
        if wanted.voters == membership.voters {
            effects.append(.proposeMembership(wanted))
            return
        }
        effects.append(
            .proposeMembership(
                Membership(
                    voters: voters, outgoing: membership.voters, learners: learners)))
    }

    private func repeated(in nodes: [NodeID]) -> NodeID? {
        let sorted = nodes.sorted()
        return zip(sorted, sorted.dropFirst()).first { $0 == $1 }?.0
    }

    private func refusal(of wanted: Membership) -> Refusal? {
        guard isLeader else { return .notLeader(leader) }
        guard log.term(at: commitIndex) == term else { return .notReady }
        guard !membership.isJoint, membershipIndex <= commitIndex else { return .changeInProgress }
        guard leading?.transfer == nil else { return .transferInProgress }
        guard !wanted.voters.isEmpty else { return .noVoters }
        return wanted == membership ? .unchanged : nil
    }

    /// A membership is in force from when it is in the log.
    mutating func adoptMembership(
        _ membership: Membership, at index: LogIndex, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        memberships.append((index, membership))
        guard var current = leading else {
            if campaign == nil {
                role = membership.isVoter(identifier) ? .follower : .learner
            }
            return
        }
        let others = membership.everyone.filter { $0 != identifier }
        // A node that leaves is still sent the record that says so, until it is committed.
        let committed = memberships.lastIndex { $0.index <= commitIndex } ?? 0
        let inForce = memberships[committed...]
        current.peers.removeAll { peer in
            !others.contains(peer.node)
                && !inForce.contains { $0.membership.contains(peer.node) }
        }
        for node in others where current.place(of: node) == nil {
            current.peers.append(Progress(node: node, next: log.last.index))
        }
        current.peers.sort { $0.node < $1.node }
        leading = current
    }

    /// After a commit: ends a joint change, and the leadership of a node that has left.
    ///
    /// Those that leave are told of the commit, which nobody tells them later. A leader that leaves
    /// has its best follower run at once (*thesis §4.2.2*, *§3.10*).
    mutating func membershipCommitted(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard membershipIndex <= commitIndex, log.term(at: commitIndex) == term else { return }
        if membership.isJoint {
            let joint = membershipIndex
            guard leading?.settling != joint else { return }
            leading?.settling = joint
            effects.append(.proposeMembership(membership.settled))
            return
        }
        let places = leading?.peers.indices ?? 0..<0
        let leaving = places.filter { place in
            leading.map { !membership.contains($0.peers[place].node) } ?? false
        }
        for place in leaving {
            heartbeat(place, &effects)
        }
        for place in leaving.reversed() {
            leading?.peers.remove(at: place)
        }
        guard !membership.isVoter(identifier) else { return }
        broadcastHeartbeat(&effects)
        if let successor = bestFollower {
            effects.append(
                .send(Message(term: term, body: .timeoutNow), to: successor, after: nil))
        }
        becomeFollower(term, leader: nil, now, &effects)
    }

    // MARK: Transfer

    mutating func transfer(
        to wanted: NodeID?, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard let current = leading else {
            effects.append(.refused(.notLeader(leader)))
            return
        }
        guard current.transfer == nil else {
            effects.append(.refused(.transferInProgress))
            return
        }
        guard let target = wanted ?? bestFollower else {
            effects.append(.refused(.noVoters))
            return
        }
        guard target != identifier else {
            effects.append(.refused(.unchanged))
            return
        }
        guard membership.contains(target) else {
            effects.append(.refused(.unknownNode(target)))
            return
        }
        guard membership.voters.contains(target), let place = current.place(of: target),
            case .replicate = current.peers[place].state
        else {
            effects.append(.refused(.unfitTarget(target)))
            return
        }
        let deadline = now.advanced(milliseconds: settings.transferMilliseconds)
        leading?.transfer = Transfer(target: target, deadline: deadline)
        finishTransfer(place, &effects)
    }

    /// The voter that is heard of and has the most of the log.
    private var bestFollower: NodeID? {
        let voters = leading?.peers.filter { membership.voters.contains($0.node) } ?? []
        let active = voters.filter(\.isRecentlyActive)
        return (active.isEmpty ? voters : active)
            .max { ($0.match, $1.node) < ($1.match, $0.node) }?.node
    }

    /// Lets the target run once it has everything.
    func finishTransfer(_ place: Int, _ effects: inout [Effect]) {
        guard let leading, let transfer = leading.transfer else { return }
        let peer = leading.peers[place]
        guard peer.node == transfer.target, peer.match == log.last.index else { return }
        effects.append(
            .send(Message(term: term, body: .timeoutNow), to: transfer.target, after: nil))
    }

    // MARK: Disk

    /// A leader whose disk is not good has its best follower run, and steps down.
    mutating func diskHealthChanged(
        _ health: DiskHealth, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        diskHealth = health
        guard health != .good else { return }
        if isLeader {
            giveWay(now, &effects)
        } else if campaign != nil {
            becomeFollower(term, leader: nil, now, &effects)
        }
    }
    /// Has the best follower run, and steps down; without another voter there is nobody to do it for.
    mutating func giveWay(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let target = bestFollower else { return }
        effects.append(.send(Message(term: term, body: .timeoutNow), to: target, after: nil))
        becomeFollower(term, leader: nil, now, &effects)
    }
}
