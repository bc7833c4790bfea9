import Manifests
package import Properties

/// Edits of one property or group as svccfg's commands make them; again where others were faster.
package struct GroupEditing<Repository: PropertyRepository>: Sendable {
    private let repository: Repository

    package init(in repository: Repository) {
        self.repository = repository
    }

    /// Sets type and values of a property (*setprop*).
    ///
    /// Without `type` the property keeps its own, and one that is not there is refused.
    package func set(
        _ path: PropertyPath, type: PropertyType?, _ texts: [String]
    ) async throws(RepositoryFailure) -> UInt64? {
        try await edit(path) { (name, present) throws(CommandFailure) in
            let own = try Self.type(
                type, present, path, hint: "setprop \(path.shortName) = astring: VALUE")
            return .set(name, try Self.content(own, texts, path, isAsked: type != nil))
        }
    }

    /// Appends values to a property; with `type`, makes one that is not there (*addpropvalue*).
    package func append(
        _ path: PropertyPath, type: PropertyType?, _ texts: [String]
    ) async throws(RepositoryFailure) -> UInt64? {
        try await edit(path) { (name, present) throws(CommandFailure) in
            if let type, let present, type != present.type {
                throw CommandFailure(
                    .negative,
                    "\(path) is of type \(present.type), not \(type); setprop changes a type")
            }
            let own = try Self.type(
                type, present, path, hint: "addpropvalue \(path.shortName) astring: VALUE")
            let more = try Self.content(
                own, texts, path, isAsked: type != nil && present == nil)
            let values = (present?.values ?? []) + more.values
            guard let content = PropertyContent(type: more.type, values: values) else {
                throw CommandFailure(
                    .negative,
                    "\(path) would have \(values.count) values, the most are "
                        + "\(PropertyContent.valueLimit); divide it")
            }
            return .set(name, content)
        }
    }

    /// Deletes the values that a glob pattern matches (*delpropvalue*).
    ///
    /// Where none does, throws `notFound` unless `isForced`.
    package func deleteValues(
        _ path: PropertyPath, matching pattern: String, isForced: Bool
    ) async throws(RepositoryFailure) -> UInt64? {
        try await edit(path) { (name, present) throws(CommandFailure) in
            guard let present else { throw Self.absent(path) }
            let kept = present.values.filter { !Glob.matches($0.stringBytes, pattern) }
            guard kept.count < present.values.count else {
                if isForced { return nil }
                throw CommandFailure(.negative, "no value of \(path) matches \(pattern)")
            }
            guard let content = PropertyContent(type: present.type, values: kept) else {
                preconditionFailure("\(path) held values of another type than \(present.type)")
            }
            return .set(name, content)
        }
    }

    /// Deletes a property, or a whole group (*delprop*).
    package func delete(_ path: PropertyPath) async throws(RepositoryFailure) -> UInt64? {
        guard path.property != nil else {
            return try await repository.submit([.delete(path, id: nil)], expecting: [])
        }
        return try await edit(path) { (name, present) throws(CommandFailure) in
            guard present != nil else { throw Self.absent(path) }
            return .delete(name)
        }
    }

    /// Commits what `body` makes of a property; nothing where it makes nothing.
    private func edit(
        _ path: PropertyPath,
        _ body: (String, PropertyContent?) throws(CommandFailure) -> PropertyEdit?
    ) async throws(RepositoryFailure) -> UInt64? {
        guard let groupPath = path.groupPath, let name = path.property else {
            preconditionFailure("\(path) is no property")
        }
        return try await repository.retrying { () async throws(RepositoryFailure) in
            guard let group = try await repository.group(groupPath) else {
                throw .notFound("there is no \(groupPath); addpg makes it")
            }
            let edit: PropertyEdit?
            do throws(CommandFailure) {
                edit = try body(name, group[name])
            } catch {
                throw .failed(error)
            }
            guard let edit else { return nil }
            let commit = GroupCommit(
                groupPath, groupID: group.header.id, base: group.header.version, edits: [edit])
            return try await repository.submit([.commitGroup(commit)], expecting: [])
        }
    }

    private static func absent(_ path: PropertyPath) -> CommandFailure {
        CommandFailure(.negative, "there is no \(path)")
    }

    private static func type(
        _ type: PropertyType?, _ present: PropertyContent?, _ path: PropertyPath, hint: String
    ) throws(CommandFailure) -> PropertyType {
        guard let type = type ?? present?.type else {
            throw CommandFailure(
                .negative,
                "there is no \(path); a new property wants its type, as in \(hint)")
        }
        return type
    }

    private static func content(
        _ type: PropertyType, _ texts: [String], _ path: PropertyPath, isAsked: Bool
    ) throws(CommandFailure) -> PropertyContent {
        var values: [PropertyValue] = []
        for text in texts {
            guard let value = PropertyValue(stringBytes: Array(text.utf8), type: type) else {
                throw CommandFailure(
                    .malformedInput,
                    ValueRefusal.text(of: text, as: type, for: "\(path)", isAsked: isAsked))
            }
            values.append(value)
        }
        guard let content = PropertyContent(type: type, values: values) else {
            throw CommandFailure(
                .malformedInput,
                "\(values.count) values, the most of a property are \(PropertyContent.valueLimit)")
        }
        return content
    }
}

extension PropertyPath {
    /// Group and property as a command with `-s` takes them.
    fileprivate var shortName: String {
        "\(group ?? "")/\(property ?? "")"
    }
}
