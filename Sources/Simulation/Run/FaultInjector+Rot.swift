import Identifiers
import Replication
import WAL

/// Logs whose bits rot.
///
/// The last group that was written cannot be told from a torn write, and is kept out of the atlas.
extension FaultInjector {
    func rot(_ host: SimulatedHost, _ rot: Fault.Rot, _ fault: Fault, _ down: UInt64) {
        guard mayImpair(host), let report = host.replica?.report() else { return }
        switch rot {
        case .anywhere:
            begin(host, fault)
            cluster.crash(host, .none)
            if rotHalves(host) { count(rot.rawValue) }
            restart(host, down)
        case .unflushed:
            begin(host, fault)
            crashLosing(host)
            let groups = groups(host).dropLast().filter { holds($0, behind: report.flushed) }
            if rotGroups(host, groups) { count(rot.rawValue) }
            restart(host, down)
        case .end:
            awaitedEnd = (host, fault, down)
        case .running:
            begin(host, fault)
            // What is not synced yet may end up in the place of the group before.
            if rotGroups(host, groups(host).dropLast(3).suffix(40)) { count(rot.rawValue) }
            endLater(host, down)
        case .unapplied:
            rotUnapplied(host, fault, down)
        case .compacted:
            rotCompacted(host, fault, down)
        case .sectors:
            begin(host, fault)
            crashLosing(host)
            // With the last group's sector the node refuses to start.
            if loseSectors(host, groups(host)) { count(rot.rawValue) }
            restart(host, down)
        case .sectorsRunning:
            begin(host, fault)
            if loseSectors(host, groups(host).dropLast(3).suffix(40)) { count(rot.rawValue) }
            endLater(host, down)
        case .beside:
            begin(host, fault)
            cluster.crash(host, .none)
            if rotBeside(host) { count(rot.rawValue) }
            restart(host, down)
        }
    }

    /// Flushes nothing until the others have compacted something that then is in the host's log alone,
    /// and flips bits in that; meanwhile the leader applies nothing, so that the snapshot which the host
    /// needs ends before its log.
    private func rotCompacted(_ host: SimulatedHost, _ fault: Fault, _ down: UInt64) {
        guard let process = host.process else { return }
        process.workers[3].isStalled = true
        lookForCompacted(host, process, fault, down, looks: 40)
    }

    private func lookForCompacted(
        _ host: SimulatedHost, _ process: SimulatedProcess, _ fault: Fault, _ down: UInt64,
        looks: Int
    ) {
        later(100) { [self] in
            guard !isOver, looks > 0, host.process?.loop === process.loop, mayImpair(host),
                let report = host.replica?.report()
            else {
                process.workers[3].isStalled = false
                return
            }
            let lost = compactedElsewhere(than: host)
            let alone = groups(host).dropLast().filter { group in
                holds(group, behind: report.flushed)
                    && group.records.map { $0.upperBound <= lost } == true
            }
            guard !alone.isEmpty else {
                return lookForCompacted(host, process, fault, down, looks: looks - 1)
            }
            begin(host, fault)
            let kept = host.batchesKept
            host.batchesKept = 0
            cluster.crash(host, .none)
            host.batchesKept = kept
            if rotGroups(host, alone) { count(Fault.Rot.compacted.rawValue) }
            if let leader = cluster.leader { stall(leader, 1, 300 + down) }
            restart(host, 20)
        }
    }

    /// Ends a process some time later.
    func endLater(_ host: SimulatedHost, _ down: UInt64) {
        later(500 + world.random.next() % 2_500) {
            guard !self.isOver, host.process != nil else { return }
            self.crashLosing(host)
            self.restart(host, down)
        }
    }

    /// Applies nothing until the others have compacted what waits, or for some time; then flips bits in it.
    ///
    /// The process knows the frames that it finds damaged when it applies them, and what lies behind.
    private func rotUnapplied(_ host: SimulatedHost, _ fault: Fault, _ down: UInt64) {
        guard let process = host.process else { return }
        process.workers[1].isStalled = true
        lookForWaiting(
            host, process, fault, down, looks: 10 + Int(world.random.next() % 15))
    }

    private func lookForWaiting(
        _ host: SimulatedHost, _ process: SimulatedProcess, _ fault: Fault, _ down: UInt64,
        looks: Int
    ) {
        later(100) { [self] in
            let applying = process.workers[1]
            // Another disk may have become wrong by now.
            guard !isOver, host.process?.loop === process.loop, mayImpair(host),
                let report = host.replica?.report()
            else {
                applying.isStalled = false
                return
            }
            let waiting = groups(host).dropLast(3).filter {
                holds($0, behind: report.position.index)
            }
            let lost = compactedElsewhere(than: host)
            let alone = waiting.filter { $0.records.map { $0.upperBound <= lost } == true }
            guard looks == 0 || !alone.isEmpty else {
                return lookForWaiting(host, process, fault, down, looks: looks - 1)
            }
            begin(host, fault)
            let rotting = alone.isEmpty ? Array(waiting.prefix(20)) : alone
            if rotGroups(host, rotting) { count(Fault.Rot.unapplied.rawValue) }
            // The snapshot that it needs is to end before its log.
            if !alone.isEmpty, let leader = cluster.leader { stall(leader, 1, 400) }
            applying.isStalled = false
            endLater(host, down)
        }
    }

    /// Up to where all other processes have compacted their logs.
    private func compactedElsewhere(than host: SimulatedHost) -> LogIndex {
        let others = cluster.hosts.filter { $0 !== host }.compactMap { $0.replica }
        return others.map { $0.inspection().compacted }.min() ?? .zero
    }

    /// A host has synced a group: where the log's end is to rot and nothing but a vote follows it, the
    /// process ends and it does.
    func syncedGroup(_ host: SimulatedHost, endsWithVote: Bool) {
        guard let end = awaitedEnd, end.host === host, endsWithVote, let process = host.process
        else { return }
        awaitedEnd = nil
        // Not in the middle of what it does.
        world.after(0) { [self] in
            guard !isOver, host.process?.loop === process.loop, mayImpair(host) else { return }
            begin(host, end.fault)
            crashLosing(host)
            let all = groups(host)
            if let last = all.dropLast().last(where: { $0.records != nil }), last.offset > 0,
                all.last?.records == nil, rotGroups(host, [last])
            {
                count(Fault.Rot.end.rawValue)
            }
            restart(host, end.down)
        }
    }

    private func begin(_ host: SimulatedHost, _ fault: Fault) {
        note(fault)
        impairment = Impairment(host: host, floor: checker.highestCommit)
    }

    /// Ends a process so that its engine has often nothing but what it has flushed.
    func crashLosing(_ host: SimulatedHost) {
        let kept = host.batchesKept
        if world.random.happens(perMille: 750) { host.batchesKept = 0 }
        cluster.crash(host, .none)
        host.batchesKept = kept
    }

    func groups(_ host: SimulatedHost) -> [LogGroup] {
        LogGroup.all(of: host.disk, limits: cluster.limits)
    }

    func holds(_ group: LogGroup, behind index: LogIndex) -> Bool {
        group.records.map { $0.lowerBound > index } ?? false
    }

    /// Flips bits in some of these groups; whether any byte is another now.
    func rotGroups(
        _ host: SimulatedHost, _ groups: some Collection<LogGroup>
    ) -> Bool {
        guard !groups.isEmpty else { return false }
        let before = host.disk.counts.rottenBytes
        for _ in 0...Int(world.random.next() % 3) {
            let group = world.random.pick(Array(groups))
            // Often in an envelope, which are few of the bytes.
            let bytes = world.random.happens(perMille: 250) ? 48 : group.byteCount
            let place = group.offset + Int(world.random.next() % UInt64(bytes))
            let bit = UInt8(1) << UInt8(world.random.next() % 8)
            host.disk.tamper(below: group.path) { $0[place] ^= bit }
        }
        return host.disk.counts.rottenBytes > before
    }

    /// Makes the sectors of some of these groups unreadable; whether any is that was not.
    private func loseSectors(
        _ host: SimulatedHost, _ groups: some Collection<LogGroup>
    ) -> Bool {
        guard !groups.isEmpty else { return false }
        var hasLost = false
        for _ in 0...Int(world.random.next() % 3) {
            let group = world.random.pick(Array(groups))
            let place = group.offset + Int(world.random.next() % UInt64(group.byteCount))
            if host.disk.loseSectors(of: group.path, holding: place..<(place + 1)) {
                hasLost = true
            }
        }
        return hasLost
    }

    /// Flips a bit of the identity or of the register of segments, or loses its sector; whether anything is
    /// another now.
    private func rotBeside(_ host: SimulatedHost) -> Bool {
        let layout = DataDirectoryLayout(root: SimulatedDisk.data)
        let path = world.random.pick([layout.identityFile, layout.segmentRegister])
        guard let bytes = host.disk.bytes(of: path), !bytes.isEmpty else { return false }
        // What lies in a slot of the register, and the whole identity.
        let slot = Int(world.random.next() % 2) * SimulatedDisk.lostBytes % bytes.count
        let held = path == layout.identityFile ? bytes.count : slot + 28
        let place = slot + Int(world.random.next() % UInt64(max(1, held - slot)))
        guard world.random.happens(perMille: 700) else {
            return host.disk.loseSectors(of: path, holding: place..<(place + 1))
        }
        let before = host.disk.counts.rottenBytes
        let bit = UInt8(1) << UInt8(world.random.next() % 8)
        host.disk.tamper(below: path) { $0[min(place, $0.count - 1)] ^= bit }
        return host.disk.counts.rottenBytes > before
    }

    /// Flips bits in the first half of what each segment holds; whether any byte is another now.
    ///
    /// A segment that begins with the log's last group is spared behind its header.
    private func rotHalves(_ host: SimulatedHost) -> Bool {
        let header = 128
        let before = host.disk.counts.rottenBytes
        let end = groups(host).last
        for path in host.disk.paths(below: SimulatedDisk.segments) {
            host.disk.tamper(below: path) { bytes in
                let last = bytes.lastIndex { $0 != 0 } ?? 0
                let bound = min(last / 2, end?.path == path ? end?.offset ?? 0 : last)
                guard bound > header else { return }
                for _ in 0...Int(self.world.random.next() % 3) {
                    let place = Int.random(in: header..<bound, using: &self.world.random)
                    bytes[place] ^= UInt8(1) << UInt8(self.world.random.next() % 8)
                }
            }
        }
        return host.disk.counts.rottenBytes > before
    }
}
