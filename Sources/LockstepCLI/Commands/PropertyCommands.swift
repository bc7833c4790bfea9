import ArgumentParser
import JSON
import Lockstep
import TextOutput
import Wording

private let pathHelp: ArgumentHelp = "svc:/service[:instance][/:properties/group[/property]]"

/// Shows a property or a whole group.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show a property, or all properties of a group.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: pathHelp) var path: PropertyLocation

    func run() async throws {
        let location = path
        guard location.group != nil else {
            throw CommandFailure(
                .usage, "\(path.path) is no group or property; lockstep list shows it")
        }
        try await cluster.withClient { client in
            if location.kind == .property {
                guard let property = try await client.property(location.path) else {
                    throw absent(location)
                }
                try cluster.show(
                    ValueRendering.document(property.type, property.values),
                    text: property.values.map { $0.shownText + "\n" }.joined())
            } else {
                guard let group = try await client.propertyGroup(location.path) else {
                    throw absent(location)
                }
                var table = Table([.init("PROPERTY"), .init("TYPE"), .init("VALUES")])
                for property in group.properties {
                    table.append([
                        property.name, property.type.rawValue, ValueRendering.text(property.values),
                    ])
                }
                try cluster.show(group.document, text: table.text)
            }
        }
    }
}

private func absent(_ location: PropertyLocation) -> CommandFailure {
    CommandFailure(.negative, "there is no \(location.path)")
}

/// Sets one property.
struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set a property's values; makes the service, instance and group if missing.",
        discussion: """
            Without --type a property keeps its type; a new one is an astring, or a ustring where \
            a value is not ASCII.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Option(
        help: ArgumentHelp("The property's type, such as count.", valueName: "type"),
        transform: ArgumentReading.propertyType)
    var type: PropertyType?

    @Option(help: ArgumentHelp("The type of a group that has to be made.", valueName: "name"))
    var groupType = "application"

    @Argument(help: pathHelp) var path: PropertyLocation
    @Argument(help: "The values, in order; none empties the property.") var values: [String] = []

    func run() async throws {
        guard path.kind == .property else {
            throw CommandFailure(.usage, "\(path.path) is no property")
        }
        guard PropertyLocation.isGroupType(groupType) else {
            throw CommandFailure(.usage, "\(Words.quoted(groupType)) is no name of a group's type")
        }
        guard values.count <= PropertyValue.mostValues else {
            throw CommandFailure(
                .malformedInput,
                "\(values.count) values, the most of a property are \(PropertyValue.mostValues)")
        }
        try await cluster.withClient { client in
            let type = try await chooseType(client)
            let read = values.map { PropertyValue(stringBytes: Array($0.utf8), type: type) }
            for (text, value) in zip(values, read) where value == nil {
                throw CommandFailure(
                    .malformedInput,
                    ValueRendering.excess(text, type).map { "the value \($0)" }
                        ?? "\(Words.quoted(text)) is no value of type \(type.rawValue);"
                        + " choose another type by --type")
            }
            let commit = try await client.setProperty(
                path.path, type: type, values: read.compactMap { $0 }, groupType: groupType)
            try cluster.show(
                ["index": .number(commit.index)], text: "set at index \(commit.index)\n")
        }
    }

    private func chooseType(_ client: LockstepClient) async throws -> PropertyType {
        if let type { return type }
        do throws(LockstepError) {
            if let present = try await client.property(path.path) { return present.type }
        } catch {
            // The service may not be there yet either.
            guard case .aborted(let abort) = error, abort.code == .notFound else { throw error }
        }
        return values.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } } ? .astring : .ustring
    }
}

/// Lists what stands below a place.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List services, or the instances, groups and properties below a path.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Option(help: ArgumentHelp("Only names that begin so.", valueName: "text"))
    var prefix = ""

    @Argument(help: pathHelp) var path: PropertyLocation?

    func run() async throws {
        let rows = try await cluster.withClient { client in try await find(client) }
        var table = Table([.init("KIND"), .init("TYPE"), .init("PATH")])
        for row in rows { table.append([row.kind, row.type, row.path]) }
        try cluster.show(
            .array(
                rows.map {
                    ["kind": .string($0.kind), "path": .string($0.path), "type": .string($0.type)]
                }),
            text: table.text)
    }
}

extension ListCommand {
    private typealias Row = (kind: String, path: String, type: String)

    private func find(_ client: LockstepClient) async throws -> [Row] {
        guard let location = path else {
            return try await client.allNames(.services, prefix: prefix).map {
                ("service", "svc:/\($0)", "")
            }
        }
        let path = location.path
        if let group = location.group {
            guard let found = try await client.propertyGroup(group) else { throw absent(location) }
            if let property = location.property {
                guard found.properties.contains(where: { $0.name == property }) else {
                    throw absent(location)
                }
            }
            let wanted = found.properties.filter {
                $0.name.hasPrefix(prefix)
                    && (location.property == nil || $0.name == location.property)
            }
            return wanted.map {
                ("property", "\(group)/\($0.name)", $0.type.rawValue)
            }
        }
        var rows: [Row] = []
        if location.kind == .service {
            for name in try await client.allNames(.instances(of: path), prefix: prefix) {
                rows.append(("instance", "\(path):\(name)", ""))
            }
        }
        for name in try await client.allNames(.groups(of: path), prefix: prefix) {
            rows.append(("group", "\(path)/:properties/\(name)", ""))
        }
        return rows
    }
}

/// Deletes a property or all that is below a path.
struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a property, a group, an instance, or a service without instances.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Argument(help: pathHelp) var path: PropertyLocation

    func run() async throws {
        var transaction = Transaction()
        if path.kind == .property {
            try transaction.deleteProperty(path.path)
        } else {
            try transaction.deleteEntity(path.path)
        }
        let deletion = transaction
        let commit = try await cluster.withClient { client in
            try await client.commit(deletion)
        }
        try cluster.show(
            ["index": .number(commit.index)], text: "deleted at index \(commit.index)\n")
    }
}
