import Identifiers

/// The votes of a campaign; `isPreVote` ones are a poll that binds nobody.
struct Campaign: Sendable {
    let isPreVote: Bool
    /// The write of our own vote; nil in a pre-vote, where it counts at once.
    let ownVote: WriteID?
    var granted: [NodeID] = []
    var refused: [NodeID] = []
}

extension ConsensusCore {
    var canCampaign: Bool {
        isElectable && diskHealth == .good && knowsItsLog && standing == .full
    }

    /// Whether this node votes, or did before a membership that is not known to be committed: until
    /// then its log may be the one that the others need (*thesis §4.2.2*).
    private var isElectable: Bool {
        if membership.isVoter(identifier) { return true }
        guard membershipIndex > commitIndex, memberships.count > 1 else { return false }
        return memberships[memberships.count - 2].membership.isVoter(identifier)
    }

    mutating func resetElectionDeadline(_ now: MonotonicTime) {
        let spread = random.next() % max(1, settings.electionMilliseconds)
        electionDeadline = now.advanced(milliseconds: settings.electionMilliseconds + spread)
    }

    /// Becomes a follower (or learner) of `newTerm`.
    mutating func becomeFollower(
        _ newTerm: Term, leader newLeader: NodeID?, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        precondition(newTerm >= term, "term \(newTerm) after \(term)")
        if newTerm > term {
            term = newTerm
            vote = nil
            writeHardState(&effects)
        }
        if let lost = leading {
            leading = nil
            failReads(lost.reads, &effects)
        }
        if newLeader != leader {
            failForwardedReads(&effects)
        }
        campaign = nil
        leader = newLeader
        role = membership.isVoter(identifier) ? .follower : .learner
        resetElectionDeadline(now)
        armedDeadline = nil
        arm(&effects)
    }

    // MARK: Campaigns

    /// Polls the others before any term is changed (*thesis §9.6*).
    mutating func startPreVote(_ now: MonotonicTime, _ effects: inout [Effect]) {
        leader = nil
        failForwardedReads(&effects)
        role = .preCandidate
        resetElectionDeadline(now)
        campaign = Campaign(isPreVote: true, ownVote: nil, granted: [identifier])
        if Quorum.isReached(membership, { $0 == identifier }) {
            startElection(isTransfer: false, now, &effects)
            return
        }
        askForVotes(isPreVote: true, isTransfer: false, term.next, after: nil, &effects)
    }

    mutating func startElection(
        isTransfer: Bool, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        term = term.next
        vote = identifier
        leader = nil
        role = .candidate
        resetElectionDeadline(now)
        writeHardState(&effects)
        campaign = Campaign(isPreVote: false, ownVote: lastWrite)
        #if PLANTED_BUGS
            if PlantedBug.campaignBeforeOwnVote.isActive {
                campaign?.granted.append(identifier)
                askForVotes(isPreVote: false, isTransfer: isTransfer, term, after: nil, &effects)
            }
        #endif
        askForVotes(
            isPreVote: false, isTransfer: isTransfer, term, after: lastWrite, &effects)
        armedDeadline = nil
        arm(&effects)
    }

    private func askForVotes(
        isPreVote: Bool, isTransfer: Bool, _ campaignTerm: Term, after: WriteID?,
        _ effects: inout [Effect]
    ) {
        let request = Message.VoteRequest(
            isPreVote: isPreVote, isTransfer: isTransfer, last: log.last)
        for node in membership.everyone where node != identifier && membership.isVoter(node) {
            effects.append(
                .send(
                    Message(term: campaignTerm, body: .voteRequest(request)), to: node,
                    after: after))
        }
    }

    mutating func ownVoteDurable(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let ownVote = campaign?.ownVote, writes.first.map({ $0.id > ownVote }) ?? true,
            campaign?.granted.contains(identifier) == false
        else { return }
        campaign?.granted.append(identifier)
        countVotes(now, &effects)
    }

    private mutating func countVotes(_ now: MonotonicTime, _ effects: inout [Effect]) {
        guard let campaign else { return }
        if Quorum.isReached(membership, { campaign.granted.contains($0) }) {
            if campaign.isPreVote {
                startElection(isTransfer: false, now, &effects)
            } else {
                becomeLeader(now, &effects)
            }
        } else if Quorum.isReached(membership, { campaign.refused.contains($0) }) {
            becomeFollower(term, leader: nil, now, &effects)
        }
    }

    // MARK: Votes

    mutating func voteRequested(
        _ request: Message.VoteRequest, _ requestTerm: Term, from node: NodeID,
        _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard standing != .none else { return }
        if requestTerm > term, !request.isTransfer, hasLiveLeader(now) {
            // A live leader is heard: neither the vote nor the term is taken up (*thesis §4.2.3*).
            return
        }
        if request.isPreVote {
            let granted =
                requestTerm > term && isUpToDate(request) && knowsItsLog
                && diskHealth != .cannotWrite
            answerVote(
                isPreVote: true, granted, granted ? requestTerm : term, to: node, after: nil,
                &effects)
            return
        }
        if requestTerm > term {
            becomeFollower(requestTerm, leader: nil, now, &effects)
        }
        let granted =
            requestTerm == term && mayVote(for: node) && !isLeader
            && isUpToDate(request) && knowsItsLog
        if granted, vote == nil {
            vote = node
            writeHardState(&effects)
            resetElectionDeadline(now)
        }
        #if PLANTED_BUGS
            if PlantedBug.voteBeforeDurable.isActive {
                return answerVote(
                    isPreVote: false, granted, term, to: node, after: nil, &effects)
            }
        #endif
        answerVote(
            isPreVote: false, granted, term, to: node, after: writes.last?.id, &effects)
    }

    /// Whether the vote of this term is free, or is the candidate's already.
    private func mayVote(for node: NodeID) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.voteTwice.isActive { return true }
        #endif
        return vote == nil || vote == node
    }

    /// Whether the candidate's log has all that this one has (*Raft §5.4.1*).
    private func isUpToDate(_ request: Message.VoteRequest) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.voteForShorterLog.isActive { return true }
            if PlantedBug.logComparedByLength.isActive {
                return request.last.index >= log.last.index
            }
        #endif
        return request.last >= log.last
    }

    /// Whether all of the log can be read, so that its end is its end.
    private var knowsItsLog: Bool {
        #if PLANTED_BUGS
            if PlantedBug.damagedNodeVotes.isActive { return true }
        #endif
        return !isDamaged
    }

    private func hasLiveLeader(_ now: MonotonicTime) -> Bool {
        if isLeader { return true }
        guard leader != nil, let lastHeardFromLeader else { return false }
        return now.milliseconds(since: lastHeardFromLeader) < settings.electionMilliseconds
    }

    private func answerVote(
        isPreVote: Bool, _ granted: Bool, _ answerTerm: Term, to node: NodeID, after: WriteID?,
        _ effects: inout [Effect]
    ) {
        let response = Message.VoteResponse(isPreVote: isPreVote, granted: granted)
        effects.append(
            .send(
                Message(term: answerTerm, body: .voteResponse(response)), to: node, after: after))
    }

    mutating func voteAnswered(
        _ response: Message.VoteResponse, _ responseTerm: Term, from node: NodeID,
        _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        let expected = response.isPreVote && response.granted ? term.next : term
        if responseTerm > expected {
            becomeFollower(responseTerm, leader: nil, now, &effects)
            return
        }
        guard responseTerm == expected, let current = campaign,
            current.isPreVote == response.isPreVote, membership.isVoter(node),
            !current.granted.contains(node), !current.refused.contains(node)
        else { return }
        if response.granted {
            campaign?.granted.append(node)
        } else {
            campaign?.refused.append(node)
        }
        countVotes(now, &effects)
    }
}
