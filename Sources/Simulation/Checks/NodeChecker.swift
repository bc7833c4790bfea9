package import Codec
package import Identifiers
import Node
import Raft
package import Replication
import Transactions
import WAL

/// Looks at every node at the end of each of its turns, and says what must not be.
///
/// What a host's disk has promised outlives its process: a vote's term, a record acknowledged.
package final class NodeChecker: @unchecked Sendable {
    /// What was seen of one host.
    struct Seen {
        var incarnation: UInt64 = 0
        var start = 0
        var term = Term.zero
        var vote: NodeID?
        /// The last term that it led in: only a vote on its disk can have made it the leader.
        var ledTerm = Term.zero
        var commit = LogIndex.zero
        var applied = LogIndex.zero
        var durable = LogIndex.zero
        var end = LogIndex.zero
        var compacted = LogIndex.zero
        var flushed = LogIndex.zero
        var role = Role.follower
        var isDamaged = false
        /// Whether some of the log could not be read since the process began.
        var hasMended = false
        var isTakingSnapshot = false
        var sessionFillings: UInt64 = 0
        /// The first record whose change set is retained.
        var firstRetained = LogIndex(1)
    }

    package private(set) var violations: [String] = [] {
        didSet { violations.dropFirst(oldValue.count).forEach(found) }
    }
    /// Called with each violation when it is found.
    var found: (String) -> Void = { _ in }
    package internal(set) var coverage = Coverage()
    /// What each disk holds, by what was written to it.
    let disks = DiskModels()
    let votes = DiskVotes()
    let limits: Limits
    private(set) var seen: [UInt64: Seen] = [:]
    /// The highest index that some node has applied.
    package private(set) var highestApplied = LogIndex.zero
    /// The last index that was the highest when there were as many sessions as there may be, or had been in
    /// the turn that came to it.
    package private(set) var sessionsFullThrough = LogIndex.zero
    /// The newest of what was found to be the first record whose change set is retained.
    var trimmedUpTo = LogIndex(1)
    /// The hosts that were opened with an identity nobody can know them by.
    var unknown: Set<UInt64> = []
    var leaders: [Term: UInt64] = [:]
    /// The replica of the host of a number, while its process runs.
    var replica: (UInt64) -> Replica? = { _ in nil }
    /// Records between two looks at a node's whole state.
    private static let recordsPerDigest: UInt64 = 64
    /// The digests of whole states at indices where one was looked at.
    private var states: [LogIndex: Bits128] = [:]
    /// Where the logs of candidates ended.
    var candidacies: [Term: [NodeID: LogPosition]] = [:]
    /// The chain digests at indices that were applied or committed.
    private var digests: [LogIndex: ChainDigest] = [:]
    /// The highest index that some node has called committed.
    package private(set) var highestCommit = LogIndex.zero

    /// Called with what a person wants to see of a node's course.
    var noted: (SimulatedHost, String) -> Void = { _, _ in }
    /// Called where the highest index that is committed has moved on, with the digest there.
    var hasCommitted: (LogIndex, ChainDigest) -> Void = { _, _ in }

    package init(limits: Limits) {
        self.limits = limits
        disks.cut = { [unowned self] in cutOff($0, $1) }
    }

    /// A process has started: what its disk held must be there.
    func started(_ host: SimulatedHost, mayHaveLost: Bool) {
        guard let report = host.replica?.inspection() else { return }
        var now = Seen()
        now.incarnation = host.incarnation
        now.start = host.starts
        if let before = seen[host.number], before.incarnation == host.incarnation {
            if report.term < before.ledTerm {
                violated(host, "has led in term \(before.ledTerm) and starts in \(report.term)")
            }
            // What was not committed may have been overwritten since, or given up for a snapshot.
            let promised = min(
                before.durable, disks.lastCommitted(host.diskName, through: highestCommit))
            if report.durable < promised, !mayHaveLost {
                violated(host, "had \(promised) on disk and starts with \(report.durable)")
            }
        }
        let voting = WriteAheadLog.VotingState(term: report.term, vote: report.vote)
        if !mayHaveLost, let forgotten = votes.forgotten(host.diskName, voting) {
            violated(host, forgotten)
        }
        now.term = report.term
        now.vote = report.vote
        now.ledTerm = report.term
        now.durable = report.durable
        now.end = report.end
        now.flushed = report.flushed
        now.firstRetained = firstRetained(on: host) ?? now.firstRetained
        do throws(WALFailure) {
            let log = try host.recoveredLog(limits: limits, flushed: report.flushed)
            now.hasMended = !log.damage.isEmpty
            checkRecovered(host, report, log, mayHaveLost: mayHaveLost)
            if report.durable > max(log.lastIndex, report.flushed) {
                violated(host, "starts with \(report.durable), and has \(log.lastIndex) on disk")
            }
            if let difference = difference(host, report, voting, log) {
                violated(host, "starts with \(difference) on disk")
            }
            disks.begins(host.diskName, start: report.flushed, log.frames)
            votes.begins(host.diskName, log.voting)
        } catch {
            violated(host, "has started with a log that cannot be opened: \(error)")
        }
        seen[host.number] = now
    }

    /// What a process has begun with that is not so on its disk, in words; nil where all is.
    private func difference(
        _ host: SimulatedHost, _ report: ReplicaInspection, _ voting: WriteAheadLog.VotingState,
        _ log: WriteAheadLog.Recovery
    ) -> String? {
        // Who is alone stands in its start, before its vote for itself is written.
        if report.role != .candidate, log.voting != voting {
            return "\(voting), and has \(log.voting)"
        }
        if let frame = log.frames.last(where: { $0.lastIndex <= report.durable }),
            frame.lastIndex == report.durable,
            let digest = host.replica?.chainDigest(at: report.durable), digest != frame.digest
        {
            return "another record at \(report.durable) than it has"
        }
        return host.difference()
    }

    /// Every committed frame that was synced is found again; where the disk may have lost it, the node
    /// knows that all of it is missing, and nothing else goes with it.
    ///
    /// How far the last group of a log went of which nothing can be read, the engine alone tells: up to
    /// where that has flushed, at least.
    private func checkRecovered(
        _ host: SimulatedHost, _ report: ReplicaInspection, _ log: WriteAheadLog.Recovery,
        mayHaveLost: Bool
    ) {
        let missing = disks.missing(host.diskName, of: log.frames, behind: report.flushed)
        guard let first = missing.first?.index else { return }
        if !mayHaveLost {
            violated(host, "had \(first) on disk and starts with a log that lacks it")
        } else if let unknown = missing.first(where: { frame in
            !log.damage.contains { hole in
                let isGuessed = hole.digest == nil && hole.last == log.lastIndex
                return hole.first <= frame.first
                    && (hole.last >= frame.index || isGuessed && hole.last >= frame.first)
            }
        }) {
            violated(host, "has lost \(unknown.index) of its log, and has not noticed")
        } else if report.firstUnreadable == nil {
            violated(host, "has lost \(first) of its log, and takes itself for whole")
        }
    }

    package func turnEnded(_ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection) {
        let before = seen[host.number] ?? Seen()
        if report.vote != before.vote || report.term != before.term {
            votes.casts(
                host.diskName, WriteAheadLog.VotingState(term: report.term, vote: report.vote))
        }
        noteSessions(report, before)
        check(host, report, before)
        checkOrder(host, report)
        checkVote(host, report, before)
        checkIncarnation(host, replica, report, before)
        checkGrant(host, replica, report, before)
        checkEnd(host, replica, report, before)
        if report.commit > before.commit {
            committed(host, replica, report)
            checkCommit(host, replica, report, before)
        }
        if report.role == .leader, before.role != .leader {
            elected(host, replica, report)
            checkVotes(host, replica, report)
        }
        checkMembership(host, replica, report, before)
        let retained = checkFeed(host, replica, report, before)
        note(host, report, before)
        var state = before
        state.term = report.term
        state.vote = report.vote
        if report.role == .leader { state.ledTerm = report.term }
        state.commit = report.commit
        state.applied = report.position.index
        state.durable = report.durable
        state.end = report.end
        state.compacted = report.compacted
        state.flushed = report.flushed
        state.role = report.role
        state.isDamaged = report.firstUnreadable != nil
        state.hasMended = before.hasMended || state.isDamaged
        state.isTakingSnapshot = report.isTakingSnapshot
        state.sessionFillings = report.queues.sessionFillings
        state.firstRetained = retained
        seen[host.number] = state
    }

    private func check(_ host: SimulatedHost, _ report: ReplicaInspection, _ before: Seen) {
        if report.term < before.term {
            violated(host, "goes from term \(before.term) back to \(report.term)")
        }
        if report.commit < before.commit {
            violated(host, "goes from commit \(before.commit) back to \(report.commit)")
        }
        if report.position.index < before.applied {
            violated(host, "goes from applied \(before.applied) back to \(report.position.index)")
        }
        if report.role == .leader {
            let other = leaders[report.term] ?? host.number
            if other != host.number {
                violated(host, "leads in term \(report.term), as n\(other) does")
            }
            leaders[report.term] = host.number
        }
        if report.position.index > before.applied {
            agree(host, "applied", report.position.index, report.position.digest)
        }
        let round = Self.recordsPerDigest
        if report.position.index.rawValue / round > before.applied.rawValue / round {
            agreeOnState(host)
        }
    }

    /// What is compacted is in a flush, what is flushed is applied, and so on; queues have bounds.
    private func checkOrder(_ host: SimulatedHost, _ report: ReplicaInspection) {
        if report.compacted > report.flushed || report.flushed > report.position.index
            || report.position.index > report.commit
            || report.commit > max(report.end, report.compacted)
        {
            violated(
                host,
                "compacted \(report.compacted), flushed \(report.flushed), applied "
                    + "\(report.position.index), committed \(report.commit), last \(report.end)")
        }
        checkQueues(host, report)
    }

    /// Notes where sessions are full, each time that a node is the first to apply something.
    ///
    /// Who applies it after that has what that one had there. The last place may have been taken, and
    /// another become free, in one turn; where all were taken when it began, whoever came to that first
    /// has noted it.
    private func noteSessions(_ report: ReplicaInspection, _ before: Seen) {
        let (queues, applied) = (report.queues, report.position.index)
        guard applied > highestApplied else { return }
        highestApplied = applied
        if queues.sessions >= limits.sessions
            || queues.sessionFillings > before.sessionFillings
        {
            sessionsFullThrough = applied
        }
    }

    private func checkQueues(_ host: SimulatedHost, _ report: ReplicaInspection) {
        let queues = report.queues
        let inflight = limits.inflightAppendsPerPeer * limits.members
        // As many places as what is retained of a log has groups at the most.
        let places = (limits.retainedLogBytes + limits.segmentBytes) / GroupEnvelope.byteCount
        if queues.damagedPlaces > places || queues.repairHelpers > limits.members
            || queues.repairsServed > limits.members || queues.snapshotsSent > limits.members
        {
            violated(host, "has more of repairs than its bounds allow: \(queues)")
        }
        if queues.proposalBytes < 0 || queues.proposalBytes > limits.pendingProposalBytes
            || queues.uncommittedFrames > limits.uncommittedFrames + 2
            || queues.heldMessages > inflight || queues.waitingMessages > inflight
            || queues.reads > limits.pendingReads || queues.inputs > 0
            || queues.cachedBytes > limits.frameCacheBytes * 3 / 2 + limits.frameBytes
            || queues.sessions > limits.sessions
        {
            violated(host, "has queues over their bounds: \(queues)")
        }
        if let bytes = host.process?.daemon.clientBytes, bytes > limits.clientBytes {
            violated(host, "has queues over their bounds: it keeps \(bytes) bytes for clients")
        }
    }

    /// A vote is given once in a term, and not by a node that cannot read its log.
    private func checkVote(_ host: SimulatedHost, _ report: ReplicaInspection, _ before: Seen) {
        if report.term == before.term, let vote = before.vote, report.vote != vote {
            violated(
                host,
                "votes in term \(report.term) for \(vote), then for "
                    + (report.vote.map(\.description) ?? "nobody"))
        }
        guard before.isDamaged, report.firstUnreadable != nil else { return }
        if let vote = report.vote, report.term > before.term || before.vote == nil {
            violated(host, "votes for \(vote) in term \(report.term) with a hole in its log")
        }
        if report.role == .candidate {
            violated(host, "stands in term \(report.term) with a hole in its log")
        }
    }

    /// The commit of a node has moved on: a quorum's disks must hold it, and it never changes.
    private func committed(
        _ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection
    ) {
        guard let digest = replica.chainDigest(at: report.commit) else { return }
        agree(host, "committed", report.commit, digest)
        guard report.commit > highestCommit else { return }
        highestCommit = report.commit
        hasCommitted(report.commit, digest)
        disks.committed(report.commit, digest)
        eachVoterSet(of: replica.newestMembership) { voters in
            let holders = voters.count { disks.holds($0, report.commit, digest) }
            if holders <= voters.count / 2 {
                violated(
                    host,
                    "has committed \(report.commit), which \(holders) of \(voters.count) "
                        + "voters' disks hold")
            }
        }
    }

    /// Two nodes never apply or commit different logs.
    private func agree(
        _ host: SimulatedHost, _ what: String, _ index: LogIndex, _ digest: ChainDigest
    ) {
        let known = digests[index] ?? digest
        if known != digest {
            violated(host, "has \(what) \(index) with \(digest), another with \(known)")
        }
        digests[index] = digest
    }

    /// Two nodes that have applied the same hold the same.
    private func agreeOnState(_ host: SimulatedHost) {
        guard let engine = host.replica?.presentEngine else { return }
        do {
            let report = try StateDigest.of(engine)
            let known = states[report.index] ?? report.digest
            if known != report.digest {
                violated(
                    host, "holds another state at \(report.index) than another did: states differ")
            }
            if states[report.index] != nil { coverage.count("states compared") }
            states[report.index] = report.digest
        } catch {
            violated(host, "holds a state that cannot be read: \(error)")
        }
    }

    /// A new leader has all that was ever committed (*Raft §5.4*).
    private func elected(_ host: SimulatedHost, _ replica: Replica, _ report: ReplicaInspection) {
        guard leaders.keys.allSatisfy({ $0 <= report.term }) else { return }
        if report.end < highestCommit {
            violated(host, "leads from \(report.end), and \(highestCommit) is committed")
        }
        if let own = replica.chainDigest(at: highestCommit), let known = digests[highestCommit],
            own != known
        {
            violated(host, "leads with another record at \(highestCommit), which is committed")
        }
    }

    private func note(_ host: SimulatedHost, _ report: ReplicaInspection, _ before: Seen) {
        if report.role == .leader, before.role != .leader {
            coverage.count("elections")
            noted(host, "leads in term \(report.term) from \(report.end)")
        }
        if report.compacted > before.compacted { coverage.count("compactions") }
        if let first = report.firstUnreadable, !before.isDamaged {
            coverage.count("repairs")
            noted(host, "lacks \(first) of its log")
        }
        if Self.hasInstalled(report, before) {
            coverage.count("snapshot installs")
            noted(host, "has installed a snapshot up to \(report.flushed)")
            if report.end > report.flushed { coverage.count("snapshots that a log goes beyond") }
        }
        if report.isJoint { coverage.count("turns in a joint membership") }
    }

    /// Whether a snapshot has taken over in the turn.
    static func hasInstalled(_ report: ReplicaInspection, _ before: Seen) -> Bool {
        before.isTakingSnapshot && !report.isTakingSnapshot && report.flushed > before.applied
    }

    /// A process ends, or the run does: what it came to of the recovery table.
    func ends(_ host: SimulatedHost) {
        guard let steps = host.replica?.recoverySteps else { return }
        for (step, name) in RecoverySteps.names where steps.contains(step) {
            coverage.count(name)
        }
    }

    /// A client was answered at `index`: a node has committed it, when the disks of a quorum held it.
    ///
    /// That goes for commits, for aborts, and for the state that a read has seen.
    func answered(_ index: LogIndex) {
        guard index > highestCommit else { return }
        violations.append(
            "\(index) is acknowledged, and on the disks of a quorum was up to \(highestCommit)")
    }

    /// Whether the host has ever had a part of the log.
    func hasBegun(_ host: SimulatedHost) -> Bool {
        (seen[host.number]?.durable ?? .zero) > .zero
    }

    /// The host's data directory is about to be taken away.
    func forget(_ host: SimulatedHost) {
        seen[host.number] = nil
    }

    func violated(_ host: SimulatedHost, _ text: String) {
        violated(host.number, text)
    }

    func violated(_ host: UInt64, _ text: String) {
        violations.append("n\(host) \(text)")
    }
}
