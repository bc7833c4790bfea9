import Codec
import Identifiers
import KeyValue
import Replication
import Testing
import Transactions
import WAL

@Suite struct StoreInspectionTests {
    /// A node alone after so many transactions, its store's state, and its log as a look finds it.
    private func node(
        _ count: Int, value: UInt8
    ) throws -> (store: StoreInspection, log: WriteAheadLog.Recovery, WriteAheadLog.Identity) {
        let cluster = SimulatedCluster(size: 1, seed: 81)
        try cluster.startAll()
        let node = try #require(cluster.awaitLeader())
        for number in 0..<count {
            _ = cluster.propose(
                .transaction(
                    Transaction(steps: [LetterStore.put("k\(number)", [value])]), origin: nil))
        }
        #expect(cluster.settle())
        let engine = try #require(node.replica?.presentEngine)
        let store = try StoreInspection.of(engine)
        cluster.crash(node)
        let identity = WriteAheadLog.Identity(
            cluster: cluster.cluster, node: node.identifier, incarnation: node.incarnation)
        let (log, recovery) = try WriteAheadLog.open(
            fileSystem: node.files, directory: "/data/log", identity: identity,
            limits: cluster.limits, engineDurable: store.position.index,
            isLook: true)
        log.close()
        return (store, recovery, identity)
    }

    @Test func `a store and a log of one node go together, and those of two do not`() throws {
        let (store, log, identity) = try node(10, value: 1)
        #expect(store.problems(with: log, of: identity).isEmpty)
        #expect(store.position.index == log.lastIndex && store.rowCount > 10)
        let stranger = WriteAheadLog.Identity(
            cluster: identity.cluster, node: identity.node, incarnation: Incarnation(5))
        let complaint = try #require(store.problems(with: log, of: stranger).first)
        #expect(complaint.hasPrefix("the store holds the state of node 1, incarnation "))
        // The same records but for what they write: alike in everything but their digests.
        let other = try node(10, value: 2)
        #expect(other.store.digest != store.digest)
        #expect(other.store.position.index == store.position.index)
        let contradiction = try #require(store.problems(with: other.log, of: identity).first)
        #expect(contradiction.hasSuffix("and the log has another record there"))
        // A log that ends before the store is what a snapshot leaves, and is told by recovery.
        let shorter = try node(5, value: 1)
        #expect(store.problems(with: shorter.log, of: identity).isEmpty)
    }
}
