import Codec
import KeyValue
import Properties
import Stores
import Transactions

// Taking, attaching and deleting snapshots.
extension PropertyStore {
    /// Copies the persistent groups of an instance and its service, and gives them a name.
    func take<V: View>(
        _ take: SnapshotTake, in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        let path = take.snapshot
        try expectEntity(path.instance, id: take.instanceID, in: view)
        let old = try snapshotRow(path, in: view)
        switch take.mode {
        case .new:
            guard old == nil else { throw .abort(.exists, "\(path) exists") }
        case .replace(let id):
            try expect(id, found: old?.name.id, path)
        case .set:
            break
        }
        if old == nil { try checkRoom(for: path, in: view) }
        let fresh = EntityID(index: context.index, ordinal: context.nextOrdinal)
        try copyGroups(of: path.instance, to: fresh, in: &view, context: &context)
        return try name(
            path, SnapshotName(id: old?.name.id ?? fresh, content: fresh), instead: old,
            in: &view, context: &context)
    }

    /// Makes snapshots hold groups that are given; each is the content's own, at its version.
    func file<V: View>(
        _ filing: SnapshotFiling, in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        for filed in filing.instances {
            let instance = filing.service.appending(instance: filed.name)
            try expectEntity(instance, id: nil, in: view)
            let path = SnapshotPath(checked: instance, filing.name)
            let old = try snapshotRow(path, in: view)
            if old == nil { try checkRoom(for: path, in: view) }
            let fresh = EntityID(index: context.index, ordinal: context.nextOrdinal)
            try putGroups(
                filed.groups, filing.groups, of: instance, to: fresh, in: &view,
                context: &context)
            _ = try name(
                path, SnapshotName(id: old?.name.id ?? fresh, content: fresh), instead: old,
                in: &view, context: &context)
            // One operation may be of many instances.
            guard context.copiedBytes <= limits.changeBytesPerTransaction else {
                throw .abort(
                    .limitExceeded,
                    "copies of \(context.copiedBytes) bytes, over the limit of "
                        + "\(limits.changeBytesPerTransaction); split the transaction")
            }
        }
    }

    private func putGroups<V: View>(
        _ own: [SnapshotFiling.Group], _ services: [SnapshotFiling.Group],
        of instance: PropertyPath, to id: EntityID, in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        var copied = Copied()
        for level in SnapshotLevel.allCases {
            let owner = level == .instance ? instance : instance.servicePath
            for group in level == .instance ? own : services {
                let header = GroupHeader(
                    id: id, version: GroupVersion(index: id.index, ordinal: id.ordinal),
                    type: group.type, isPersistent: true)
                let row = try row(
                    of: PropertyGroup(header: header, properties: group.properties),
                    at: owner.appending(group: group.name))
                copied.groups += 1
                copied.bytes += row.count
                try copied.check()
                view.put(PropertyKeys.levelKey(id, level, group: group.name), row)
            }
        }
        context.copiedBytes += copied.bytes
        let content = SnapshotContent(
            holders: 1, service: instance.service, instance: instance.instance ?? "",
            instanceGroups: own.count, serviceGroups: services.count, groupBytes: copied.bytes)
        view.put(PropertyKeys.contentKey(id), content.encoded())
    }

    /// Makes the target, which is there, hold what the source holds.
    func attach<V: View>(
        _ source: SnapshotReference, to target: SnapshotReference, in view: inout V,
        context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        let held = try expectSnapshot(source, in: view).name
        let old = try expectSnapshot(target, in: view)
        let next = SnapshotName(id: old.name.id, content: held.content)
        guard next != old.name else { return next.encoded() }
        var content = try content(held.content, in: view)
        guard content.holders < SnapshotContent.holderLimit else {
            throw .abort(
                .limitExceeded, "what \(source.path) holds has \(content.holders) names already")
        }
        content.holders += 1
        view.put(PropertyKeys.contentKey(held.content), content.encoded())
        return try name(target.path, next, instead: old, in: &view, context: &context)
    }

    func delete<V: View>(
        _ reference: SnapshotReference, from view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        let old = try expectSnapshot(reference, in: view)
        try remove(old, at: reference.path, from: &view, context: &context)
    }

    /// Deletes all snapshots of an instance.
    func deleteSnapshots<V: View>(
        of instance: PropertyPath, from view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        for (name, row) in try snapshots(of: instance, in: view) {
            let path = SnapshotPath(checked: instance, name)
            try remove(row, at: path, from: &view, context: &context)
        }
    }

    private func remove<V: View>(
        _ row: SnapshotRow, at path: SnapshotPath, from view: inout V,
        context: inout ApplyContext
    ) throws(StoreFailure) {
        view.delete(PropertyKeys.snapshotKey(path))
        for content in row.contents { try release(content, in: &view) }
        context.note(path, old: .snapshot(row.name), new: nil)
    }

    /// Writes the row of a name; keeps what it held, and lets go of what it held long before that.
    private func name<V: View>(
        _ path: SnapshotPath, _ next: SnapshotName, instead old: SnapshotRow?,
        in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        let row = SnapshotRow(name: next, previous: try previous(of: old, in: &view))
        view.put(PropertyKeys.snapshotKey(path), row.encoded())
        context.note(path, old: (old?.name).map(PropertyChangeValue.snapshot), new: .snapshot(next))
        return next.encoded()
    }

    /// What a name keeps of what `old` stood for and kept; lets go of the rest.
    private func previous<V: View>(
        of old: SnapshotRow?, in view: inout V
    ) throws(StoreFailure) -> [EntityID] {
        guard let old else { return [] }
        var kept: [EntityID] = []
        var bytes = 0
        for id in old.contents {
            bytes += try content(id, in: view).groupBytes
            let isRoom =
                kept.count < SnapshotRow.previousLimit
                && bytes <= SnapshotContent.previousBytesLimit
            if kept.isEmpty || (isRoom && !kept.contains(id)) {
                kept.append(id)
            } else {
                try release(id, in: &view)
            }
        }
        return kept
    }

    /// One name fewer holds the content; without any it goes.
    private func release<V: View>(
        _ id: EntityID, in view: inout V
    ) throws(StoreFailure) {
        var content = try content(id, in: view)
        content.holders -= 1
        guard content.holders <= 0 else {
            view.put(PropertyKeys.contentKey(id), content.encoded())
            return
        }
        var keys: [[UInt8]] = []
        try view.rows(KeyRange(prefix: PropertyKeys.contentGroupsPrefix(id))) { key, _ in
            keys.append(key)
            return true
        }
        for key in keys { view.delete(key) }
        view.delete(PropertyKeys.contentKey(id))
    }

    private func copyGroups<V: View>(
        of instance: PropertyPath, to id: EntityID, in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        var counts: [Int] = []
        var copied = Copied()
        for level in SnapshotLevel.allCases {
            let owner = level == .instance ? instance : instance.servicePath
            let rows = try persistentGroups(of: owner, in: view, copied: &copied)
            for (key, row) in rows {
                let group = try groupName(key, of: owner)
                view.put(PropertyKeys.levelKey(id, level, group: group), row)
            }
            counts.append(rows.count)
        }
        context.copiedBytes += copied.bytes
        let content = SnapshotContent(
            holders: 1, service: instance.service, instance: instance.instance ?? "",
            instanceGroups: counts[0], serviceGroups: counts[1], groupBytes: copied.bytes)
        view.put(PropertyKeys.contentKey(id), content.encoded())
    }

    /// What a snapshot holds so far.
    private struct Copied {
        var groups = 0
        var bytes = 0

        var isTooMuch: Bool {
            groups > SnapshotContent.groupLimit || bytes > SnapshotContent.groupBytesLimit
        }

        /// Aborts with `limitExceeded` where it is too much.
        func check() throws(StoreFailure) {
            guard isTooMuch else { return }
            throw .abort(
                .limitExceeded,
                "a snapshot would have \(groups) groups of \(bytes) bytes or more, over the "
                    + "limit of \(SnapshotContent.groupLimit) of \(SnapshotContent.groupBytesLimit)"
            )
        }
    }

    private func persistentGroups<V: ReadView>(
        of owner: PropertyPath, in view: V, copied: inout Copied
    ) throws(StoreFailure) -> [(key: [UInt8], row: [UInt8])] {
        var rows: [(key: [UInt8], row: [UInt8])] = []
        var sum = copied
        try view.rows(KeyRange(prefix: PropertyKeys.groupsPrefix(owner))) { key, row in
            guard PropertyGroup.isPersistent(row.value) else { return true }
            sum.groups += 1
            sum.bytes += row.value.count
            rows.append((key, row.value))
            return !sum.isTooMuch
        }
        copied = sum
        try sum.check()
        return rows
    }

    private func groupName(
        _ key: [UInt8], of owner: PropertyPath
    ) throws(StoreFailure) -> String {
        do {
            return try PropertyKeys.name(key, after: PropertyKeys.groupsPrefix(owner))
        } catch {
            throw .engine(EngineFailure("read a group's key", reason: error.description))
        }
    }

    private func checkRoom<V: ReadView>(
        for path: SnapshotPath, in view: V
    ) throws(StoreFailure) {
        guard try snapshots(of: path.instance, in: view).count < SnapshotContent.nameLimit else {
            throw .abort(
                .limitExceeded,
                "\(path.instance) has \(SnapshotContent.nameLimit) snapshots; delete one first")
        }
    }
}

// MARK: - Rows

extension PropertyStore {
    /// The row of the snapshot of that name.
    func snapshotRow<V: ReadView>(
        _ path: SnapshotPath, in view: V
    ) throws(StoreFailure) -> SnapshotRow? {
        guard let row = try view.row(PropertyKeys.snapshotKey(path)) else { return nil }
        do {
            return try SnapshotRow(row.value)
        } catch {
            throw .damagedRow("\(path)", error)
        }
    }

    /// The row of the snapshot that `reference` names; aborts unless it is there, and the one it names.
    func expectSnapshot<V: ReadView>(
        _ reference: SnapshotReference, in view: V
    ) throws(StoreFailure) -> SnapshotRow {
        let found = try snapshotRow(reference.path, in: view)
        try expect(reference.id, found: found?.name.id, reference.path)
        guard let found else {
            throw .abort(.notFound, "there is no \(reference.path)")
        }
        return found
    }

    /// What a name holds, which must be there.
    func content<V: ReadView>(
        _ id: EntityID, in view: V
    ) throws(StoreFailure) -> SnapshotContent {
        guard let row = try view.row(PropertyKeys.contentKey(id)) else {
            throw .engine(EngineFailure("read snapshot content \(id)", reason: "it is missing"))
        }
        do {
            return try SnapshotContent(row.value)
        } catch {
            throw .damagedRow("snapshot content \(id)", error)
        }
    }

    /// All snapshots of an instance, by name.
    func snapshots<V: ReadView>(
        of instance: PropertyPath, in view: V
    ) throws(StoreFailure) -> [(name: String, row: SnapshotRow)] {
        let prefix = PropertyKeys.snapshotsPrefix(instance)
        var found: [(name: String, row: SnapshotRow)] = []
        var damage: StoreFailure?
        try view.rows(KeyRange(prefix: prefix)) { key, row in
            do {
                found.append(
                    (try PropertyKeys.name(key, after: prefix), try SnapshotRow(row.value)))
                return true
            } catch {
                damage = .engine(EngineFailure("read a snapshot", reason: "\(error)"))
                return false
            }
        }
        if let damage { throw damage }
        return found
    }
}
