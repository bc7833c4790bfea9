import Codec
import Identifiers
import Replication
import Simulation
import Testing
import Transactions

/// Crashes and rot at random, one node's log damaged at a time.
@Suite struct RotScheduleTests {
    private func put(_ number: Int) -> Record {
        let value = Array(String(repeating: "v\(number)", count: 30).utf8)
        return .transaction(
            Transaction(steps: [LetterStore.put("k\(number)", value)]), origin: nil)
    }

    /// Whether another node's log may rot now: nobody lacks anything, as far as is known.
    private func isSound(_ cluster: SimulatedCluster) -> Bool {
        cluster.nodes.allSatisfy { $0.replica.map { !$0.report().isRepairing } ?? true }
    }

    @Test(arguments: UInt64(61)...68)
    func `whatever rots on one node at a time, nothing acknowledged is lost`(
        seed: UInt64
    ) throws {
        var limits = Limits.standard
        limits.segmentBytes = 16_384
        limits.retainedLogBytes = 60_000
        limits.frameCacheBytes = 2_000
        let cluster = SimulatedCluster(size: 3, seed: seed, limits: limits)
        try cluster.startAll()
        cluster.awaitLeader()
        var acknowledged: [Int] = []
        var number = 0
        var rots = 0
        var repairs = 0
        for _ in 0..<40 {
            for _ in 0..<8 {
                number += 1
                if case .success? = cluster.propose(put(number), milliseconds: 600) {
                    acknowledged.append(number)
                }
            }
            let node = cluster.nodes[Int.random(in: 0..<3, using: &cluster.world.random)]
            let isUp = node.replica != nil
            if isUp { cluster.crash(node) }
            if isSound(cluster), cluster.nodes.count(where: { $0.replica == nil }) == 1 {
                // The end of the log may be a group that looks torn.
                let index = UInt64.random(
                    in: 1...UInt64(max(1, number - 20)), using: &cluster.world.random)
                let place: RotPlace = Bool.random(using: &cluster.world.random) ? .header : .payload
                if node.rot(record: index, place) { rots += 1 }
                if Bool.random(using: &cluster.world.random) {
                    // Nothing tells the digest of the first then, where both headers are lost.
                    _ = node.rot(record: index + 1, place)
                }
            }
            try cluster.start(node)
            if node.replica?.report().isRepairing == true { repairs += 1 }
            cluster.world.run(milliseconds: cluster.world.random.next() % 1_500)
        }
        #expect(cluster.settle(milliseconds: 30_000), "seed \(seed)")
        for node in cluster.nodes {
            #expect(node.failure == nil, "seed \(seed): \(String(describing: node.failure))")
            #expect(node.replica?.report().isRepairing == false, "seed \(seed)")
            for number in acknowledged where try cluster.read("k\(number)", on: node) == nil {
                Issue.record("seed \(seed): node \(node.identifier) lacks k\(number)")
            }
        }
        #expect(Set(try cluster.digests()).count == 1, "seed \(seed)")
        #expect(rots >= 3 && repairs >= 1, "seed \(seed): \(rots) rots, \(repairs) repairs")
    }
}
