import Histories
import Lockstep
import Testing
import Torture

/// The session workload's client against a node on a socket, and the checker that reads what it has
/// taken down.
@Suite struct SessionInsisterTests {
    private static let noteName = "id"

    /// What the checker says of 40 transactions that were sent to such a node.
    private func report(
        _ host: String, _ manner: FakeSessionNode.Manner, seed: UInt64
    ) async throws -> CheckReport {
        print("seed \(seed)")
        let node = try #require(FakeSessionNode(host, manner, noteName: Self.noteName))
        let recorder = HistoryRecorder(seed: seed, title: "a fake node")
        var insister = SessionInsister(
            workload: "session", client: 3, path: "svc:/torture/x/:properties/state/value",
            noteName: Self.noteName, endpoints: [node.endpoint], recorder: recorder,
            // All tests share the threads that this one waits for.
            timeout: .seconds(600), seed: seed)
        for _ in 0..<40 { await insister.submitNext() }
        recorder.observe(
            Observation(
                client: 0, workload: "session", function: "start", key: "feed", value: 0))
        let effects = node.stop()
        for effect in effects {
            recorder.observe(
                Observation(
                    client: 0, workload: "session", function: "see", key: "feed",
                    value: [.integer(Int64(effect.index)), .integer(effect.value)]))
        }
        recorder.observe(
            Observation(
                client: 0, workload: "session", function: "end", key: "feed",
                value: .integer(Int64(effects.last?.index ?? 0))))
        return SessionChecker(workload: "session").check(recorder.history)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `a node that remembers is found to be good, over either protocol`(
        host: String
    ) async throws {
        let report = try await report(host, .remembers, seed: 21)
        #expect(report.findings.isEmpty)
        #expect(report.counts.first { $0.name == "submissions" }?.value == 40)
        let answers = report.counts.first { $0.name == "answers" }?.value ?? 0
        #expect(answers > 40, "nothing was sent again")
    }

    @Test func `a node that does it once more is found out`() async throws {
        let report = try await report("127.0.0.1", .forgets, seed: 22)
        #expect(!report.findings.isEmpty)
    }
}
