import Identifiers
import Raft
import Replication
import Transactions

/// Members that come and go, and what befalls those that have come.
extension FaultInjector {
    func changeMembership(by replica: Replica) {
        guard let spare = cluster.hosts.last, spare.number > cluster.founders else { return }
        let membership = replica.newestMembership
        let done: (Result<LogIndex, RequestRefusal>) -> Void = { result in
            if case .success = result { self.count(Fault.membership.kind) }
        }
        if membership.learners.contains(spare.node) {
            replica.promoteMember(spare.node, done: done)
        } else if membership.voters.contains(spare.node) {
            replica.removeMember(spare.node, done: done)
        } else if isGone(spare) {
            addAnew(spare, by: replica, done: done)
        }
    }

    /// Adds a host that is no member with an empty directory, as one that was removed comes back.
    private func addAnew(
        _ host: SimulatedHost, by leader: Replica,
        done: @escaping (Result<LogIndex, RequestRefusal>) -> Void = { _ in }
    ) {
        if host.process != nil { cluster.crash(host) }
        checker.forget(host)
        cluster.wipe(host)
        host.founds = false
        cluster.start(host)
        leader.addMember(
            Member(
                node: host.node, incarnation: nil, peerAddress: "\(host.peerAddress)",
                clientAddress: "\(host.clientAddress)"), done: done)
    }

    /// Whether no other node counts on the host's disk any more, not even until a change of members
    /// is committed: a quorum of the old ones may still be needed, and one disk may be lost already.
    private func isGone(_ host: SimulatedHost) -> Bool {
        cluster.hosts.allSatisfy { other in
            guard other.number != host.number, let replica = other.replica else { return true }
            return replica.newestMembership.member(host.node) == nil
                && replica.report().membership.member(host.node) == nil
        }
    }
}

// MARK: - Members that were added

extension FaultInjector {
    /// Lets the spare host be at fault while it is a member; of its disk nothing is lost.
    func disturbAdded(_ fault: Fault, _ kind: Fault.Added, _ milliseconds: UInt64) {
        guard let spare = cluster.hosts.last, spare.number > cluster.founders,
            spare.process != nil,
            cluster.leader?.replica?.newestMembership.member(spare.node) != nil
        else { return }
        switch kind {
        case .crash:
            note(fault)
            cluster.crash(spare, tearing())
            restart(spare, milliseconds)
        case .cut:
            note(fault)
            part([spare.number], milliseconds)
        case .pause:
            pause(spare, fault, milliseconds)
        case .stall:
            note(fault)
            stall(spare, 0, milliseconds)
        }
    }

    /// Keeps two hosts that are members from two or three others that are.
    func split(_ numbers: Set<UInt64>, _ milliseconds: UInt64) {
        guard let membership = cluster.leader?.replica?.newestMembership else { return }
        let members = cluster.hosts.filter {
            $0.process != nil && membership.member($0.node) != nil
        }
        let inside = members.filter { numbers.contains($0.number) }.count
        guard inside == 2, (4...5).contains(members.count) else { return }
        count(members.count == 4 ? "split in two and two" : "split in two and three")
        part(numbers.sorted(), milliseconds)
    }
}

// MARK: - Founders that are removed

extension FaultInjector {
    /// Removes a founder, or the leader if it is one, and adds it again with an empty directory.
    ///
    /// Two others must stay that vote, and no disk be wrong until it is a voter again.
    func removeFounder(_ number: UInt64, _ fault: Fault, ofLeader: Bool) {
        guard removed == nil, impairment == nil, let leader = cluster.leader,
            let replica = leader.replica
        else { return }
        let host = ofLeader ? leader : cluster.host(number)
        let membership = replica.newestMembership
        guard host.number <= cluster.founders, ofLeader == (host === leader),
            membership.outgoing.isEmpty, membership.voters.count >= 3,
            membership.voters.contains(host.node),
            cluster.hosts.prefix(cluster.founders).allSatisfy(checker.hasBegun)
        else { return }
        note(fault)
        removed = host
        replica.removeMember(host.node) { _ in }
        goOnReplacing(host, fault, from: host.incarnation)
    }

    /// Takes the next step every 100 ms, until the host is a voter with another directory than `old`.
    private func goOnReplacing(_ host: SimulatedHost, _ fault: Fault, from old: UInt64) {
        later(100) { [self] in
            guard !isOver else { return }
            if let replica = cluster.leader?.replica, isReplaced(host, by: replica, from: old) {
                cluster.trace.note(world, "fault", "\(host.name) is a voter again")
                count(fault.kind)
                removed = nil
            } else {
                goOnReplacing(host, fault, from: old)
            }
        }
    }

    /// Whether the host has become a voter again; takes the step that it lacks.
    private func isReplaced(
        _ host: SimulatedHost, by leader: Replica, from old: UInt64
    ) -> Bool {
        let membership = leader.newestMembership
        let recorded = membership.member(host.node)?.incarnation
        let present = Incarnation(host.incarnation)
        if membership.learners.contains(host.node) {
            leader.promoteMember(host.node) { _ in }
        } else if membership.voters.contains(host.node) {
            if host.incarnation == old {
                // It was refused, or another leader has not heard of it.
                leader.removeMember(host.node) { _ in }
            } else if recorded == present, membership.outgoing.isEmpty {
                let committed = leader.report().membership
                return committed.voters.contains(host.node)
                    && committed.member(host.node)?.incarnation == present
            }
        } else if isGone(host) {
            addAnew(host, by: leader)
        }
        return false
    }
}
