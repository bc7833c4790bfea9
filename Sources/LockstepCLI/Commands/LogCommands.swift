import ArgumentParser
import Codec
import Identifiers
import JSON
import Lockstep
import Replication
import TextOutput
import WAL
import Wording

/// Shows and checks logs.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Show and check the logs of nodes.",
        subcommands: [LogShowCommand.self, LogVerifyCommand.self])
}

private let dataHelp = ArgumentHelp(
    "Read the data directory of a node that does not run; nothing in it is changed.",
    valueName: "directory")

/// Shows where each log begins and ends, or frames of it.
struct LogShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show each node's log, or its frames.",
        discussion: """
            Without --from, --count and --data: where each log begins and ends. HELD is what it holds, \
            without the room that its files have prepared for what comes; RATIO is how well what was \
            appended since the node's start is compressed. With one of the three: its frames, by the \
            index of their first record, each with its number of records and what these are, its \
            payload's bytes as stored and before compression, and the digest of the log up to its end.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Option(help: dataHelp) var data: String?
    @Option(
        help: ArgumentHelp(
            "Show frames from the one with this record on (default: 1).", valueName: "index"))
    var from: UInt64?
    @Option(
        help: ArgumentHelp("How many frames to show (default: 100).", valueName: "number"))
    var count: Int?

    func validate() throws {
        if let count, count < 0 { throw ValidationError("--count must be 0 or more.") }
    }

    func run() async throws {
        if let data {
            try show(try LogInspection(dataDirectory: data, withStore: false))
        } else if from != nil || count != nil {
            try await showFrames()
        } else {
            try await showOnline()
        }
    }

    private func showFrames() async throws {
        let nodes = try cluster.nodes()
        let first = from ?? 1
        let count = count ?? 100
        let round = try await cluster.withClient { client in
            try await NodeRound.ask(nodes, title: "log") { node in
                try await client.logFrames(of: node, from: first, count: count)
            }
        }
        let report = LogFramesRound(round)
        try cluster.show(report.document, text: report.text)
        if let failure = report.failure { throw failure }
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
        let report = inspection.frames(from: from ?? 1, count: count ?? 100)
        let head =
            "node \(report.node) of cluster \(inspection.identity.cluster), term \(report.term),"
            + " records \(report.firstIndex) to \(report.lastIndex) in"
            + " \(Words.counted(inspection.recovery.frames.count, "frame"))\n"
        try cluster.show(
            .object(
                [JSONMember("cluster", .string("\(inspection.identity.cluster)"))] + report.members),
            text: head + report.table)
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
            is down. A log is read at the speed of its disk: let --timeout allow for that. With --data \
            every row of the store is read too, against the checksums of its blocks, and where the \
            store is must be a record of the log. What a crash may leave, such as a last write that is \
            not whole, is told and is no damage. A folder that is no node's, or whose files cannot be \
            opened, is 66.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Option(help: dataHelp) var data: String?

    func run() async throws {
        if let data {
            let inspection: LogInspection
            do throws(CommandFailure) {
                inspection = try LogInspection(dataDirectory: data, withStore: true)
            } catch {
                guard error.exit == .negative else { throw error }
                return try refuse(error)
            }
            try verify(inspection)
        } else {
            try await verifyOnline()
        }
    }

    /// A log that no node could start with: what is wrong is the only thing known of it.
    private func refuse(_ failure: CommandFailure) throws {
        try cluster.show(
            [
                "frames": .null, "first-index": .null, "last-index": .null, "torn-bytes": .null,
                "store": .null, "notes": [], "problems": [.string(failure.text)],
            ], text: failure.text + "\n")
        throw CommandFailure(.negative, "")
    }

    private func verify(_ inspection: LogInspection) throws {
        let recovery = inspection.recovery
        let problems = inspection.logProblems + inspection.storeProblems
        let frames = Words.counted(recovery.frames.count, "frame")
        let verdict = inspection.logProblems.isEmpty ? "sound" : "damaged"
        let extent =
            recovery.frames.isEmpty
            ? "" : " from index \(recovery.start.index.next) up to index \(recovery.lastIndex)"
        var text = "\(frames)\(extent): \(verdict)\n"
        var store: JSONValue = .null
        if case .success(let found) = inspection.store {
            let rows = Words.counted(found.rowCount, "row")
            let verdict = inspection.storeProblems.isEmpty ? "sound" : "not sound"
            text +=
                "\(rows) of the store, applied up to index \(found.position.index): \(verdict); "
                + "digest \(found.digest)\n"
            store = [
                "applied-index": .number(found.position.index.rawValue),
                "applied-term": .number(found.position.term.rawValue),
                "chain-digest": .string("\(found.position.digest)"),
                "rows": .number(found.rowCount), "state-digest": .string("\(found.digest)"),
            ]
        }
        for note in recovery.notes + problems { text += note + "\n" }
        try cluster.show(
            [
                "frames": .number(recovery.frames.count),
                "first-index": recovery.frames.isEmpty
                    ? .null : .number(recovery.start.index.next.rawValue),
                "last-index": .number(recovery.lastIndex.rawValue),
                "torn-bytes": .number(recovery.tornBytes), "store": store,
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
