import ArgumentParser
import JSON
import Lockstep
import TextOutput

/// Registers, shows and removes triggers.
struct TriggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger", abstract: "Register, show and remove triggers.",
        subcommands: [
            TriggerListCommand.self, TriggerAddCommand.self, TriggerRemoveCommand.self,
            TriggerResumeCommand.self,
        ])
}

struct TriggerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show all triggers and how far they have come.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let triggers = try await cluster.withClient { client in try await client.triggers() }
        var table = Table([
            .init("NAME"), .init("KIND"), .init("FILTER"), .init("DOES"),
            .init("DELIVERED", .right),
            .init("SUSPENDED"),
        ])
        for trigger in triggers {
            let own = trigger.trigger
            let filter = (own.stores.map(\.rawValue) + own.keyPrefixes).joined(separator: " ")
            table.append([
                own.name, own.action.word, filter.isEmpty ? "all" : filter, own.action.text,
                own.action.isDelivered ? Units.count(trigger.deliveredThrough) : "-",
                trigger.suspension ?? "no",
            ])
        }
        try cluster.show(.array(triggers.map(\.document)), text: table.text)
    }
}

/// When a trigger acts.
enum TriggerKind: String, ExpressibleByArgument, CaseIterable {
    case preCommit = "pre-commit"
    case postCommit = "post-commit"
    case onRollback = "on-rollback"
}

extension Trigger.Action {
    fileprivate var word: String {
        switch self {
        case .beforeCommit: TriggerKind.preCommit.rawValue
        case .afterCommit: TriggerKind.postCommit.rawValue
        case .afterAbort: TriggerKind.onRollback.rawValue
        }
    }

    fileprivate var text: String {
        switch self {
        case .beforeCommit(let conditions): "\(conditions.count) conditions"
        case .afterCommit(let program, let arguments), .afterAbort(let program, let arguments):
            ([program] + arguments).joined(separator: " ")
        }
    }

    /// Whether it has a cursor.
    fileprivate var isDelivered: Bool {
        if case .beforeCommit = self { false } else { true }
    }

    fileprivate var members: [JSONMember] {
        switch self {
        case .beforeCommit(let conditions):
            [
                JSONMember(
                    "conditions",
                    .array(
                        conditions.map {
                            [
                                "demand": .string("\($0.demand)"),
                                "message": .string($0.message),
                            ]
                        }))
            ]
        case .afterCommit(let program, let arguments), .afterAbort(let program, let arguments):
            [
                JSONMember("program", .string(program)),
                JSONMember("arguments", .array(arguments.map { .string($0) })),
            ]
        }
    }
}

extension RegisteredTrigger {
    fileprivate var document: JSONValue {
        .object(
            [
                JSONMember("name", .string(trigger.name)),
                JSONMember("kind", .string(trigger.action.word)),
                JSONMember("stores", .array(trigger.stores.map { .string($0.rawValue) })),
                JSONMember("key-prefixes", .array(trigger.keyPrefixes.map { .string($0) })),
            ] + trigger.action.members + [
                JSONMember("timeout-ms", .number(trigger.timeout.milliseconds)),
                JSONMember("delivered-through", .number(deliveredThrough)),
                JSONMember("suspension", suspension.map { .string($0) } ?? .null),
            ])
    }
}

struct TriggerAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a trigger.",
        discussion: """
            A post-commit or on-rollback trigger runs a program of the nodes' trigger folder. A \
            pre-commit trigger vetoes transactions that its filter lets through and that do not \
            meet all its conditions.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "A new name.") var name: String
    @Option(help: "When it runs.") var kind = TriggerKind.postCommit
    @Option(
        help: "Only changes of this store; may be repeated.", transform: ArgumentReading.store)
    var store: [StoreKind] = []
    @Option(help: ArgumentHelp("Only keys that begin so; may be repeated.", valueName: "prefix"))
    var key: [String] = []
    @Option(help: "The program's name in the trigger folder.") var program = ""
    @Option(
        name: .customLong("argument"), parsing: .unconditionalSingleValue,
        help: "An argument of the program; may be repeated.")
    var arguments: [String] = []
    @Option(help: ArgumentHelp("A run that takes longer is killed.", valueName: "seconds"))
    var runTimeout: Double = 30
    @Option(help: ArgumentHelp("Condition: no change of such keys.", valueName: "prefix"))
    var forbidChange: [String] = []
    @Option(help: ArgumentHelp("Condition: no deletion of such keys.", valueName: "prefix"))
    var forbidDeletion: [String] = []
    @Option(help: ArgumentHelp("Condition: a change of such a key.", valueName: "prefix"))
    var demandChange: [String] = []
    @Option(help: ArgumentHelp("Condition: the transaction has this note.", valueName: "name"))
    var demandNote: [String] = []
    @Option(help: ArgumentHelp("Condition: at most so many changes.", valueName: "number"))
    var mostChanges: UInt64?
    @Option(help: "What a veto says.") var message = "a condition is not met"

    func run() async throws {
        guard runTimeout > 0, runTimeout <= 3_600 else {
            throw CommandFailure(.usage, "--run-timeout must be over 0 and at most 3600 seconds")
        }
        let action: Trigger.Action =
            switch kind {
            case .preCommit: .beforeCommit(conditions)
            case .postCommit: .afterCommit(program: program, arguments: arguments)
            case .onRollback: .afterAbort(program: program, arguments: arguments)
            }
        let trigger = Trigger(
            name: name, action: action, stores: store, keyPrefixes: key,
            timeout: .milliseconds(Int64(runTimeout * 1_000)))
        var transaction = Transaction()
        try transaction.addTrigger(trigger)
        try await commit(transaction, cluster, done: "trigger \(name) is registered")
    }

    private var conditions: [Trigger.Condition] {
        var demands: [Trigger.Demand] = []
        demands += forbidChange.map { .noChange(keyPrefix: $0) }
        demands += forbidDeletion.map { .noDeletion(keyPrefix: $0) }
        demands += demandChange.map { .someChange(keyPrefix: $0) }
        demands += demandNote.map { .note($0) }
        if let mostChanges { demands.append(.mostChanges(mostChanges)) }
        return demands.map { Trigger.Condition($0, message: message) }
    }
}

struct TriggerRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove a trigger.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "Its name.") var name: String

    func run() async throws {
        var transaction = Transaction()
        transaction.removeTrigger(name)
        try await commit(transaction, cluster, done: "trigger \(name) is removed")
    }
}

struct TriggerResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End the suspension of a trigger.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "Its name.") var name: String

    func run() async throws {
        var transaction = Transaction()
        transaction.resumeTrigger(name)
        try await commit(transaction, cluster, done: "trigger \(name) goes on")
    }
}

private func commit(
    _ transaction: Transaction, _ cluster: ClusterOptions, done: String
) async throws {
    let commit = try await cluster.withClient { client in try await client.commit(transaction) }
    try cluster.show(["index": .number(commit.index)], text: "\(done) at index \(commit.index)\n")
}
