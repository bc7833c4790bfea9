import Codec
import Identifiers
import Replication
import Simulation
import Testing
import WAL

/// The recovery table of the log's article, on whole nodes.
struct RecoveryTableTests {
    private let nodes = WholeNodes()

    @Test
    func `a last group that is not whole is cut off`() throws {
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let group = try #require(nodes.groups(host).last)
        nodes.tear(host, group)
        try nodes.expectWhole(last)
        #expect(nodes.steps(host).contains(.cutTornGroup))
    }

    @Test
    func `a copy of a header that cannot be read is written again from the other`() throws {
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let path = try #require(nodes.groups(host).last).path
        nodes.flip(host, path, at: 20)
        try nodes.expectWhole(last)
        #expect(nodes.steps(host).contains(.rewroteHeader))
    }

    @Test
    func `a segment without a header is refused by name, and its node rejoins without its data`()
        throws
    {
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let path = try #require(nodes.groups(host).last).path
        nodes.flip(host, path, at: 20)
        nodes.flip(host, path, at: 512 + 20)
        #expect(nodes.start())
        #expect(host.process == nil)
        #expect(nodes.refusals.contains { $0.contains(path) })
        nodes.wipe(host)
        try nodes.expectWhole(last)
    }

    @Test
    func `the frames of a rotten envelope prove themselves`() throws {
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let group = try #require(
            nodes.group(host, holding: LogIndex(last.rawValue - 8)))
        nodes.flip(host, group.path, at: group.offset + 16)
        nodes.cluster.start(host)
        #expect(host.replica?.report().damage.isEmpty == true)
        try nodes.expectWhole(last)
        #expect(nodes.steps(host).contains(.keptFramesOfRottenEnvelope))
    }

    @Test
    func `a lost frame whose digest is known comes from another node`() throws {
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let group = try #require(
            nodes.group(host, holding: LogIndex(last.rawValue - 8)))
        nodes.flip(host, group.path, at: group.payload)
        nodes.cluster.start(host)
        #expect(host.replica?.report().isRepairing == true)
        try nodes.expectWhole(last)
        #expect(nodes.steps(host).contains(.repairedByDigest))
    }

    @Test
    func `rot in what the engine has flushed is in nobody's way`() throws {
        try #require(nodes.start())
        try #require(nodes.write(20) != nil)
        // Longer than a node waits with what has gathered.
        nodes.world.run(milliseconds: 6_000)
        let last = try #require(nodes.write(2))
        try #require(nodes.settle())
        nodes.crashAll()
        let host = nodes.hosts[0]
        let group = try #require(nodes.group(host, holding: LogIndex(8)))
        nodes.flip(host, group.path, at: group.payload)
        nodes.cluster.start(host)
        #expect(host.replica?.report().isRepairing == false)
        try nodes.expectWhole(last)
        #expect(nodes.steps(host).contains(.passedOverFlushed))
    }

    @Test
    func `rot in applied records that is found while running is flushed away`() throws {
        try #require(nodes.start())
        let last = try #require(nodes.write(20))
        try #require(nodes.settle())
        let host = try #require(nodes.cluster.leader)
        let group = try #require(
            nodes.group(host, holding: LogIndex(last.rawValue - 8)))
        nodes.flip(host, group.path, at: group.payload)
        nodes.world.run(milliseconds: 60_000) {
            nodes.steps(host).contains(.flushedOverRot)
        }
        #expect(nodes.steps(host).contains(.flushedOverRot))
        nodes.crashAll()
        try nodes.expectWhole(last)
    }

    @Test
    func `two nodes with different rot give each other what they lack`() throws {
        let last = try nodes.written(30)
        for (place, host) in nodes.hosts.prefix(2).enumerated() {
            for back in [4, 12, 20] {
                let index = LogIndex(last.rawValue - UInt64(back + 2 * place))
                let group = try #require(nodes.group(host, holding: index))
                nodes.flip(host, group.path, at: group.payload)
            }
        }
        try nodes.expectWhole(last)
    }

    @Test
    func `rot of the same record on all nodes is not lost: they wait for one sound copy`() throws {
        let last = try nodes.written()
        let index = LogIndex(last.rawValue - 5)
        for host in nodes.hosts {
            let group = try #require(nodes.group(host, holding: index))
            nodes.flip(host, group.path, at: group.payload)
        }
        nodes.hosts.forEach { nodes.cluster.start($0) }
        nodes.world.run(milliseconds: 30_000)
        #expect(nodes.cluster.leader == nil)
        for host in nodes.hosts {
            let report = try #require(host.replica?.report())
            #expect(report.isRepairing)
            #expect(report.damage.contains { $0.first <= index && index <= $0.last })
            #expect(!report.notice.isEmpty)
            #expect(nodes.steps(host).contains(.foundNobody))
        }
        nodes.crashAll()
        let host = nodes.hosts[2]
        let group = try #require(nodes.group(host, holding: index))
        nodes.flip(host, group.path, at: group.payload)
        try nodes.expectWhole(last)
    }

    @Test
    func `a node alone refuses to start with a log that nobody can repair`() throws {
        let alone = WholeNodes(nodes: 1)
        try #require(alone.start())
        let last = try #require(alone.write(20))
        alone.crashAll()
        let host = alone.hosts[0]
        let group = try #require(
            alone.group(host, holding: LogIndex(last.rawValue - 8)))
        alone.flip(host, group.path, at: group.payload)
        alone.cluster.start(host)
        #expect(host.process == nil)
        #expect(alone.refusals.contains { $0.contains(group.path) })
        alone.flip(host, group.path, at: group.payload)
        #expect(alone.start())
        #expect(alone.settle())
        #expect(host.replica.map { $0.appliedPosition.index >= last } == true)
    }
}
