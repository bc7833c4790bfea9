import Manifests
import Properties

/// What the snapshot `last-import` of an instance holds.
struct LastImport: Sendable {
    let content: EntityID
    let instance: EntityTree
    let service: EntityTree
}

extension ServiceTree {
    /// What was imported last; of a service, what came with the newest import of its instances.
    init(lastImports imports: [PropertyPath: LastImport]) {
        var services: [PropertyPath: LastImport] = [:]
        for (path, found) in imports {
            let newest = services[path.servicePath]?.content
            let isNewer = newest.map {
                ($0.index, $0.ordinal) < (found.content.index, found.content.ordinal)
            }
            if isNewer ?? true { services[path.servicePath] = found }
        }
        self.init(imports.values.map(\.instance) + services.values.map(\.service))
    }
}

/// The snapshots that an import takes, before and behind its changes.
///
/// `last-import` holds what the manifest wants, not what is there: where people have changed things
/// those differ. So it is filed as the manifest tells it, unless all that will be there is the
/// manifest's.
struct ImportSnapshots {
    private(set) var before: [PropertyOperation] = []
    private(set) var after: [PropertyOperation] = []

    private let wanted: ServiceTree
    private let present: PresentTree
    private let imports: [PropertyPath: LastImport]

    /// `changes` is what the import changes otherwise; `others` are the instances, besides those
    /// that the manifest declares, for which that makes a difference.
    init(
        wanted: ServiceTree, present: PresentTree, imports: [PropertyPath: LastImport],
        changes: [PropertyOperation], others: [PropertyPath] = []
    ) {
        self.wanted = wanted
        self.present = present
        self.imports = imports
        let changed = Set(changes.compactMap(\.owner?.service))
        var refreshed: Set<PropertyPath> = []
        let instances = wanted.entities.filter { $0.isDeclared && $0.path.instance != nil }
        for (service, all) in Dictionary(grouping: instances, by: \.path.servicePath)
            .sorted(by: { $0.key.service < $1.key.service })
        {
            let due = all.filter {
                changed.contains(service.service) || !isAsImported($0, wanted[service])
            }
            add(due, of: service)
            refreshed.formUnion(due.map(\.path))
        }
        after += others.filter { !refreshed.contains($0) }
            .compactMap { Self.take("running", of: $0) }
    }

    static func take(
        _ name: String, of instance: PropertyPath, mode: SnapshotTake.Mode = .set
    ) -> PropertyOperation? {
        SnapshotPath(instance, name).map { .takeSnapshot(SnapshotTake($0, mode: mode)) }
    }

    private func isAsImported(_ instance: EntityTree, _ service: EntityTree?) -> Bool {
        guard let last = imports[instance.path] else { return false }
        return last.instance.groups == instance.plainGroups
            && last.service.groups == service?.plainGroups ?? []
    }

    private mutating func add(_ instances: [EntityTree], of service: PropertyPath) {
        guard !instances.isEmpty else { return }
        for instance in instances where imports[instance.path] != nil {
            before += [Self.take("previous", of: instance.path)].compactMap(\.self)
        }
        // A service that is new has nothing but what the manifest wants.
        if present.entities[service] == nil {
            after += instances.compactMap { Self.take("last-import", of: $0.path) }
        } else {
            file(instances, of: service)
        }
        for instance in instances {
            let isNew = present.entities[instance.path] == nil
            after += (isNew ? ["initial", "running"] : ["running"])
                .compactMap { Self.take($0, of: instance.path) }
        }
    }

    private mutating func file(_ instances: [EntityTree], of service: PropertyPath) {
        after.append(
            .fileSnapshots(
                SnapshotFiling(
                    of: service, name: "last-import", groups: wanted[service]?.filedGroups ?? [],
                    instances: instances.compactMap { instance in
                        instance.path.instance.map {
                            SnapshotFiling.Instance(name: $0, groups: instance.filedGroups)
                        }
                    })))
    }
}

extension EntityTree {
    fileprivate var filedGroups: [SnapshotFiling.Group] {
        plainGroups.map { group in
            SnapshotFiling.Group(
                name: group.name, type: group.type,
                properties: group.properties.map {
                    Property(name: $0.name, content: $0.content)
                })
        }
    }

    /// The groups as they are when they are stored: without deletions, and without any `override`.
    fileprivate var plainGroups: [GroupTree] {
        groups.filter { !$0.isDeletion }.map { group in
            GroupTree(
                group.name, type: group.type,
                group.properties.map { PropertyTree($0.name, $0.content) })
        }
    }
}
