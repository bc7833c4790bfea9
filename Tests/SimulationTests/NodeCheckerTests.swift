import Codec
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

/// What a test has seen of a node's counts.
private final class Counts {
    /// The fillings of the sessions at the end of the turn that has installed a snapshot.
    var behind: UInt64?
    var session: SessionID?
}

struct NodeCheckerTests {
    /// What a start is given that clears what is left of a torn group while a write is to go astray.
    @Test(arguments: [1, 2, 3, 5, 8, 13, 21, 34] as [UInt64])
    func `no slip of a start itself leaves rot that the node cannot know of`(seed: UInt64) throws {
        var limits = RunSettings().limits
        limits.segmentBytes = 8 << 10
        let nodes = WholeNodes(nodes: 1, limits: limits)
        let checker = NodeChecker(limits: limits)
        checker.watch(nodes.cluster, mayHaveLost: { _ in true })
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let end = try #require(nodes.groups(host).last)
        nodes.flip(host, end.path, at: end.offset + end.byteCount)
        var random = SeededGenerator(seed: seed)
        host.disk.prepare(.misdirectedWrite, using: &random)
        nodes.cluster.start(host)
        #expect(host.process != nil)
        #expect(nodes.groups(host).last?.records?.upperBound == last)
        #expect(checker.allViolations.isEmpty, "\(checker.allViolations)")
    }

    @Test
    func `rot in a last group, which no node can tell from a torn write, is told of`() throws {
        let nodes = WholeNodes(nodes: 1)
        let checker = NodeChecker(limits: nodes.limits)
        checker.watch(nodes.cluster, mayHaveLost: { _ in true })
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let group = try #require(nodes.groups(host).last)
        try #require(group.records?.contains(last) == true)
        nodes.flip(host, group.path, at: group.payload)
        nodes.cluster.start(host)
        let text = "has lost \(last) of its log, and has not noticed"
        #expect(checker.allViolations.contains { $0.contains(text) })
    }

    @Test(arguments: [0, 13, 28, 39, 51])
    func `a node starts with no rotten identity`(place: Int) throws {
        let nodes = WholeNodes(nodes: 1)
        _ = try nodes.written(1)
        let host = nodes.hosts[0]
        nodes.flip(host, "/data/identity", at: place)
        #expect(nodes.cluster.start(host) != nil)
        #expect(nodes.checker.allViolations.isEmpty)
        nodes.cluster.opens(host)
        nodes.cluster.started(host)
        #expect(
            nodes.checker.allViolations
                == ["n1 has started with an identity that it cannot have read"])
    }

    @Test
    func `an identity that was misread or never written is refused`() throws {
        var random = SeededGenerator(seed: 1)
        let nodes = WholeNodes(nodes: 1)
        _ = try nodes.written(1)
        let host = nodes.hosts[0]
        host.disk.prepare(.misdirectedRead, of: .identity, using: &random)
        #expect(nodes.cluster.start(host)?.contains("/data/identity") == true)
        #expect(nodes.cluster.start(host) == nil)
        nodes.crashAll()
        nodes.cluster.wipe(host)
        host.disk.prepare(.lostWrite, of: .identity, using: &random)
        #expect(nodes.cluster.start(host) == nil)
        nodes.crashAll()
        #expect(nodes.cluster.start(host)?.contains("/data/identity") == true)
    }

    @Test
    func `what a repair keeps is held to its bounds`() throws {
        let nodes = WholeNodes()
        var tiny = nodes.limits
        tiny.retainedLogBytes = 0
        tiny.segmentBytes = 0
        let checker = NodeChecker(limits: nodes.limits)
        let strict = NodeChecker(limits: tiny)
        checker.watch(
            nodes.cluster, mayHaveLost: { _ in true },
            turnEnded: { host, report in
                if let replica = host.replica { strict.turnEnded(host, replica, report) }
            })
        let last = try nodes.written()
        let host = nodes.hosts[0]
        let group = try #require(nodes.group(host, holding: LogIndex(last.rawValue - 8)))
        nodes.flip(host, group.path, at: group.payload)
        try nodes.expectWhole(last)
        #expect(checker.allViolations.isEmpty, "\(checker.allViolations)")
        #expect(strict.violations.contains { $0.contains("has more of repairs") })
    }

    /// A group that keeps the log up to `base`, as a host's disk might be given it.
    private func cut(_ nodes: WholeNodes, _ host: SimulatedHost, to base: LogIndex) throws {
        let report = try #require(host.replica?.inspection())
        var group = ByteWriter(capacity: 48)
        group.writeUInt32(0x7247_6B4C)
        group.writeUInt32(0)
        for field in [1, report.term.rawValue, report.vote?.rawValue ?? 0, base.rawValue, 0] {
            group.writeUInt64(field)
        }
        nodes.cluster.wroteGroup(host, group.take())
        nodes.cluster.syncedGroups(host)
    }

    @Test
    func `what nobody may have asked for is not to be cut off`() throws {
        let nodes = WholeNodes()
        try #require(nodes.start())
        let last = try #require(nodes.write(5))
        try #require(nodes.settle())
        try cut(nodes, nodes.hosts[0], to: last.previous)
        let found = nodes.checker.allViolations
        #expect(
            found.contains {
                $0.contains("n1 cuts off \(last)") && $0.contains("since which nobody has led")
            }, "\(found)")
    }

    @Test
    func `what the leader has is not to be cut off`() throws {
        let nodes = WholeNodes()
        let last = try nodes.written(5)
        try #require(nodes.start())
        let leader = try #require(nodes.cluster.leader)
        let host = try #require(nodes.hosts.first { $0 !== leader })
        #expect(nodes.checker.allViolations.isEmpty)
        try cut(nodes, host, to: last.previous)
        let found = nodes.checker.allViolations
        #expect(
            found.contains {
                $0.contains("\(host.name) cuts off \(last)")
                    && $0.contains("which \(leader.name) has")
            }, "\(found)")
    }

    @Test
    func `who applies once more what was full long ago fills no session`() throws {
        var limits = RunSettings().limits
        limits.sessions = 1
        let nodes = WholeNodes(limits: limits)
        let checker = nodes.checker
        try #require(nodes.start())
        let record = Record.openSession(timeToLiveMilliseconds: 2_000, description: "one")
        nodes.cluster.leader?.replica?.propose(record.encoded()) { _ in }
        nodes.world.run(milliseconds: 10_000)
        _ = try nodes.written(5)
        let full = checker.sessionsFullThrough
        #expect(full > .zero)
        #expect(full < checker.highestApplied)
        _ = try nodes.written(1)
        #expect(checker.sessionsFullThrough == full)
        #expect(checker.allViolations.isEmpty, "\(checker.allViolations)")
    }

    @Test
    func `sessions are not full any more where the turn before has ended so`() throws {
        var limits = RunSettings().limits
        limits.sessions = 1
        let nodes = WholeNodes(limits: limits)
        let checker = nodes.checker
        try #require(nodes.start())
        let counts = Counts()
        let open = Record.openSession(timeToLiveMilliseconds: 600_000, description: "one")
        nodes.cluster.leader?.replica?.propose(open.encoded()) { result in
            if case .success(.sessionOpened(let session)) = result { counts.session = session }
        }
        nodes.world.run(milliseconds: 1_000)
        let close = Record.closeSession(try #require(counts.session))
        let full = checker.sessionsFullThrough
        #expect(full > .zero)
        #expect(full == checker.highestApplied)
        nodes.cluster.leader?.replica?.propose(close.encoded()) { _ in }
        nodes.world.run(milliseconds: 1_000)
        #expect(checker.highestApplied > full)
        #expect(checker.sessionsFullThrough == full)
        #expect(checker.allViolations.isEmpty, "\(checker.allViolations)")
    }

    @Test
    func `how often sessions came up to their bound is counted anew behind a snapshot`() throws {
        var limits = RunSettings().limits
        (limits.sessions, limits.retainedLogBytes, limits.segmentBytes) = (1, 8 << 10, 16 << 10)
        let nodes = WholeNodes(limits: limits)
        nodes.cluster.flushings = [(bytes: 8 << 10, records: 64, milliseconds: 500)]
        let checker = NodeChecker(limits: limits)
        let counts = Counts()
        checker.watch(
            nodes.cluster, mayHaveLost: { _ in true },
            turnEnded: { _, report in
                guard counts.behind == nil, checker.coverage["snapshot installs"] > 0
                else { return }
                counts.behind = report.queues.sessionFillings
            })
        try #require(nodes.start())
        let host = try #require(nodes.hosts.first { $0 !== nodes.cluster.leader })
        let record = Record.openSession(timeToLiveMilliseconds: 600_000, description: "one")
        nodes.cluster.leader?.replica?.propose(record.encoded()) { _ in }
        nodes.world.run(milliseconds: 1_000)
        #expect(host.replica?.inspection().queues.sessionFillings == 1)
        let names = nodes.hosts.map(\.name).filter { $0 != host.name }
        for name in names {
            nodes.cluster.fabric.block(name, host.name)
            nodes.cluster.fabric.block(host.name, name)
        }
        _ = try #require(nodes.write(400))
        for name in names {
            nodes.cluster.fabric.unblock(name, host.name)
            nodes.cluster.fabric.unblock(host.name, name)
        }
        try #require(nodes.settle())
        #expect(counts.behind == 0)
        #expect(checker.allViolations.isEmpty, "\(checker.allViolations)")
    }

    @Test
    func `a node that starts with a feed that was trimmed has not trimmed it again`() throws {
        var limits = RunSettings().limits
        (limits.checkpointRecords, limits.retainedChangeRecords) = (16, 32)
        let nodes = WholeNodes(limits: limits)
        for host in nodes.hosts { host.batchesKept = .max }
        _ = try nodes.written(100)
        let trimmings = nodes.checker.coverage["feeds trimmed"]
        #expect(trimmings >= nodes.hosts.count)
        try #require(nodes.start())
        try #require(nodes.settle())
        #expect(nodes.checker.coverage["feeds trimmed"] == trimmings)
        _ = try nodes.written(32)
        #expect(nodes.checker.coverage["feeds trimmed"] > trimmings)
    }

    /// Records that a feed keeps, with the bound at 256, checkpoints 32 apart and frames of up to 4.
    @Test(
        arguments: [
            (1, 328, true), (1, 329, false), (2, 256, false), (2, 257, true), (74, 401, true),
            (73, 401, false),
        ] as [(UInt64, UInt64, Bool)])
    func `a feed is trimmed by its bound, and no further`(
        first: UInt64, applied: UInt64, isRight: Bool
    ) {
        var limits = Limits.standard
        (limits.checkpointRecords, limits.retainedChangeRecords) = (32, 256)
        let text = NodeChecker.misfit(LogIndex(first), at: LogIndex(applied), 4, limits)
        #expect((text == nil) == isRight, "\(text ?? "nothing") is wrong")
    }
}
