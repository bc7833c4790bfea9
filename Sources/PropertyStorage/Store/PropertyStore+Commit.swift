import Codec
import Identifiers
import KeyValue
import Properties
import Stores
import Transactions

// Changing what a group holds.
extension PropertyStore {
    func apply<V: View>(
        _ commit: EncodedCommit, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        let key = PropertyKeys.groupKey(commit.path)
        guard let row = try view.row(key) else {
            if commit.creation == nil || commit.groupID != nil || commit.base != nil {
                try check(nil, id: commit.groupID, base: commit.base) { commit.path.path }
            }
            return try makeGroup(commit, key, in: &view, context: &context)
        }
        let group: GroupRow
        let places: [GroupRow.Place]
        do throws(DecodingFailure) {
            group = try GroupRow(row.value)
            places = try group.places(of: commit)
        } catch {
            throw .damagedRow("property group \(commit.path.path)", error)
        }
        let found = Found(id: group.id, version: group.version)
        try check(found, id: commit.groupID, base: commit.base) { commit.path.path }
        guard !commit.edits.isEmpty else {
            return GroupResult(id: group.id, version: group.version).encoded()
        }
        context.rewrittenBytes += row.value.count
        let version = GroupVersion(index: context.index, ordinal: context.nextOrdinal)
        var name = ChangeName(commit.path)
        for (edit, place) in zip(commit.edits, places) {
            let old = place.property
            if edit.action != .set { try check(edit, against: old?.type, commit.path) }
            name.show(commit.bytes, edit.name)
            context.record(
                store: .properties, key: name.bytes,
                old: old.map { PropertyChangeValue.property(row.value, content: $0.content) },
                new: edit.value(in: commit.bytes))
        }
        try put(
            group.edited(by: commit, at: places, version: version),
            propertyCount: group.propertyCount(after: commit.edits, at: places), commit, key,
            to: &view)
        return GroupResult(id: group.id, version: version).encoded()
    }

    func apply<V: View>(
        _ replacement: GroupReplacement, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        let path = replacement.path
        guard
            let group = try present(
                path, id: replacement.groupID, base: replacement.base,
                creation: replacement.creation, in: view)
        else {
            try makeOwner(of: path, in: &view, context: &context)
            return try makeGroup(
                path, replacement.creation ?? GroupCreation(type: Self.usualGroupType),
                properties: replacement.properties, in: &view, context: &context
            ).encoded()
        }
        if let type = replacement.creation?.type, type != group.header.type {
            throw .abort(
                .typeMismatch, "\(path) is of type \(group.header.type), not \(type)")
        }
        let version = GroupVersion(index: context.index, ordinal: context.nextOrdinal)
        let next = PropertyGroup(header: group.header, properties: replacement.properties)
        for property in group.properties where next[property.name] == nil {
            context.note(
                path.appending(property: property.name), old: .property(property.content), new: nil)
        }
        for property in next.properties {
            let old = group[property.name]
            guard old != property.content else { continue }
            context.note(
                path.appending(property: property.name),
                old: old.map(PropertyChangeValue.property), new: .property(property.content))
        }
        guard context.nextOrdinal > version.ordinal else {
            return GroupResult(id: group.header.id, version: group.header.version).encoded()
        }
        return try write(next.properties, group.header, version, path, to: &view)
    }

    /// The type of a group that is made without a word about its type.
    package static let usualGroupType = "application"
    private static let usualGroupTypeBytes = Array(usualGroupType.utf8)

    /// The group as the client expects it; nil where it is missing and may be made.
    private func present<V: ReadView>(
        _ path: PropertyPath, id: EntityID?, base: GroupVersion?, creation: GroupCreation?,
        in view: V
    ) throws(StoreFailure) -> PropertyGroup? {
        let group = try group(path, in: view)
        let found = group.map { Found(id: $0.header.id, version: $0.header.version) }
        guard found != nil || creation == nil || id != nil || base != nil else { return nil }
        try check(found, id: id, base: base) { path }
        return group
    }

    /// What is compared with what the client expects of a group.
    private struct Found {
        let id: EntityID
        let version: GroupVersion
    }

    /// Aborts unless the group that was found is the one that the client expects.
    ///
    /// A group that is gone comes before a version that is old, as libscf has it.
    private func check(
        _ found: Found?, id: EntityID?, base: GroupVersion?, _ path: () -> PropertyPath
    ) throws(StoreFailure) {
        guard let found else {
            guard id == nil, base == nil else { throw .abort(.deleted, "\(path()) was deleted") }
            throw .abort(.notFound, "there is no \(path())")
        }
        guard id == nil || id == found.id else {
            throw .abort(.deleted, "\(path()) was deleted and made again")
        }
        guard base == nil || base == found.version else {
            throw .abort(
                .outOfDate,
                "\(path()) is at version \(found.version), not \(base?.description ?? "-"); "
                    + "read it again")
        }
    }

    /// Makes the group of a commit, whose edits are its first properties.
    private func makeGroup<V: View>(
        _ commit: EncodedCommit, _ key: [UInt8], in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        if try view.row(PropertyKeys.ownerKey(commit.path)) == nil {
            try makeMissingOwner(of: commit.path.path, in: &view, context: &context)
        }
        for edit in commit.edits where edit.action != .set {
            try check(edit, against: nil, commit.path)
        }
        let ordinal = context.nextOrdinal
        let id = EntityID(index: context.index, ordinal: ordinal)
        let version = GroupVersion(index: context.index, ordinal: ordinal)
        let isPersistent = commit.creation?.isPersistent ?? true
        var writer = ByteWriter(capacity: commit.bytes.count + 48)
        let front = PropertyGroup.encodeFront(
            id: id, version: version,
            type: commit.creation.map { commit.bytes[$0.type] } ?? Self.usualGroupTypeBytes[...],
            isPersistent: isPersistent, into: &writer)
        writer.writeVarint(UInt64(commit.edits.count))
        for edit in commit.edits { writer.writeRaw(commit.bytes, in: edit.property) }
        let row = writer.take()
        try put(row, propertyCount: commit.edits.count, commit, key, to: &view)
        if !isPersistent { view.put(PropertyKeys.nonPersistentKey(commit.path.path), []) }
        var name = ChangeName(commit.path)
        context.record(
            store: .properties, key: name.bytes, old: nil,
            new: PropertyChangeValue.group(row, front: front, isPersistent: isPersistent))
        for edit in commit.edits {
            name.show(commit.bytes, edit.name)
            context.record(
                store: .properties, key: name.bytes, old: nil, new: edit.value(in: commit.bytes))
        }
        return GroupResult(id: id, version: version).encoded()
    }

    /// Writes the row of a commit's group.
    private func put<V: View>(
        _ row: [UInt8], propertyCount: Int, _ commit: EncodedCommit, _ key: [UInt8],
        to view: inout V
    ) throws(StoreFailure) {
        guard row.count <= limits.valueBytes, propertyCount <= PropertyGroup.propertyLimit else {
            throw tooLarge(commit.path.path, properties: propertyCount, bytes: row.count)
        }
        view.put(key, row)
    }

    private func write<V: View>(
        _ properties: [Property], _ header: GroupHeader, _ version: GroupVersion,
        _ path: PropertyPath, to view: inout V
    ) throws(StoreFailure) -> [UInt8] {
        let next = GroupHeader(
            id: header.id, version: version, type: header.type,
            isPersistent: header.isPersistent)
        try put(PropertyGroup(header: next, properties: properties), at: path, to: &view)
        return GroupResult(id: header.id, version: version).encoded()
    }

    private func check(
        _ edit: EncodedCommit.Edit, against old: PropertyType?, _ path: EncodedPath
    ) throws(StoreFailure) {
        func name() -> PropertyPath { path.path.appending(property: path.text(edit.name)) }
        switch edit.action {
        case .set:
            return
        case .new:
            guard old == nil else { throw .abort(.exists, "\(name()) exists") }
        case .change:
            guard let old, let type = edit.type else {
                throw .abort(.notFound, "there is no \(name())")
            }
            guard old == type else {
                throw .abort(.typeMismatch, "\(name()) is of type \(old), not \(type)")
            }
        case .changeType, .delete:
            guard old != nil else { throw .abort(.notFound, "there is no \(name())") }
        }
    }
}

extension GroupRow {
    /// What the edits of `commit` find here, in their order.
    fileprivate func places(of commit: EncodedCommit) throws(DecodingFailure) -> [Place] {
        var cursor = Places(self)
        var places: [Place] = []
        places.reserveCapacity(commit.edits.count)
        for edit in commit.edits {
            places.append(try cursor.place(of: commit.bytes, edit.name))
        }
        return places
    }
}

extension EncodedCommit.Edit {
    /// The new value of the change; nil for a deletion.
    fileprivate func value(in bytes: [UInt8]) -> EncodedChanges.Value? {
        action == .delete ? nil : PropertyChangeValue.property(bytes, content: content)
    }
}

/// The names of the changes of one group and its properties, one after the other.
private struct ChangeName {
    /// The group's, or that of the property that was shown last.
    private(set) var bytes: [UInt8]
    private let groupEnd: Int

    init(_ path: EncodedPath) {
        bytes = path.description(more: 64)
        groupEnd = bytes.count
    }

    /// Shows the property whose name is at `range` of `name`.
    mutating func show(_ name: [UInt8], _ range: Range<Int>) {
        bytes.removeLast(bytes.count - groupEnd)
        bytes.append(UInt8(ascii: "/"))
        bytes.append(name, in: range)
    }
}
