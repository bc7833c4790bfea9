import Codec
import Identifiers
import KeyValue
import Properties
import Stores
import Transactions

// Making and deleting services, instances and groups.
extension PropertyStore {
    /// Makes the service or instance `path`, whose parent is there.
    func addEntity<V: View>(
        _ path: PropertyPath, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        guard try view.row(PropertyKeys.key(path)) == nil else {
            throw .abort(.exists, "\(path) exists")
        }
        return makeEntity(path, in: &view, context: &context).encoded()
    }

    private func makeEntity<V: View>(
        _ path: PropertyPath, in view: inout V, context: inout ApplyContext
    ) -> EntityID {
        let id = EntityID(index: context.index, ordinal: context.nextOrdinal)
        view.put(PropertyKeys.key(path), id.encoded())
        context.note(path, old: nil, new: .entity(id))
        return id
    }

    /// Makes the service and the instance that `path` is in, where they are missing.
    func makeOwner<V: View>(
        of path: PropertyPath, in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        guard try view.row(PropertyKeys.key(path.owner)) == nil else { return }
        try makeMissingOwner(of: path, in: &view, context: &context)
    }

    /// Makes the service or instance that `path` is in, which is missing, and its service if need be.
    func makeMissingOwner<V: View>(
        of path: PropertyPath, in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        if path.instance != nil, try view.row(PropertyKeys.key(path.servicePath)) == nil {
            _ = makeEntity(path.servicePath, in: &view, context: &context)
        }
        _ = makeEntity(path.owner, in: &view, context: &context)
    }

    func addGroup<V: View>(
        _ path: PropertyPath, ownerID: EntityID?, _ creation: GroupCreation, to view: inout V,
        context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        try expectEntity(path.owner, id: ownerID, in: view)
        guard try view.row(PropertyKeys.key(path)) == nil else {
            throw .abort(.exists, "\(path) exists")
        }
        return try makeGroup(path, creation, properties: [], in: &view, context: &context)
            .encoded()
    }

    /// Makes a group that is missing, with what it is to hold.
    func makeGroup<V: View>(
        _ path: PropertyPath, _ creation: GroupCreation, properties: [Property],
        in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> GroupResult {
        let ordinal = context.nextOrdinal
        let header = GroupHeader(
            id: EntityID(index: context.index, ordinal: ordinal),
            version: GroupVersion(index: context.index, ordinal: ordinal), type: creation.type,
            isPersistent: creation.isPersistent)
        try put(PropertyGroup(header: header, properties: properties), at: path, to: &view)
        if !creation.isPersistent { view.put(PropertyKeys.nonPersistentKey(path), []) }
        context.note(path, old: nil, new: .group(header))
        for property in properties {
            context.note(
                path.appending(property: property.name), old: nil, new: .property(property.content))
        }
        return GroupResult(id: header.id, version: header.version)
    }

    func delete<V: View>(
        _ path: PropertyPath, id: EntityID?, from view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) {
        guard path.group == nil else {
            guard let group = try group(path, in: view) else {
                try expect(id, found: nil, path)
                return
            }
            try expect(id, found: group.header.id, path)
            remove(group, at: path, from: &view, context: &context)
            return
        }
        guard let found = try entity(path, in: view) else {
            try expect(id, found: nil, path)
            return
        }
        try expect(id, found: found, path)
        if path.instance == nil {
            var hasInstances = false
            try view.rows(KeyRange(prefix: PropertyKeys.instancesPrefix(path))) { _, _ in
                hasInstances = true
                return false
            }
            guard !hasInstances else {
                throw .abort(.exists, "\(path) has instances; delete them first")
            }
        }
        if path.instance != nil {
            try deleteSnapshots(of: path, from: &view, context: &context)
        }
        for (groupPath, group) in try groups(of: path, in: view) {
            remove(group, at: groupPath, from: &view, context: &context)
        }
        view.delete(PropertyKeys.key(path))
        context.note(path, old: .entity(found), new: nil)
    }

    /// Deletes a group; its properties are noted first, each by itself.
    private func remove<V: View>(
        _ group: PropertyGroup, at path: PropertyPath, notesProperties: Bool = true,
        from view: inout V, context: inout ApplyContext
    ) {
        for property in notesProperties ? group.properties : [] {
            context.note(
                path.appending(property: property.name), old: .property(property.content), new: nil)
        }
        view.delete(PropertyKeys.key(path))
        if !group.header.isPersistent { view.delete(PropertyKeys.nonPersistentKey(path)) }
        context.note(path, old: .group(group.header), new: nil)
    }

    private func groups<V: ReadView>(
        of owner: PropertyPath, in view: V
    ) throws(StoreFailure) -> [(PropertyPath, PropertyGroup)] {
        let prefix = PropertyKeys.groupsPrefix(owner)
        var rows: [(key: [UInt8], row: Row)] = []
        var bytes = 0
        try view.rows(KeyRange(prefix: prefix)) { key, row in
            rows.append((key, row))
            bytes += row.value.count
            return rows.count <= limits.changesPerTransaction
                && bytes <= limits.changeBytesPerTransaction
        }
        guard bytes <= limits.changeBytesPerTransaction else {
            throw .abort(
                .limitExceeded,
                "the property groups of \(owner) have over \(limits.changeBytesPerTransaction) "
                    + "bytes; delete some of them first")
        }
        guard rows.count <= limits.changesPerTransaction else {
            throw .abort(
                .limitExceeded,
                "\(owner) has over \(limits.changesPerTransaction) property groups; "
                    + "delete some of them first")
        }
        var groups: [(PropertyPath, PropertyGroup)] = []
        for (key, row) in rows {
            groups.append((try groupPath(key), try decode(row, key)))
        }
        return groups
    }

    /// Drops groups that are not persistent and were made before `index`: as many as one transaction
    /// can note.
    func dropNonPersistentGroups<V: View>(
        before index: LogIndex, from view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> DropResult {
        var keys: [[UInt8]] = []
        // Younger groups are passed over; all older ones were there before this record.
        try view.rows(KeyRange(prefix: PropertyKeys.nonPersistentPrefix)) { key, _ in
            keys.append(key)
            return true
        }
        var room = NoteRoom(limits)
        var dropped = 0
        for key in keys {
            let path = try groupPath(key)
            guard let group = try group(path, in: view) else {
                throw .engine(EngineFailure("read \(path)", reason: "its row is missing"))
            }
            guard group.header.id.index < index else { continue }
            let hasRoom = room.take(group, at: path)
            guard dropped < GroupCommit.editLimit, hasRoom || dropped == 0 else {
                return DropResult(dropped: dropped, isPartial: true)
            }
            // One that is too large by itself goes too, or no clearing would ever end.
            remove(
                group, at: path, notesProperties: hasRoom, from: &view, context: &context)
            dropped += 1
        }
        return DropResult(dropped: dropped, isPartial: false)
    }

    /// How many more deletions the changes of one transaction can note.
    private struct NoteRoom {
        private var changes: Int
        private var bytes: Int

        init(_ limits: Limits) {
            changes = limits.changesPerTransaction
            bytes = limits.changeBytesPerTransaction
        }

        /// Takes the room that the deletion of a group needs; false where there is less.
        mutating func take(_ group: PropertyGroup, at path: PropertyPath) -> Bool {
            let key = path.description.utf8.count
            changes -= group.properties.count + 1
            bytes -= key + group.header.type.utf8.count + 64
            for property in group.properties {
                bytes -= key + 1 + property.name.utf8.count + property.content.encodedBytesHint
            }
            return changes >= 0 && bytes >= 0
        }
    }

    private func groupPath(_ key: [UInt8]) throws(StoreFailure) -> PropertyPath {
        let path: PropertyPath?
        do {
            path = try PropertyKeys.groupPath(key)
        } catch {
            throw .engine(EngineFailure("read a property group's key", reason: error.description))
        }
        guard let path else {
            throw .engine(EngineFailure("read a property group's key", reason: "invalid name"))
        }
        return path
    }

    private func decode(_ row: Row, _ key: [UInt8]) throws(StoreFailure) -> PropertyGroup {
        do {
            return try PropertyGroup.decode(row.value)
        } catch {
            throw .damagedRow("property group", error)
        }
    }
}
