import ArgumentParser
import Codec
import Identifiers
import JSON
import Lockstep
import TextOutput
import WAL

/// Shows and checks logs.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Show and check the logs of nodes.",
        subcommands: [LogShowCommand.self, LogVerifyCommand.self])
}

private let dataHelp = ArgumentHelp(
    "Read the data directory of a node that does not run; nothing in it is changed.",
    valueName: "directory")

/// Shows where each log begins and ends, or the frames of one.
struct LogShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show each node's log, or every frame of a data directory.",
        discussion: """
            HELD is what a node's log holds, without the room that its files have prepared for what \
            comes; RATIO is how well what was appended since the node's start is compressed.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Option(help: dataHelp) var data: String?
    @Option(
        help: ArgumentHelp("The first index to show, with --data (default: 1).", valueName: "index")
    )
    var from: UInt64?
    @Option(
        help: ArgumentHelp(
            "How many frames to show, with --data (default: 100).", valueName: "number"))
    var count: Int?

    func validate() throws {
        if data == nil, from != nil || count != nil {
            throw ValidationError(
                "--from and --count choose frames of a data directory; add --data, or leave them out."
            )
        }
        if let count, count < 0 { throw ValidationError("--count must be 0 or more.") }
    }

    func run() async throws {
        if let data {
            try show(try LogInspection(dataDirectory: data))
        } else {
            try await showOnline()
        }
    }

    private func showOnline() async throws {
        let reports = try await cluster.withClient { client in await client.statusOfAllNodes() }
        var table = Table([
            .init("ENDPOINT"), .init("FIRST", .right), .init("LAST", .right),
            .init("DURABLE", .right), .init("COMMIT", .right), .init("HELD", .right),
            .init("RATIO", .right),
        ])
        var documents: [JSONValue] = []
        var failed = 0
        for report in reports {
            let status: NodeStatus
            do throws(LockstepError) {
                status = try report.status.get()
            } catch {
                failed += 1
                table.append(["\(report.endpoint)", "unreachable", "", "", "", "", ""])
                documents.append([
                    "endpoint": .string("\(report.endpoint)"), "error": .string("\(error)"),
                ])
                continue
            }
            table.append([
                "\(report.endpoint)", Units.count(status.firstLogIndex),
                Units.count(status.lastLogIndex), Units.count(status.durableIndex),
                Units.count(status.commitIndex), Units.bytes(status.logBytes),
                status.compressionRatio.map { Units.decimal($0, digits: 2) } ?? "-",
            ])
            documents.append([
                "endpoint": .string("\(report.endpoint)"),
                "first-index": .number(status.firstLogIndex),
                "last-index": .number(status.lastLogIndex),
                "durable-index": .number(status.durableIndex),
                "commit-index": .number(status.commitIndex), "log-bytes": .number(status.logBytes),
                "compression-ratio": status.compressionRatio.map { .number($0, decimals: 3) }
                    ?? .null,
            ])
        }
        try cluster.show(.array(documents), text: table.text)
        if failed == reports.count {
            throw CommandFailure(.unavailable, "no node answers; check --endpoints")
        }
    }

    private func show(_ inspection: LogInspection) throws {
        let recovery = inspection.recovery
        let frames = recovery.frames.filter { $0.lastIndex.rawValue >= from ?? 1 }
            .prefix(count ?? 100)
        var table = Table([
            .init("FIRST", .right), .init("RECORDS", .right), .init("TERM", .right), .init("KIND"),
            .init("STORED", .right), .init("RAW", .right), .init("DIGEST"),
        ])
        for frame in frames {
            table.append([
                "\(frame.firstIndex)", "\(frame.count)", "\(frame.term)", "\(frame.kind)",
                Units.bytes(UInt64(frame.storedBytes)), Units.bytes(UInt64(frame.rawBytes)),
                "\(frame.digest)",
            ])
        }
        let head =
            "node \(inspection.identity.node) of cluster \(inspection.identity.cluster), term"
            + " \(recovery.voting.term), records \(recovery.start.index.next) to"
            + " \(recovery.lastIndex) in \(recovery.frames.count) frames\n"
        try cluster.show(
            [
                "node": .number(inspection.identity.node.rawValue),
                "cluster": .string("\(inspection.identity.cluster)"),
                "term": .number(recovery.voting.term.rawValue),
                "first-index": .number(recovery.start.index.next.rawValue),
                "last-index": .number(recovery.lastIndex.rawValue),
                "frames": .array(frames.map(document)),
            ], text: head + table.text)
    }

    private func document(_ frame: FrameHeader) -> JSONValue {
        [
            "first-index": .number(frame.firstIndex.rawValue), "records": .number(frame.count),
            "term": .number(frame.term.rawValue), "kind": .string("\(frame.kind)"),
            "stored-bytes": .number(frame.storedBytes), "raw-bytes": .number(frame.rawBytes),
            "digest": .string("\(frame.digest)"),
        ]
    }
}

/// Reads and checks whole logs.
struct LogVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Make each node of --endpoints read and check its whole log, or check one here.",
        discussion: """
            Exits with 1 where damage is found, also where the check has mended it; every problem is \
            told with its place. All nodes are asked, also where one does not answer; where no damage \
            is found, the command then ends with the code of that failure, such as 69 for a node that \
            is down. A log is read at the speed of its disk: let --timeout allow for that. With --data the store is not looked at: a last write that is not whole, as a \
            crash may leave it, is told and is no damage.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Option(help: dataHelp) var data: String?

    func run() async throws {
        if let data {
            try verify(try LogInspection(dataDirectory: data))
        } else {
            try await verifyOnline()
        }
    }

    private func verify(_ inspection: LogInspection) throws {
        let recovery = inspection.recovery
        let problems = recovery.damage.map { "\($0)" } + recovery.rottenHeaders
        var text = "\(recovery.frames.count) frames up to index \(recovery.lastIndex) are sound\n"
        for note in recovery.notes + problems { text += note + "\n" }
        try cluster.show(
            [
                "frames": .number(recovery.frames.count),
                "last-index": .number(recovery.lastIndex.rawValue),
                "torn-bytes": .number(recovery.tornBytes),
                "notes": .array(recovery.notes.map { .string($0) }),
                "problems": .array(problems.map { .string($0) }),
            ], text: text)
        if !problems.isEmpty { throw CommandFailure(.negative, "") }
    }

    private func verifyOnline() async throws {
        let nodes = try cluster.nodes()
        let round = try await cluster.withClient { client in
            try await NodeRound.ask(nodes, title: "verify") { try await client.verify($0) }
        }
        let report = VerificationRound(round)
        try cluster.show(report.document, text: report.text)
        if let failure = report.failure { throw failure }
    }
}
