package import Manifests
package import Properties

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

    /// What is there of services and all their instances, as it was at one moment.
    ///
    /// Throws `notFound` for a service that is not there.
    package func tree(
        ofServices services: [PropertyPath]
    ) async throws(RepositoryFailure) -> PresentTree {
        try await Retrying.run { () async throws(RepositoryFailure) in
            let before = try await marks(ofServices: services)
            let tree = try await present(before.keys)
            // Identities and versions never come back: where they are the same, nothing happened.
            let after = try await marks(ofServices: services)
            let read = tree.entities.mapValues { groups in
                Dictionary(
                    groups.map { ($0, GroupMark($1.header)) }, uniquingKeysWith: { $1 })
            }
            guard before == after, read == after.mapValues(\.groups) else {
                throw .conflict("the services changed while they were read")
            }
            return tree
        }
    }

    /// What tells whether anything of services and their instances has changed.
    private func marks(
        ofServices services: [PropertyPath]
    ) async throws(RepositoryFailure) -> [PropertyPath: EntityMark] {
        var marks: [PropertyPath: EntityMark] = [:]
        for service in services {
            guard let id = try await identity(of: service) else {
                throw .notFound("there is no \(service)")
            }
            marks[service] = EntityMark(id: id, groups: try await groupMarks(of: service))
            for entry in try await children(.instances(of: service, id: nil)) {
                guard
                    let path = PropertyPath(service: service.service, instance: entry.name)
                else { continue }
                marks[path] = EntityMark(id: entry.id, groups: try await groupMarks(of: path))
            }
        }
        return marks
    }

    private func groupMarks(
        of owner: PropertyPath
    ) async throws(RepositoryFailure) -> [String: GroupMark] {
        var marks: [String: GroupMark] = [:]
        for entry in try await children(.groups(of: owner, id: nil)) {
            if let header = entry.group { marks[entry.name] = GroupMark(header) }
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
