import ArgumentParser
package import JSON
package import Lockstep
import TextOutput

/// Shows what every node says about itself.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show every node's role, indices and sizes.",
        discussion: """
            LOG is what the log holds, without the room that its files have prepared for what comes; \
            RATIO is how well what was appended since the node's start is compressed. STORE is the \
            memory of the store's caches and buffers, MEMORY all that the node's process has in \
            memory. Exits with 69 where no node that answers is the leader.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Flag(help: "Show it again and again, until interrupted.")
    var watch = false

    @Option(help: ArgumentHelp("How often with --watch.", valueName: "seconds"))
    var interval: Double = 1

    func validate() throws {
        guard (0.1...3_600).contains(interval) else {
            throw ValidationError("--interval must be from 0.1 to 3600 seconds.")
        }
    }

    func run() async throws {
        try await cluster.withClient { client in
            while true {
                let reports = await client.statusOfAllNodes()
                let document = StatusReport.document(reports)
                let clear = watch && Streams.outputIsTerminal ? "\u{1B}[H\u{1B}[2J" : ""
                if cluster.json {
                    try Streams.write((watch ? document.text : document.indentedText) + "\n")
                } else {
                    try Streams.write(clear + StatusReport.text(reports))
                }
                guard watch else {
                    if StatusReport.leader(reports) == nil {
                        throw CommandFailure(
                            .unavailable,
                            "no leader answers; check --endpoints and that a majority runs")
                    }
                    return
                }
                try await Task.sleep(for: .milliseconds(Int64(interval * 1_000)))
            }
        }
    }
}

/// The words and the JSON of a round of status answers.
package enum StatusReport {
    package static func leader(_ reports: [NodeReport]) -> NodeStatus? {
        reports.lazy.compactMap { try? $0.status.get() }
            .filter { $0.role == .leader }.max { $0.term < $1.term }
    }

    /// What the leader says of its triggers; nil if none of the endpoints leads or knows who does.
    static func leader(of client: LockstepClient) async -> [TriggerStatus]? {
        let reports = await client.statusOfAllNodes()
        if let status = leader(reports) { return status.triggers }
        for report in reports {
            guard let text = try? report.status.get().leaderClientAddress,
                let address = Endpoint(text), let status = try? await client.status(of: address),
                status.role == .leader
            else { continue }
            return status.triggers
        }
        return nil
    }

    package static func text(_ reports: [NodeReport]) -> String {
        var nodes = Table([
            .init("ENDPOINT"), .init("NODE", .right), .init("ROLE"), .init("TERM", .right),
            .init("COMMIT", .right), .init("APPLIED", .right), .init("DURABLE", .right),
            .init("LOG", .right), .init("RATIO", .right), .init("STORE", .right),
            .init("MEMORY", .right), .init("CLIENTS", .right), .init("UP", .right),
        ])
        var failures = ""
        for report in reports {
            switch report.status {
            case .success(let status): nodes.append(row(report.endpoint, status))
            case .failure(let error):
                nodes.append(
                    ["\(report.endpoint)", "-", "unreachable"] + Array(repeating: "-", count: 10))
                failures += "\(report.endpoint): \(error)\n"
            }
        }
        failures += damage(reports) + notices(reports)
        guard let leader = leader(reports) else { return nodes.text + failures }
        return nodes.text + failures + "\n" + members(leader) + triggers(leader)
    }

    /// What nodes wait for, a line each.
    private static func notices(_ reports: [NodeReport]) -> String {
        reports.compactMap { try? $0.status.get() }.filter { !$0.notice.isEmpty }
            .map { "node \($0.node): \($0.notice)\n" }.joined()
    }

    /// One line for each range of records that a node has lost.
    private static func damage(_ reports: [NodeReport]) -> String {
        reports.flatMap { report -> [String] in
            guard case .success(let status) = report.status else { return [] }
            let fate =
                status.role == .repairing
                ? "it does not vote until they are fetched from another node"
                : "its state holds them, and compaction removes them"
            return status.damage.map { range in
                "node \(status.node): records \(range.first) to \(range.last) are damaged in "
                    + "\(range.place); \(fate)\n"
            }
        }.joined()
    }

    private static func row(_ endpoint: Endpoint, _ status: NodeStatus) -> [String] {
        [
            "\(endpoint)", "\(status.node)", "\(status.role)", "\(status.term)",
            Units.count(status.commitIndex), Units.count(status.appliedIndex),
            Units.count(status.durableIndex), Units.bytes(status.logBytes),
            status.compressionRatio.map { Units.decimal($0, digits: 2) } ?? "-",
            Units.bytes(status.engineBytes), Units.bytes(status.memoryBytes),
            Units.count(status.connections), Units.duration(status.uptime),
        ]
    }

    private static func members(_ leader: NodeStatus) -> String {
        var table = Table([
            .init("MEMBER", .right), .init("ROLE"), .init("PEERS"), .init("CLIENTS"),
            .init("MATCH", .right), .init("LAG", .right), .init("HEARD", .right),
        ])
        for member in leader.members {
            table.append([
                "\(member.node)", "\(member.role)", member.peerAddress, member.clientAddress,
                Units.count(member.matchIndex), Units.count(member.lagRecords),
                member.lastHeard.map(Units.duration) ?? "-",
            ])
        }
        return table.text
    }

    private static func triggers(_ leader: NodeStatus) -> String {
        guard !leader.triggers.isEmpty else { return "" }
        var table = Table([
            .init("TRIGGER"), .init("DELIVERED", .right), .init("LAG", .right), .init("STATE"),
        ])
        for trigger in leader.triggers {
            table.append([
                trigger.name, Units.count(trigger.deliveredThrough),
                Units.count(trigger.lagRecords), TriggerStateWords(trigger.state).text,
            ])
        }
        return "\n" + table.text
    }

    package static func document(_ reports: [NodeReport]) -> JSONValue {
        [
            "nodes": .array(
                reports.map { report in
                    switch report.status {
                    case .success(let status):
                        .object(
                            [JSONMember("endpoint", .string("\(report.endpoint)"))]
                                + fields(status))
                    case .failure(let error):
                        [
                            "endpoint": .string("\(report.endpoint)"),
                            "error": .string("\(error)"),
                        ]
                    }
                })
        ]
    }

    private static func fields(_ status: NodeStatus) -> [JSONMember] {
        let numbers: [(String, UInt64)] = [
            ("term", status.term), ("commit-index", status.commitIndex),
            ("applied-index", status.appliedIndex), ("durable-index", status.durableIndex),
            ("first-log-index", status.firstLogIndex), ("last-log-index", status.lastLogIndex),
            ("log-bytes", status.logBytes), ("appended-bytes", status.appendedBytes),
            ("raw-bytes", status.rawBytes),
            ("stored-bytes", status.storedBytes), ("engine-bytes", status.engineBytes),
            ("memory-bytes", status.memoryBytes), ("sessions", status.sessions),
            ("connections", status.connections), ("feature-level", status.featureLevel),
        ]
        return [
            JSONMember("node", .number(status.node)),
            JSONMember("cluster", status.cluster.map { .string($0) } ?? .null),
            JSONMember("incarnation", .number(status.incarnation)),
            JSONMember("role", .string("\(status.role)")),
            JSONMember("leader", status.leader.map { .number($0) } ?? .null),
            JSONMember("leader-address", .string(status.leaderClientAddress)),
            JSONMember("version", .string(status.version)),
            JSONMember("uptime-ms", .number(status.uptime.milliseconds)),
            JSONMember("notice", .string(status.notice)),
        ] + numbers.map { JSONMember($0.0, .number($0.1)) } + [
            JSONMember("members", .array(status.members.map(document))),
            JSONMember("triggers", .array(status.triggers.map(document))),
            JSONMember(
                "damage",
                .array(
                    status.damage.map {
                        [
                            "first": .number($0.first), "last": .number($0.last),
                            "place": .string($0.place),
                        ]
                    })),
        ]
    }

    private static func document(_ member: MemberStatus) -> JSONValue {
        [
            "node": .number(member.node), "role": .string("\(member.role)"),
            "peer-address": .string(member.peerAddress),
            "client-address": .string(member.clientAddress),
            "incarnation": member.incarnation.map { .number($0) } ?? .null,
            "match-index": .number(member.matchIndex), "lag-records": .number(member.lagRecords),
            "last-heard-ms": member.lastHeard.map { .number($0.milliseconds) } ?? .null,
        ]
    }

    private static func document(_ trigger: TriggerStatus) -> JSONValue {
        let state = TriggerStateWords(trigger.state)
        return [
            "name": .string(trigger.name), "delivered-through": .number(trigger.deliveredThrough),
            "lag-records": .number(trigger.lagRecords),
            "state": .string(state.word), "reason": state.reason.map { .string($0) } ?? .null,
        ]
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
