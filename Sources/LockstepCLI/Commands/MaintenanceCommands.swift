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
            digest of its state there. Exits with 1 where two differ.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let nodes = try cluster.nodes()
        var table = Table([.init("ENDPOINT"), .init("INDEX", .right), .init("DIGEST")])
        var documents: [JSONValue] = []
        var digests: Set<String> = []
        try await cluster.withClient { client in
            let mark = try await client.markDigest()
            digests.insert(mark.digest)
            table.append(["leader", "\(mark.index)", mark.digest])
            for node in nodes {
                let digest = try await askUntilThere(client, node, mark.index)
                digests.insert(digest.digest)
                table.append(["\(node)", "\(digest.index)", digest.digest])
                documents.append([
                    "endpoint": .string("\(node)"), "index": .number(digest.index),
                    "digest": .string(digest.digest),
                ])
            }
        }
        let verdict = digests.count == 1 ? "all are equal\n" : "THEY DIFFER\n"
        try cluster.show(
            ["equal": .boolean(digests.count == 1), "nodes": .array(documents)],
            text: table.text + verdict)
        if digests.count > 1 { throw CommandFailure(.negative, "") }
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
                guard Self.mayCome(error), ContinuousClock.now < end else {
                    let failure = CommandFailure(error)
                    throw CommandFailure(failure.exit, "\(node): \(failure.text)")
                }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
