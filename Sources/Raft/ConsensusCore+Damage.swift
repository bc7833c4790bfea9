package import Identifiers

/// What a node does that cannot read a part of its log.
///
/// Damage that is found while it runs leaves the frames known: `damage`. What recovery cannot read
/// has unknown frames and terms, so the log is taken to end there, and `hiddenEnd` tells where it
/// really does. A leader may fill the hidden part by ordinary appends, or put another log in its
/// place; the shell knows which of both a frame does.
extension ConsensusCore {
    /// Whether a part of the log cannot be read.
    package var isDamaged: Bool {
        damage != nil || hiddenEnd != nil
    }

    /// The end of the log, hidden part included.
    package var endOfLog: LogIndex {
        max(log.last.index, hiddenEnd ?? .zero)
    }

    /// What a checker looks at after each turn, all at once: to ask for each by itself copies the core.
    package var inspection: CoreInspection {
        CoreInspection(
            compacted: log.compacted.index, last: log.last.index, end: endOfLog,
            firstUnreadable: firstUnreadable, isJoint: membership.isJoint)
    }

    /// The first record that is known to be there and cannot be read; nil where all can.
    package var firstUnreadable: LogIndex? {
        if let damage { return damage.lowerBound }
        guard let hiddenEnd, hiddenEnd > log.last.index else { return nil }
        return log.last.index.next
    }

    /// The last frame end up to `index` that lies below the damage.
    func belowDamage(_ index: LogIndex) -> LogIndex {
        guard let damage, damage.lowerBound <= index else { return index }
        let below = LogPosition(index: damage.lowerBound.previous, term: term)
        return min(index, log.latestBoundary(notAfter: below).index)
    }

    mutating func damaged(
        _ first: LogIndex, _ last: LogIndex, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        let lower = max(first, log.compacted.index.next)
        let upper = min(last, log.last.index)
        guard lower <= upper else { return }
        damage = min(lower, damage?.lowerBound ?? lower)...max(upper, damage?.upperBound ?? upper)
        if isLeader {
            giveWay(now, &effects)
        } else if campaign != nil {
            becomeFollower(term, leader: nil, now, &effects)
        }
    }

    mutating func repaired(
        _ frames: [FrameDescriptor], _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        precondition(
            frames.isEmpty || (hiddenEnd != nil && writes.isEmpty),
            "\(frames.count) frames come to light, \(writes.count) writes are under way")
        damage = nil
        hiddenEnd = nil
        for frame in frames {
            log.append(frame)
            if let membership = frame.membership {
                adoptMembership(membership, at: frame.firstIndex, now, &effects)
            }
        }
        if !frames.isEmpty { durableIndex = log.last.index }
        requestApply(&effects)
    }

    /// Frames behind `index` are gone, and damage there with them.
    mutating func truncateDamage(after index: LogIndex) {
        guard let damage, damage.upperBound > index else { return }
        self.damage = damage.lowerBound <= index ? damage.lowerBound...index : nil
    }

    /// What is at or below `index` is in the engine: damage there is in nobody's way.
    mutating func endDamage(through index: LogIndex) {
        if let end = hiddenEnd, end <= log.last.index { hiddenEnd = nil }
        guard let damage, damage.lowerBound <= index else { return }
        self.damage = damage.upperBound > index ? index.next...damage.upperBound : nil
    }
}

/// A snapshot that a node is lent which this node does not lead.
struct Loan: Sendable {
    let node: NodeID
    /// The chunk that was sent last.
    var chunk: UInt64
    /// When the borrower last asked for it.
    var asked: MonotonicTime
}

/// Snapshots in the place of frames that nobody holds any more.
///
/// A leader sends them as to any follower that is far behind. Without a leader, which may be for want
/// of this very node, any node lends its applied state: what is applied is committed, whoever says so.
extension ConsensusCore {
    /// Loans of which nothing was heard for this many election time-outs have ended.
    private static let loanTimeouts: UInt64 = 10

    /// Asks the leader for a snapshot, or `holder` where there is none.
    mutating func askForSnapshot(of holder: NodeID, _ effects: inout [Effect]) {
        guard isDamaged, leader != identifier, holder != identifier else { return }
        lender = leader == nil ? holder : nil
        effects.append(
            .send(Message(term: term, body: .snapshotNeeded), to: leader ?? holder, after: nil))
    }

    mutating func snapshotAskedFor(
        by node: NodeID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard isLeader else {
            lend(to: node, now, &effects)
            return
        }
        guard let place = leading?.place(of: node) else { return }
        leading?.peers[place].heard(now)
        if case .snapshot? = leading?.peers[place].state {
            leading?.peers[place].needsSnapshot = true
            return
        }
        startSnapshot(place, now, &effects)
        leading?.peers[place].needsSnapshot = true
    }

    private mutating func lend(
        to node: NodeID, _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard membership.contains(node), appliedIndex > .zero else { return }
        guard let place = loans.firstIndex(where: { $0.node == node }) else {
            loans.append(Loan(node: node, chunk: 0, asked: now))
            effects.append(.sendSnapshotChunk(to: node, chunk: 0))
            return
        }
        let age = now.milliseconds(since: loans[place].asked)
        guard age >= 2 * settings.electionMilliseconds else { return }
        // The chunk or its answer is lost; a borrower that has begun anew asks for the first.
        loans[place].asked = now
        effects.append(.sendSnapshotChunk(to: node, chunk: loans[place].chunk))
    }

    /// The borrower's answer to a chunk.
    mutating func loanAnswered(
        _ response: Message.SnapshotResponse, from node: NodeID, _ now: MonotonicTime,
        _ effects: inout [Effect]
    ) {
        guard let place = loans.firstIndex(where: { $0.node == node }) else { return }
        switch response.result {
        case .wants(let chunk):
            loans[place].asked = now
            loans[place].chunk = chunk
            effects.append(.sendSnapshotChunk(to: node, chunk: chunk))
        case .installed:
            loans.remove(at: place)
        }
    }

    mutating func endLoan(to node: NodeID) {
        loans.removeAll { $0.node == node }
    }

    mutating func expireLoans(_ now: MonotonicTime) {
        let limit = Self.loanTimeouts * settings.electionMilliseconds
        loans.removeAll { now.milliseconds(since: $0.asked) >= limit }
    }

    /// A chunk of a snapshot that was asked for; its sender leads nobody by it.
    mutating func snapshotLent(
        _ request: Message.SnapshotRequest, _ senderTerm: Term, by node: NodeID,
        _ now: MonotonicTime, _ effects: inout [Effect]
    ) {
        guard lender == node, isDamaged else { return }
        // No term of the snapshot may be above this node's.
        if senderTerm > term { becomeFollower(senderTerm, leader: nil, now, &effects) }
        snapshotOffered(request, from: node, &effects)
    }
}

/// What cannot be read off the core's own fields.
package struct CoreInspection: Sendable {
    package let compacted: LogIndex
    /// The last record that the core knows of its log, and the last that the log holds.
    package let last: LogIndex
    package let end: LogIndex
    /// The first record that is known to be there and cannot be read; nil where all can.
    package let firstUnreadable: LogIndex?
    package let isJoint: Bool
}
