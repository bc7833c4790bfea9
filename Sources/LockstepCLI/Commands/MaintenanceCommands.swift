import ArgumentParser
import JSON
import Lockstep
import TextOutput

/// Makes nodes flush their state and compact their logs.
struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Make each node of --endpoints flush its state and compact its log now.",
        discussion: """
            All are asked, also where one does not answer; then the command ends with the code of \
            that failure, such as 69 for a node that is down.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let nodes = try cluster.nodes()
        let round = try await cluster.withClient { client in
            try await NodeRound.ask(nodes, title: "snapshot") {
                try await client.snapshot(of: $0)
            }
        }
        let report = SnapshotRound(round)
        try cluster.show(report.document, text: report.text)
        if let failure = report.failure { throw failure }
    }
}

/// Compares the state of all nodes at one index.
struct DigestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest",
        abstract: "Compare the digests of all nodes' states at one index.",
        discussion: """
            Puts a mark into the log and asks the leader and each node of --endpoints for the \
            digest of its state there. Exits with 1 where two differ, and where no two do but a \
            node gives none, with the code of that failure, such as 69 for a node that is down.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let nodes = try cluster.nodes()
        let report = try await cluster.withClient { client in
            let mark = try await client.markDigest()
            let round = try await NodeRound.ask(nodes, title: "digest") { node in
                try await askUntilThere(client, node, mark.index).digest
            }
            return DigestReport(mark: mark, round: round)
        }
        try cluster.show(report.document, text: report.text)
        if let failure = report.failure { throw failure }
    }

    /// Whether a node may answer later what it refuses now.
    private static func mayCome(_ error: LockstepError) -> Bool {
        if case .unavailable = error { true } else { false }
    }

    /// A node that has not come to the mark yet is asked again, within the time of a call.
    private func askUntilThere(
        _ client: LockstepClient, _ node: Endpoint, _ index: UInt64
    ) async throws -> StateDigest {
        let end = ContinuousClock.now + cluster.timeoutDuration
        while true {
            do throws(LockstepError) {
                return try await client.digest(of: node, at: index)
            } catch {
                guard Self.mayCome(error), ContinuousClock.now < end else { throw error }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
