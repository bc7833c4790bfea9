import Codec
import Identifiers
import Lockstep
import Testing
import Transactions
import Wire

@Suite struct ChangeFeedTests {
    private func keys(
        _ harness: ClientHarness, _ feed: ChangeFeed, count: Int
    ) async throws(LockstepError) -> [UInt64] {
        try await harness.run { (_) throws(LockstepError) in
            var iterator = feed.makeAsyncIterator()
            var indices: [UInt64] = []
            while indices.count < count, let set = try await iterator.next() {
                indices.append(set.index)
            }
            return indices
        }
    }

    @Test func `a feed gives each change once over lost connections`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster) { $0.watchBuffer = 4 }
        for _ in 0..<20 {
            cluster.log += 1
            cluster.commitChange("k")
        }
        let feed = try harness.client.watch(from: .index(1))
        #expect(try await keys(harness, feed, count: 7) == Array(1...7))
        for served in cluster.connections { served.cut() }
        #expect(try await keys(harness, feed, count: 13) == Array(8...20))
    }

    @Test func `a feed passes a change set of several times its transaction's limit`() async throws
    {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let limits = Limits.standard
        let value = [UInt8](repeating: 7, count: limits.changeBytesPerTransaction / 5)
        cluster.log = 1
        cluster.commitChange("k", to: Array(repeating: value, count: 4))
        let feed = try harness.client.watch(from: .index(1))
        #expect(try await keys(harness, feed, count: 1) == [1])
    }

    @Test func `a feed from now on begins with the next transaction`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.log = 5
        cluster.commitChange("old")
        let feed = try harness.client.watch()
        cluster.loop.run()
        cluster.log = 6
        cluster.commitChange("new")
        #expect(try await keys(harness, feed, count: 1) == [6])
    }

    @Test func `filters are the node's to apply`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        for key in ["a/1", "b/1", "a/2"] {
            cluster.log += 1
            cluster.commitChange(key)
        }
        let feed = try harness.client.watch(from: .index(1), keyPrefixes: ["a/"])
        #expect(try await keys(harness, feed, count: 2) == [1, 3])
    }

    @Test func `history that is gone is told with where it begins`() async throws {
        let cluster = try FakeCluster()
        cluster.firstRetained = 10
        let harness = try ClientHarness(cluster)
        let feed = try harness.client.watch(from: .index(3))
        await #expect(throws: LockstepError.historyLost(firstRetained: 10)) {
            try await keys(harness, feed, count: 1)
        }
    }

    @Test func `a feed that no node takes in time ends, also where one is silent`() async throws {
        for isSilent in [false, true] {
            let cluster = try FakeCluster()
            let harness = try ClientHarness(cluster) { $0.requestTimeout = .seconds(7) }
            for node in 0..<3 {
                if isSilent { cluster.silentNodes.insert(node) } else { cluster.stop(node) }
            }
            let before = cluster.loop.now
            let feed = try harness.client.watch()
            do throws(LockstepError) {
                _ = try await keys(harness, feed, count: 1)
                Issue.record("the feed has ended without an error")
            } catch {
                guard case .timedOut(_, mayHaveExecuted: false) = error else { throw error }
            }
            let waited = cluster.loop.now.milliseconds(since: before)
            #expect((7_000...7_100).contains(waited), "\(waited) ms")
        }
    }

    @Test func `a feed that has begun outlives an outage longer than its time-out`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster) { $0.requestTimeout = .seconds(7) }
        let feed = try harness.client.watch(from: .index(1))
        cluster.log = 1
        cluster.commitChange("k")
        #expect(try await keys(harness, feed, count: 1) == [1])
        cluster.silentNodes = [0, 1, 2]
        for served in cluster.connections { served.cut() }
        cluster.loop.advance(milliseconds: 60_000)
        cluster.silentNodes = []
        cluster.log = 2
        cluster.commitChange("k")
        #expect(try await keys(harness, feed, count: 1) == [2])
    }

    @Test func `stores that are given again and again are asked for once`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let stores = [StoreKind](repeating: .properties, count: 17)
        let feed = try harness.client.watch(from: .index(1), stores: stores)
        cluster.log = 1
        cluster.commitChange("k")
        #expect(try await keys(harness, feed, count: 1) == [1])
    }

    @Test func `a feed ends when its reader is cancelled or the client closes`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let feed = try harness.client.watch()
        let waiting = harness.begin { (_) throws(LockstepError) in
            var iterator = feed.makeAsyncIterator()
            return try await iterator.next() == nil
        }
        cluster.loop.run()
        waiting.task.cancel()
        #expect(try await harness.finish(waiting))
        let second = try harness.client.watch()
        cluster.loop.run()
        harness.client.close()
        await #expect(throws: LockstepError.closed(mayHaveExecuted: false)) {
            try await keys(harness, second, count: 1)
        }
    }

    @Test func `a feed that nobody reads any more is cancelled at the node`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        do {
            let feed = try harness.client.watch()
            cluster.loop.run()
            _ = feed
        }
        await harness.turn { cluster.requests.contains { $0.kind == 6 } }
        await harness.turn { cluster.cancelledWatches == 1 }
        #expect(cluster.connections.count == 1)
    }
}
