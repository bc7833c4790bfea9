package import Manifests
import Properties

extension PropertyRepository {
    /// What is there of these services and instances, each with its groups.
    ///
    /// Each is read by itself: who decides by it ties what it does to the versions it has read.
    func present(
        _ paths: some Sequence<PropertyPath>
    ) async throws(RepositoryFailure) -> PresentTree {
        var entities: [PropertyPath: [String: PropertyGroup]] = [:]
        for path in paths where entities[path] == nil {
            guard let groups = try await groups(.owner(path, id: nil)) else { continue }
            entities[path] = groups
        }
        return PresentTree(entities)
    }

    /// The same, and notes in `state` what was and what was not there.
    ///
    /// Groups are noted by those who look at them.
    func present(
        _ paths: some Sequence<PropertyPath>, noting state: inout ReadState
    ) async throws(RepositoryFailure) -> PresentTree {
        var seen: Set<PropertyPath> = []
        var entities: [PropertyPath: [String: PropertyGroup]] = [:]
        for path in paths where seen.insert(path).inserted {
            let id = try await identity(of: path)
            state.note(path, id: id)
            guard let id else { continue }
            guard let groups = try await groups(.owner(path, id: id)) else {
                throw .conflict("\(path) is gone")
            }
            entities[path] = groups
        }
        return PresentTree(entities)
    }

    /// What is there of services with all their instances, as it was at one moment.
    ///
    /// Of the services that the patterns name, or whose instances they name; without any, of all.
    /// With the dependencies that their dependents have put at other services. Groups that are not
    /// persistent may change meanwhile, and are as of some moment each. Throws
    /// `notFound` for a pattern that names nothing.
    package func tree(
        of patterns: [EntityPattern] = []
    ) async throws(RepositoryFailure) -> PresentTree {
        try await retrying { () async throws(RepositoryFailure) in
            let before = try await marks(of: patterns)
            let tree = try await present(before.keys)
            // What does not change between two readings was so at one moment.
            let elsewhere = try await dependencies(elsewhereOf: tree, evenChanged: true)
            let again =
                elsewhere.isEmpty
                ? elsewhere : try await dependencies(elsewhereOf: tree, evenChanged: true)
            // Identities and versions never come back: where they are the same, nothing happened.
            let after = try await marks(of: patterns)
            let read = tree.entities.mapValues { groups in
                groups.filter(\.value.header.isPersistent).mapValues { GroupMark($0.header) }
            }
            guard before == after, read == after.mapValues(\.groups), elsewhere == again else {
                throw .conflict("the services changed while they were read")
            }
            return PresentTree(tree.entities, elsewhere: elsewhere)
        }
    }

    /// The dependencies that the dependents in a tree have put at services and instances that are
    /// not in it, by target and name; `evenChanged`: even what somebody has changed so that no
    /// dependent can say it any more.
    func dependencies(
        elsewhereOf tree: PresentTree, evenChanged: Bool = false
    ) async throws(RepositoryFailure) -> [PropertyPath: [String: PropertyGroup]] {
        var found: [PropertyPath: [String: PropertyGroup]] = [:]
        for dependency in tree.dependenciesElsewhere {
            guard let group = try await group(dependency.group), group.header.isPersistent,
                let name = dependency.group.group
            else { continue }
            if !group.isDependent(of: dependency.owner) {
                guard evenChanged, group.mayBeDependent(of: dependency.owner),
                    try await !isOfAnother(group, dependency)
                else { continue }
            }
            found[dependency.group.owner, default: [:]][name] = group
        }
        return found
    }

    /// Whether a dependent of another service or instance, which is there, has made the group.
    private func isOfAnother(
        _ group: PropertyGroup, _ dependency: PresentTree.Dependency
    ) async throws(RepositoryFailure) -> Bool {
        guard let other = group.dependentOwner, other != dependency.owner, other.group == nil,
            let name = dependency.group.group,
            let own = try await self.group(other.appending(group: "dependents"))
        else { return false }
        return own[name]?.values == [.text(Array(dependency.group.owner.description.utf8))]
    }

    /// What tells whether anything of services and their instances has changed.
    private func marks(
        of patterns: [EntityPattern]
    ) async throws(RepositoryFailure) -> [PropertyPath: EntityMark] {
        var marks: [PropertyPath: EntityMark] = [:]
        for service in try await services(of: patterns) where marks[service] == nil {
            guard let id = try await identity(of: service),
                let instances = try await instances(of: service)
            else { throw .conflict("\(service) was deleted while it was read") }
            marks[service] = EntityMark(id: id, groups: try await groupMarks(of: service))
            for found in instances {
                marks[found.path] = EntityMark(
                    id: found.id, groups: try await groupMarks(of: found.path))
            }
        }
        return marks
    }

    private func services(
        of patterns: [EntityPattern]
    ) async throws(RepositoryFailure) -> [PropertyPath] {
        guard !patterns.isEmpty else {
            return try await find(try EntityPattern.read("*"))
        }
        var services: [PropertyPath] = []
        for pattern in patterns {
            let found = try await find(pattern)
            guard !found.isEmpty else {
                throw .notFound("no service or instance fits \(pattern.text)")
            }
            if let exact = pattern.exact, try await identity(of: exact) == nil {
                throw .notFound("there is no \(exact)")
            }
            services += found.map(\.servicePath)
        }
        return services
    }

    /// Of the persistent groups.
    private func groupMarks(
        of owner: PropertyPath
    ) async throws(RepositoryFailure) -> [String: GroupMark] {
        let entries: [PropertyListing.Entry]
        do throws(RepositoryFailure) {
            entries = try await children(.groups(of: owner, id: nil))
        } catch {
            guard case .notFound(let text) = error else { throw error }
            throw .conflict(text)
        }
        var marks: [String: GroupMark] = [:]
        for entry in entries {
            if let header = entry.group, header.isPersistent {
                marks[entry.name] = GroupMark(header)
            }
        }
        return marks
    }
}

/// Which service or instance it is, and at which versions its groups are.
private struct EntityMark: Equatable {
    let id: EntityID
    let groups: [String: GroupMark]
}

/// Which group it is, and at which version.
private struct GroupMark: Equatable {
    let id: EntityID
    let version: GroupVersion

    init(_ header: GroupHeader) {
        id = header.id
        version = header.version
    }
}
