package import Manifests
package import Properties
import Transactions

/// What an import or the application of a profile has done.
package struct ImportReport: Sendable, Equatable {
    /// The index of the transaction; nil where there was nothing to do.
    package let index: UInt64?
    /// How many services, instances and groups it makes, changes or deletes; snapshots not counted.
    package let changes: Int
    package let conflicts: [MergeConflict]
    /// What a profile tells of things that are not there.
    package let skipped: [PropertyPath]
}

/// Brings what a manifest wants into a cluster, all in one transaction or not at all.
///
/// The transaction demands that every service, instance, group and snapshot which was looked at is as
/// it was read, so what was decided is right when it takes effect; where others were faster, all is read and decided anew.
/// An instance gets these snapshots with it: `last-import`, what the manifest wants; `previous`, what
/// it had before, where it was imported before; `initial`, where it is new; and `running`. So do
/// others at which a dependent has put or left something: `running` alone.
package struct ManifestImport<Repository: PropertyRepository>: Sendable {
    private let repository: Repository

    package init(into repository: Repository) {
        self.repository = repository
    }

    /// Imports what a manifest or an archive wants.
    ///
    /// Throws `conflict` where the services change before every try.
    package func run(_ wanted: ServiceTree) async throws(RepositoryFailure) -> ImportReport {
        try await repository.retrying { () async throws(RepositoryFailure) in
            var state = ReadState()
            let imports = try await lastImports(of: wanted, noting: &state)
            let last = ServiceTree(lastImports: imports)
            let present = try await repository.present(Self.paths(wanted, last), noting: &state)
            Self.noteGroups(wanted, last, present, in: &state)
            let able = TakenDependents(last: last, present: present, wanted: wanted)
            let wanted = able.wanted
            var outcome = ThreeWayMerge.merge(last: last, present: present, wanted: wanted)
            outcome.conflicts = able.conflicts(with: outcome.conflicts)
            let targets = outcome.operations.filter { operation in
                operation.owner.map { wanted[$0]?.isDeclared != true } ?? false
            }
            let snapshots = ImportSnapshots(
                wanted: wanted, present: present, imports: imports, changes: outcome.operations,
                others: try await instances(changedBy: targets))
            return try await submit(
                snapshots.before + outcome.operations + snapshots.after, outcome,
                expecting: state.expectations)
        }
    }

    /// Applies what a profile tells to what is there; then takes the snapshot `running` of every
    /// instance whose groups, or whose service's, that changes.
    package func apply(_ profile: ServiceTree) async throws(RepositoryFailure) -> ImportReport {
        try await repository.retrying { () async throws(RepositoryFailure) in
            var state = ReadState()
            let present = try await repository.present(
                profile.entities.map(\.path), noting: &state)
            Self.noteGroups(profile, ServiceTree([]), present, in: &state)
            let outcome = ProfileApplication.apply(profile, to: present)
            let refreshed = try await instances(changedBy: outcome.operations)
            return try await submit(
                outcome.operations
                    + refreshed.compactMap { ImportSnapshots.take("running", of: $0) }, outcome,
                expecting: state.expectations)
        }
    }

    /// The instances whose own groups, or whose service's, are changed; those of services, as they
    /// are there now.
    private func instances(
        changedBy operations: [PropertyOperation]
    ) async throws(RepositoryFailure) -> [PropertyPath] {
        var instances: Set<PropertyPath> = []
        for owner in Set(operations.compactMap(\.owner)) {
            if owner.instance != nil {
                instances.insert(owner)
            } else {
                instances.formUnion(try await repository.instances(of: owner)?.map(\.path) ?? [])
            }
        }
        return instances.sorted { $0.description < $1.description }
    }

    private func submit(
        _ operations: [PropertyOperation], _ outcome: MergeOutcome, expecting: [Expectation]
    ) async throws(RepositoryFailure) -> ImportReport {
        var index: UInt64?
        if !operations.isEmpty {
            do throws(RepositoryFailure) {
                index = try await repository.submit(operations, expecting: expecting)
            } catch {
                // What was there when it was read is gone: another decision.
                if case .notFound(let text) = error { throw .conflict(text) }
                throw error
            }
        }
        let changed = Set(outcome.operations.compactMap(\.path))
        return ImportReport(
            index: index, changes: changed.count, conflicts: outcome.conflicts,
            skipped: outcome.skipped)
    }

    /// What was imported last into each instance that the manifest declares.
    private func lastImports(
        of wanted: ServiceTree, noting state: inout ReadState
    ) async throws(RepositoryFailure) -> [PropertyPath: LastImport] {
        var imports: [PropertyPath: LastImport] = [:]
        for entity in wanted.entities where entity.isDeclared {
            guard let path = SnapshotPath(entity.path, "last-import") else { continue }
            let found = try await repository.snapshot(path)
            state.note(path, found)
            guard let name = found?.name else { continue }
            var levels: [SnapshotLevel: EntityTree] = [:]
            for level in SnapshotLevel.allCases {
                let source = GroupSource.level(content: name.content, level)
                let groups = try await repository.groups(source) ?? [:]
                levels[level] = EntityTree(
                    level == .instance ? entity.path : entity.path.servicePath,
                    groups: groups.map { GroupTree($0, $1) })
            }
            if let instance = levels[.instance], let service = levels[.service] {
                imports[entity.path] = LastImport(
                    content: name.content, instance: instance, service: service)
            }
        }
        return imports
    }

    /// All services and instances that a merge looks at.
    private static func paths(_ wanted: ServiceTree, _ last: ServiceTree) -> [PropertyPath] {
        wanted.entities.flatMap { [$0.path.servicePath, $0.path] }
            + dependencies(last).map(\.target.owner)
    }

    /// The groups that dependents of the last import have made at others.
    private static func dependencies(
        _ last: ServiceTree
    ) -> [(target: PropertyPath, name: String)] {
        last.entities.flatMap { entity in
            (entity["dependents"]?.properties ?? []).compactMap { property in
                let text = property.content.values.first?.stringBytes ?? []
                return PropertyPath(String(decoding: text, as: UTF8.self))
                    .map { ($0, property.name) }
            }
        }
    }

    /// Notes every group that was looked at, and what was looked for and is not there.
    private static func noteGroups(
        _ wanted: ServiceTree, _ last: ServiceTree, _ present: PresentTree,
        in state: inout ReadState
    ) {
        for entity in wanted.entities + last.entities {
            for group in entity.groups {
                state.note(
                    entity.path.appending(group: group.name),
                    present.entities[entity.path]?[group.name])
            }
        }
        for (target, name) in dependencies(last) {
            guard let group = present.entities[target]?[name] else { continue }
            state.note(target.appending(group: name), group)
        }
    }
}

extension PropertyOperation {
    /// The service or instance whose groups it is about; nil for what concerns none.
    var owner: PropertyPath? {
        path?.owner
    }

    /// The service, instance or group that it is about; nil for what is about none.
    var path: PropertyPath? {
        switch self {
        case .addService(let path), .addInstance(let path, _), .addGroup(let path, _, _),
            .delete(let path, _):
            path
        case .commitGroup(let commit): commit.path
        case .replaceGroup(let replacement): replacement.path
        case .takeSnapshot, .attachSnapshot, .deleteSnapshot, .fileSnapshots, .noteBoots: nil
        }
    }
}
