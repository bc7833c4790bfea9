import Codec
import Identifiers
import Replication
import Simulation
import WAL

/// A small cluster of whole nodes that a test writes to, and breaks by hand.
final class WholeNodes {
    /// A group of a log's segment, as the byte tables have it.
    struct Group {
        let path: String
        let offset: Int
        let byteCount: Int
        /// The records of its frames; nil where it has none.
        let records: ClosedRange<LogIndex>?

        /// Where the payload of its first frame begins.
        var payload: Int { offset + 48 + FrameHeader.byteCount }
    }

    let world: World
    let cluster: SimulatedCluster
    /// What each host's processes have come to of the recovery table, by the time they ended.
    private(set) var ended: [UInt64: RecoverySteps] = [:]
    /// Why hosts have refused to start.
    private(set) var refusals: [String] = []
    let limits: Limits
    private var names = 0

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

    func steps(_ host: SimulatedHost) -> RecoverySteps {
        ended[host.number, default: []].union(host.replica?.recoverySteps ?? [])
    }

    // MARK: Breaking

    /// All groups of a host's log, in order.
    func groups(_ host: SimulatedHost) -> [Group] {
        host.disk.paths(below: "/data/log/segment-").flatMap { path -> [Group] in
            guard let bytes = host.disk.bytes(of: path) else { return [] }
            var groups: [Group] = []
            var offset = 1_024
            while offset + 48 <= bytes.count {
                var reader = ByteReader(bytes, in: offset..<bytes.count)
                guard let magic = try? reader.readUInt32(), magic != 0,
                    (try? reader.skip(36)) != nil, let body = try? reader.readUInt32()
                else { break }
                let count = 48 + Int(body)
                var records: ClosedRange<LogIndex>?
                var place = offset + 48
                while place < offset + count,
                    let header = try? FrameHeader.decode(bytes, at: place, limits: limits)
                {
                    records = (records?.lowerBound ?? header.firstIndex)...header.lastIndex
                    place += header.frameBytes
                }
                groups.append(
                    Group(path: path, offset: offset, byteCount: count, records: records))
                offset += count
            }
            return groups
        }
    }

    /// The group of a host's log that holds `index`.
    func group(_ host: SimulatedHost, holding index: LogIndex) -> Group? {
        groups(host).last { $0.records?.contains(index) == true }
    }

    /// Flips bits of one byte, as rot does; twice is none.
    func flip(_ host: SimulatedHost, _ path: String, at offset: Int) {
        host.disk.tamper(below: path) { $0[offset] ^= 0x55 }
    }
}
