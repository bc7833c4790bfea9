package import Codec
package import Identifiers
import Replication
import Transactions
package import WAL

/// A small cluster of whole nodes that is written to, and broken by hand.
package final class WholeNodes {
    package let world: World
    package let cluster: SimulatedCluster
    /// What each host's processes have come to of the recovery table, by the time they ended.
    package private(set) var ended: [UInt64: RecoverySteps] = [:]
    /// Why hosts have refused to start.
    package private(set) var refusals: [String] = []
    package let limits: Limits
    /// Looks at each turn of each node, at each start and at each write.
    package let checker: NodeChecker
    /// Called when a host has synced groups, with whether nothing but a vote lies at the end of its log.
    package var synced: (SimulatedHost, _ endsWithVote: Bool) -> Void = { _, _ in }
    /// The hosts whose disks were broken, and may lack something.
    private var broken: Set<UInt64> = []
    private var names = 0
    /// What was acknowledged, with its index.
    private var acknowledged: [String: LogIndex] = [:]
    /// What nobody has waited for: it may have been done or not.
    private var unsure: Set<String> = []

    package init(seed: UInt64 = 1, nodes: Int = 3, limits: Limits = RunSettings().limits) {
        world = World(seed: seed)
        self.limits = limits
        cluster = SimulatedCluster(
            founders: nodes, spares: 0, world: world, trace: Trace(keepsLines: false),
            limits: limits)
        checker = NodeChecker(limits: limits)
        checker.watch(
            cluster, mayHaveLost: { [unowned self] in broken.contains($0.number) },
            synced: { [unowned self] in synced($0, $1) })
        cluster.ends = { [unowned self] host in
            ended[host.number, default: []].formUnion(host.replica?.recoverySteps ?? [])
        }
        cluster.refused = { [unowned self] host, error in
            refusals.append("\(host.name): \(error)")
        }
        for host in cluster.hosts { host.batchesKept = 0 }
    }

    deinit {
        cluster.ends = { _ in }
        cluster.end()
    }

    package var hosts: [SimulatedHost] { cluster.hosts }

    /// Starts what does not run; whether there is a leader in time.
    package func start() -> Bool {
        for host in hosts where host.process == nil { cluster.start(host) }
        return world.run(milliseconds: 20_000) { self.cluster.leader != nil }
    }

    package func crashAll() {
        hosts.forEach { cluster.crash($0, .none) }
    }

    /// Writes so many records, one behind the other; the index of the last that was acknowledged.
    package func write(_ count: Int) -> LogIndex? {
        var last: LogIndex?
        for _ in 0..<count {
            names += 1
            var answer: LogIndex?
            var isAnswered = false
            cluster.write("t-\(names)") { index in
                answer = index
                isAnswered = true
            }
            world.run(milliseconds: 2_000) { isAnswered }
            guard let answer else { return nil }
            acknowledged["t-\(names)"] = answer
            last = answer
        }
        return last
    }

    /// Has the leader write so many records at once, and waits for none.
    package func propose(_ count: Int) {
        for _ in 0..<count {
            names += 1
            unsure.insert("t-\(names)")
            cluster.write("t-\(names)") { _ in }
        }
    }

    /// Whether all come to one state in time.
    package func settle() -> Bool {
        world.run(milliseconds: 30_000) {
            self.hosts.allSatisfy { $0.replica != nil } && self.cluster.isSettled
        }
    }

    /// What is wrong, unless all nodes get on, beyond `last`, and each has exactly what was ever
    /// acknowledged, where it was, besides what nobody has waited for; and what any node has done meanwhile
    /// that none may do, such as to vote with a hole in its log.
    package func objections(beyond last: LogIndex) -> [String] {
        guard start(), write(1) != nil, settle() else {
            return ["the nodes do not get on"] + checker.allViolations
        }
        var found = checker.allViolations
        var states: Set<Bits128> = []
        for host in hosts {
            guard let replica = host.replica else {
                found.append("\(host.name) does not run")
                continue
            }
            if replica.appliedPosition.index <= last {
                found.append("\(host.name) has come to \(replica.appliedPosition.index) alone")
            }
            if replica.report().isRepairing { found.append("\(host.name) lacks something still") }
            do {
                let present = try operations(of: replica).filter { !unsure.contains($0.key) }
                if present != acknowledged {
                    found.append("\(host.name) has not exactly what was acknowledged")
                }
                states.insert(try StateDigest.of(replica.presentEngine).digest)
            } catch {
                found.append("\(host.name) cannot be read: \(error)")
            }
        }
        return states.count > 1 ? found + ["states differ"] : found
    }

    /// The operations in a node's change feed, with their indices.
    private func operations(of replica: Replica) throws -> [String: LogIndex] {
        let engine = replica.presentEngine
        let reader = FeedReader(limits: limits)
        var found: [String: LogIndex] = [:]
        var next = try reader.firstRetained(engine)
        while true {
            let page = try reader.page(from: next, in: engine)
            for set in page.changeSets where set.abort == nil {
                guard let property = set.properties.first(where: { $0.name == "operation" })
                else { continue }
                let name = String(decoding: property.value, as: UTF8.self)
                // What is there twice is at an index that nobody was told.
                if found.updateValue(set.index, forKey: name) != nil { found[name] = .zero }
            }
            guard page.through >= next else { return found }
            next = page.through.next
        }
    }

    package func steps(_ host: SimulatedHost) -> RecoverySteps {
        ended[host.number, default: []].union(host.replica?.recoverySteps ?? [])
    }

    // MARK: Breaking

    /// All groups of a host's log, in order.
    package func groups(_ host: SimulatedHost) -> [LogGroup] {
        LogGroup.all(of: host.disk, limits: limits)
    }

    /// The group of a host's log that holds `index`.
    package func group(_ host: SimulatedHost, holding index: LogIndex) -> LogGroup? {
        groups(host).last { $0.records?.contains(index) == true }
    }

    /// Flips bits of one byte, as rot does; twice is none.
    package func flip(_ host: SimulatedHost, _ path: String, at offset: Int) {
        broken.insert(host.number)
        host.disk.tamper(below: path) { $0[offset] ^= 0x55 }
    }

    /// Flips a byte of a host's last group, as if it had never been written whole: nothing tells rot there
    /// from that, neither to the node nor to the checks.
    package func tear(_ host: SimulatedHost, _ group: LogGroup) {
        flip(host, group.path, at: group.offset + group.byteCount - 40)
        checker.disks.tears(host.diskName)
    }

    /// Makes the sector that holds a byte of a file unreadable; whether it was readable.
    package func loseSector(_ host: SimulatedHost, _ path: String, at offset: Int) -> Bool {
        broken.insert(host.number)
        return host.disk.loseSectors(of: path, holding: offset..<(offset + 1))
    }

    /// Puts an empty directory in the place of a host's.
    package func wipe(_ host: SimulatedHost) {
        broken.insert(host.number)
        checker.forget(host)
        cluster.wipe(host)
    }
}
