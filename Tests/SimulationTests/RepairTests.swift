import Codec
import Identifiers
import Replication
import Simulation
import Testing
import WAL

/// Damage that a node cannot tell the extent of by itself, on whole nodes.
struct RepairTests {
    private let nodes = WholeNodes()

    /// Starts all but `resting`, and ends `host` when nothing but a vote lies behind its last frames.
    private func startUntilVote(
        of host: SimulatedHost, resting: SimulatedHost? = nil
    ) throws {
        let cluster = nodes.cluster
        nodes.synced = { [unowned cluster] synced, endsWithVote in
            guard synced.number == host.number, let process = synced.process, endsWithVote
            else { return }
            cluster.world.after(0) { [unowned cluster] in
                if synced.process?.loop === process.loop { cluster.crash(synced, .none) }
            }
        }
        for other in nodes.hosts where other.process == nil && other.number != resting?.number {
            nodes.cluster.start(other)
        }
        nodes.world.run(milliseconds: 20_000) { host.process == nil }
        nodes.synced = { _, _ in }
        try #require(host.process == nil)
    }

    /// Lets the payload of the last frames of a host rot; their records.
    private func rotEnd(_ host: SimulatedHost) throws -> ClosedRange<LogIndex> {
        let all = nodes.groups(host)
        try #require(all.last?.records == nil)
        let group = try #require(all.last { $0.records != nil })
        nodes.flip(host, group.path, at: group.payload)
        return try #require(group.records)
    }

    @Test(arguments: [0, 1, 2])
    func `the last frames, lost behind a vote, come from the leader`(place: Int) throws {
        let last = try nodes.written()
        let host = nodes.hosts[place]
        try startUntilVote(of: host)
        _ = try rotEnd(host)
        nodes.cluster.start(host)
        #expect(host.replica?.report().isRepairing == true)
        try nodes.expectWhole(last)
        let steps = nodes.steps(host)
        #expect(
            steps.contains(.repairedByLeader) || steps.contains(.repairedByDigest)
                || steps.contains(.beganAnewInDamage), "steps \(steps)")
    }

    @Test
    func `a log whose last frames are lost, and which the engine holds, is not taken for shorter`()
        throws
    {
        for host in nodes.hosts { host.batchesKept = .max }
        let last = try nodes.written()
        let host = nodes.hosts[0]
        try startUntilVote(of: host)
        #expect(try rotEnd(host).upperBound >= last)
        nodes.crashAll()
        nodes.cluster.start(host)
        let report = try #require(host.replica?.inspection())
        #expect(report.position.index >= last)
        #expect(report.end >= report.position.index)
        #expect(report.firstUnreadable == nil)
        try nodes.expectWhole(last)
    }

    @Test
    func `two nodes that have lost their last frames wait for the third, and lose nothing`() throws
    {
        let last = try nodes.written()
        for (host, resting) in zip(nodes.hosts, [nil, nodes.hosts[0]]) {
            try startUntilVote(of: host, resting: resting)
            _ = try rotEnd(host)
            nodes.crashAll()
        }
        for host in nodes.hosts.prefix(2) { nodes.cluster.start(host) }
        nodes.world.run(milliseconds: 10_000)
        #expect(nodes.cluster.leader == nil)
        try nodes.expectWhole(last)
    }

    @Test
    func `a log rotten while it runs, above what is applied, is repaired without a vote`() throws {
        try #require(nodes.start())
        try #require(nodes.write(10) != nil)
        try #require(nodes.settle())
        let host = try #require(nodes.hosts.first { $0.replica?.isLeader == false })
        let worker = try #require(host.process?.workers[1])
        worker.isStalled = true
        let last = try #require(nodes.write(20))
        let group = try #require(nodes.group(host, holding: LogIndex(last.rawValue - 8)))
        nodes.flip(host, group.path, at: group.payload)
        nodes.world.run(milliseconds: 90_000) { nodes.steps(host).contains(.foundRotRunning) }
        #expect(nodes.steps(host).contains(.foundRotRunning))
        worker.isStalled = false
        try nodes.expectWhole(last)
    }
}
