import Codec
import Identifiers
import KeyValue
import Replication
import Simulation
import Stores
import Testing
import Transactions

@Suite struct EngineIdentityTests {
    let files = SimulatedDisk()
    let engines = MemoryEngineFactory()

    /// Opens the directory as a node would, and leaves it as a crash does.
    private func open(cluster: UInt64, node: UInt64, incarnation: UInt64) throws {
        var settings = ReplicaSettings(
            node: NodeID(node), cluster: ClusterID(Bits128(high: cluster, low: 0)),
            dataDirectory: "/data")
        settings.limits.segmentBytes = 1 << 20
        _ = try OpenedReplica.open(
            settings: settings,
            bootstrap: .empty,
            executor: Executor(stores: StoreRegistry([LetterStore()]), limits: settings.limits),
            fileSystem: files, engineFactory: engines, incarnation: Incarnation(incarnation))
        engines.crash("/data/engine/engine-0")
    }

    @Test func `an engine of another node, incarnation or cluster is refused by name`() throws {
        try open(cluster: 1, node: 1, incarnation: 7)
        for (cluster, node, incarnation) in [(2, 1, 7), (1, 2, 7), (1, 1, 8)]
            as [(UInt64, UInt64, UInt64)]
        {
            #expect("\(cluster), \(node), \(incarnation)") {
                try open(cluster: cluster, node: node, incarnation: incarnation)
            } throws: { "\($0)".contains("holds the state of node 1, incarnation") }
        }
        try open(cluster: 1, node: 1, incarnation: 7)
    }
}
