import Identifiers
import Lockstep
import Testing
import Wire

@Suite struct ClientTests {
    private let commit = { @Sendable (client: LockstepClient) async throws(LockstepError) in
        try await client.commit(.sample())
    }

    @Test func `a call ends at its deadline and tells whether it had been sent`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        for node in cluster.addresses.indices { cluster.stop(node) }
        do throws(LockstepError) {
            _ = try await harness.run(commit)
            Issue.record("committed")
        } catch {
            guard case .timedOut(let failure, false) = error else {
                Issue.record("\(error)")
                return
            }
            // Each node is told once, with its own reason.
            let reasons = failure.split(separator: "; ").map(String.init)
            let wanted = cluster.addresses.map { "connect to \($0): refused" }
            #expect(reasons.sorted() == wanted.sorted())
            #expect(error.description.hasPrefix("timed out, nothing was executed: "))
        }
        let silent = try FakeCluster()
        let other = try ClientHarness(silent)
        silent.mishaps = [.silent]
        do throws(LockstepError) {
            _ = try await other.run(commit)
            Issue.record("committed")
        } catch {
            #expect(error.mayHaveExecuted)
        }
    }

    @Test func `a cancelled call ends and its place in the session is kept`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [.silent]
        let call = harness.begin(commit)
        await harness.turn { cluster.mishaps.isEmpty }
        call.task.cancel()
        await #expect(throws: LockstepError.cancelled(mayHaveExecuted: true)) {
            try await harness.finish(call)
        }
        // The silent node is left; what was cancelled is told apart from what follows.
        for served in cluster.connections { served.cut() }
        _ = try await harness.run(commit)
        #expect(cluster.executed.count == 2)
    }

    @Test func `close answers every caller and ends the runtime`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [.silent]
        let call = harness.begin(commit)
        await harness.turn { cluster.mishaps.isEmpty }
        harness.client.close()
        await #expect(throws: LockstepError.closed(mayHaveExecuted: true)) {
            try await harness.finish(call)
        }
        await #expect(throws: LockstepError.closed(mayHaveExecuted: false)) {
            try await harness.run(commit)
        }
        #expect(harness.runtime.hasEnded)
        #expect(cluster.requests.last?.kind == 4)
    }

    @Test func `reads answer or abort`() async throws {
        let cluster = try FakeCluster(leader: 1)
        let harness = try ClientHarness(cluster)
        let result = try await harness.run { (client) throws(LockstepError) in
            try await client.read(store: .properties, kind: 1, body: [4])
        }
        #expect(result == ReadResult(appliedIndex: 0, bytes: [4]))
        let abort = TransactionAbort(index: 0, step: nil, code: .notFound, message: "nothing")
        await #expect(throws: LockstepError.aborted(abort)) {
            try await harness.run { (client) throws(LockstepError) in
                try await client.read(
                    store: .properties, kind: 0, body: [], consistency: .local)
            }
        }
    }

    @Test func `every node reports its own status, or why not`() async throws {
        let cluster = try FakeCluster(leader: 1)
        let harness = try ClientHarness(cluster)
        cluster.stop(2)
        let reports = try await harness.run { (client) throws(LockstepError) in
            await client.statusOfAllNodes()
        }
        #expect(reports.map(\.endpoint.port) == [7_000, 7_001, 7_002])
        #expect(try reports[0].status.get().role == .follower)
        #expect(try reports[1].status.get().role == .leader)
        #expect(throws: LockstepError.self) { try reports[2].status.get() }
    }

    @Test func `a node that falls silent is given up long before the deadline`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let endpoint = Endpoint(host: "127.0.0.1", port: 7_001)
        let ask = { @Sendable (client: LockstepClient) async throws(LockstepError) in
            try await client.status(of: endpoint, timeout: .seconds(60))
        }
        #expect(try await harness.run(ask).role == .follower)
        cluster.silentNodes = [1]
        let begun = cluster.loop.now
        do throws(LockstepError) {
            _ = try await harness.run(ask)
            Issue.record("a silent node has answered")
        } catch {
            #expect("\(error)".contains("cannot reach 127.0.0.1:7001: it has been silent for "))
            #expect(!error.mayHaveExecuted)
        }
        #expect(cluster.loop.now.milliseconds(since: begun) <= 5_000)
        // What comes later gets a connection of its own.
        cluster.silentNodes = []
        #expect(try await harness.run(ask).role == .follower)
    }

    @Test func `a node that is slow with one answer but alive is waited for`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [.silent]
        let endpoint = Endpoint(host: "127.0.0.1", port: 7_000)
        do throws(LockstepError) {
            _ = try await harness.run { (client) throws(LockstepError) in
                try await client.verify(endpoint, timeout: .seconds(20))
            }
            Issue.record("verified")
        } catch {
            guard case .timedOut = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(cluster.handshakes == 1)
        #expect(cluster.requests.count { $0.kind == Request.status.kind } >= 15)
    }

    @Test func `a membership change is not sent twice where its fate is unknown`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let add = { @Sendable (client: LockstepClient) async throws(LockstepError) in
            try await client.addMember(
                4, peerAddress: Endpoint(host: "h", port: 1),
                clientAddress: Endpoint(host: "h", port: 2))
        }
        cluster.mishaps = [.lost]
        do throws(LockstepError) {
            _ = try await harness.run(add)
            Issue.record("added")
        } catch {
            #expect(error.mayHaveExecuted)
        }
        #expect(cluster.requests.filter { $0.kind == 0x10 }.count == 1)
        #expect(try await harness.run(add) == 9)
    }

    @Test func `a configuration without sense is refused`() throws {
        let cluster = try FakeCluster()
        #expect(throws: LockstepError.invalidArgument("no endpoint to connect to")) {
            try ClientHarness(cluster) { $0.endpoints = [] }
        }
        #expect(throws: LockstepError.self) { try ClientHarness(cluster) { $0.cluster = "x" } }
    }

    @Test func `a node of another cluster is not spoken to`() async throws {
        let cluster = try FakeCluster(nodes: 1)
        let harness = try ClientHarness(cluster) {
            $0.cluster = String(repeating: "7", count: 32)
        }
        do throws(LockstepError) {
            _ = try await harness.run(commit)
            Issue.record("committed")
        } catch {
            #expect("\(error)".contains("cluster"))
            #expect(!error.mayHaveExecuted)
        }
        #expect(cluster.requests.isEmpty)
    }
}
