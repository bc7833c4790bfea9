import ArgumentParser
import JSON
import Lockstep
import Properties
import TextOutput
import Wording

struct SCFSnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract:
            "Work with the snapshots of an instance, which hold its and its service's groups.",
        subcommands: [
            SCFListSnapshotsCommand.self, SCFTakeSnapshotCommand.self,
            SCFDeleteSnapshotCommand.self, SCFRevertCommand.self,
        ])
}

/// An instance and a snapshot's name, as the commands take them.
struct SnapshotOptions: ParsableArguments {
    @Argument(help: entityHelp) var instance: String
    @Argument(help: "The snapshot's name, such as running.") var name: String

    init() {}

    /// The snapshot that is meant; with `isOwn`, it must be one that people take and delete.
    func path(
        in repository: some PropertyRepository, isOwn: Bool = false
    ) async throws(RepositoryFailure) -> SnapshotPath {
        let owner = try await repository.findOne(try EntityPattern.read(instance))
        guard let path = SnapshotPath(owner, name) else {
            let reason =
                owner.instance == nil
                ? "\(owner) is a service; its instances have snapshots"
                : "\(Words.quoted(name)) is no name of a snapshot; \(nameAdvice)"
            throw .failed(CommandFailure(.usage, reason))
        }
        if isOwn, let refusal = SnapshotNames.refusal(of: path) { throw .failed(refusal) }
        return path
    }
}

struct SCFListSnapshotsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the snapshots of an instance.",
        discussion: """
            AT INDEX is that of the transaction that took the snapshot, as log show has it; taken-at of \
            the JSON has a number behind it that tells apart what one transaction took.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: entityHelp) var instance: String

    func run() async throws {
        let entries = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await repository.findOne(try EntityPattern.read(instance))
            guard path.instance != nil else {
                throw .failed(
                    CommandFailure(.usage, "\(path) is a service; its instances have snapshots"))
            }
            return try await repository.snapshots(of: path)
        }
        var table = Table([.init("SNAPSHOT"), .init("AT INDEX", .right)])
        for entry in entries {
            table.append([entry.name, "\(entry.snapshot.content.index)"])
        }
        try cluster.show(
            .array(
                entries.map {
                    ["name": .string($0.name), "taken-at": .string("\($0.snapshot.content)")]
                }), text: table.text)
    }
}

struct SCFTakeSnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "take",
        abstract: "Take a snapshot of an instance, in the place of one that is there.",
        discussion: """
            The names last-import, running and start are those of what imports compare with, of what \
            runs, and of what a restarter has started; they are refused.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Flag(help: "Fail where there is a snapshot of that name.")
    var new = false

    @OptionGroup var snapshot: SnapshotOptions

    func run() async throws {
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await snapshot.path(in: repository, isOwn: true)
            let present = try await repository.snapshots(of: path.instance).map(\.name)
            if let refusal = SnapshotNames.refusal(of: path, beside: present) {
                throw .failed(refusal)
            }
            let take = SnapshotTake(path, mode: new ? .new : .set)
            return try await repository.submit([.takeSnapshot(take)], expecting: [])
        }
        try cluster.showDone(index, "taken")
    }
}

struct SCFDeleteSnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a snapshot of an instance.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var snapshot: SnapshotOptions

    func run() async throws {
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let reference = SnapshotReference(
                try await snapshot.path(in: repository, isOwn: true))
            return try await repository.submit([.deleteSnapshot(reference)], expecting: [])
        }
        try cluster.showDone(index, "deleted")
    }
}

struct SCFRevertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revert",
        abstract: "Make the groups of an instance and its service what a snapshot holds.",
        discussion: """
            Groups that the snapshot has not are deleted, unless they are not persistent; those that \
            are equal stay as they are. Then takes the snapshot running.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var snapshot: SnapshotOptions

    func run() async throws {
        let (index, groups) = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            try await SnapshotRevert(in: repository).run(try await snapshot.path(in: repository))
        }
        try cluster.show(
            ["index": .number(index), "changes": .number(groups)],
            text: "reverted at index \(index): \(Words.counted(groups, "group"))\n")
    }
}

struct SCFRefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Take the snapshot running of an instance, or of all instances of a service.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: entityHelp) var name: String

    func run() async throws {
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            try await repository.refresh(
                try await repository.identified(try EntityPattern.read(name)))
        }
        try cluster.showDone(index, "refreshed")
    }
}
