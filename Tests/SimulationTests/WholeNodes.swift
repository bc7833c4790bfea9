import Codec
import Identifiers
import Replication
import Simulation
import Testing
import Transactions
import WAL

/// A small cluster of whole nodes that a test writes to, and breaks by hand.
final class WholeNodes {
    let world: World
    let cluster: SimulatedCluster
    /// What each host's processes have come to of the recovery table, by the time they ended.
    private(set) var ended: [UInt64: RecoverySteps] = [:]
    /// Why hosts have refused to start.
    private(set) var refusals: [String] = []
    let limits: Limits
    private var names = 0
    /// What was acknowledged, with its index.
    private var acknowledged: [String: LogIndex] = [:]

    init(seed: UInt64 = 1, nodes: Int = 3, limits: Limits = RunSettings().limits) {
        world = World(seed: seed)
        self.limits = limits
        cluster = SimulatedCluster(
            founders: nodes, spares: 0, world: world, trace: Trace(keepsLines: false),
            limits: limits)
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

    var hosts: [SimulatedHost] { cluster.hosts }

    /// Starts what does not run; whether there is a leader in time.
    func start() -> Bool {
        for host in hosts where host.process == nil { cluster.start(host) }
        return world.run(milliseconds: 20_000) { self.cluster.leader != nil }
    }

    func crashAll() {
        hosts.forEach { cluster.crash($0, .none) }
    }

    /// Starts, writes `count` records on all nodes, and ends every process; the last record's index.
    func written(_ count: Int = 20) throws -> LogIndex {
        try #require(start())
        let last = try #require(write(count))
        try #require(settle())
        crashAll()
        return last
    }

    /// Writes so many records, one behind the other; the index of the last that was acknowledged.
    func write(_ count: Int) -> LogIndex? {
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

    /// Whether all come to one state in time.
    func settle() -> Bool {
        world.run(milliseconds: 30_000) {
            self.hosts.allSatisfy { $0.replica != nil } && self.cluster.isSettled
        }
    }

    /// All nodes get on, beyond `last`; each has exactly what was ever acknowledged, where it was.
    func expectWhole(_ last: LogIndex) throws {
        #expect(start())
        #expect(write(1) != nil)
        #expect(settle())
        var states: Set<Bits128> = []
        for host in hosts {
            let replica = try #require(host.replica)
            #expect(replica.appliedPosition.index > last)
            #expect(!replica.report().isRepairing)
            #expect(try operations(of: replica) == acknowledged, "\(host.name)")
            states.insert(try StateDigest.of(replica.presentEngine).digest)
        }
        #expect(states.count == 1)
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
                #expect(found.updateValue(set.index, forKey: name) == nil, "\(name) twice")
            }
            guard page.through >= next else { return found }
            next = page.through.next
        }
    }

    func steps(_ host: SimulatedHost) -> RecoverySteps {
        ended[host.number, default: []].union(host.replica?.recoverySteps ?? [])
    }

    // MARK: Breaking

    /// All groups of a host's log, in order.
    func groups(_ host: SimulatedHost) -> [LogGroup] {
        LogGroup.all(of: host.disk, limits: limits)
    }

    /// The group of a host's log that holds `index`.
    func group(_ host: SimulatedHost, holding index: LogIndex) -> LogGroup? {
        groups(host).last { $0.records?.contains(index) == true }
    }

    /// Flips bits of one byte, as rot does; twice is none.
    func flip(_ host: SimulatedHost, _ path: String, at offset: Int) {
        host.disk.tamper(below: path) { $0[offset] ^= 0x55 }
    }
}
