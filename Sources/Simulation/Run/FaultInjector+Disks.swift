import Codec
import IOCore
import Identifiers
import Replication
import Transactions
import WAL

/// Disks that fail, and disks that lose what they had.
extension FaultInjector {
    func disturbDisk(_ fault: Fault) {
        switch fault {
        case .diskStall(let number, let milliseconds):
            guard cluster.host(number).process != nil else { return }
            note(fault)
            stall(cluster.host(number), 0, milliseconds)
        case .workerStall(let number, let place, let milliseconds):
            guard cluster.host(number).process != nil else { return }
            note(fault)
            stall(cluster.host(number), place, milliseconds)
        case .diskFull(let number, let milliseconds):
            note(fault)
            let disk = cluster.host(number).disk
            disk.faults.freeBytes = world.random.next() % (64 << 10)
            ends("want of room on n\(number)", milliseconds) { disk.faults.freeBytes = nil }
        case .diskFailure(let number, let access, let down):
            let host = cluster.host(number)
            guard host.process != nil else { return }
            note(fault)
            let disk = host.disk
            switch access {
            case .write:
                disk.faults.failsWrites = true
                disk.faults.writeLuck = world.random.next()
            case .sync: disk.faults.failsSyncs = true
            case .read: disk.faults.failsReads = true
            }
            ends("failing disk of n\(number)", down) {
                disk.faults.failsSyncs = false
                disk.faults.failsWrites = false
                disk.faults.failsReads = false
                self.restart(host, 0)
            }
        default:
            preconditionFailure("\(fault) is none of a disk's")
        }
    }

    /// Loses a host's data while it is down.
    func wipe(_ host: SimulatedHost, _ fault: Fault, _ down: UInt64) {
        guard mayImpair(host) else { return }
        note(fault)
        impairment = Impairment(host: host, floor: checker.highestCommit)
        cluster.crash(host, .none)
        checker.forget(host)
        cluster.wipe(host)
        restart(host, down)
        guard world.random.happens(perMille: 250) else { return }
        // Nothing else writes an identity.
        let slip = world.random.pick([DiskSlip.lostWrite, .misdirectedWrite])
        host.disk.prepare(slip, of: .identity, using: &world.random)
        endLater(host, down)
    }

    /// Lets one access of a host's log, or of what lies beside it, go wrong, and ends its process some time
    /// later.
    func impair(_ host: SimulatedHost, _ fault: Fault, _ slip: DiskSlip, _ down: UInt64) {
        guard mayImpair(host) else { return }
        note(fault)
        impairment = Impairment(host: host, floor: checker.highestCommit)
        let disk = host.disk
        // An identity is what it was, and written once.
        let targets: [SlipTarget] =
            slip == .misdirectedRead
            ? [.log, .log, .register, .identity] : [.log, .log, .log, .register]
        disk.prepare(slip, of: world.random.pick(targets), using: &world.random)
        later(50 + world.random.next() % 1_500) {
            guard !self.isOver, host.disk === disk, host.process != nil else { return }
            self.cluster.crash(host, self.tearing())
            self.restart(host, down)
        }
        later(4_000) { disk.faults.slip = nil }
    }

    // MARK: Until it is whole again

    /// One disk at a time, not before its node has a part in the cluster, and only where two others
    /// have what it loses.
    func mayImpair(_ host: SimulatedHost) -> Bool {
        guard impairment == nil, removed == nil, cluster.founders >= 3,
            let report = host.replica?.report()
        else { return false }
        return isVoter(host, report) && !report.isRepairing
            && cluster.hosts.prefix(cluster.founders).allSatisfy(checker.hasBegun)
    }

    /// Looks whether the disk that is wrong has come to have all again.
    func settle() {
        guard let impairment, world.time >= impairment.nextLook else { return }
        self.impairment?.nextLook = world.time + 400_000_000
        guard isWhole(impairment) else { return }
        // What nobody needs any more may lie in a file that is to be used again.
        impairment.host.disk.findSectors()
        cluster.trace.note(world, "fault", "\(impairment.host.name) is whole again")
        self.impairment = nil
    }

    private func isWhole(_ impairment: Impairment) -> Bool {
        let host = impairment.host
        guard let report = host.replica?.report(), host.disk.faults.slip == nil,
            host.disk.astray == nil
        else { return false }
        return report.damage.allSatisfy { $0.last <= report.flushed } && !report.isRepairing
            && isVoter(host, report) && report.durable >= impairment.floor
            && isReadable(host, report.flushed) && checker.hasSoundIdentity(host)
    }

    /// Whether the host counts as a voter with the directory that it has now.
    ///
    /// One that was wiped believes what it has applied until the others take it in again; the
    /// cluster has a voter fewer until then.
    private func isVoter(_ host: SimulatedHost, _ report: ReplicaReport) -> Bool {
        report.membership.voters.contains(host.node)
            && report.membership.member(host.node)?.incarnation == Incarnation(host.incarnation)
    }

    /// Whether the log could be recovered whole as it is on the disk now, behind `flushed`.
    private func isReadable(_ host: SimulatedHost, _ flushed: LogIndex) -> Bool {
        do throws(WALFailure) {
            let recovery = try host.recoveredLog(limits: cluster.limits, flushed: flushed)
            return recovery.damage.allSatisfy { $0.last <= flushed }
        } catch {
            return false
        }
    }

    /// A host has refused to start with its data.
    func refused(_ host: SimulatedHost, _ error: any Error) {
        switch error {
        case WALFailure.unreadable(let file, _, _) where !file.hasPrefix(SimulatedDisk.segments):
            countRefusal(beside: file)
        case WALFailure.file(let failure)
        where !failure.path.hasPrefix(SimulatedDisk.segments)
            && host.disk.hasLostSectors(failure.path):
            countRefusal(beside: failure.path)
        case WALFailure.unreadable, WALFailure.segmentMissing:
            count("start refused for a segment")
        case WALFailure.damaged:
            count("start refused alone")
        case WALFailure.file(let failure) where host.disk.hasLostSectors(failure.path):
            count("start refused for a sector")
        default:
            count("start refused otherwise")
        }
        if StopJudge(host.disk).explains(error) {
            comeBack(host)
        } else if impairment?.host === host {
            // As its message says: take the directory away, let the node rejoin.
            count("directories removed by hand")
            checker.forget(host)
            cluster.wipe(host)
            if isOver { cluster.start(host) } else { restart(host, 500) }
        } else {
            checker.violated(host, "refuses its data: \(error)")
        }
    }

    private func countRefusal(beside file: String) {
        let isIdentity = file.hasPrefix(SlipTarget.identity.prefix)
        count("start refused for its \(isIdentity ? "identity" : "register of segments")")
    }
}

extension FaultInjector {
    /// A process has ended by itself: only a fault of its own disk is a reason.
    func stoppedItself(_ host: SimulatedHost, _ failure: ReplicationFailure?) {
        guard let failure else { return checker.violated(host, "stops, and nobody told it to") }
        guard StopJudge(host.disk).explains(failure) else {
            return checker.violated(host, "stops without a fault of its disk: \(failure)")
        }
        count("stops for a fault of the disk")
        comeBack(host)
    }

    /// Starts a host again whose disk had refused something, until the disk is in order.
    private func comeBack(_ host: SimulatedHost) {
        later(300) {
            if host.process == nil { self.cluster.start(host) }
        }
    }
}

/// A disk that has lost something and not got it back.
struct Impairment {
    let host: SimulatedHost
    /// What was committed when it happened: all of that must be there again.
    let floor: LogIndex
    var nextLook: UInt64 = 0
}

// MARK: - Ends in the middle of something

extension FaultInjector {
    func crashMidway(_ number: UInt64, _ moment: Fault.Moment, _ doings: Int, _ down: UInt64) {
        let host = cluster.host(number)
        switch moment {
        case .repair, .install:
            awaited[moment] = (doings, down)
        case .anyTime:
            guard host.process != nil else { return }
            arm(host, moment, doings, down)
        case .start:
            guard host.process != nil else { return }
            cluster.crash(host, tearing())
            arm(host, moment, doings, down)
            restart(host, down)
        }
    }

    private func arm(
        _ host: SimulatedHost, _ moment: Fault.Moment, _ doings: Int, _ down: UInt64
    ) {
        midway[host.number] = (moment, down)
        host.doingsToCrash = doings
    }

    /// A process that comes to what a fault waits for ends a little later.
    func turnEnded(_ host: SimulatedHost, _ inspection: ReplicaInspection) {
        guard !awaited.isEmpty, host.doingsToCrash == nil else { return }
        if inspection.firstUnreadable != nil, let next = awaited.removeValue(forKey: .repair) {
            arm(host, .repair, next.doings, next.down)
        } else if inspection.isTakingSnapshot,
            let next = awaited.removeValue(forKey: .install)
        {
            arm(host, .install, next.doings, next.down)
        }
    }

    /// A process has ended in the middle of something.
    func crashedMidway(_ host: SimulatedHost, at doing: String, isOpening: Bool) {
        guard let (moment, down) = midway.removeValue(forKey: host.number) else { return }
        let isInStart = moment == .start && isOpening
        count(moment == .start && !isInStart ? Fault.Moment.anyTime.rawValue : moment.rawValue)
        count("crashes at \(doing)")
        restart(host, down)
    }
}
