import Codec
import IOCore
package import Identifiers
package import KeyValue
import Logging
package import Raft
package import Transactions
package import WAL

extension Replica {
    /// Ends the membership change or transfer that an operator waits for.
    func finishAdministration(_ result: Result<LogIndex, RequestRefusal>) {
        newMembers = []
        transfer = nil
        guard let done = administration else { return }
        administration = nil
        done(result)
    }

    private func administer(
        _ done: @escaping (Result<LogIndex, RequestRefusal>) -> Void, _ body: () -> Input?
    ) {
        guard raft.isLeader else {
            done(.failure(.notLeader(leaderHint)))
            return
        }
        guard administration == nil else {
            done(
                .failure(
                    .refused(
                        .busy,
                        "a change of membership or a transfer is under way; wait until it has ended"
                    )))
            return
        }
        administration = done
        if let input = body() {
            step(input)
        }
    }

    /// Adds a node as a learner.
    package func addMember(
        _ member: Member, done: @escaping (Result<LogIndex, RequestRefusal>) -> Void
    ) {
        administer(done) {
            let core = raft.membership
            guard !core.contains(member.node) else {
                finishAdministration(
                    .failure(.refused(.exists, "node \(member.node) is a member already")))
                return nil
            }
            if let objection = membership.objection(toAddressesOf: member) {
                finishAdministration(.failure(.refused(.invalidArgument, objection)))
                return nil
            }
            guard core.everyone.count < settings.limits.members else {
                finishAdministration(
                    .failure(
                        .refused(
                            .wrongState,
                            "a cluster has at most \(settings.limits.members) nodes")))
                return nil
            }
            newMembers = [member]
            return .reconfigure(voters: core.voters, learners: core.learners + [member.node])
        }
    }

    /// Makes a learner a voter.
    package func promoteMember(
        _ node: NodeID, done: @escaping (Result<LogIndex, RequestRefusal>) -> Void
    ) {
        administer(done) {
            let core = raft.membership
            guard core.learners.contains(node) else {
                finishAdministration(
                    .failure(.refused(.wrongState, "node \(node) is not a learner")))
                return nil
            }
            guard isCaughtUp(node) else {
                finishAdministration(
                    .failure(
                        .refused(
                            .wrongState,
                            "node \(node) is not heard of or has not caught up with the log; "
                                + "see its lag in the status, and promote it then")))
                return nil
            }
            return .reconfigure(
                voters: core.voters + [node], learners: core.learners.filter { $0 != node })
        }
    }

    /// Whether a learner would not hold up commits as a voter (*Raft §6*).
    ///
    /// It must also have the record that names its data directory, or it would refuse its vote. How far
    /// it has applied does not matter: a voter is counted for what is on its disk, applying holds up
    /// neither its votes nor its acknowledgements, and one that is behind with it does not take
    /// leadership over when it is asked to.
    func isCaughtUp(_ node: NodeID) -> Bool {
        guard isMember(node), let progress = raft.progress(of: node), let time = heard[node],
            progress.match >= raft.membershipIndex
        else { return false }
        return loop.now.milliseconds(since: time) < 2 * settings.raft.electionMilliseconds
            && raft.lastPosition.index - progress.match <= settings.limits.frameRecords
    }

    package func removeMember(
        _ node: NodeID, done: @escaping (Result<LogIndex, RequestRefusal>) -> Void
    ) {
        administer(done) {
            let core = raft.membership
            guard core.contains(node) else {
                finishAdministration(.failure(describe(.unknownNode(node))))
                return nil
            }
            return .reconfigure(
                voters: core.voters.filter { $0 != node },
                learners: core.learners.filter { $0 != node })
        }
    }

    /// Hands leadership over; answered when another node leads, or does not in time.
    package func transferLeadership(
        to node: NodeID?, done: @escaping (Result<LogIndex, RequestRefusal>) -> Void
    ) {
        administer(done) {
            guard node != settings.node else {
                finishAdministration(
                    .failure(.refused(.wrongState, "node \(settings.node) leads already")))
                return nil
            }
            // Who was let run leads after one election, or after a few where votes are lost.
            let patience =
                settings.raft.transferMilliseconds + 4 * settings.raft.electionMilliseconds
            transfer = PendingTransfer(
                target: node, term: raft.term, deadline: loop.now.advanced(milliseconds: patience))
            return .transfer(to: node)
        }
    }

    /// Whether a leader lets this node run that has far more of the log than it has applied: as the
    /// leader it would answer nobody before it has, where the present one may.
    ///
    /// One that gives way or leaves asks once, so the node runs as soon as it has applied enough, if
    /// that is before others would campaign. One that leads on says so, and asks again if it wants to.
    func isAskedTooEarly(_ message: Message, by node: NodeID) -> Bool {
        guard case .timeoutNow = message.body, message.term == raft.term else { return false }
        let missing = raft.commitIndex - position.index
        guard missing > settings.limits.frameRecords else { return false }
        logger.notice(
            "leadership is not taken over before what is committed has been applied",
            metadata: ["from": "\(node)", "records": "\(missing)"])
        let until = loop.now.advanced(milliseconds: settings.raft.electionMilliseconds)
        postponedRun = PostponedRun(message: message, from: node, until: until)
        return true
    }

    /// Takes leadership over as it was asked to, where enough has been applied by now.
    func considerPostponedRun() {
        guard let asked = postponedRun,
            raft.commitIndex - position.index <= settings.limits.frameRecords
        else { return }
        postponedRun = nil
        guard asked.message.term == raft.term, loop.now < asked.until else { return }
        step(.message(asked.message, from: asked.from))
    }

    /// Tells the operator that a transfer has succeeded or failed, once that is so.
    func considerTransfer() {
        guard let transfer else { return }
        switch raft.leader {
        case settings.node? where raft.term > transfer.term || !raft.isTransferring:
            let who = transfer.target.map { "node \($0) has not" } ?? "no other node has"
            finishAdministration(
                .failure(
                    .refused(
                        .wrongState,
                        "\(who) taken leadership over in time; this node leads. One that has "
                            + "applied far less than it has of the log does not: see the status")))
        case let leader? where leader != settings.node:
            if let target = transfer.target, target != leader {
                finishAdministration(
                    .failure(
                        .refused(
                            .wrongState,
                            "node \(leader) has come to lead, not node \(target)")))
            } else {
                finishAdministration(.success(position.index))
            }
        case .some, nil:
            if loop.now >= transfer.deadline { finishAdministration(.failure(.outcomeUnknown)) }
        }
    }

    /// Asks for leadership to move before this node goes down; to be repeated until it has, as no
    /// follower may be fit for it yet, and one that was may not win.
    package func resign() {
        guard raft.isLeader, !raft.isTransferring, raft.membership.voters.count > 1 else { return }
        isResigning = true
        step(.transfer(to: nil))
        isResigning = false
    }

    /// Whether this node leads, read off a field: the core's own answer copies all of it.
    package var isLeader: Bool {
        if case .leader = raft.role { true } else { false }
    }

    package var appliedPosition: AppliedPosition {
        position
    }

    package var currentMembership: ClusterMembership {
        membership
    }

    package var engineMemoryBytes: Int {
        engine.withLock { $0 }.memoryBytes()
    }

    /// What a status shows of this node.
    package func report() -> ReplicaReport {
        let statistics = writer?.statistics
        return ReplicaReport(
            role: raft.role, term: raft.term, leader: raft.leader, commit: raft.commitIndex,
            position: position, durable: raft.durableIndex, compacted: raft.compacted.index,
            last: raft.lastPosition.index, flushed: flushed,
            logBytes: UInt64(statistics?.heldBytes ?? 0),
            appendedBytes: statistics?.appendedBytes ?? 0,
            rawBytes: statistics?.rawPayloadBytes ?? 0,
            storedBytes: statistics?.storedPayloadBytes ?? 0,
            syncs: statistics?.syncs ?? 0, sessions: sessionCount, membership: membership,
            peers: peerReports(), waitingRecords: waiting.count, isDiskHealthy: diskHealth == .good,
            isDiskFull: isLogFull && !lacksDescriptors || isEngineFull,
            lacksDescriptors: lacksDescriptors, isDiskHung: isDiskHung, notice: notice,
            isRepairing: raft.isDamaged,
            damage: knownDamage,
            uptimeMilliseconds: loop.now.milliseconds(since: started))
    }

    private func peerReports() -> [PeerReport] {
        guard raft.isLeader else { return [] }
        return membership.members.compactMap { member in
            guard member.node != settings.node, let progress = raft.progress(of: member.node)
            else { return nil }
            return PeerReport(
                node: member.node, match: progress.match,
                isActive: progress.isRecentlyActive,
                heardMilliseconds: heard[member.node].map { loop.now.milliseconds(since: $0) })
        }
    }
}

/// A transfer of leadership that an operator waits for.
struct PendingTransfer {
    /// Who is to lead; nil for anybody else.
    let target: NodeID?
    /// The term that was led when it was asked for.
    let term: Term
    let deadline: MonotonicTime
}

/// What a leader has asked for too early.
struct PostponedRun {
    let message: Message
    let from: NodeID
    /// When an ordinary election may be under way.
    let until: MonotonicTime
}

/// What a replica tells of itself.
package struct ReplicaReport: Sendable {
    package let role: Role
    package let term: Term
    package let leader: NodeID?
    package let commit: LogIndex
    package let position: AppliedPosition
    package let durable: LogIndex
    package let compacted: LogIndex
    package let last: LogIndex
    package let flushed: LogIndex
    /// Bytes that the log holds, and bytes ever appended to them by this process.
    package let logBytes: UInt64
    package let appendedBytes: UInt64
    /// Payload bytes before and after compression, of frames appended by this process.
    package let rawBytes: UInt64
    package let storedBytes: UInt64
    package let syncs: UInt64
    package let sessions: Int
    package let membership: ClusterMembership
    package let peers: [PeerReport]
    package let waitingRecords: Int
    package let isDiskHealthy: Bool
    package let isDiskFull: Bool
    package let lacksDescriptors: Bool
    package let isDiskHung: Bool
    /// What this node waits for, and what to do about it; empty where all is well.
    package let notice: String
    /// Whether damage keeps the node out of elections.
    package let isRepairing: Bool
    package let damage: [DamagedRange]
    package let uptimeMilliseconds: UInt64
}

/// How far a leader's follower is.
package struct PeerReport: Sendable {
    package let node: NodeID
    package let match: LogIndex
    package let isActive: Bool
    /// Since its last message; nil before the first.
    package let heardMilliseconds: UInt64?
}

extension Replica {
    /// The engine as it is now, for checkers that compare whole states.
    package var presentEngine: any Engine {
        engine.withLock { $0 }
    }
}

extension ClusterMembership {
    /// Why a new member cannot have its addresses; nil where nobody else has them.
    fileprivate func objection(toAddressesOf new: Member) -> String? {
        guard new.peerAddress != new.clientAddress else {
            return "node \(new.node) cannot take peers and clients at one address, "
                + new.peerAddress
        }
        for address in [new.peerAddress, new.clientAddress] {
            let owner = members.first {
                [$0.peerAddress, $0.clientAddress].contains(address)
            }
            guard let owner else { continue }
            return "\(address) is an address of node \(owner.node); give node \(new.node) one of"
                + " its own"
        }
        return nil
    }
}
