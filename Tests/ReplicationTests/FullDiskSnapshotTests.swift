import Codec
import Identifiers
import KeyValue
import Replication
import Simulation
import Testing
import Transactions

/// Snapshots that arrive at a node whose disk is full.
@Suite struct FullDiskSnapshotTests {
    private static let waitsForRoom =
        "the log behind a snapshot waits for room or a file descriptor"

    private func put(_ number: Int) -> Record {
        let value = Array(String(repeating: "x\(number)", count: 20).utf8)
        return .transaction(
            Transaction(steps: [LetterStore.put("k\(number % 100)", value)]), origin: nil)
    }

    /// A cluster that has compacted what a follower lacks, which is down and has no spare.
    private func prepared(
        seed: UInt64
    ) throws -> (cluster: SimulatedCluster, sleeper: SimulatedNode) {
        let (cluster, sleeper) = try SimulatedCluster.compactedPastSleeper(
            seed: seed, chunkBytes: 2_000, records: 400
        ) { number, _ in put(number) }
        for name in try sleeper.files.list("/data/log") where name.hasPrefix("spare") {
            try sleeper.files.remove("/data/log/" + name)
        }
        return (cluster, sleeper)
    }

    private func expectWhole(_ cluster: SimulatedCluster) throws {
        #expect(cluster.settle())
        for node in cluster.nodes {
            #expect(node.failure == nil, "\(String(describing: node.failure))")
            #expect(node.replica?.report().isDiskFull == false)
        }
        #expect(Set(try cluster.digests()).count == 1)
    }

    @Test func `a snapshot waits for the log to have room, and its node stays`() throws {
        let (cluster, sleeper) = try prepared(seed: 421)
        // Room for the name of an engine, and for no segment.
        sleeper.files.faults.freeBytes = 5_000
        try cluster.start(sleeper)
        cluster.world.run(milliseconds: 5_000) { sleeper.replica?.report().isDiskFull == true }
        #expect(sleeper.replica?.report().isDiskFull == true)
        cluster.world.run(milliseconds: 5_000)
        #expect(sleeper.failure == nil)
        let told = sleeper.errors.filter { $0 == Self.waitsForRoom }
        #expect(told.count == 1)
        sleeper.files.faults.freeBytes = nil
        try expectWhole(cluster)
        _ = cluster.propose(put(401))
        try expectWhole(cluster)
    }

    @Test func `a log without a descriptor for what follows a snapshot is told as such`() throws {
        let (cluster, sleeper) = try prepared(seed: 423)
        try cluster.start(sleeper)
        sleeper.files.faults.undescribedPrefix = "/data/log/"
        let wantsDescriptors = { sleeper.replica?.report().lacksDescriptors == true }
        cluster.world.run(milliseconds: 5_000) { wantsDescriptors() }
        #expect(wantsDescriptors())
        cluster.world.run(milliseconds: 1_500)
        let report = try #require(sleeper.replica?.report())
        #expect(!report.isDiskFull)
        #expect(report.notice.contains("file descriptors"))
        #expect(sleeper.failure == nil)
        sleeper.files.faults.undescribedPrefix = nil
        try expectWhole(cluster)
        #expect(!wantsDescriptors())
    }

    @Test func `a snapshot that cannot be stored is tried ever less often, and leaves nothing`()
        throws
    {
        let (cluster, sleeper) = try prepared(seed: 422)
        sleeper.files.faults.freeBytes = 3
        try cluster.start(sleeper)
        var attempts: Set<String> = []
        cluster.world.run(milliseconds: 20_000) {
            attempts.formUnion(sleeper.engines.openDirectories)
            return false
        }
        // The present engine, and snapshots after 0, 1, 3, 7 and 15 of the 20 seconds.
        #expect(attempts.count > 3)
        #expect(attempts.count <= 6)
        let told = sleeper.errors.filter { $0 == "a snapshot cannot be stored" }
        #expect(told.count == 2)
        #expect(sleeper.failure == nil)
        sleeper.files.faults.freeBytes = nil
        cluster.world.run(milliseconds: 30_000) {
            sleeper.replica?.appliedPosition.index == cluster.leader?.replica?.report().commit
        }
        try expectWhole(cluster)
        #expect(sleeper.engines.openDirectories.count == 1)
    }
}
