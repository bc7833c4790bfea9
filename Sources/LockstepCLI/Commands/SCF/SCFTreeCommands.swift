import ArgumentParser
import JSON
import Properties
import TextOutput
import Wording

struct SCFListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List services and their instances.",
        discussion: "Exits with 1 where something that is named is not there.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: entityHelp) var patterns: [String] = []

    func run() async throws {
        let (paths, missing) = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in try await find(repository)
        }
        try cluster.show(
            .array(paths.map { .string($0.description) }),
            text: paths.map { "\($0)\n" }.joined())
        if let failure = CommandFailure(missing: missing) { throw failure }
    }

    private func find(
        _ repository: ClusterRepository
    ) async throws(RepositoryFailure) -> ([PropertyPath], missing: [String]) {
        guard !patterns.isEmpty else {
            var paths: [PropertyPath] = []
            for service in try await repository.find(try EntityPattern.read("*")) {
                // What is deleted meanwhile is not there.
                guard let instances = try await repository.instances(of: service) else { continue }
                paths += [service] + instances.map(\.path)
            }
            return (paths, [])
        }
        var paths: [PropertyPath] = []
        var missing: [String] = []
        for text in patterns {
            var found: [PropertyPath] = []
            for path in try await repository.find(try EntityPattern.read(text)) {
                if try await repository.identity(of: path) != nil { found.append(path) }
            }
            if found.isEmpty { missing.append(text) }
            paths += found.filter { !paths.contains($0) }
        }
        return (paths, missing)
    }
}

struct SCFSelectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "select",
        abstract: "Show the one service or instance that a name or pattern stands for.",
        discussion: "Exits with 1 where there is none or more than one.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: entityHelp) var name: String

    func run() async throws {
        let path = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            try await repository.findOne(try EntityPattern.read(name))
        }
        try cluster.show(["path": .string(path.description)], text: "\(path)\n")
    }
}

struct SCFAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a service, or an instance of a service that is there.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "svc:/service[:instance]") var name: String

    func run() async throws {
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await repository.pathToMake(name)
            let operation: PropertyOperation =
                path.instance == nil ? .addService(path) : .addInstance(path, serviceID: nil)
            do throws(RepositoryFailure) {
                return try await repository.submit([operation], expecting: [])
            } catch {
                guard case .notFound(let text) = error else { throw error }
                throw .notFound(
                    "\(text), which an instance is of; add that first, and name both whole")
            }
        }
        try cluster.showDone(index, "made")
    }
}

struct SCFDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an instance or a service, with its groups and snapshots.",
        discussion: "The dependencies that its dependents have put at others stay, and are told.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Flag(name: .shortAndLong, help: "Delete the instances of a service with it.")
    var force = false

    @Argument(help: entityHelp) var name: String

    func run() async throws {
        let (index, left) = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let entity = try await repository.identified(try EntityPattern.read(name))
            let left = try await repository.dependenciesLeft(by: entity.path)
            return (try await repository.delete(entity, withInstances: force), left)
        }
        let told = left.map { "  \($0) still depends on it; delpg deletes that\n" }
        try cluster.show(
            [
                "index": .number(index),
                "dependencies-left": .array(left.map { .string($0.description) }),
            ], text: "deleted at index \(index)\n" + told.joined())
    }
}

struct SCFListGroupsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listpg",
        abstract: "List the property groups of a service or an instance, with types and flags.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: entityHelp) var name: String
    @Argument(help: "Only groups whose names fit the pattern.") var pattern = "*"

    func run() async throws {
        let headers = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await repository.findOne(try EntityPattern.read(name))
            return try await repository.children(.groups(of: path, id: nil))
        }.filter { Glob.matches($0.name, pattern) }
        var table = Table([.init("GROUP"), .init("TYPE"), .init("FLAGS")])
        for entry in headers {
            table.append([
                entry.name, entry.group?.type ?? "",
                entry.group?.isPersistent == false ? "NONPERSISTENT" : "",
            ])
        }
        try cluster.show(
            .array(
                headers.map {
                    [
                        "name": .string($0.name), "type": .string($0.group?.type ?? ""),
                        "persistent": .boolean($0.group?.isPersistent ?? true),
                    ]
                }), text: table.text)
    }
}

struct SCFAddGroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "addpg", abstract: "Make an empty property group.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var selection: SelectionOptions
    @Argument(help: "The group's path, or its name with -s.") var group: String
    @Argument(help: "The group's type, such as application.") var type: String

    @Argument(help: "P: the group goes when the whole cluster is started anew.")
    var flags: String?

    func run() async throws {
        guard flags == nil || flags == "P" else {
            throw CommandFailure(
                .usage, "\(Words.quoted(flags ?? "")) is no flag; there is P alone")
        }
        guard NameRules.isValid(type, as: .groupType) else {
            throw CommandFailure(
                .usage, "\(Words.quoted(type)) is no type of a property group; \(nameAdvice)")
        }
        let creation = GroupCreation(type: type, isPersistent: flags == nil)
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await selection.path(group, "property group", in: repository) {
                $0.property == nil
            }
            return try await repository.submit(
                [.addGroup(path, ownerID: nil, creation)], expecting: [])
        }
        try cluster.showDone(index, "made")
    }
}

struct SCFDeleteGroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delpg", abstract: "Delete a property group.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var selection: SelectionOptions
    @Argument(help: "The group's path, or its name with -s.") var group: String

    func run() async throws {
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await selection.path(group, "property group", in: repository) {
                $0.property == nil
            }
            return try await repository.submit([.delete(path, id: nil)], expecting: [])
        }
        try cluster.showDone(index, "deleted")
    }
}
