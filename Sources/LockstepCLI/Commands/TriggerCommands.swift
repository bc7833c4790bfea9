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
        commandName: "list",
        abstract: "Show all triggers, how far they have come, and why one does not.",
        discussion: """
            STATE is in-force for a pre-commit trigger; running, failing (with the reason of the \
            last run; it is tried again and again) or suspended (with the reason; see lockstep \
            trigger resume) for the others; unknown if no leader tells it.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let (triggers, leader) = try await cluster.withClient { client in
            // First the leader's: what it runs is then in the list that is read behind it.
            let leader = await StatusReport.leader(of: client)
            return (try await client.triggers(), leader)
        }
        let report = TriggerReport(triggers, leader: leader)
        try cluster.show(report.document, text: report.text)
    }
}

struct TriggerAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a trigger.",
        discussion: """
            A post-commit or on-rollback trigger runs a program of the nodes' trigger folder; one of \
            kind on-rollback does so for every transaction that aborts, and takes no filter. A \
            pre-commit trigger vetoes transactions that its filter lets through and that do not \
            meet all its conditions. At most: \(Trigger.bounds).
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
    @Option(
        help: ArgumentHelp(
            "Suspend it after so many failed runs for one transaction; 0 tries on and on.",
            valueName: "number"))
    var attempts: UInt64 = 0
    @OptionGroup(title: "Conditions of a pre-commit trigger") var demands: TriggerDemandOptions

    func run() async throws {
        guard runTimeout > 0, runTimeout <= 3_600 else {
            throw CommandFailure(.usage, "--run-timeout must be over 0 and at most 3600 seconds")
        }
        let conditions = try demands.conditions()
        try checkKind(conditions)
        let action: Trigger.Action =
            switch kind {
            case .preCommit: .beforeCommit(conditions)
            case .postCommit: .afterCommit(program: program, arguments: arguments)
            case .onRollback: .afterAbort(program: program, arguments: arguments)
            }
        let trigger = Trigger(
            name: name, action: action, stores: store, keyPrefixes: key,
            timeout: .milliseconds(max(1, Int64(runTimeout * 1_000))), attemptLimit: attempts)
        var transaction = Transaction()
        do throws(LockstepError) {
            try transaction.addTrigger(trigger)
        } catch {
            guard case .invalidArgument(let fault) = error else { throw CommandFailure(error) }
            throw CommandFailure(.usage, fault)
        }
        try await commit(transaction, cluster, done: "trigger \(name) is registered")
    }

    /// Options of another kind of trigger would be dropped without a word.
    private func checkKind(_ conditions: [Trigger.Condition]) throws(CommandFailure) {
        switch kind {
        case .preCommit:
            guard program.isEmpty, arguments.isEmpty, attempts == 0 else {
                throw CommandFailure(
                    .usage,
                    "a pre-commit trigger runs no program: "
                        + "leave --program, --argument and --attempts out")
            }
            guard !conditions.isEmpty else {
                throw CommandFailure(
                    .usage, "a pre-commit trigger needs a condition, such as --forbid-deletion")
            }
        case .postCommit, .onRollback:
            guard conditions.isEmpty, demands.message == nil else {
                throw CommandFailure(
                    .usage,
                    "conditions and --message belong to --kind pre-commit; "
                        + "a \(kind.rawValue) trigger runs a program")
            }
            guard !program.isEmpty else {
                throw CommandFailure(.usage, "a \(kind.rawValue) trigger needs --program")
            }
            guard kind == .postCommit || (store.isEmpty && key.isEmpty) else {
                throw CommandFailure(
                    .usage,
                    "an on-rollback trigger runs for every transaction that aborts: "
                        + "leave --store and --key out")
            }
        }
    }
}

/// The conditions of a pre-commit trigger as options.
struct TriggerDemandOptions: ParsableArguments {
    @Option(help: ArgumentHelp("No change of keys that begin so.", valueName: "prefix"))
    var forbidChange: [String] = []
    @Option(help: ArgumentHelp("No deletion of keys that begin so.", valueName: "prefix"))
    var forbidDeletion: [String] = []
    @Option(help: ArgumentHelp("Some change of a key that begins so.", valueName: "prefix"))
    var demandChange: [String] = []
    @Option(help: ArgumentHelp("The transaction has this note.", valueName: "name"))
    var demandNote: [String] = []
    @Option(help: ArgumentHelp("At most so many changes.", valueName: "number"))
    var mostChanges: UInt64?
    @Option(
        help: ArgumentHelp(
            "A service, instance, group or property is there afterwards.", valueName: "path"))
    var requirePresent: [String] = []
    @Option(help: ArgumentHelp("It is not there afterwards.", valueName: "path"))
    var requireAbsent: [String] = []
    @Option(
        help: ArgumentHelp("A property is there and of this type.", valueName: "property=type"))
    var requireType: [String] = []
    @Option(
        help: ArgumentHelp(
            "A property has exactly this value; repeated for one property, these in order.",
            valueName: "property=value"))
    var requireValue: [String] = []
    @Option(
        help: ArgumentHelp(
            "All values of a property are whole numbers from lower to upper.",
            valueName: "property=lower..upper"))
    var requireRange: [String] = []
    @Option(
        help: ArgumentHelp(
            "A row of a store is there afterwards, its key in hexadecimal.",
            valueName: "store:key"))
    var requireRow: [String] = []
    @Option(help: ArgumentHelp("It is not there afterwards.", valueName: "store:key"))
    var forbidRow: [String] = []
    @Option(help: "What a veto says, in place of the condition's own words.")
    var message: String?

    /// Throws a usage failure that names the option.
    func conditions() throws(CommandFailure) -> [Trigger.Condition] {
        do throws(TriggerConditions.Fault) {
            return try all.conditions()
        } catch {
            throw CommandFailure(.usage, "--\(error.option.rawValue): \(error.message)")
        }
    }

    private var all: TriggerConditions {
        var all = TriggerConditions()
        (all.forbidChange, all.forbidDeletion) = (forbidChange, forbidDeletion)
        (all.demandChange, all.demandNote) = (demandChange, demandNote)
        (all.mostChanges, all.message) = (mostChanges, message)
        (all.requirePresent, all.requireAbsent) = (requirePresent, requireAbsent)
        (all.requireType, all.requireValue) = (requireType, requireValue)
        (all.requireRange, all.requireRow) = (requireRange, requireRow)
        all.forbidRow = forbidRow
        return all
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
        commandName: "resume", abstract: "End the suspension of a trigger.",
        discussion: """
            A trigger is suspended after --attempts failed runs for one transaction, or when \
            transactions that it had not been given are no longer retained. It goes on with the \
            one that it failed at, or behind the gap. To pass over a transaction for which it \
            cannot but fail, remove it and add it anew: it begins with what commits after that.
            """)

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
