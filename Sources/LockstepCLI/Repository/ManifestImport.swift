import Identifiers
package import Manifests
package import Properties
import Transactions

/// What an import or the application of a profile has done.
package struct ImportReport: Sendable, Equatable {
    /// The index of the transaction; nil where there was nothing to do.
    package let index: UInt64?
    /// Changes of services, instances and groups, snapshots not counted.
    package let changes: Int
    package let conflicts: [MergeConflict]
    /// What a profile tells of things that are not there.
    package let skipped: [PropertyPath]
}

/// Brings what a manifest wants into a cluster, all in one transaction or not at all.
///
/// The transaction demands that every group which was looked at is as it was read, so what was
/// decided is right when it takes effect; where others were faster, all is read and decided anew.
/// An instance gets these snapshots with it: `last-import`, what the manifest wants; `previous`, what
/// it had before, where it was imported before; `initial`, where it is new; and `running`.
package struct ManifestImport<Repository: PropertyRepository>: Sendable {
    private let repository: Repository

    package init(into repository: Repository) {
        self.repository = repository
    }

    /// Imports what a manifest or an archive wants.
    ///
    /// Throws `conflict` where the services change before every try.
    package func run(_ wanted: ServiceTree) async throws(RepositoryFailure) -> ImportReport {
        try await Retrying.run { () async throws(RepositoryFailure) in
            let imports = try await lastImports(of: wanted)
            let last = ServiceTree(lastImports: imports)
            let present = try await repository.present(Self.paths(wanted, last))
            let outcome = ThreeWayMerge.merge(last: last, present: present, wanted: wanted)
            let snapshots = ImportSnapshots(
                wanted: wanted, present: present, imports: imports, changes: outcome.operations)
            return try await submit(
                snapshots.before + outcome.operations + snapshots.after, outcome,
                expecting: Self.expectations(wanted, last, present))
        }
    }

    /// Applies what a profile tells to what is there; then takes the snapshot `running`.
    package func apply(_ profile: ServiceTree) async throws(RepositoryFailure) -> ImportReport {
        try await Retrying.run { () async throws(RepositoryFailure) in
            let present = try await repository.present(profile.entities.map(\.path))
            let outcome = ProfileApplication.apply(profile, to: present)
            let changed = Set(outcome.operations.map(\.service))
            let refreshed = profile.entities.map(\.path).filter { path in
                present.entities[path] != nil && changed.contains(path.service)
            }
            return try await submit(
                outcome.operations
                    + refreshed.compactMap { ImportSnapshots.take("running", of: $0) }, outcome,
                expecting: Self.expectations(profile, ServiceTree([]), present))
        }
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
        return ImportReport(
            index: index, changes: outcome.operations.count, conflicts: outcome.conflicts,
            skipped: outcome.skipped)
    }

    /// What was imported last into each instance that the manifest declares.
    private func lastImports(
        of wanted: ServiceTree
    ) async throws(RepositoryFailure) -> [PropertyPath: LastImport] {
        var imports: [PropertyPath: LastImport] = [:]
        for entity in wanted.entities where entity.isDeclared {
            guard let path = SnapshotPath(entity.path, "last-import"),
                let name = try await repository.snapshot(path)
            else { continue }
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
        var paths = wanted.entities.flatMap { [$0.path.servicePath, $0.path] }
        for entity in last.entities {
            for property in entity["dependents"]?.properties ?? [] {
                let text = property.content.values.first?.stringBytes ?? []
                if let target = PropertyPath(String(decoding: text, as: UTF8.self)) {
                    paths.append(target.owner)
                }
            }
        }
        return paths
    }

    /// Every group that was looked at is at the version that was read, or still is not there.
    private static func expectations(
        _ wanted: ServiceTree, _ last: ServiceTree, _ present: PresentTree
    ) -> [Expectation] {
        var groups: Set<PropertyPath> = []
        for entity in wanted.entities + last.entities {
            groups.formUnion(entity.groups.map { entity.path.appending(group: $0.name) })
        }
        return groups.map { ($0, $0.description) }.sorted { $0.1 < $1.1 }.map { path, _ in
            // An expectation's key has not the store's own byte in front.
            let key = Array(PropertyKeys.key(path).dropFirst())
            guard let name = path.group, let group = present.entities[path.owner]?[name] else {
                return .keyAbsent(store: .properties, key: key)
            }
            return .keyAtVersion(
                store: .properties, key: key, version: group.header.version.index)
        }
    }
}

extension PropertyOperation {
    /// The service that it is about; empty for what concerns none.
    var service: String {
        switch self {
        case .addService(let path), .addInstance(let path, _), .addGroup(let path, _, _),
            .delete(let path, _):
            path.service
        case .commitGroup(let commit): commit.path.service
        case .replaceGroup(let replacement): replacement.path.service
        case .takeSnapshot(let take): take.snapshot.instance.service
        case .attachSnapshot(_, let target): target.path.instance.service
        case .deleteSnapshot(let reference): reference.path.instance.service
        case .noteBoots: ""
        }
    }
}
