import Manifests
package import Properties

/// Makes the persistent groups of an instance and its service what a snapshot holds.
package struct SnapshotRevert<Repository: PropertyRepository>: Sendable {
    private let repository: Repository

    package init(in repository: Repository) {
        self.repository = repository
    }

    /// Reverts, then takes the snapshot `running`, all in one transaction.
    ///
    /// Groups that already are as in the snapshot stay at their versions. Where a group changes, or
    /// the snapshot is taken anew, between reading and writing, all is read and decided anew. Throws `notFound` where
    /// there is no such snapshot. Returns the index of the transaction, and how many groups it
    /// changes.
    package func run(
        _ snapshot: SnapshotPath
    ) async throws(RepositoryFailure) -> (index: UInt64, groups: Int) {
        try await repository.retrying { () async throws(RepositoryFailure) in
            guard let found = try await repository.snapshot(snapshot) else {
                throw .notFound("there is no \(snapshot); snapshot list names those that are")
            }
            var state = ReadState()
            state.note(snapshot, found)
            var operations: [PropertyOperation] = []
            var groups = 0
            for level in SnapshotLevel.allCases {
                let owner =
                    level == .instance ? snapshot.instance : snapshot.instance.servicePath
                let source = GroupSource.level(content: found.name.content, level)
                guard let held = try await repository.groups(source),
                    let present = try await repository.present([owner], noting: &state)
                        .entities[owner]
                else { throw .conflict("\(owner) is gone") }
                state.noteAll(of: owner, present)
                let changes = try Self.operations(owner, held: held, present: present)
                // A group that is made anew takes several operations.
                groups += Set(changes.compactMap(\.path)).count
                operations += changes
            }
            operations += [ImportSnapshots.take("running", of: snapshot.instance)]
                .compactMap(\.self)
            let index = try await repository.submit(operations, expecting: state.expectations)
            return (index, groups)
        }
    }

    private static func operations(
        _ owner: PropertyPath, held: [String: PropertyGroup], present: [String: PropertyGroup]
    ) throws(RepositoryFailure) -> [PropertyOperation] {
        var operations: [PropertyOperation] = []
        for name in Set(held.keys).union(present.keys).sorted() {
            let path = owner.appending(group: name)
            switch (held[name], present[name]) {
            case (nil, let now?):
                guard now.header.isPersistent else { continue }
                operations.append(.delete(path, id: now.header.id))
            case (let then?, nil):
                operations += make(path, then)
            case (let then?, let now?):
                guard now.header.isPersistent else {
                    throw .failed(
                        CommandFailure(
                            .negative,
                            "\(path) is not persistent here, and is in the snapshot; delete it first"
                        ))
                }
                if then.header.type != now.header.type {
                    operations.append(.delete(path, id: now.header.id))
                    operations += make(path, then)
                } else if then.properties != now.properties {
                    operations.append(
                        .replaceGroup(
                            GroupReplacement(
                                path, groupID: now.header.id, base: now.header.version,
                                properties: then.properties)))
                }
            case (nil, nil): preconditionFailure("\(path) is nowhere")
            }
        }
        return operations
    }

    private static func make(_ path: PropertyPath, _ group: PropertyGroup) -> [PropertyOperation] {
        [
            .addGroup(path, ownerID: nil, GroupCreation(type: group.header.type)),
            .replaceGroup(GroupReplacement(path, properties: group.properties)),
        ]
    }
}
