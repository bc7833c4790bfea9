import ArgumentParser
import JSON
import Lockstep
import TextOutput

/// Makes nodes flush their state and compact their logs.
struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Make each node of --endpoints flush its state and compact its log now.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let nodes = try cluster.nodes()
        var table = Table([
            .init("ENDPOINT"), .init("APPLIED", .right), .init("LOG FROM", .right),
            .init("TOOK", .right),
        ])
        var documents: [JSONValue] = []
        try await cluster.withClient { client in
            for node in nodes {
                let report = try await client.snapshot(of: node)
                table.append([
                    "\(node)", Units.count(report.appliedIndex),
                    Units.count(report.firstRetainedIndex), Units.duration(report.duration),
                ])
                documents.append([
                    "endpoint": .string("\(node)"), "applied-index": .number(report.appliedIndex),
                    "first-retained-index": .number(report.firstRetainedIndex),
                    "duration-ms": .number(report.duration.milliseconds),
                ])
            }
        }
        try cluster.show(.array(documents), text: table.text)
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
            var report = DigestReport(mark: try await client.markDigest())
            for node in nodes {
                do {
                    let digest = try await askUntilThere(client, node, report.mark.index)
                    report.answers.append((node, .success(digest.digest)))
                } catch {
                    guard let failure = CommandFailure(error) else { throw error }
                    report.answers.append((node, .failure(failure)))
                }
            }
            return report
        }
        try cluster.show(report.document, text: report.text)
        if let failure = report.failure { throw failure }
    }

    /// Whether a node may answer later what it refuses now.
    private static func mayCome(_ error: LockstepError) -> Bool {
        switch error {
        case .refused(let reason, _): [.notFound, .busy, .wrongState].contains(reason)
        default: false
        }
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
