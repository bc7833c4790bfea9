import Codec
import Identifiers
import KeyValue
import Transactions

// Changing what a group holds.
extension PropertyStore {
    func apply<V: View>(
        _ commit: GroupCommit, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        let path = commit.path
        guard
            let group = try present(
                path, id: commit.groupID, base: commit.base, creation: commit.creation, in: view)
        else {
            try makeOwner(of: path, in: &view, context: &context)
            let properties = try result(of: commit.edits, on: [], path) { _, _, _ in }
            return try makeGroup(
                path, commit.creation ?? GroupCreation(type: Self.usualGroupType),
                properties: properties, in: &view, context: &context
            ).encoded()
        }
        guard !commit.edits.isEmpty else {
            return GroupResult(id: group.header.id, version: group.header.version).encoded()
        }
        let version = GroupVersion(index: context.index, ordinal: context.nextOrdinal)
        let properties = try result(of: commit.edits, on: group.properties, path) {
            context.note(
                path.appending(property: $0), old: $1.map(PropertyChangeValue.property),
                new: $2.map(PropertyChangeValue.property))
        }
        return try write(properties, group.header, version, path, to: &view)
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

    /// The group as the client expects it; nil where it is missing and may be made.
    ///
    /// A group that is gone comes before a version that is old, as libscf has it.
    private func present<V: ReadView>(
        _ path: PropertyPath, id: EntityID?, base: GroupVersion?, creation: GroupCreation?,
        in view: V
    ) throws(StoreFailure) -> PropertyGroup? {
        guard let group = try group(path, in: view) else {
            if id == nil, base == nil, creation != nil { return nil }
            guard id == nil, base == nil else { throw .abort(.deleted, "\(path) was deleted") }
            throw .abort(.notFound, "there is no \(path)")
        }
        try expect(id, found: group.header.id, path)
        guard base == nil || base == group.header.version else {
            throw .abort(
                .outOfDate,
                "\(path) is at version \(group.header.version), not \(base?.description ?? "-"); "
                    + "read it again")
        }
        return group
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

    /// `properties` after `edits`, each of which is noted; both are sorted by name.
    private func result(
        of edits: [PropertyEdit], on properties: [Property], _ path: PropertyPath,
        note: (_ name: String, _ old: PropertyContent?, _ new: PropertyContent?) -> Void
    ) throws(StoreFailure) -> [Property] {
        var properties = properties
        for edit in edits {
            let name = edit.name
            let place = PropertyGroup.place(of: name, in: properties)
            let isPresent = place < properties.count && properties[place].name == name
            let old = isPresent ? properties[place].content : nil
            try check(edit, against: old, path)
            note(name, old, edit.content)
            switch (edit.content, isPresent) {
            case (let content?, true): properties[place] = Property(name: name, content: content)
            case (let content?, false):
                properties.insert(Property(name: name, content: content), at: place)
            case (nil, _): properties.remove(at: place)
            }
        }
        return properties
    }

    private func check(
        _ edit: PropertyEdit, against old: PropertyContent?, _ path: PropertyPath
    ) throws(StoreFailure) {
        func name() -> PropertyPath { path.appending(property: edit.name) }
        switch edit {
        case .set:
            return
        case .new:
            guard old == nil else { throw .abort(.exists, "\(name()) exists") }
        case .change(_, let content):
            guard let old else { throw .abort(.notFound, "there is no \(name())") }
            guard old.type == content.type else {
                throw .abort(
                    .typeMismatch, "\(name()) is of type \(old.type), not \(content.type)")
            }
        case .changeType, .delete:
            guard old != nil else { throw .abort(.notFound, "there is no \(name())") }
        }
    }
}
