import ArgumentParser
import JSON
import Lockstep
import Properties
import TextOutput

struct SCFListPropertiesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listprop",
        abstract: "List properties with types and values, as svcprop does.",
        discussion: """
            A line is GROUP/PROPERTY TYPE VALUES; the path is whole with -f or where several \
            services or instances are named: that of the instance or of the service that has the \
            property, and in a snapshot that of the instance. A single property's line has its \
            values alone. An \
            empty value is "", and a backslash stands before blanks and what means something to a \
            shell. A name without an instance that is not whole stands for all instances of the \
            service.

            Without -c, -C and -s: what runs, which is the snapshot running of an instance, if it \
            has one, together with its groups that are not persistent.

            Exits with 1 where something that is named is not there; the rest is shown.
            """,
        aliases: ["prop", "svcprop"])

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Option(
        name: [.customShort("p"), .customLong("property")],
        help: ArgumentHelp(
            "Only this group or property, or what fits the pattern; may be repeated.",
            valueName: "group[/property]"))
    var properties: [String] = []

    @Flag(
        name: [.customShort("c"), .customLong("composed")],
        help: "An instance together with its service, as they are now.")
    var isComposed = false

    @Flag(
        name: [.customShort("C"), .customLong("direct")],
        help: "The service's or instance's own properties, as they are now.")
    var isDirect = false

    @Option(
        name: [.customShort("s"), .long],
        help: ArgumentHelp("As a snapshot of the instance has them.", valueName: "name"))
    var snapshot: String?

    @Flag(
        name: [.customShort("f"), .customLong("full")], help: "Show the whole path of each.")
    var isFull = false

    @Flag(
        name: [.customShort("t"), .customLong("types")],
        help: "Show name and type of a single property too.")
    var hasTypes = false

    @Flag(
        name: [.customShort("g"), .customLong("groups")],
        help: "Show a line for each group too, with its type.")
    var hasGroups = false

    @Flag(
        name: [.customShort("q"), .customLong("quiet")],
        help: "Show nothing; the exit code tells whether everything is there.")
    var isQuiet = false

    @Flag(
        name: [.customShort("v"), .customLong("verbose")],
        help: "With -q, tell nevertheless what is not there.")
    var isVerbose = false

    @Flag(
        name: [.customShort("w"), .customLong("wait")],
        help: "Wait until the group of the one property changes, then show it as with -c.")
    var waits = false

    @Argument(help: entityHelp) var names: [String]

    func validate() throws {
        guard [isComposed, isDirect, snapshot != nil].filter(\.self).count <= 1 else {
            throw ValidationError("-c, -C and -s exclude each other.")
        }
        guard !waits || names.count == 1 && properties.count <= 1 else {
            throw ValidationError("-w wants one service or instance, and one -p.")
        }
        guard !waits || snapshot == nil else {
            throw ValidationError("-w waits for what is there now, which -s does not show.")
        }
    }

    private var isSilent: Bool {
        isQuiet && !isVerbose
    }

    private var view: PropertyView {
        if let snapshot { return .snapshot(snapshot) }
        return isComposed ? .composed : isDirect ? .direct : .running
    }

    func run() async throws {
        let listing = try await cluster.withClient { client in
            let repository = ClusterRepository(client: client)
            do throws(RepositoryFailure) {
                var selection = PropertySelection(
                    view: view, properties: properties, names: names)
                if waits { selection = try await wait(repository, for: selection) }
                return try await selection.list(in: repository)
            } catch {
                if isSilent, case .notFound = error { throw CommandFailure(.negative, "") }
                throw error.command
            }
        }
        if !isQuiet { try show(listing) }
        if let failure = CommandFailure(missing: listing.missing) {
            throw isSilent ? CommandFailure(.negative, "") : failure
        }
    }

    private func show(_ listing: PropertySelection.Listing) throws {
        let lines = listing.lines.filter { hasGroups || $0.name != nil }
        if cluster.json {
            return try Streams.write(
                JSONValue.array(lines.map(\.document)).indentedText + "\n")
        }
        let full = isFull || listing.isOfSeveral
        let isBare = listing.isOneProperty && !full && !hasTypes && !hasGroups
        for line in lines {
            let bytes = line.bytes(isFull: full, isBare: isBare)
            if Streams.outputIsTerminal {
                let text = String(decoding: bytes.dropLast(), as: UTF8.self)
                try Streams.write(Table.visible(text) + "\n")
            } else {
                try Streams.write(bytes)
            }
        }
    }

    /// Waits until the group of the one property changes; returns what is to be shown then.
    private func wait(
        _ repository: ClusterRepository, for selection: PropertySelection
    ) async throws(RepositoryFailure) -> PropertySelection {
        // What happens behind this index, and while the groups are looked for, ends the wait.
        let index = try await repository.appliedIndex()
        let wait = try await PropertyWait(selection, in: repository)
        _ = try await repository.wait(GroupWaiting(for: wait.groups), from: index + 1)
        return wait.selection
    }
}
