import ArgumentParser
import JSON
import Lockstep
import TextOutput

/// Shows and changes who is in the cluster.
struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "Show and change the members of the cluster.",
        subcommands: [
            MemberListCommand.self, MemberAddCommand.self, MemberRemoveCommand.self,
            MemberPromoteCommand.self,
        ])
}

struct MemberListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the members as the leader sees them.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let reports = try await cluster.withClient { client in await client.statusOfAllNodes() }
        let leader = StatusReport.leader(reports)
        let known = leader ?? reports.lazy.compactMap { try? $0.status.get() }.first
        guard let status = known else {
            throw CommandFailure(.unavailable, "no node answers; check --endpoints")
        }
        var table = Table([
            .init("NODE", .right), .init("ROLE"), .init("LEADS"), .init("PEERS"), .init("CLIENTS"),
        ])
        for member in status.members {
            table.append([
                "\(member.node)", "\(member.role)", member.node == status.leader ? "yes" : "",
                member.peerAddress, member.clientAddress,
            ])
        }
        try cluster.show(
            .array(
                status.members.map { member in
                    [
                        "node": .number(member.node), "role": .string("\(member.role)"),
                        "leads": .boolean(member.node == status.leader),
                        "peer-address": .string(member.peerAddress),
                        "client-address": .string(member.clientAddress),
                    ]
                }), text: table.text)
    }
}

struct MemberAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a node as a learner, which receives the log and does not vote.",
        discussion: "Start the node with --join first. lockstep member promote makes it a voter.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The node's number.") var node: UInt64
    @Option(
        help: ArgumentHelp("Where the other nodes reach it.", valueName: "host:port"),
        transform: ArgumentReading.endpoint)
    var peer: Endpoint
    @Option(
        help: ArgumentHelp("Where clients reach it.", valueName: "host:port"),
        transform: ArgumentReading.endpoint)
    var client: Endpoint

    func validate() throws {
        guard node > 0 else { throw ValidationError("a node's number is 1 or more, not 0.") }
    }

    func run() async throws {
        let index = try await cluster.withClient { lockstep in
            try await lockstep.addMember(node, peerAddress: peer, clientAddress: client)
        }
        try cluster.show(
            ["index": .number(index)],
            text: "node \(node) is a learner since index \(index)\n")
    }
}

struct MemberRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a voter or a learner.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The node's number.") var node: UInt64

    func run() async throws {
        let index = try await cluster.withClient { client in try await client.removeMember(node) }
        try cluster.show(
            ["index": .number(index)], text: "node \(node) is removed at index \(index)\n")
    }
}

struct MemberPromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Make a learner a voter.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The node's number.") var node: UInt64

    func run() async throws {
        let index = try await cluster.withClient { client in try await client.promoteMember(node) }
        try cluster.show(
            ["index": .number(index)], text: "node \(node) votes since index \(index)\n")
    }
}

/// Moves leadership.
struct TransferCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer",
        abstract: "Move leadership to a voter, or to the most advanced one.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The node's number.") var node: UInt64?

    func run() async throws {
        let isMoved = try await cluster.withClient { client in
            do throws(LockstepError) {
                try await client.transferLeadership(to: node)
                return true
            } catch {
                // Asked behind the refusal alone: a node that hangs delays what asks all of them.
                guard case .refused(.wrongState, _) = error, let node,
                    StatusReport.leader(await client.statusOfAllNodes())?.node == node
                else { throw error }
                return false
            }
        }
        let leads = node.map { "node \($0) leads already" } ?? ""
        try cluster.show(
            ["transferred": .boolean(isMoved)],
            text: isMoved ? "leadership is handed over\n" : "\(leads)\n")
    }
}
