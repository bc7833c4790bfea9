package import Identifiers

/// The consensus core: a value that turns inputs into effects (*Raft*, Ongaro & Ousterhout 2014,
/// and the thesis of 2014).
///
/// No clock, disk, network or randomness of its own.
///
/// Deviations, each with its reason:
/// - The unit of writing, conflict and commit is the frame, not the record: frames are sealed once
///   and identical everywhere, so a conflict inside one cannot happen and is a peer's violation.
/// - Requests for votes leave only after the candidate's own vote is durable. The paper lets them go
///   at once; but a candidate that crashes in between may come back with a shorter log, and answers
///   to its former self would then count for a log that they did not see.
/// - Pre-vote (*thesis §9.6*) and check-quorum (*§6.2*) are always on; a voter that hears a leader
///   refuses votes for an election time-out, unless the candidate was told to run by that leader.
/// - The leader counts itself in the commit quorum only up to its own durable index, so a majority
///   of others may commit before its disk has answered (*thesis §10.2.1*).
/// - Append responses name an index that is durable; heartbeats are answered with what is durable
///   then, as soon as the term is, so that a slow disk does not look like a dead node.
/// - A rejected append carries a hint of position and term, by which both sides skip whole terms.
/// - Membership changes are joint (*Raft §6*) wherever voters change; changes of learners alone take
///   one step.
/// - A node that cannot read a part of its log neither votes nor stands, says nothing of what it may
///   have lost, and goes on when a peer, a snapshot or an ordinary conflict has ended the damage.
/// - A leader whose disk hangs tells its best follower to campaign and steps down.
package struct ConsensusCore: Sendable {
    package let identifier: NodeID
    let settings: Settings
    var random: SeededGenerator

    package internal(set) var term: Term
    package internal(set) var vote: NodeID?
    package internal(set) var role: Role
    package internal(set) var leader: NodeID?
    /// Exists while this node leads.
    var leading: Leading?
    /// Exists while this node asks for votes or pre-votes.
    var campaign: Campaign?

    package internal(set) var log: LogView
    package internal(set) var commitIndex: LogIndex
    package internal(set) var appliedIndex: LogIndex
    /// Up to where `apply` has been asked for.
    var applyRequested: LogIndex
    package internal(set) var durableIndex: LogIndex
    var lastWrite = WriteID.zero
    /// Writes under way, with the end of the log behind each.
    var writes: [(id: WriteID, last: LogIndex)] = []
    /// The newest write of term and vote.
    var hardStateWrite = WriteID.zero

    /// The membership at the compacted position, then those of the log, with their indices.
    var memberships: [(index: LogIndex, membership: Membership)]

    var electionDeadline: MonotonicTime
    /// The deadline the shell was last given.
    var armedDeadline: MonotonicTime?
    package internal(set) var lastHeardFromLeader: MonotonicTime?
    var diskHealth = DiskHealth.good
    /// Records of the log that cannot be read; their frames are known.
    var damage: ClosedRange<LogIndex>?
    /// The end of a log of which recovery could not read what follows `log`.
    var hiddenEnd: LogIndex?
    /// The node, no leader, that was asked for a snapshot.
    var lender: NodeID?
    /// Nodes that are lent a snapshot without being led.
    var loans: [Loan] = []
    var standing = Standing.full
    /// Reads of this node that a leader was asked for, with the time to give up.
    var forwardedReads: [(nonce: UInt64, deadline: MonotonicTime)] = []
    /// What `roleChanged` last told.
    var reported: RoleReport

    package init(
        identifier: NodeID, settings: Settings, recovered: RecoveredState, now: MonotonicTime
    ) {
        precondition(identifier.rawValue != 0, "a node has the name 0")
        precondition(
            recovered.applied >= recovered.compacted.index,
            "applied \(recovered.applied), compacted \(recovered.compacted)")
        self.identifier = identifier
        self.settings = settings
        random = SeededGenerator(seed: settings.seed)
        term = recovered.hardState.term
        vote = recovered.hardState.vote
        log = LogView(compacted: recovered.compacted, frames: recovered.frames)
        lastPosition = log.last
        commitIndex = recovered.applied
        appliedIndex = recovered.applied
        applyRequested = recovered.applied
        durableIndex = log.last.index
        if let end = recovered.hiddenEnd, end > log.last.index { hiddenEnd = end }
        memberships = [(recovered.compacted.index, recovered.membership)]
        for (index, membership) in log.memberships(after: recovered.compacted.index) {
            memberships.append((index, membership))
        }
        role = .follower
        electionDeadline = now
        reported = RoleReport(role: .follower, term: term, leader: nil)
        role = membership.isVoter(identifier) ? .follower : .learner
        reported = RoleReport(role: role, term: term, leader: nil)
        resetElectionDeadline(now)
        if membership.voters == [identifier], !membership.isJoint {
            // Nobody else could lead.
            electionDeadline = now
        }
    }

    // MARK: Questions
    //
    // What is asked for every transaction is stored: for any other question the whole core is copied.

    /// The newest membership of the log, in force from when it was appended.
    package var membership: Membership {
        memberships[memberships.count - 1].membership
    }

    /// Where the newest membership is.
    package var membershipIndex: LogIndex {
        memberships[memberships.count - 1].index
    }

    package var isLeader: Bool {
        leading != nil
    }

    /// Whether this leader waits for another node to run in its place.
    package var isTransferring: Bool {
        leading?.transfer != nil
    }

    /// Whether a proposal would be taken.
    package private(set) var canServeProposals = false

    /// The end of the log.
    package private(set) var lastPosition: LogPosition

    /// Whether this leader knows all that has been committed before its term, *Raft §8*.
    package var hasCommittedOfItsTerm: Bool {
        isLeader && log.term(at: commitIndex) == term
    }

    /// Whether a change of membership, or a record about members, may be proposed.
    package var canChangeMembership: Bool {
        canServeProposals && log.term(at: commitIndex) == term && !membership.isJoint
            && membershipIndex <= commitIndex
    }

    package var compacted: LogPosition {
        log.compacted
    }

    package var frameCount: Int {
        log.frameCount
    }

    package func term(at index: LogIndex) -> Term? {
        log.term(at: index)
    }

    /// Whether a frame of the log ends at `position`, so that what follows it may be kept.
    package func holds(_ position: LogPosition) -> Bool {
        #if PLANTED_BUGS
            if PlantedBug.snapshotDropsTail.isActive { return false }
            if PlantedBug.snapshotKeepsConflict.isActive { return log.isBoundary(position.index) }
        #endif
        return log.term(at: position.index) == position.term && log.isBoundary(position.index)
    }

    /// The frame end behind which at most `byteLimit` bytes of frames lie.
    package func index(leaving byteLimit: Int) -> LogIndex {
        log.index(leaving: byteLimit)
    }

    /// What this leader knows of another node; nil on others and for strangers.
    package func progress(of node: NodeID) -> Progress? {
        leading?.peers.first { $0.node == node }
    }

    package func isSendingSnapshot(to node: NodeID) -> Bool {
        if case .snapshot? = progress(of: node)?.state { return true }
        return loans.contains { $0.node == node }
    }

    // MARK: Steps

    /// Takes one input and adds what must be done to `effects`, in order.
    package mutating func step(
        _ input: Input, at now: MonotonicTime, into effects: inout [Effect]
    ) {
        switch input {
        case .tick: tick(now, &effects)
        case .message(let message, let node): receive(message, from: node, now, &effects)
        case .durable(let id): becameDurable(id, now, &effects)
        case .applied(let index): appliedIndex = max(appliedIndex, index)
        case .propose(let frame): propose(frame, now, &effects)
        case .read(let nonce): read(nonce, now, &effects)
        case .reconfigure(let voters, let learners):
            reconfigure(voters: voters, learners: learners, &effects)
        case .transfer(let target): transfer(to: target, now, &effects)
        case .diskHealth(let health): diskHealthChanged(health, now, &effects)
        case .compacted(let position): compact(through: position)
        case .damaged(let first, let last): damaged(first, last, now, &effects)
        case .repaired(let frames): repaired(frames, now, &effects)
        case .needSnapshot(let holder): askForSnapshot(of: holder, &effects)
        case .standing(let next): standingChanged(next, now, &effects)
        case .founded(let first): founded(first, now, &effects)
        case .campaign: campaignFirst(now, &effects)
        case .peerReplaced(let node): peerReplaced(node)
        case .snapshotChunkStored(let position, let chunk):
            answerSnapshot(position, .wants(chunk: chunk + 1), &effects)
        case .snapshotChunkWanted(let position, let chunk):
            answerSnapshot(position, .wants(chunk: chunk), &effects)
        case .snapshotInstalled(let position, let membership):
            snapshotInstalled(position, membership, now, &effects)
        case .peerUnreachable(let node): peerUnreachable(node, now, &effects)
        case .snapshotSendFailed(let node): snapshotSendFailed(node, now, &effects)
        }
        report(&effects)
    }

    private mutating func tick(_ now: MonotonicTime, _ effects: inout [Effect]) {
        armedDeadline = nil
        expireForwardedReads(now, &effects)
        expireLoans(now)
        if isLeader {
            leaderTick(now, &effects)
        } else if now >= electionDeadline {
            if canCampaign {
                startPreVote(now, &effects)
            } else {
                resetElectionDeadline(now)
                leader = nil
            }
        }
        arm(&effects)
    }

    /// Tells the shell when to tick next, unless it will tick early enough anyway.
    mutating func arm(_ effects: inout [Effect]) {
        let deadline = leading?.heartbeatDue ?? electionDeadline
        if let armedDeadline, armedDeadline <= deadline { return }
        armedDeadline = deadline
        effects.append(.setDeadline(deadline))
    }

    private mutating func report(_ effects: inout [Effect]) {
        lastPosition = log.last
        canServeProposals = isLeader && leading?.transfer == nil && diskHealth == .good
        let now = RoleReport(role: role, term: term, leader: leader)
        guard now != reported else { return }
        reported = now
        effects.append(.roleChanged(now))
    }

    private mutating func receive(
        _ message: Message, from node: NodeID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard node != identifier else { return }
        switch message.body {
        case .voteRequest(let request):
            voteRequested(request, message.term, from: node, now, &effects)
        case .voteResponse(let response):
            voteAnswered(response, message.term, from: node, now, &effects)
        case .appendRequest(let request):
            guard hearsLeader(message.term, node, now, &effects) else { return }
            append(request, from: node, now, &effects)
        case .snapshotRequest(let request) where request.isLent:
            snapshotLent(request, message.term, by: node, now, &effects)
        case .snapshotRequest(let request):
            guard hearsLeader(message.term, node, now, &effects) else { return }
            lender = nil
            snapshotOffered(request, from: node, &effects)
        case .appendResponse(let response):
            guard isCurrent(message.term, now, &effects) else { return }
            appendAnswered(response, from: node, now, &effects)
        case .snapshotResponse(let response):
            guard isCurrent(message.term, now, &effects) else { return }
            snapshotAnswered(response, from: node, now, &effects)
        case .snapshotNeeded:
            _ = isCurrent(message.term, now, &effects)
            snapshotAskedFor(by: node, now, &effects)
        case .timeoutNow:
            guard message.term >= term, canCampaign, !isLeader else { return }
            startElection(isTransfer: true, now, &effects)
        case .readIndexRequest(let nonce):
            readRequested(nonce, from: node, now, &effects)
        case .readIndexResponse(let nonce, let index):
            readAnswered(nonce, index, &effects)
        }
    }

    /// Whether an answer belongs to this term; a later one ends this term.
    private mutating func isCurrent(
        _ messageTerm: Term, _ now: MonotonicTime, _ effects: inout [Effect]
    ) -> Bool {
        if messageTerm > term {
            becomeFollower(messageTerm, leader: nil, now, &effects)
        }
        return messageTerm == term
    }

    // MARK: Writes

    /// Numbers a write whose end of the log is the present one.
    mutating func nextWrite() -> WriteID {
        lastWrite = lastWrite.next
        writes.append((lastWrite, log.last.index))
        return lastWrite
    }

    mutating func writeHardState(_ effects: inout [Effect]) {
        let id = nextWrite()
        hardStateWrite = id
        effects.append(.writeHardState(HardState(term: term, vote: vote), id))
    }

    private mutating func becameDurable(
        _ id: WriteID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        let count = writes.firstIndex { $0.id > id } ?? writes.count
        guard count > 0 else { return }
        // A snapshot may have put the durable index ahead of writes that were under way.
        durableIndex = max(durableIndex, writes[count - 1].last)
        writes.removeFirst(count)
        if campaign != nil {
            ownVoteDurable(now, &effects)
        }
        if isLeader {
            advanceCommit(now, &effects)
        }
        requestApply(&effects)
    }

    /// Takes frames that are gone out of what writes under way will make durable.
    mutating func truncateWrites(after index: LogIndex) {
        durableIndex = min(durableIndex, index)
        #if PLANTED_BUGS
            if PlantedBug.staleDurableIndex.isActive { return }
        #endif
        for place in writes.indices where writes[place].last > index {
            writes[place].last = index
        }
    }

    /// Asks for the apply of what is committed, durable here and below all damage.
    mutating func requestApply(_ effects: inout [Effect]) {
        #if PLANTED_BUGS
            let committed =
                PlantedBug.appliesUncommitted.isActive ? durableIndex : commitIndex
        #else
            let committed = commitIndex
        #endif
        let through = belowDamage(min(committed, durableIndex))
        guard through > applyRequested else { return }
        applyRequested = through
        effects.append(.apply(through: through))
    }

    private mutating func compact(through position: LogPosition) {
        guard position.index > log.compacted.index else { return }
        precondition(
            position.index <= appliedIndex,
            "compaction through \(position) beyond applied \(appliedIndex)")
        let kept = memberships.lastIndex { $0.index <= position.index } ?? 0
        memberships.removeFirst(kept)
        log.compact(through: position)
    }
}
