import ArgumentParser
import JSON
import Lockstep
import Properties
import Wording

/// Works with services as svcprop and svccfg do.
struct SCFCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scf",
        abstract: "Work with services and their properties as svcprop and svccfg do.",
        discussion: """
            A service or an instance is named whole (svc:/network/http:apache), by the end of its \
            name (http:apache, http), or by a pattern in quotes ('svc:/network/*'), which must fit the \
            whole name, with or without svc:/ ('*http', not 'http*', for network/http). A property is \
            named whole (svc:/a:b/:properties/config/port), or as config/port with -s svc:/a:b.

            Each command is one transaction: it takes effect wholly or not at all, and a command \
            that reads before it writes begins anew where others were faster. Exit codes are those \
            of lockstep help: 1 where svcprop and svccfg have 1 (not found, refused), 64 where they \
            have 2 (the command line is wrong), 65 where a document or a value is malformed.
            """,
        subcommands: [
            SCFListCommand.self, SCFSelectCommand.self, SCFAddCommand.self, SCFDeleteCommand.self,
            SCFListGroupsCommand.self, SCFAddGroupCommand.self, SCFDeleteGroupCommand.self,
            SCFListPropertiesCommand.self, SCFSetCommand.self, SCFAddValueCommand.self,
            SCFDeleteValueCommand.self, SCFDeletePropertyCommand.self, SCFImportCommand.self,
            SCFApplyCommand.self, SCFValidateCommand.self, SCFExportCommand.self,
            SCFArchiveCommand.self, SCFExtractCommand.self, SCFSnapshotCommand.self,
            SCFRefreshCommand.self, SCFWaitCommand.self,
        ])
}

/// How names of groups, types and snapshots are made, for messages.
let nameAdvice =
    "a name is a letter, then letters, digits, _ and -, a provider and a comma in front at will "
    + "(SUNW,name), \(NameRules.nameBytes) in all at the most"

let entityHelp: ArgumentHelp =
    "svc:/service[:instance], the end of such a name, or a pattern that fits all of it ('*queue*')"

/// Which service or instance a command is about.
struct SelectionOptions: ParsableArguments {
    @Option(
        name: [.customShort("s"), .long],
        help: ArgumentHelp(
            "The service or instance that what follows is of (as svccfg's -s).", valueName: "fmri"))
    var select: String?

    init() {}

    /// The group that `text` names, or the property; whole, or within what was selected.
    func path(
        _ text: String, _ what: String, in repository: some PropertyRepository,
        where fits: (PropertyPath) -> Bool
    ) async throws(RepositoryFailure) -> PropertyPath {
        let path: PropertyPath?
        if let select {
            let owner = try await repository.findOne(try EntityPattern.read(select))
            let names = text.split(separator: "/", omittingEmptySubsequences: false)
            path =
                names.count > 2
                ? nil
                : PropertyPath(
                    service: owner.service, instance: owner.instance,
                    group: names.first.map(String.init),
                    property: names.count > 1 ? String(names[1]) : nil)
        } else {
            path = PropertyPath(text)
        }
        guard let path, path.group != nil, fits(path) else {
            throw .failed(
                CommandFailure(.usage, Self.refusal(of: text, what, isSelected: select != nil)))
        }
        return path
    }

    /// Why `text` names no `what`, and how it is written.
    private static func refusal(of text: String, _ what: String, isSelected: Bool) -> String {
        let name = Words.quoted(text)
        if text.contains(where: { "*?[".contains($0) }) {
            return "\(name) is a pattern, and this command takes no pattern; listprop -p shows "
                + "what fits one, then name each \(what)"
        }
        let group = isSelected ? "GROUP" : "svc:/SERVICE[:INSTANCE]/:properties/GROUP"
        let forms = [
            "property": "\(group)/PROPERTY", "property or property group": "\(group)[/PROPERTY]",
        ]
        return "\(name) names no \(what); write \(forms[what] ?? group)"
            + (isSelected ? "; \(nameAdvice)" : ", or say by -s whose it is")
    }
}

extension EntityPattern {
    /// The pattern; what is none fails as anything else that a command asks for.
    static func read(_ text: String) throws(RepositoryFailure) -> EntityPattern {
        do throws(CommandFailure) {
            return try EntityPattern(text)
        } catch {
            throw .failed(error)
        }
    }
}

extension ClusterOptions {
    /// Runs `body` over the properties of the cluster.
    func withRepository<Result>(
        _ body: (ClusterRepository) async throws(RepositoryFailure) -> Result
    ) async throws -> Result {
        try await withClient { client in
            do throws(RepositoryFailure) {
                return try await body(ClusterRepository(client: client))
            } catch {
                throw error.command
            }
        }
    }

    /// Tells the index of what was done; `index` is nil where there was nothing to do.
    func showDone(_ index: UInt64?, _ what: String) throws {
        try show(
            ["index": index.map { .number($0) } ?? .null],
            text: index.map { "\(what) at index \($0)\n" } ?? "nothing to do\n")
    }
}
