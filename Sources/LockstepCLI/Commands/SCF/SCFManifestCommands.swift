import ArgumentParser
import JSON
import Manifests
import Properties

/// Documents of services, read from files.
private enum ManifestFile {
    static func bundle(_ file: String) throws -> ServiceBundle {
        let bytes = try Streams.read(file, limitBytes: ManifestBounds().documentBytes)
        return try read(file) { () throws(ManifestFailure) in try ServiceBundle(parsing: bytes) }
    }

    /// What the document wants; nothing is done before all of it is known to be right.
    static func tree(_ file: String, _ bundle: ServiceBundle) throws -> ServiceTree {
        try read(file) { () throws(ManifestFailure) in try ServiceTree(bundle) }
    }

    private static func read<Result>(
        _ file: String, _ body: () throws(ManifestFailure) -> Result
    ) throws -> Result {
        do throws(ManifestFailure) {
            return try body()
        } catch {
            let name = file == "-" ? "standard input" : file
            let lines = "\(error)".split(separator: "\n").map { "\(name): \($0)" }
            throw CommandFailure(.malformedInput, lines.joined(separator: "\n"))
        }
    }

    /// The text of a bundle.
    static func text(
        _ make: () throws(ManifestFailure) -> ServiceBundle
    ) throws -> (bundle: ServiceBundle, bytes: [UInt8]) {
        do throws(ManifestFailure) {
            let bundle = try make()
            return (bundle, try bundle.encoded())
        } catch {
            throw CommandFailure(.negative, "\(error)")
        }
    }
}

extension ImportReport {
    fileprivate func document(_ file: String) -> JSONValue {
        [
            "file": .string(file), "index": index.map { .number($0) } ?? .null,
            "changes": .number(changes),
            "conflicts": .array(conflicts.map { .string($0.description) }),
            "skipped": .array(skipped.map { .string($0.description) }),
        ]
    }

    fileprivate func text(_ file: String, _ done: String) -> String {
        var text =
            index.map { "\(file): \(done) at index \($0), \(changes) changes\n" }
            ?? "\(file): everything is so already\n"
        for conflict in conflicts { text += "  \(conflict)\n" }
        for path in skipped { text += "  \(path) is not there and is passed over\n" }
        return text
    }
}

struct SCFImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import SMF manifests or archives; each wholly or not at all.",
        discussion: """
            All files are read and checked before the first is imported. What people have changed \
            since the last import stays, with a line that says so: a document has its way only where \
            nobody was in its way, and general/enabled is the administrator's. The snapshots \
            last-import, previous, initial and running are taken as svccfg does. Files behind one \
            that the cluster refuses are not begun.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The files, or - for the standard input.") var files: [String]

    func run() async throws {
        var trees: [(file: String, tree: ServiceTree)] = []
        for file in files {
            let bundle = try ManifestFile.bundle(file)
            guard bundle.kind != .profile else {
                throw CommandFailure(
                    .malformedInput, "\(file) is a profile; lockstep scf apply applies it")
            }
            trees.append((file, try ManifestFile.tree(file, bundle)))
        }
        let imports = trees
        let series = try await cluster.withRepository { (repository) in
            await ImportSeries(of: imports, into: repository)
        }
        // What was done is told even where a later file failed.
        if series.failure == nil || !series.reports.isEmpty {
            try cluster.show(
                .array(series.reports.map { $0.report.document($0.file) }),
                text: series.reports.map { $0.report.text($0.file, "imported") }.joined())
        }
        if let failure = series.failure { throw failure }
    }
}

struct SCFApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Apply an SMF profile to the services and instances that are there.",
        discussion:
            "What it says holds against what is there, and what is not there is passed over.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The file, or - for the standard input.") var file: String

    func run() async throws {
        let bundle = try ManifestFile.bundle(file)
        guard bundle.kind == .profile else {
            throw CommandFailure(
                .malformedInput,
                "\(file) is a bundle of type \(bundle.kind.rawValue); lockstep scf import imports it"
            )
        }
        let tree = try ManifestFile.tree(file, bundle)
        let report = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            try await ManifestImport(into: repository).apply(tree)
        }
        try cluster.show(report.document(file), text: report.text(file, "applied"))
    }
}

struct SCFValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check documents of SMF, and change nothing; no cluster is asked.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The files, or - for the standard input.") var files: [String]

    func run() async throws {
        var found: [(file: String, kind: String, entities: Int)] = []
        for file in files {
            let bundle = try ManifestFile.bundle(file)
            let tree = try ManifestFile.tree(file, bundle)
            found.append((file, bundle.kind.rawValue, tree.entities.count))
        }
        try cluster.show(
            .array(
                found.map {
                    [
                        "file": .string($0.file), "kind": .string($0.kind),
                        "entities": .number($0.entities),
                    ]
                }),
            text: found.map {
                "\($0.file): a \($0.kind) of \($0.entities) services and instances, all right\n"
            }.joined())
    }
}

/// Writes a bundle of services, each read as it is at one moment.
private func write(
    _ cluster: ClusterOptions, _ tree: ServiceTree,
    _ make: (ServiceTree) throws(ManifestFailure) -> ServiceBundle
) throws {
    let (bundle, bytes) = try ManifestFile.text { () throws(ManifestFailure) in try make(tree) }
    if cluster.json {
        try cluster.show(
            [
                "kind": .string(bundle.kind.rawValue), "services": .number(bundle.services.count),
                "document": .string(String(decoding: bytes, as: UTF8.self)),
            ], text: "")
    } else {
        try Streams.write(bytes)
    }
    guard bundle.kind != .profile else { return }
    let refusal = tree.importRefusal(documentBytes: bytes.count)
    if let refusal {
        throw CommandFailure(
            .negative, "the document is written, but cannot be imported as one: \(refusal)")
    }
}

struct SCFExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write services with all their instances as a document that imports them again.",
        discussion: """
            All is as it was at one moment. It is a manifest where every instance tells whether it \
            is enabled, as manifests must, else an archive. Groups that are not persistent are left \
            out.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: entityHelp) var names: [String]

    func run() async throws {
        let tree = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            var patterns: [EntityPattern] = []
            for name in names { patterns.append(try EntityPattern.read(name)) }
            return try await repository.tree(of: patterns).tree
        }
        try write(cluster, tree) { (tree) throws(ManifestFailure) in
            try tree.bundle(named: "export")
        }
    }
}

/// All services with their instances, as they are at one moment.
private func everything(_ cluster: ClusterOptions) async throws -> ServiceTree {
    try await cluster.withRepository { (repository) async throws(RepositoryFailure) in
        try await repository.tree().tree
    }
}

struct SCFArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Write all services as one archive, of one moment.",
        discussion: """
            Exits with 1 where the archive is written, but is too large for import, which is one \
            transaction of 2 MiB that copies 8 MiB into snapshots at the most: then export services \
            to several documents.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        try write(cluster, try await everything(cluster)) { (tree) throws(ManifestFailure) in
            let bundle = try tree.bundle(named: "archive")
            return ServiceBundle(.archive, name: bundle.name, services: bundle.services)
        }
    }
}

struct SCFExtractCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Write the enabled state of every instance as a profile.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        try write(cluster, try await everything(cluster)) { tree in
            tree.enabledStates(named: "extract")
        }
    }
}
