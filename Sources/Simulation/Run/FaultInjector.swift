import Identifiers
import Replication
import Transactions

/// Brings a schedule's faults about, and ends them.
///
/// They stay within what the protocol must survive: of the disks, at most one is wiped or wrong at
/// a time, and the next only when all is whole again; else a fault is left out.
final class FaultInjector: @unchecked Sendable {
    let cluster: SimulatedCluster
    let checker: NodeChecker
    private(set) var coverage = Coverage()
    private(set) var isOver = false
    /// The disk that has lost something and not got it back.
    var impairment: Impairment?
    /// The host whose log's end rots once it has written a vote, and for how long it is down then.
    var awaitedEnd: (host: SimulatedHost, fault: Fault, down: UInt64)?
    /// The founder that was removed, until it is a voter again.
    var removed: SimulatedHost?
    /// The names of all clients, to the network.
    var clients: [String] = []
    private var ends = LatestEnds()
    /// The number of the schedule's entry that began last with each fault, as `--only` wants it.
    private var numbers: [Fault: Int] = [:]
    /// What the next process ends in the middle of that comes to it.
    var awaited: [Fault.Moment: (doings: Int, down: UInt64)] = [:]
    /// What ends on each host in the middle of something, and for how long.
    var midway: [UInt64: (moment: Fault.Moment, down: UInt64)] = [:]

    init(_ cluster: SimulatedCluster, _ checker: NodeChecker) {
        self.cluster = cluster
        self.checker = checker
    }

    var world: World { cluster.world }
    var fabric: Fabric { cluster.fabric }

    func arrange(_ schedule: Schedule) {
        for entry in schedule.entries {
            world.after(entry.atMilliseconds * 1_000_000) {
                guard !self.isOver else { return }
                self.numbers[entry.fault] = entry.number
                self.begin(entry.fault)
            }
        }
    }

    func note(_ fault: Fault) {
        if !fault.isCountedWhenMet { count(fault.kind) }
        let number = numbers[fault].map { " \($0)" } ?? ""
        cluster.trace.note(world, "fault\(number)", "begins: \(fault)")
    }

    func count(_ name: String) {
        coverage.count(name)
    }

    func later(_ milliseconds: UInt64, _ job: @escaping @Sendable () -> Void) {
        world.after(milliseconds * 1_000_000, job)
    }

    /// Ends `what` after so long with `job`, unless a later fault keeps it up for longer.
    func ends(_ what: String, _ milliseconds: UInt64, _ job: @escaping @Sendable () -> Void) {
        ends.lasts(what, until: world.time + milliseconds * 1_000_000)
        later(milliseconds) {
            guard self.ends.isOver(what, at: self.world.time) else { return }
            if !self.isOver { self.cluster.trace.note(self.world, "fault", "ends: \(what)") }
            job()
        }
    }

    private func failPrograms(of host: SimulatedHost, _ perMille: UInt64, _ milliseconds: UInt64) {
        host.programFailures.fail(
            perMille: perMille, until: world.time + milliseconds * 1_000_000)
        ends("failing programs of \(host.name)", milliseconds) {}
    }

    /// Stalls a worker of a host's process for so long.
    func stall(_ host: SimulatedHost, _ place: Int, _ milliseconds: UInt64) {
        guard let worker = host.process?.workers[place] else { return }
        worker.isStalled = true
        ends("stall of worker \(place) of \(host.name), start \(host.starts)", milliseconds) {
            worker.isStalled = false
        }
    }

    // MARK: Beginning

    private func begin(_ fault: Fault) {
        switch fault {
        case .crash(let number, let down):
            crash(number, fault, down)
        case .crashMidway(let number, let moment, let doings, let down):
            crashMidway(number, moment, doings, down)
        case .slow(let number, let factor, let milliseconds):
            note(fault)
            slow(cluster.host(number), factor)
            ends("slowness of n\(number)", milliseconds) { self.slow(self.cluster.host(number), 1) }
        case .crashAll(let down):
            note(fault)
            for host in cluster.hosts where host.process != nil {
                cluster.crash(host, tearing())
                restart(host, down)
            }
        case .pause(let number, let milliseconds):
            pause(cluster.host(number), fault, milliseconds)
        case .leaderCut(let cut):
            cutLeader(fault, cut)
        case .partition, .deafness, .clog, .reset, .harm, .flapping, .split:
            disturbNetwork(fault)
        case .client(let place, let kind, let milliseconds):
            disturbClient(place, fault, kind, milliseconds)
        case .diskStall, .diskFull, .diskFailure, .workerStall:
            disturbDisk(fault)
        case .rot(let number, let rot, let down):
            self.rot(cluster.host(number), rot, fault, down)
        case .wipe(let number, let down):
            wipe(cluster.host(number), fault, down)
        case .slip(let number, let slip, let down):
            impair(cluster.host(number), fault, slip, down)
        case .clockRate, .wallClock, .wallJumps:
            disturbClock(fault)
        case .failingPrograms(let number, let perMille, let milliseconds):
            let hosts = number.map { [cluster.host($0)] } ?? cluster.hosts
            guard hosts.contains(where: { $0.process != nil }) else { return }
            note(fault)
            hosts.forEach { failPrograms(of: $0, perMille, milliseconds) }
        case .transfer:
            guard let replica = cluster.leader?.replica else { return }
            note(fault)
            replica.transferLeadership(to: nil) { _ in }
        case .membership:
            guard cluster.hosts.count > cluster.founders, let replica = cluster.leader?.replica
            else { return }
            note(fault)
            changeMembership(by: replica)
        case .added(let kind, let milliseconds):
            disturbAdded(fault, kind, milliseconds)
        case .removal(let number, let ofLeader):
            removeFounder(number, fault, ofLeader: ofLeader)
        }
    }

    func tearing() -> Tearing {
        world.random.pick([.sectors, .sectors, .bytes, .none, .kept])
    }

    func pause(_ host: SimulatedHost, _ fault: Fault, _ milliseconds: UInt64) {
        guard let process = host.process else { return }
        note(fault)
        process.loop.pause()
        ends("pause of \(host.name), start \(host.starts)", milliseconds) { process.loop.resume() }
    }

    private func crash(_ number: UInt64, _ fault: Fault, _ down: UInt64) {
        let host = cluster.host(number)
        guard host.process != nil else { return }
        note(fault)
        cluster.crash(host, tearing())
        restart(host, down)
    }

    func restart(_ host: SimulatedHost, _ milliseconds: UInt64) {
        later(milliseconds) {
            guard host.process == nil, !self.isOver else { return }
            self.cluster.start(host)
        }
    }

    private func disturbNetwork(_ fault: Fault) {
        note(fault)
        switch fault {
        case .partition(let numbers, let milliseconds):
            part(numbers, milliseconds)
        case .split(let one, let other, let milliseconds):
            split([one, other], milliseconds)
        case .deafness(let source, let target, let milliseconds):
            cut(cluster.host(source).name, cluster.host(target).name, milliseconds)
        case .clog(let source, let target, let delay, let milliseconds):
            let (from, to) = (cluster.host(source).name, cluster.host(target).name)
            clog(from, to, delay, milliseconds)
        case .flapping(let number, let times, let milliseconds):
            let name = cluster.host(number).name
            for other in cluster.hosts where other.number != number {
                for time in 0..<times {
                    later(2 * time * milliseconds) {
                        guard !self.isOver else { return }
                        self.cut(name, other.name, milliseconds)
                        self.cut(other.name, name, milliseconds)
                    }
                }
            }
        case .reset(let one, let other):
            fabric.reset(cluster.host(one).name, cluster.host(other).name)
        case .harm(let perMille, let milliseconds):
            fabric.harm.lostPerMille = perMille
            fabric.harm.repeatedPerMille = perMille
            fabric.harm.reorderedPerMille = perMille
            ends("harm to messages", milliseconds) { self.fabric.harm = MessageHarm() }
        default:
            preconditionFailure("\(fault) is none of the network's")
        }
    }

    /// Keeps the hosts of these numbers and all others from each other.
    func part(_ numbers: [UInt64], _ milliseconds: UInt64) {
        for one in cluster.hosts where numbers.contains(one.number) {
            for other in cluster.hosts where !numbers.contains(other.number) {
                cut(one.name, other.name, milliseconds)
                cut(other.name, one.name, milliseconds)
            }
        }
    }

    func cut(_ source: String, _ target: String, _ milliseconds: UInt64) {
        fabric.block(source, target)
        ends("cut from \(source) to \(target)", milliseconds) {
            self.fabric.unblock(source, target)
        }
    }

    /// Delays what goes from one to the other, for so long.
    func clog(_ source: String, _ target: String, _ delay: UInt64, _ milliseconds: UInt64) {
        fabric.clog(source, target, milliseconds: delay)
        ends("delay from \(source) to \(target)", milliseconds) {
            self.fabric.clog(source, target, milliseconds: nil)
        }
    }

    private func disturbClock(_ fault: Fault) {
        note(fault)
        switch fault {
        case .clockRate(let number, let perMille, let milliseconds):
            let host = cluster.host(number)
            setClock(host, perMille)
            ends("clock rate of n\(number)", milliseconds) { self.setClock(host, 1_000) }
        case .wallClock(let number, let offset):
            let host = cluster.host(number)
            setWallClock(host, offset)
        case .wallJumps(let number, let milliseconds):
            let host = cluster.host(number)
            for time in stride(from: 0, to: milliseconds, by: 150) {
                later(time) {
                    guard !self.isOver else { return }
                    let luck = Int64(self.world.random.next() % 100_000_000)
                    self.setWallClock(host, luck - 50_000_000)
                }
            }
        default:
            preconditionFailure("\(fault) is none of a clock's")
        }
    }

    private func setWallClock(_ host: SimulatedHost, _ offsetMilliseconds: Int64) {
        host.wallOffsetMilliseconds = offsetMilliseconds
        host.process?.loop.wallOffsetMilliseconds = offsetMilliseconds
    }

    private func slow(_ host: SimulatedHost, _ factor: UInt64) {
        host.slowness = factor
        host.process?.workers.forEach { $0.slowness = factor }
        for other in cluster.hosts where other.number != host.number {
            let delay = factor == 1 ? nil : factor / 10
            fabric.clog(host.name, other.name, milliseconds: delay)
            fabric.clog(other.name, host.name, milliseconds: delay)
        }
    }

    private func setClock(_ host: SimulatedHost, _ perMille: UInt64) {
        host.clockRatePerMille = perMille
        host.process?.loop.setClockRate(perMille: perMille)
    }
}

// MARK: - The end

extension FaultInjector {
    /// Ends every fault, and starts every host that is down.
    func heal() {
        isOver = true
        cluster.trace.note(world, "faults", "are over: healing begins")
        awaited = [:]
        awaitedEnd = nil
        fabric.harm = MessageHarm()
        for host in cluster.hosts {
            for other in cluster.hosts where other.number != host.number {
                fabric.unblock(host.name, other.name)
                fabric.clog(host.name, other.name, milliseconds: nil)
            }
            for client in clients { freeLinks(client, host) }
            host.disk.faults = DiskFaults()
            host.doingsToCrash = nil
            host.programFailures = FailureRates()
            slow(host, 1)
            setClock(host, 1_000)
            if let process = host.process {
                process.workers.forEach { $0.isStalled = false }
                process.loop.resume()
            } else if host.starts > 0 || host.number <= cluster.founders {
                cluster.start(host)
            }
        }
    }
}
