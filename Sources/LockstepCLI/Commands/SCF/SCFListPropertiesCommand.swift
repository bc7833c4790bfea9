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
            services or instances are named, and a single property's line has its values alone. An \
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
        name: [.customShort("w"), .customLong("wait")],
        help: "Wait until the group of the one property changes, then show it.")
    var waits = false

    @Argument(help: entityHelp) var names: [String]

    func validate() throws {
        guard [isComposed, isDirect, snapshot != nil].filter(\.self).count <= 1 else {
            throw ValidationError("-c, -C and -s exclude each other.")
        }
        guard !waits || names.count == 1 && properties.count <= 1 else {
            throw ValidationError("-w wants one service or instance, and one -p.")
        }
    }

    private var view: PropertyView {
        if let snapshot { return .snapshot(snapshot) }
        return isComposed ? .composed : isDirect ? .direct : .running
    }

    func run() async throws {
        let listing = try await cluster.withClient { client in
            let repository = ClusterRepository(client: client)
            do throws(RepositoryFailure) {
                if waits { try await wait(client, repository) }
                return try await PropertySelection(
                    view: view, properties: properties, names: names
                ).list(in: repository)
            } catch {
                if isQuiet, case .notFound = error { throw CommandFailure(.negative, "") }
                throw error.command
            }
        }
        if !isQuiet { try show(listing) }
        if let missing = listing.missing.first {
            throw CommandFailure(.negative, isQuiet ? "" : "there is no \(missing)")
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

    private func wait(
        _ client: LockstepClient, _ repository: ClusterRepository
    ) async throws(RepositoryFailure) {
        let pattern = try EntityPattern.read(names.first ?? "")
        let owner = try await repository.findOne(pattern)
        guard let group = (properties.first ?? pattern.property)?.split(separator: "/").first,
            let path = PropertyPath(
                service: owner.service, instance: owner.instance, group: String(group))
        else {
            throw .failed(CommandFailure(.usage, "-w wants a group or a property, by -p"))
        }
        guard try await repository.group(path) != nil else {
            throw .notFound("there is no \(path)")
        }
        do throws(LockstepError) {
            _ = try await GroupWaiting(client: client, paths: [path.description]).next(from: nil)
        } catch {
            throw RepositoryFailure(error)
        }
    }
}
