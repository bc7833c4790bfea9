import Codec
import Compression
import IOCore
import Identifiers
import Replication
import Simulation
import Testing
import Transactions
import WAL

/// What a directory is taken for whose engine and log are at odds.
@Suite struct OpeningTests {
    private func put(_ number: Int) -> Record {
        .transaction(
            Transaction(steps: [LetterStore.put("k\(number)", [UInt8](repeating: 7, count: 50))]),
            origin: nil)
    }

    @Test(arguments: [-1, 1])
    func `a node whose log names another one is not alone with its damage`(
        behindMembership: Int
    ) throws {
        let cluster = SimulatedCluster(size: 1, seed: 71)
        try cluster.startAll()
        let node = try #require(cluster.awaitLeader())
        for number in 0..<5 { _ = cluster.propose(put(number)) }
        let replica = LoopBound(try #require(node.replica), to: node.loop)
        let added = Locked<LogIndex?>(nil)
        node.loop.post {
            let other = Member(
                node: NodeID(2), incarnation: nil, peerAddress: "n2:1", clientAddress: "n2:2")
            replica.value.addMember(other) { result in
                added.withLock { $0 = try? result.get() }
            }
        }
        cluster.world.run(milliseconds: 1_000) { added.withLock { $0 } != nil }
        let index = try #require(added.withLock { $0 })
        for number in 5..<10 { _ = cluster.propose(put(number)) }
        let first = UInt64(Int(index.rawValue) + behindMembership)
        #expect((node.replica?.report().flushed ?? .zero) < LogIndex(first))
        cluster.crash(node)
        #expect(node.rot(record: first))
        try cluster.start(node)
        cluster.world.run(milliseconds: 3_000)
        #expect(node.replica?.report().isRepairing == true)
        #expect(node.replica?.report().damage.map(\.first) == [LogIndex(first)])
        #expect(node.failure == nil)
    }

    @Test func `a node whose log is gone does not begin anew over an empty engine`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 73)
        try cluster.startAll()
        _ = try #require(cluster.awaitLeader())
        for number in 0..<6 { _ = cluster.propose(put(number)) }
        #expect(cluster.settle())
        let node = cluster.nodes[1]
        #expect(node.replica?.report().flushed == .zero)
        cluster.crash(node)
        try node.files.removeTree("/data/log")
        do {
            try cluster.start(node)
            Issue.record("it would vote without records that it has acknowledged")
        } catch let failure as WALFailure {
            guard case .segmentMissing(let file) = failure else {
                Issue.record("\(failure)")
                return
            }
            #expect(file.hasPrefix("/data/log/segment-"), "\(file)")
        }
    }

    @Test func `a log that goes on from another record than the engine's is an older one`() throws {
        let cluster = SimulatedCluster(size: 3, seed: 72)
        try cluster.startAll()
        let leader = try #require(cluster.awaitLeader())
        for number in 0..<6 { _ = cluster.propose(put(number)) }
        #expect(cluster.settle())
        let node = try #require(cluster.nodes.first { $0 !== leader })
        let replica = LoopBound(try #require(node.replica), to: node.loop)
        node.loop.turn { replica.value.flushEngine { _ in } }
        let position = try #require(node.replica?.appliedPosition.index)
        cluster.world.run(milliseconds: 100) { node.replica?.report().flushed == position }
        let term = try #require(node.replica?.report().term)
        cluster.crash(node)
        try node.files.removeTree("/data/log")
        try writeOther(of: position.rawValue + 2, term, in: node, cluster)
        #expect(node.rot(record: position.rawValue))
        try cluster.start(node)
        #expect(node.replica?.report().isRepairing == false)
        #expect(node.replica?.report().last == position)
        _ = cluster.propose(put(7))
        #expect(cluster.settle())
        #expect(Set(try cluster.digests()).count == 1)
    }

    /// A log of `count` records that are no other node's.
    private func writeOther(
        of count: UInt64, _ term: Term, in node: SimulatedNode, _ cluster: SimulatedCluster
    ) throws {
        let (log, _) = try WriteAheadLog.open(
            fileSystem: node.files, directory: "/data/log",
            identity: .init(
                cluster: cluster.cluster, node: node.identifier, incarnation: node.incarnation),
            limits: cluster.limits, engineDurable: .zero)
        let sealer = FrameSealer(limits: cluster.limits)
        var digest = ChainDigest.empty
        for index in 1...count {
            let frame = sealer.seal(
                kind: .entries, term: term, firstIndex: LogIndex(index), count: 1,
                raw: [UInt8(index), 1, 2, 3], previous: digest)
            digest = frame.header.digest
            try log.write(
                .init(voting: .init(term: term, vote: nil), records: [.frame(frame)]))
        }
        log.close()
    }
}
