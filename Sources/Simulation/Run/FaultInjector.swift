import Identifiers
import Replication
import Transactions

/// Brings a schedule's faults about, and ends them.
///
/// They stay within what the protocol must survive: of the disks, at most one is wiped or rotten at
/// a time, and the next only when all is whole again; else a fault is left out.
final class FaultInjector: @unchecked Sendable {
    private let cluster: SimulatedCluster
    private let checker: NodeChecker
    private(set) var coverage = Coverage()
    private var isOver = false
    /// The host whose disk has lost something that it has not got back.
    private(set) var impaired: SimulatedHost?
    /// Lost what it had on disk: its next start need not show it.
    private var excused: Set<UInt64> = []

    init(_ cluster: SimulatedCluster, _ checker: NodeChecker) {
        self.cluster = cluster
        self.checker = checker
    }

    private var world: World { cluster.world }
    private var fabric: Fabric { cluster.fabric }

    func arrange(_ schedule: Schedule) {
        for entry in schedule.entries {
            world.after(entry.atMilliseconds * 1_000_000) {
                if !self.isOver { self.begin(entry.fault) }
            }
        }
    }

    /// Whether the host's disk may show less than it had, once.
    func takeExcuse(_ host: SimulatedHost) -> Bool {
        excused.remove(host.number) != nil
    }

    private func note(_ fault: Fault) {
        coverage.count(fault.kind)
        cluster.trace.note(world, "fault", "\(fault)")
    }

    private func later(_ milliseconds: UInt64, _ job: @escaping @Sendable () -> Void) {
        world.after(milliseconds * 1_000_000, job)
    }

    // MARK: Beginning

    private func begin(_ fault: Fault) {
        switch fault {
        case .crash(let number, let down):
            crash(number, fault, down)
        case .crashAll(let down):
            note(fault)
            for host in cluster.hosts where host.process != nil {
                cluster.crash(host, tearing())
                restart(host, down)
            }
        case .pause(let number, let milliseconds):
            guard let process = cluster.host(number).process else { return }
            note(fault)
            process.loop.pause()
            later(milliseconds) { process.loop.resume() }
        case .partition, .deafness, .clog, .reset, .harm:
            disturbNetwork(fault)
        case .diskStall, .diskFull, .diskFailure:
            disturbDisk(fault)
        case .rot(let number, let down), .wipe(let number, let down):
            impair(cluster.host(number), fault, down)
        case .clockRate, .wallClock:
            disturbClock(fault)
        case .failingPrograms(let number, let perMille, let milliseconds):
            guard let process = cluster.host(number).process else { return }
            note(fault)
            process.programs.failingPerMille = perMille
            later(milliseconds) { process.programs.failingPerMille = 0 }
        case .transfer:
            guard let replica = cluster.leader?.replica else { return }
            note(fault)
            replica.transferLeadership(to: nil) { _ in }
        case .membership:
            changeMembership(fault)
        }
    }

    private func tearing() -> Tearing {
        world.random.pick([.sectors, .sectors, .bytes, .none])
    }

    private func crash(_ number: UInt64, _ fault: Fault, _ down: UInt64) {
        let host = cluster.host(number)
        guard host.process != nil else { return }
        note(fault)
        cluster.crash(host, tearing())
        restart(host, down)
    }

    private func restart(_ host: SimulatedHost, _ milliseconds: UInt64) {
        later(milliseconds) {
            guard host.process == nil, !self.isOver else { return }
            self.cluster.start(host)
        }
    }

    private func disturbNetwork(_ fault: Fault) {
        note(fault)
        switch fault {
        case .partition(let numbers, let milliseconds):
            let inside = cluster.hosts.filter { numbers.contains($0.number) }
            let outside = cluster.hosts.filter { !numbers.contains($0.number) }
            for one in inside {
                for other in outside {
                    cut(one.name, other.name, milliseconds)
                    cut(other.name, one.name, milliseconds)
                }
            }
        case .deafness(let source, let target, let milliseconds):
            cut(cluster.host(source).name, cluster.host(target).name, milliseconds)
        case .clog(let source, let target, let delay, let milliseconds):
            let (from, to) = (cluster.host(source).name, cluster.host(target).name)
            fabric.clog(from, to, milliseconds: delay)
            later(milliseconds) { self.fabric.clog(from, to, milliseconds: nil) }
        case .reset(let one, let other):
            fabric.reset(cluster.host(one).name, cluster.host(other).name)
        case .harm(let perMille, let milliseconds):
            fabric.harm.lostPerMille = perMille
            fabric.harm.repeatedPerMille = perMille
            fabric.harm.reorderedPerMille = perMille
            later(milliseconds) { self.fabric.harm = MessageHarm() }
        default:
            preconditionFailure("\(fault) is none of the network's")
        }
    }

    private func cut(_ source: String, _ target: String, _ milliseconds: UInt64) {
        fabric.block(source, target)
        later(milliseconds) { self.fabric.unblock(source, target) }
    }

    private func disturbDisk(_ fault: Fault) {
        switch fault {
        case .diskStall(let number, let milliseconds):
            guard let worker = cluster.host(number).process?.diskWorker else { return }
            note(fault)
            worker.isStalled = true
            later(milliseconds) { worker.isStalled = false }
        case .diskFull(let number, let milliseconds):
            note(fault)
            let disk = cluster.host(number).disk
            disk.faults.freeBytes = world.random.next() % (64 << 10)
            later(milliseconds) { disk.faults.freeBytes = nil }
        case .diskFailure(let number, let isSync, let down):
            let host = cluster.host(number)
            guard host.process != nil else { return }
            note(fault)
            let disk = host.disk
            disk.faults.failsSyncs = isSync
            disk.faults.failsWrites = !isSync
            later(down) {
                disk.faults.failsSyncs = false
                disk.faults.failsWrites = false
                self.restart(host, 0)
            }
        default:
            preconditionFailure("\(fault) is none of a disk's")
        }
    }

    private func disturbClock(_ fault: Fault) {
        note(fault)
        switch fault {
        case .clockRate(let number, let perMille, let milliseconds):
            let host = cluster.host(number)
            setClock(host, perMille)
            later(milliseconds) { self.setClock(host, 1_000) }
        case .wallClock(let number, let offset):
            let host = cluster.host(number)
            host.wallOffsetMilliseconds = offset
            host.process?.loop.wallOffsetMilliseconds = offset
        default:
            preconditionFailure("\(fault) is none of a clock's")
        }
    }

    private func setClock(_ host: SimulatedHost, _ perMille: UInt64) {
        host.clockRatePerMille = perMille
        host.process?.loop.setClockRate(perMille: perMille)
    }
}

// MARK: - Disks that lose what they had

extension FaultInjector {
    /// Whether every disk has all that was ever committed.
    private var isWhole: Bool {
        cluster.hosts.prefix(cluster.founders).allSatisfy { host in
            guard let report = host.replica?.report() else { return false }
            return report.damage.isEmpty && !report.isRepairing
                && report.membership.voters.contains(host.node)
                && report.durable >= checker.highestCommit
        }
    }

    private func impair(_ host: SimulatedHost, _ fault: Fault, _ down: UInt64) {
        if impaired != nil, isWhole { impaired = nil }
        guard impaired == nil, isWhole, host.process != nil else { return }
        note(fault)
        impaired = host
        excused.insert(host.number)
        cluster.crash(host, .none)
        if case .wipe = fault {
            cluster.wipe(host)
            checker.forget(host)
        } else {
            rot(host)
        }
        restart(host, down)
    }

    /// Flips bits in the first half of what the log holds: the last group that was acknowledged
    /// cannot be told from a torn write, and is kept out of the atlas.
    private func rot(_ host: SimulatedHost) {
        let header = 128
        host.disk.tamper(below: "/data/log/") { bytes in
            guard let last = bytes.lastIndex(where: { $0 != 0 }), last / 2 > header else { return }
            for _ in 0...Int(self.world.random.next() % 3) {
                let place = Int.random(in: header..<last / 2, using: &self.world.random)
                bytes[place] ^= UInt8(1) << UInt8(self.world.random.next() % 8)
            }
        }
    }
}

// MARK: - Members

extension FaultInjector {
    private func changeMembership(_ fault: Fault) {
        guard let spare = cluster.hosts.last, spare.number > cluster.founders,
            let replica = cluster.leader?.replica
        else { return }
        note(fault)
        let membership = replica.newestMembership
        if membership.learners.contains(spare.node) {
            replica.promoteMember(spare.node) { _ in }
        } else if membership.voters.contains(spare.node) {
            replica.removeMember(spare.node) { _ in }
        } else if isGone(spare) {
            // A node that was removed comes back with another directory.
            if spare.process != nil { cluster.crash(spare) }
            cluster.wipe(spare)
            checker.forget(spare)
            cluster.start(spare)
            replica.addMember(
                Member(
                    node: spare.node, incarnation: nil, peerAddress: "\(spare.peerAddress)",
                    clientAddress: "\(spare.clientAddress)")
            ) { _ in }
        }
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

// MARK: - The end

extension FaultInjector {
    /// Ends every fault, and starts every host that is down.
    func heal() {
        isOver = true
        fabric.harm = MessageHarm()
        for host in cluster.hosts {
            for other in cluster.hosts where other.number != host.number {
                fabric.unblock(host.name, other.name)
                fabric.clog(host.name, other.name, milliseconds: nil)
            }
            host.disk.faults = DiskFaults()
            setClock(host, 1_000)
            if let process = host.process {
                process.diskWorker.isStalled = false
                process.programs.failingPerMille = 0
                process.loop.resume()
            } else if host.starts > 0 || host.number <= cluster.founders {
                cluster.start(host)
            }
        }
    }
}
