import Identifiers
import KeyValue
import Properties
import Transactions

/// The store as plain dictionaries: what each operation should come to, told in another way.
struct PropertyModel {
    struct Group: Equatable {
        var id: EntityID
        var version: GroupVersion
        var isPersistent: Bool
        var properties: [String: PropertyContent]
    }

    struct Snapshot: Equatable {
        var id: EntityID
        var content: EntityID
        /// What it held before that and keeps, the last one first.
        var previous: [EntityID]

        /// What it keeps once it holds something else.
        var kept: [EntityID] {
            var kept: [EntityID] = []
            for id in [content] + previous where !kept.contains(id) { kept.append(id) }
            return Array(kept.prefix(16))
        }
    }

    private(set) var entities: [PropertyPath: EntityID] = [:]
    private(set) var groups: [PropertyPath: Group] = [:]
    private(set) var snapshots: [SnapshotPath: Snapshot] = [:]
    /// The groups that each content holds, by level and name.
    private(set) var contents: [EntityID: [String: Group]] = [:]

    /// Applies one operation at `index`; returns the code of the abort that it should come to.
    mutating func apply(_ operation: PropertyOperation, at index: LogIndex) -> AbortCode? {
        let before = self
        do {
            try run(operation, EntityID(index: index, ordinal: 0))
            dropUnheld()
            return nil
        } catch {
            self = before
            return error.code
        }
    }

    private mutating func run(_ operation: PropertyOperation, _ id: EntityID) throws(Refusal) {
        switch operation {
        case .addService(let path):
            try add(path, id)
        case .addInstance(let path, let serviceID):
            try expect(entities[path.servicePath], serviceID)
            try add(path, id)
        case .addGroup(let path, let ownerID, let creation):
            try expect(entities[path.owner], ownerID)
            guard groups[path] == nil else { throw Refusal(.exists) }
            groups[path] = group(id, creation.isPersistent)
        case .delete(let path, let expected):
            try expect(path.group == nil ? entities[path] : groups[path]?.id, expected)
            try delete(path)
        case .commitGroup(let commit):
            try run(commit, id)
        case .takeSnapshot(let take):
            try run(take, id)
        case .attachSnapshot(let source, let target):
            try expect(snapshots[source.path]?.id, source.id)
            try expect(snapshots[target.path]?.id, target.id)
            let content = snapshots[source.path]?.content ?? id
            if let old = snapshots[target.path], old.content != content {
                snapshots[target.path]?.previous = old.kept
                snapshots[target.path]?.content = content
            }
        case .deleteSnapshot(let reference):
            try expect(snapshots[reference.path]?.id, reference.id)
            snapshots[reference.path] = nil
        case .fileSnapshots(let filing):
            try run(filing, id)
        case .replaceGroup, .noteBoots:
            throw Refusal(.malformed)
        }
    }

    private struct Refusal: Error {
        let code: AbortCode

        init(_ code: AbortCode) {
            self.code = code
        }
    }

    private func expect(_ found: EntityID?, _ id: EntityID?) throws(Refusal) {
        if id != nil, id != found { throw Refusal(.deleted) }
        if found == nil { throw Refusal(.notFound) }
    }

    private mutating func add(_ path: PropertyPath, _ id: EntityID) throws(Refusal) {
        guard entities[path] == nil else { throw Refusal(.exists) }
        entities[path] = id
    }

    private func group(_ id: EntityID, _ isPersistent: Bool) -> Group {
        Group(
            id: id, version: GroupVersion(index: id.index, ordinal: id.ordinal),
            isPersistent: isPersistent, properties: [:])
    }

    private mutating func delete(_ path: PropertyPath) throws(Refusal) {
        guard path.group == nil else {
            groups[path] = nil
            return
        }
        let hasInstances = entities.keys.contains {
            $0.service == path.service && $0.instance != nil
        }
        guard path.instance != nil || !hasInstances else { throw Refusal(.exists) }
        groups = groups.filter { $0.key.owner != path }
        snapshots = snapshots.filter { $0.key.instance != path }
        entities[path] = nil
    }

    private mutating func run(_ commit: GroupCommit, _ id: EntityID) throws(Refusal) {
        guard var group = groups[commit.path] else {
            throw Refusal(commit.groupID == nil && commit.base == nil ? .notFound : .deleted)
        }
        if let expected = commit.groupID, expected != group.id { throw Refusal(.deleted) }
        if let base = commit.base, base != group.version { throw Refusal(.outOfDate) }
        guard !commit.edits.isEmpty else { return }
        for edit in commit.edits.sorted(by: { $0.name < $1.name }) {
            let old = group.properties[edit.name]
            switch edit {
            case .new where old != nil: throw Refusal(.exists)
            case .change where old == nil, .changeType where old == nil, .delete where old == nil:
                throw Refusal(.notFound)
            case .change(_, let content) where content.type != old?.type:
                throw Refusal(.typeMismatch)
            case .new, .change, .changeType, .delete, .set:
                group.properties[edit.name] = edit.content
            }
        }
        group.version = GroupVersion(index: id.index, ordinal: id.ordinal)
        groups[commit.path] = group
    }

    private mutating func run(_ take: SnapshotTake, _ id: EntityID) throws(Refusal) {
        let instance = take.snapshot.instance
        try expect(entities[instance], take.instanceID)
        let old = snapshots[take.snapshot]
        switch take.mode {
        case .new: if old != nil { throw Refusal(.exists) }
        case .replace(let expected): try expect(old?.id, expected)
        case .set: break
        }
        var held: [String: Group] = [:]
        for (path, group) in groups where group.isPersistent {
            if path.owner == instance { held["instance/" + (path.group ?? "")] = group }
            if path.owner == instance.servicePath { held["service/" + (path.group ?? "")] = group }
        }
        contents[id] = held
        snapshots[take.snapshot] = Snapshot(
            id: old?.id ?? id, content: id, previous: old?.kept ?? [])
    }

    /// Of one instance at the most: `id` has the ordinal of the first change.
    private mutating func run(_ filing: SnapshotFiling, _ id: EntityID) throws(Refusal) {
        for filed in filing.instances {
            guard
                let instance = PropertyPath(service: filing.service.service, instance: filed.name),
                let path = SnapshotPath(instance, filing.name)
            else { throw Refusal(.invalidArgument) }
            try expect(entities[instance], nil)
            let old = snapshots[path]
            contents[id] = [:]
            for (level, groups) in [("instance", filed.groups), ("service", filing.groups)] {
                for filedGroup in groups {
                    var held = group(id, true)
                    for property in filedGroup.properties {
                        held.properties[property.name] = property.content
                    }
                    contents[id]?["\(level)/\(filedGroup.name)"] = held
                }
            }
            snapshots[path] = Snapshot(
                id: old?.id ?? id, content: id, previous: old?.kept ?? [])
        }
    }

    private mutating func dropUnheld() {
        let held = Set(snapshots.values.flatMap { [$0.content] + $0.previous })
        contents = contents.filter { held.contains($0.key) }
    }
}
