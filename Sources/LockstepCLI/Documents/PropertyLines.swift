package import JSON
package import Properties

/// One line of a listing of properties: a property, or the group before its properties.
package struct PropertyLine: Sendable, Equatable {
    /// The service or instance whose it is; of a snapshot, the instance, whosever it was.
    package let owner: PropertyPath
    package let group: String
    /// nil: the group itself.
    package let name: String?
    /// Of the property, or of the group.
    package let type: String
    package let values: [PropertyValue]

    package init(_ owner: PropertyPath, group: String, _ property: Property) {
        self.owner = owner
        self.group = group
        name = property.name
        type = property.content.type.description
        values = property.content.values
    }

    package init(_ owner: PropertyPath, group: String, type: String) {
        self.owner = owner
        self.group = group
        name = nil
        self.type = type
        values = []
    }

    private var shortPath: String {
        name.map { "\(group)/\($0)" } ?? group
    }

    private var path: String {
        "\(owner)/:properties/\(shortPath)"
    }

    /// The line: path, type and values; the values alone where `isBare`.
    ///
    /// Values are told as *svcprop* does, so that a shell, and *setprop* in parentheses, can read them.
    package func bytes(isFull: Bool, isBare: Bool) -> [UInt8] {
        let quoted = values.map { Self.quoted($0.stringBytes) }
        guard !isBare else { return Array(quoted.joined(separator: [0x20])) + [0x0A] }
        let words = [Array((isFull ? path : shortPath).utf8), Array(type.utf8)] + quoted
        return Array(words.joined(separator: [0x20])) + [0x0A]
    }

    private static let special = Set(";&()|^<>\n \t\\\"'`".utf8)

    /// A text as one word of a line.
    package static func quoted(_ text: [UInt8]) -> [UInt8] {
        guard !text.isEmpty else { return Array("\"\"".utf8) }
        return text.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    }

    /// `{"path", "type", "values"}`; without values for a group.
    package var document: JSONValue {
        var members = [JSONMember("path", .string(path)), JSONMember("type", .string(type))]
        if name != nil {
            members.append(JSONMember("values", .array(values.map(Self.document))))
        }
        return .object(members)
    }
}

extension PropertyLine {
    /// As `get` tells a value.
    private static func document(_ value: PropertyValue) -> JSONValue {
        switch value {
        case .boolean, .count, .integer: value.json
        case .time, .text, .opaque: .value(value.stringBytes)
        }
    }
}

/// Which properties of a service or an instance are listed.
package enum PropertyView: Sendable, Equatable {
    /// What runs: the snapshot `running` of an instance, if there is one, and what is not persistent.
    case running
    /// An instance with its service as both are now.
    case composed
    /// The service's or the instance's own, as they are now.
    case direct
    /// An instance with its service as a snapshot has them.
    case snapshot(String)
}

extension PropertyRepository {
    /// All groups of a service or an instance in a view, with their properties, by name.
    ///
    /// What a snapshot holds may be gone before it is read, where it is taken anew: then again.
    package func lines(
        of owner: PropertyPath, _ view: PropertyView
    ) async throws(RepositoryFailure) -> [PropertyLine] {
        try await retrying { () async throws(RepositoryFailure) in
            try await linesOnce(of: owner, view)
        }
    }

    private func linesOnce(
        of owner: PropertyPath, _ view: PropertyView
    ) async throws(RepositoryFailure) -> [PropertyLine] {
        switch view {
        case .direct:
            return try await directLines(of: owner)
        case .composed where owner.instance == nil, .running where owner.instance == nil:
            return try await directLines(of: owner)
        case .composed:
            return Self.lines(owner, now: try await composedGroups(ComposedSource(owner)))
        case .snapshot(let name):
            guard let path = SnapshotPath(owner, name) else {
                throw .failed(
                    CommandFailure(.usage, "\(owner) has no snapshot \(name); instances have them"))
            }
            guard let snapshot = try await snapshot(path) else {
                throw .notFound("there is no \(path)")
            }
            let source = ComposedSource(owner, content: snapshot.name.content)
            return Self.lines(owner, held: try await composedGroups(source))
        case .running:
            let now = try await composedGroups(ComposedSource(owner))
            guard let path = SnapshotPath(owner, "running"),
                let snapshot = try await snapshot(path)
            else { return Self.lines(owner, now: now) }
            let held = try await composedGroups(
                ComposedSource(owner, content: snapshot.name.content))
            return Self.running(owner, held, now)
        }
    }

    /// What a snapshot holds, with what is not persistent, which no snapshot has, as it is now.
    ///
    /// The instance's own goes before what the snapshot has of the service under its name.
    private static func running(
        _ owner: PropertyPath, _ held: [ListedComposition], _ now: [ListedComposition]
    ) -> [PropertyLine] {
        let own = now.filter { $0.group.instance?.header.isPersistent == false }
        let ownNames = Set(own.map(\.name))
        let shown = held.filter { !ownNames.contains($0.name) }
        let names = ownNames.union(shown.map(\.name))
        let services = now.filter { entry in
            entry.group.instance == nil && entry.group.service?.header.isPersistent == false
                && !names.contains(entry.name)
        }
        let all = lines(owner, held: shown) + lines(owner, now: own + services)
        // Lines of one group stay in their order.
        return Dictionary(grouping: all, by: \.group).sorted { $0.key < $1.key }.flatMap(\.value)
    }

    private func directLines(
        of owner: PropertyPath
    ) async throws(RepositoryFailure) -> [PropertyLine] {
        guard let groups = try await groups(.owner(owner, id: nil)) else {
            throw .notFound("there is no \(owner)")
        }
        return groups.sorted { $0.key < $1.key }.flatMap { name, group in
            [PropertyLine(owner, group: name, type: group.header.type)]
                + group.properties.map { PropertyLine(owner, group: name, $0) }
        }
    }

    /// What a snapshot holds, each under the path of its instance (*scf_property_to_fmri*).
    private static func lines(
        _ owner: PropertyPath, held entries: [ListedComposition]
    ) -> [PropertyLine] {
        entries.flatMap { entry in
            [PropertyLine(owner, group: entry.name, type: entry.group.type ?? "")]
                + entry.group.properties.map { PropertyLine(owner, group: entry.name, $0) }
        }
    }

    /// What is there now, each under the path of the instance or of the service that has it.
    private static func lines(
        _ owner: PropertyPath, now entries: [ListedComposition]
    ) -> [PropertyLine] {
        entries.flatMap { entry in
            let instance = entry.group.instance
            let place = instance == nil ? owner.servicePath : owner
            return [PropertyLine(place, group: entry.name, type: entry.group.type ?? "")]
                + entry.group.properties.map { property in
                    let isOwn = instance?[property.name] != nil
                    return PropertyLine(
                        isOwn ? owner : owner.servicePath, group: entry.name, property)
                }
        }
    }
}
