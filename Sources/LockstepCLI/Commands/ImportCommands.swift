import ArgumentParser
import DebianControl
import JSON
import Lockstep
import TextOutput
import Wording

private let mapping = """
    Each package becomes a property group of svc:/debian/packages:default. The group is named by the \
    package; where it is Multi-Arch: same, or in the file more than once, by package:architecture. \
    Letters, digits and - stand for themselves, any other byte is _ and two hexadecimal digits, and \
    what does not begin with a letter has z__ in front: g++ is g_2b_2b, 0ad is z__0ad, libc6:i386 \
    is libc6_3ai386.

    Each field becomes a property under its escaped name. Installed-Size and Size are counts; \
    Essential, Protected and Important booleans; Depends and its kin have one value an entry; \
    Status one a word; folded fields one a line. Text is an astring if it is ASCII, a ustring if it \
    is UTF-8, else opaque. A field that these forms would not give back byte for byte, or with a \
    value over 4095 bytes, is kept raw, in values of at most 4095 bytes. The property dpkg__layout \
    tells the fields' order and forms.
    """

/// Brings data of other systems into the cluster.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Bring data of other systems into the cluster.",
        subcommands: [ImportPackagesCommand.self])
}

/// Writes data in the form of other systems.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write data in the form of other systems.",
        subcommands: [ExportPackagesCommand.self])
}

struct ImportPackagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dpkg",
        abstract: "Import a Debian control file, such as /var/lib/dpkg/status.",
        discussion: mapping)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Option(help: ArgumentHelp("Transactions under way at once.", valueName: "number"))
    var inFlight = 256

    @Flag(help: "Read all groups back afterwards and compare them with the file byte for byte.")
    var verify = false

    @Flag(help: "Compare only, and write nothing.")
    var verifyOnly = false

    @Argument(help: "The file, or - for the standard input.")
    var file: String

    func validate() throws {
        guard (1...1_024).contains(inFlight) else {
            throw ValidationError("--in-flight must be from 1 to 1024.")
        }
    }

    func run() async throws {
        let stanzas: [ControlStanza]
        let groups: [PackageGroup]
        let bytes = try Streams.read(file, limitBytes: ControlBounds().fileBytes)
        do throws(ControlFailure) {
            stanzas = try ControlParser.parse(bytes)
            groups = try PackageGroup.groups(of: stanzas)
        } catch {
            throw CommandFailure(.malformedInput, "\(file): \(error)")
        }
        var summary = ImportSummary(packages: groups.count)
        try await cluster.withClient {
            $0.pipelineWindow = inFlight
        } _: { client in
            if !verifyOnly { try await write(groups, client, &summary) }
            if verify || verifyOnly { try await compare(groups, stanzas, client, &summary) }
        }
        try cluster.show(summary.document, text: summary.text)
        if !summary.differences.isEmpty { throw CommandFailure(.negative, "") }
    }

    private func write(
        _ groups: [PackageGroup], _ client: LockstepClient, _ summary: inout ImportSummary
    ) async throws {
        let bar = ProgressReport("import", total: groups.count)
        defer { bar.finish() }
        let start = ContinuousClock.now
        let result = try await PackageImport(client: client, inFlight: inFlight)
            .run(groups) { bar.update($0) }
        summary.written = result.packages
        summary.retries = result.retries
        summary.duration = ContinuousClock.now - start
    }

    private func compare(
        _ groups: [PackageGroup], _ stanzas: [ControlStanza], _ client: LockstepClient,
        _ summary: inout ImportSummary
    ) async throws {
        let bar = ProgressReport("verify", total: groups.count)
        defer { bar.finish() }
        let found = try await PackageExport(client: client, inFlight: inFlight)
            .read(groups.map(\.name)) { bar.update($0) }
        summary.verified = 0
        for (place, group) in found.enumerated() {
            let title = groups[place].title
            guard let group else {
                summary.differences.append("\(title) is missing")
                continue
            }
            do throws(RebuildFailure) {
                let isEqual = try group.stanza().bytes == stanzas[place].bytes
                if isEqual {
                    summary.verified = (summary.verified ?? 0) + 1
                } else {
                    summary.differences.append("\(title) differs from line \(stanzas[place].line)")
                }
            } catch {
                summary.differences.append("\(error)")
            }
        }
    }
}

/// What an import has done.
struct ImportSummary {
    var packages: Int
    var written = 0
    var retries = 0
    var duration = Duration.zero
    /// Packages found equal; nil if nothing was compared.
    var verified: Int?
    var differences: [String] = []

    private static let mostShown = 20

    init(packages: Int) {
        self.packages = packages
    }

    private var rate: Double {
        duration > .zero ? Double(written) / (duration / .seconds(1)) : 0
    }

    var document: JSONValue {
        [
            "packages": .number(packages), "written": .number(written),
            "seconds": .number(duration / .seconds(1), decimals: 6),
            "retries": .number(retries), "packages-per-second": .number(rate, decimals: 1),
            "verified": verified.map { .number($0) } ?? .null,
            "differences": .array(differences.map { .string($0) }),
        ]
    }

    var text: String {
        var text = ""
        if written > 0 {
            text += "\(Words.counted(written, "package")) in \(Units.duration(duration)):"
            text += " \(Units.significant(rate))/s, \(retries) sent anew\n"
        }
        if let verified { text += "\(verified) of \(packages) are equal byte for byte\n" }
        for difference in differences.prefix(Self.mostShown) { text += "  \(difference)\n" }
        if differences.count > Self.mostShown {
            text += "  and \(differences.count - Self.mostShown) more; --json tells all\n"
        }
        return text
    }
}

struct ExportPackagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dpkg",
        abstract: "Write all imported packages as a control file, sorted by their groups' names.",
        discussion: """
            With --json a field that is not UTF-8 comes out as {"hex": "…"}.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    func run() async throws {
        let groups = try await cluster.withClient { client in try await all(client) }
        var stanzas: [ControlStanza] = []
        for group in groups {
            do throws(RebuildFailure) {
                stanzas.append(try group.stanza())
            } catch {
                throw CommandFailure(.negative, "\(error)")
            }
        }
        if cluster.json {
            let documents: [JSONValue] = stanzas.map { stanza in
                .object(stanza.fields.map { JSONMember($0.name, Self.text($0.value)) })
            }
            try Streams.write(JSONValue.array(documents).indentedText + "\n")
        } else {
            try Streams.write(Array(stanzas.map(\.bytes).joined(separator: [0x0A])))
        }
    }

    private func all(_ client: LockstepClient) async throws -> [PackageGroup] {
        var bar: ProgressReport?
        defer { bar?.finish() }
        return try await PackageExport(client: client, inFlight: 64).all { done, total in
            let shown = bar ?? ProgressReport("export", total: total)
            bar = shown
            shown.update(done)
        }
    }

    private static func text(_ bytes: [UInt8]) -> JSONValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) }
            ?? ["hex": .string(JSONValue.hexadecimal(bytes))]
    }
}
