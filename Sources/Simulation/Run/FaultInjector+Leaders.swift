import Codec
import Identifiers
import Replication
import Transactions

/// Leaders that are cut off while they have much to do, so that what they alone have is replaced.
extension FaultInjector {
    func cutLeader(_ fault: Fault, _ cut: LeaderCut) {
        guard let host = cluster.leader, let process = host.process else { return }
        note(fault)
        let ending = ending(of: cut)
        if ending != cut.ending, ending == .quiet { count(ending.rawValue) }
        let milliseconds =
            switch ending {
            case .next: 2_000 as UInt64
            case .compacted: 6_000 as UInt64
            case .quiet, .harm, .rot: cut.milliseconds
            }
        isolate(host, milliseconds)
        keepAsking(host, process, times: ending == .compacted ? 4 : 1)
        if cut.isStalled {
            // Frames that are under way to a disk that stands still when another leader replaces them.
            stall(host, 0, cut.milliseconds + 200)
        }
        if cut.changesMembers {
            later(20) {
                guard !self.isOver, let replica = host.replica, replica.isLeader else { return }
                self.changeMembership(by: replica)
            }
        }
        switch ending {
        case .quiet:
            later(milliseconds - 1) { self.resetConnections(of: host) }
        case .harm:
            later(milliseconds - 1) { self.harmMessages() }
        case .rot:
            later(milliseconds - 1) { self.rotTail(of: host, process) }
        case .next:
            cutNext(after: host, cut.milliseconds, looks: 180)
        case .compacted:
            let commit = host.replica?.report().commit ?? .zero
            later(milliseconds - 1) { self.resetConnections(of: host) }
            comeBack(host, behind: commit, looks: 290)
        }
    }

    /// Runs that keep little of the log end quiet cuts behind a compaction; the others come to none.
    private func ending(of cut: LeaderCut) -> LeaderCut.Ending {
        let keepsLittle = cluster.limits.retainedLogBytes <= 8 << 10
        switch cut.ending {
        case .quiet, .compacted: return keepsLittle ? .compacted : .quiet
        case .harm, .rot, .next: return cut.ending
        }
    }

    /// Looks every 20 ms, so many times, whether another leader has compacted more than `commit`: then
    /// the host can be reached again.
    private func comeBack(_ host: SimulatedHost, behind commit: LogIndex, looks: Int) {
        later(20) { [self] in
            guard !isOver, looks > 0 else { return }
            guard let leader = cluster.leader, leader !== host, let replica = leader.replica,
                replica.inspection().compacted > commit
            else { return comeBack(host, behind: commit, looks: looks - 1) }
            count(LeaderCut.Ending.compacted.rawValue)
            resetConnections(of: host)
            free(host)
        }
    }

    /// Lets a host and all others reach each other.
    private func free(_ host: SimulatedHost) {
        for other in cluster.hosts where other.number != host.number {
            fabric.unblock(host.name, other.name)
            fabric.unblock(other.name, host.name)
        }
    }

    /// Keeps a host from all others.
    private func isolate(_ host: SimulatedHost, _ milliseconds: UInt64) {
        for other in cluster.hosts where other.number != host.number {
            cut(host.name, other.name, milliseconds)
            cut(other.name, host.name, milliseconds)
        }
    }

    /// What was sent to a host all the while is lost with its connections.
    private func resetConnections(of host: SimulatedHost) {
        guard !isOver else { return }
        for other in cluster.hosts where other.number != host.number {
            fabric.reset(host.name, other.name)
        }
    }

    /// Proposes much to a leader that nobody else hears, one record after the other: what it has to
    /// itself then is longer than what the others put in its place at first.
    private func keepAsking(_ host: SimulatedHost, _ process: SimulatedProcess, times: UInt64) {
        let write = ClientWrite(name: "cut off", groups: [0], aborts: true)
        let record = Record.transaction(ClientOperation.transaction(write), origin: nil).encoded()
        for number in 1...(240 * times) {
            world.after(number * 1_000_000 / times) {
                guard !self.isOver else { return }
                process.loop.turn {
                    guard let replica = host.replica, replica.isLeader else { return }
                    replica.propose(record) { _ in }
                }
            }
        }
    }

    private func harmMessages() {
        guard !isOver else { return }
        let perMille: UInt64 = 300
        fabric.harm.lostPerMille = perMille
        fabric.harm.repeatedPerMille = perMille
        fabric.harm.reorderedPerMille = perMille
        ends("harm to messages", 300) { self.fabric.harm = MessageHarm() }
    }

    /// Ends the process of a leader that was cut off, and flips bits in what it has not committed; it
    /// starts again while who leads now cannot reach it, so that the others are asked about it.
    private func rotTail(of host: SimulatedHost, _ process: SimulatedProcess) {
        guard !isOver, host.process?.loop === process.loop, mayImpair(host),
            let report = host.replica?.report(), let leader = cluster.leader, leader !== host
        else { return }
        impairment = Impairment(host: host, floor: checker.highestCommit)
        crashLosing(host)
        _ = rotGroups(host, groups(host).dropLast().filter { holds($0, behind: report.commit) })
        // Behind the end of the cut.
        later(2) {
            guard !self.isOver else { return }
            self.cut(leader.name, host.name, 1_000)
            self.cut(host.name, leader.name, 1_000)
        }
        restart(host, 20)
    }

    /// Looks every 10 ms, so many times, whether another host leads: then that one is cut off, and the
    /// first can be reached again.
    private func cutNext(after host: SimulatedHost, _ milliseconds: UInt64, looks: Int) {
        later(10) {
            guard !self.isOver, looks > 0 else { return }
            guard let next = self.cluster.leader, next !== host else {
                return self.cutNext(after: host, milliseconds, looks: looks - 1)
            }
            self.free(host)
            self.isolate(next, milliseconds)
        }
    }
}
