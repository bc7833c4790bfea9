import Identifiers
import Lockstep
import Testing
import Wire

@Suite struct SubmissionTests {
    @Test func `a transaction commits, and connecting waits for the first call`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.loop.advance(milliseconds: 5_000)
        #expect(cluster.handshakes == 0)
        let commit = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample())
        }
        #expect(commit == Commit(index: 2, results: [[]], changes: nil))
        #expect(cluster.executed.count == 1)
        #expect(cluster.handshakes == 1)
    }

    @Test func `a transaction that a node has and nobody answers in time names the node`()
        async throws
    {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [.silent]
        do throws(LockstepError) {
            _ = try await harness.run { (client) throws(LockstepError) in
                try await client.commit(.sample(), timeout: .milliseconds(100))
            }
            Issue.record("committed")
        } catch {
            #expect(
                error
                    == .timedOut(
                        lastFailure: "127.0.0.1:7000 has not answered", mayHaveExecuted: true))
        }
    }

    @Test func `the leader is found by its hint, and without one by asking around`() async throws {
        for givesHints in [true, false] {
            let cluster = try FakeCluster(leader: 2)
            cluster.givesHints = givesHints
            let harness = try ClientHarness(cluster)
            _ = try await harness.run { (client) throws(LockstepError) in
                try await client.commit(.sample())
            }
            #expect(cluster.executed.count == 1)
            #expect(cluster.handshakes == (givesHints ? 2 : 3))
        }
    }

    @Test func `a new leader is found within one wait, however long there was none`() async throws {
        for offset in 0..<40 {
            let cluster = try FakeCluster()
            let harness = try ClientHarness(cluster)
            _ = try await harness.run { (client) throws(LockstepError) in
                try await client.commit(.sample())
            }
            cluster.stop(0)
            let commit = harness.begin { (client) throws(LockstepError) in
                try await client.commit(.sample(2), timeout: .seconds(1_000))
            }
            // Every node points at the one that is gone.
            await harness.turn { cluster.handshakes > 3 }
            cluster.loop.advance(milliseconds: UInt64(8_000 + 50 * offset))
            cluster.leader = 2
            let elected = cluster.loop.now
            _ = try await harness.finish(commit)
            let milliseconds = cluster.loop.now.milliseconds(since: elected)
            // The longest wait is of half a second to a whole one; these are of little more than half.
            #expect(milliseconds <= 600, "elected after \(8_000 + 50 * offset) ms")
        }
    }

    @Test func `a connection that ends behind each answer is not made anew at once`() async throws {
        let cluster = try FakeCluster()
        cluster.closesBehindAnswers = true
        let harness = try ClientHarness(cluster) { $0.pipelineWindow = 1 }
        try await harness.commitSamples(20)
        #expect(cluster.executed.count == 20)
        #expect(cluster.millisecondsBehindEnds.count >= 20)
        // A first wait is of 10 to 20 ms.
        #expect(cluster.millisecondsBehindEnds.allSatisfy { $0 >= 10 })
    }

    @Test
    func `nodes that know no leader are asked in rounds, with a wait behind each`() async throws {
        let cluster = try FakeCluster(leader: nil)
        let harness = try ClientHarness(cluster)
        let commit = harness.begin { (client) throws(LockstepError) in
            try await client.commit(.sample(), timeout: .seconds(1_000))
        }
        await harness.turn { cluster.handshakes > 0 }
        cluster.loop.advance(milliseconds: 20_000)
        // Waits of at least 10, 20, 40, 80, 160, 320, 500, 500 and so on, and three nodes in each round.
        #expect((60...141).contains(cluster.handshakes), "\(cluster.handshakes)")
        #expect(cluster.handshakes.isMultiple(of: 3))
        cluster.leader = 1
        _ = try await harness.finish(commit)
    }

    @Test(arguments: [
        FakeCluster.Mishap.executedUnanswered, .lost, .unavailable, .interrupted,
    ])
    func `a retry after a mishap executes exactly once`(mishap: FakeCluster.Mishap) async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [mishap, mishap]
        _ = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample())
        }
        #expect(cluster.executed.count == 1)
        _ = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample(2))
        }
        #expect(cluster.executed.count == 2)
    }

    @Test func `a pipeline waits, on its connection, where its session holds no more outcomes`()
        async throws
    {
        let cluster = try FakeCluster()
        cluster.outcomesPerSession = 3
        let harness = try ClientHarness(cluster) { $0.pipelineWindow = 8 }
        try await harness.commitSamples(20)
        #expect(cluster.executed.count == 20)
        #expect(cluster.sessions.count == 1)
        #expect(cluster.handshakes == 1)
    }

    @Test func `a client without room asks less and less often, and its session lives`()
        async throws
    {
        let cluster = try FakeCluster()
        cluster.outcomesPerSession = 0
        let harness = try ClientHarness(cluster) { $0.sessionTimeToLive = .seconds(6) }
        let refused = harness.begin { (client) throws(LockstepError) in
            try await client.commit(.sample(1), timeout: .seconds(30))
        }
        await #expect(throws: LockstepError.self) { _ = try await harness.finish(refused) }
        var tries = 0
        var signsOfLife = 0
        for request in cluster.requests {
            switch request {
            case .submit: tries += 1
            case .keepAlive: signsOfLife += 1
            default: break
            }
        }
        // At most one a half-second but for the first few, and before each perhaps one that went to a
        // node which does not lead; and a sign of life within each third of the time to live.
        #expect((20...130).contains(tries), "\(tries) tries")
        #expect((8...16).contains(signsOfLife), "\(signsOfLife) signs of life")
    }

    @Test func `what is said not to be executed is not executed later`() async throws {
        var refusals = 0
        for milliseconds in 1..<40 {
            let cluster = try FakeCluster()
            cluster.outcomesPerSession = 0
            let harness = try ClientHarness(cluster)
            let refused = harness.begin { (client) throws(LockstepError) in
                try await client.commit(.sample(1), timeout: .milliseconds(milliseconds))
            }
            let failure = await #expect(throws: LockstepError.self) {
                _ = try await harness.finish(refused)
            }
            cluster.outcomesPerSession = .max
            _ = try await harness.run { (client) throws(LockstepError) in
                try await client.commit(.sample(2))
            }
            if failure?.mayHaveExecuted == false {
                refusals += 1
                #expect(cluster.executed.count == 1, "\(milliseconds) ms")
            }
        }
        #expect(refusals > 0)
    }

    @Test func `what every node refuses was not executed, though it was sent`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let commit = { @Sendable (client: LockstepClient) async throws(LockstepError) in
            try await client.commit(.sample(), timeout: .seconds(2))
        }
        _ = try await harness.run(commit)
        cluster.leader = nil
        let failure = await #expect(throws: LockstepError.self) {
            _ = try await harness.run(commit)
        }
        #expect(failure?.mayHaveExecuted == false)
        let submissions = cluster.requests.count { if case .submit = $0 { true } else { false } }
        #expect(submissions > 2)
        cluster.leader = 1
        _ = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample(2))
        }
        #expect(cluster.executed.count == 2)
        #expect(cluster.sessions.count == 1)
    }

    @Test func `a refusal does not tell what became of an earlier sending`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [.executedUnanswered, .refused, .refused]
        let commit = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample())
        }
        #expect(commit.index == 2)
        #expect(cluster.executed.count == 1)
    }

    @Test func `a pipeline keeps each transaction exactly once over leader changes`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster) { $0.pipelineWindow = 8 }
        let calls = (0..<50 as Range<UInt8>).map { number in
            harness.begin { (client) throws(LockstepError) in
                try await client.commit(.sample(number), timeout: .seconds(1_000))
            }
        }
        cluster.mishaps = [.executedUnanswered, .lost, .interrupted, .executedUnanswered]
        await harness.turn { cluster.executed.count >= 10 }
        cluster.leader = 1
        for served in cluster.connections { served.cut() }
        var indices: Set<UInt64> = []
        for call in calls {
            indices.insert(try await harness.finish(call).index)
        }
        #expect(indices.count == 50)
        #expect(cluster.executed.count == 50)
        #expect(Set(cluster.executed).count == 50)
        #expect(cluster.sessions.count == 1)
    }

    @Test func `an abort is an outcome, and an error of commit`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let outcome = try await harness.run { (client) throws(LockstepError) in
            var transaction = Lockstep.Transaction.sample()
            transaction.abort(reason: "enough")
            return try await client.submit(transaction)
        }
        let abort = TransactionAbort(index: 2, step: 1, code: .requested, message: "enough")
        #expect(outcome == .aborted(abort))
        await #expect(throws: LockstepError.aborted(abort.at(3))) {
            try await harness.run { (client) throws(LockstepError) in
                var transaction = Lockstep.Transaction.sample()
                transaction.abort(reason: "enough")
                return try await client.commit(transaction)
            }
        }
    }

    @Test func `changes come with the answer on request`() async throws {
        let cluster = try FakeCluster()
        cluster.commitChange("k")
        let harness = try ClientHarness(cluster)
        let commit = try await harness.run { (client) throws(LockstepError) in
            var transaction = Lockstep.Transaction.sample()
            transaction.wantsChanges = true
            return try await client.commit(transaction)
        }
        #expect(commit.changes?.changes.first?.store == .properties)
    }

    @Test func `an idle session is kept alive, and an expired one replaced`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster) { $0.sessionTimeToLive = .seconds(3) }
        let commit = { @Sendable (client: LockstepClient) async throws(LockstepError) in
            try await client.commit(.sample())
        }
        _ = try await harness.run(commit)
        cluster.loop.advance(milliseconds: 3_500)
        #expect(cluster.requests.filter { $0.kind == 3 }.count == 3)
        cluster.sessions = [:]
        // Sent once and refused by the session table: certainly not executed, so sent anew.
        _ = try await harness.run(commit)
        #expect(cluster.executed.count == 2)
        #expect(cluster.sessions.count == 1)
    }

    @Test func `a transaction in flight with an expired session has no known outcome`() async throws
    {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        _ = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample())
        }
        cluster.mishaps = [.executedUnanswered]
        cluster.meanwhile = { [unowned cluster] in cluster.sessions = [:] }
        let call = harness.begin { (client) throws(LockstepError) in
            try await client.commit(.sample(2))
        }
        await #expect(throws: LockstepError.outcomeUnknown("sessionUnknown")) {
            try await harness.finish(call)
        }
        #expect(LockstepError.outcomeUnknown("").mayHaveExecuted)
        _ = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample(3))
        }
        #expect(cluster.executed.count == 3)
    }

    @Test func `a session whose past the cluster has lost ends at once`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let commit = { @Sendable (client: LockstepClient) async throws(LockstepError) in
            try await client.commit(.sample(), timeout: .seconds(1_000))
        }
        for _ in 0..<3 { _ = try await harness.run(commit) }
        // What a restore of older data leaves of the session.
        let session = try #require(cluster.sessions.keys.first)
        cluster.sessions[session] = FakeCluster.Session(highest: 1)
        let begun = cluster.loop.now
        let calls = (0..<3).map { _ in harness.begin(commit) }
        for (place, call) in calls.enumerated() {
            let lost = LockstepError.sessionLost(
                acknowledgedThrough: 3, mayHaveExecuted: place > 0)
            await #expect(throws: lost) { try await harness.finish(call) }
        }
        #expect(cluster.loop.now.milliseconds(since: begun) < 100)
        #expect(cluster.executed.count == 3)
        #expect(cluster.requests.contains(.closeSession(SessionID(session))))
        _ = try await harness.run(commit)
        #expect(cluster.executed.count == 4)
        #expect(cluster.handshakes == 1)
    }

    @Test func `what was sent before the session was lost has no known outcome`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let commit = { @Sendable (client: LockstepClient) async throws(LockstepError) in
            try await client.commit(.sample(), timeout: .seconds(1_000))
        }
        _ = try await harness.run(commit)
        cluster.mishaps = [.executedUnanswered]
        cluster.meanwhile = { [unowned cluster] in
            cluster.sessions = cluster.sessions.mapValues { _ in FakeCluster.Session() }
        }
        let call = harness.begin(commit)
        let lost = LockstepError.sessionLost(acknowledgedThrough: 1, mayHaveExecuted: true)
        await #expect(throws: lost) { try await harness.finish(call) }
        #expect("\(lost)".contains("(through sequence 1), outcome unknown; read the state"))
    }

    @Test func `a gap that the client can fill itself costs no session`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [.refused]
        let calls = (0..<3 as Range<UInt8>).map { number in
            harness.begin { (client) throws(LockstepError) in
                try await client.commit(.sample(number), timeout: .seconds(1_000))
            }
        }
        var refused = 0
        for call in calls {
            do throws(LockstepError) {
                _ = try await harness.finish(call)
            } catch {
                #expect(error == .refused(.busy, "there are too many sessions"))
                refused += 1
            }
        }
        #expect(refused == 1)
        #expect(cluster.executed.count == 2)
        #expect(cluster.sessions.count == 1)
    }

    @Test func `a refused transaction leaves no gap behind`() async throws {
        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        cluster.mishaps = [.refused]
        await #expect(throws: LockstepError.refused(.busy, "there are too many sessions")) {
            try await harness.run { (client) throws(LockstepError) in
                try await client.commit(.sample())
            }
        }
        _ = try await harness.run { (client) throws(LockstepError) in
            try await client.commit(.sample(2))
        }
        #expect(cluster.executed.count == 1)
    }
}

extension TransactionAbort {
    fileprivate func at(_ index: UInt64) -> TransactionAbort {
        TransactionAbort(index: index, step: step, code: code, message: message)
    }
}
