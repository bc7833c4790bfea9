import ArgumentParser
import JSON
import Manifests
import Properties
import Wording

/// Documents of services, read from files.
private struct ManifestFile {
    let file: String
    /// Bytes of its text.
    let length: Int
    let document: ManifestDocument

    /// Reads a file; nothing is done before all of it is known to be right.
    init(_ file: String) throws {
        let bytes = try Streams.read(file, limitBytes: ManifestBounds().documentBytes)
        self.file = file
        length = bytes.count
        do throws(ManifestFailure) {
            document = try ManifestDocument(parsing: bytes)
        } catch {
            let lines = "\(error)".split(separator: "\n").map { "\(Self.name(of: file)): \($0)" }
            throw CommandFailure(.malformedInput, lines.joined(separator: "\n"))
        }
    }

    /// Reads files, and checks each by `check`; what is wrong with any of them is told at once.
    static func all(
        _ files: [String], _ check: (ManifestFile) -> CommandFailure?
    ) throws -> [ManifestFile] {
        var read: [ManifestFile] = []
        var failures: [CommandFailure] = []
        for file in files {
            do {
                let next = try ManifestFile(file)
                read.append(next)
                if let failure = check(next) { failures.append(failure) }
            } catch {
                guard let failure = error as? CommandFailure else { throw error }
                failures.append(failure)
            }
        }
        guard let first = failures.first else { return read }
        throw CommandFailure(first.exit, failures.map(\.text).joined(separator: "\n"))
    }

    static func name(of file: String) -> String {
        file == "-" ? "standard input" : file
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
            index.map { "\(file): \(done) at index \($0), \(Words.counted(changes, "change"))\n" }
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
            that the cluster refuses are not begun. Counted as changes are services, instances and \
            groups that are made, changed or deleted.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The files, or - for the standard input.") var files: [String]

    func run() async throws {
        let imports = try ManifestFile.all(files) { file in
            guard file.document.bundle.kind == .profile else { return nil }
            return CommandFailure(
                .malformedInput,
                "\(ManifestFile.name(of: file.file)) is a profile; lockstep scf apply applies it")
        }.map { (file: $0.file, tree: $0.document.tree) }
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
        let document = try ManifestFile(file).document
        guard document.bundle.kind == .profile else {
            let kind = document.bundle.kind.rawValue
            throw CommandFailure(
                .malformedInput,
                "\(ManifestFile.name(of: file)) is \(Words.withArticle(kind)); "
                    + "lockstep scf import imports it")
        }
        let tree = document.tree
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
        abstract: "Check documents of SMF, and change nothing; no cluster is asked.",
        discussion: """
            --endpoints and --timeout are taken as by every command, and mean nothing here.

            A manifest or an archive is right where import takes it into a cluster that has none of \
            it: one that is too large for the transaction that an import is, is told with the bound. \
            A profile's size is not judged, for it depends on what is there.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: "The files, or - for the standard input.") var files: [String]

    func run() async throws {
        let read = try ManifestFile.all(files) { file in
            guard file.document.bundle.kind != .profile,
                let refusal = file.document.tree.importRefusal(documentBytes: file.length)
            else { return nil }
            return CommandFailure(
                refusal.exit, "\(ManifestFile.name(of: file.file)): \(refusal.text)")
        }
        let found = read.map { file in
            (
                file: file.file, kind: file.document.bundle.kind.rawValue,
                entities: file.document.tree.entities.count
            )
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
                "\($0.file): \(Words.withArticle($0.kind)) of "
                    + "\(Words.counted($0.entities, "service or instance", "services and instances")), "
                    + "all right\n"
            }.joined())
    }
}

/// Writes a bundle of services, each read as it is at one moment.
private func write(
    _ cluster: ClusterOptions, _ present: PresentTree,
    _ make: (ServiceTree) throws(ManifestFailure) -> ServiceBundle
) throws {
    let tree = present.tree
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
            .negative, "the document is written, but cannot be imported as one: \(refusal.text)")
    }
    if let failure = CommandFailure(untold: present.untold) { throw failure }
}

struct SCFExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write services with all their instances as a document that imports them again.",
        discussion: """
            All is as it was at one moment. It is a manifest where every instance tells whether it \
            is enabled, as manifests must, else an archive. The dependencies that their dependents \
            have put at other services are in it. Groups that are not persistent are left out.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: entityHelp) var names: [String]

    func run() async throws {
        let present = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            var patterns: [EntityPattern] = []
            for name in names { patterns.append(try EntityPattern.read(name)) }
            return try await repository.tree(of: patterns)
        }
        try write(cluster, present) { (tree) throws(ManifestFailure) in
            try tree.bundle(named: "export")
        }
    }
}

/// All services with their instances, as they are at one moment.
private func everything(_ cluster: ClusterOptions) async throws -> PresentTree {
    try await cluster.withRepository { (repository) async throws(RepositoryFailure) in
        try await repository.tree()
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
