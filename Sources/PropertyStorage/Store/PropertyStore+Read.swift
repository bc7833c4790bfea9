import Codec
import KeyValue
import Properties
import Stores
import Transactions

// Answering queries.
extension PropertyStore {
    func answer<V: ReadView>(_ query: PropertyQuery, from view: V) throws(StoreFailure) -> [UInt8] {
        switch query {
        case .entity(let path):
            return EntityReply(id: try entity(path, in: view)).encoded()
        case .group(let path, let ownerID, let groupID, let known):
            if ownerID != nil { try expectEntity(path.owner, id: ownerID, in: view) }
            return try group(path, id: groupID, known: known, in: view)
        case .property(let path):
            guard let name = path.property, let group = try group(path, in: view),
                let content = group[name]
            else { return PropertyReply(found: nil).encoded() }
            return PropertyReply(
                found: .init(version: group.header.version, content: content)
            ).encoded()
        case .list(let children, let page):
            return try list(children, page, from: view)
        case .groups(let source, let type, let page):
            return try groups(source, type, page, from: view)
        case .composedGroup(let source, let name):
            return try composed(source, name, from: view)
        case .composedGroups(let source, let type, let page):
            return try composed(source, type, page, from: view)
        case .snapshots(let path, let id, let page):
            try expectEntity(path, id: id, in: view)
            return try snapshots(of: path, page, from: view)
        case .snapshot(let reference, let instanceID):
            return try snapshot(reference, instanceID, from: view)
        case .levelGroup(let content, let level, let name):
            try expectContent(content, in: view)
            let key = PropertyKeys.levelKey(content, level, group: name)
            return try Self.reply(view.row(key))
        }
    }

    private static func reply(_ row: Row?) -> [UInt8] {
        guard let row else { return GroupReply(group: nil).encoded() }
        return [1] + row.value
    }

    private func group<V: ReadView>(
        _ path: PropertyPath, id: EntityID?, known: GroupVersion?, in view: V
    ) throws(StoreFailure) -> [UInt8] {
        let row = try view.row(PropertyKeys.key(path))
        guard let row, id != nil || known != nil else {
            if id != nil { try expect(id, found: nil, path) }
            return Self.reply(row)
        }
        let found: GroupRow
        do {
            found = try GroupRow(row.value)
        } catch {
            throw .damagedRow("property group \(path)", error)
        }
        try expect(id, found: found.id, path)
        return found.version == known ? GroupReply.unchanged.encoded() : Self.reply(row)
    }

    private func list<V: ReadView>(
        _ children: PropertyChildren, _ page: PropertyQuery.Page, from view: V
    ) throws(StoreFailure) -> [UInt8] {
        let space: [UInt8]
        var isOfGroups = false
        switch children {
        case .services:
            space = PropertyKeys.servicesPrefix
        case .instances(let path, let id):
            try expectEntity(path, id: id, in: view)
            space = PropertyKeys.instancesPrefix(path)
        case .groups(let path, let id):
            try expectEntity(path, id: id, in: view)
            space = PropertyKeys.groupsPrefix(path)
            isOfGroups = true
        }
        let part = try NamedRows(space, page, in: view)
        let entries = try part.map { name, row throws(DecodingFailure) in
            guard isOfGroups else {
                return PropertyListing.Entry(name: name, id: try EntityID(row), group: nil)
            }
            var reader = ByteReader(row)
            let header = try PropertyGroup.decodeHeader(&reader)
            return PropertyListing.Entry(name: name, id: header.id, group: header)
        }
        return PropertyListing(entries: entries, hasMore: part.isCut).encoded()
    }

    private func groups<V: ReadView>(
        _ source: GroupSource, _ type: String?, _ page: PropertyQuery.Page, from view: V
    ) throws(StoreFailure) -> [UInt8] {
        let space: [UInt8]
        switch source {
        case .owner(let path, let id):
            try expectEntity(path, id: id, in: view)
            space = PropertyKeys.groupsPrefix(path)
        case .level(let content, let level):
            try expectContent(content, in: view)
            space = PropertyKeys.levelPrefix(content, level)
        }
        let part = try NamedRows(space, page, in: view)
        let entries = try part.map { name, row throws(DecodingFailure) in
            ListedGroup(name: name, group: try PropertyGroup.decode(row))
        }
        return GroupListing(
            entries: entries.filter { type == nil || $0.group.header.type == type },
            through: part.through
        ).encoded()
    }
}

// MARK: - Compositions

extension PropertyStore {
    private func composed<V: ReadView>(
        _ source: ComposedSource, _ name: String, from view: V
    ) throws(StoreFailure) -> [UInt8] {
        let (instance, service) = try spaces(of: source, in: view)
        return ComposedReply(
            group: ComposedGroup(
                instance: try group(name, in: instance, of: view),
                service: try group(name, in: service, of: view))
        ).encoded()
    }

    /// What the keys of the instance's groups and of the service's begin with.
    private func spaces<V: ReadView>(
        of source: ComposedSource, in view: V
    ) throws(StoreFailure) -> (instance: [UInt8], service: [UInt8]) {
        try expectEntity(source.instance, id: source.id, in: view)
        guard let content = source.content else {
            return (
                PropertyKeys.groupsPrefix(source.instance),
                PropertyKeys.groupsPrefix(source.instance.servicePath)
            )
        }
        try expectContent(content, in: view)
        return (
            PropertyKeys.levelPrefix(content, .instance),
            PropertyKeys.levelPrefix(content, .service)
        )
    }

    private func group<V: ReadView>(
        _ name: String, in space: [UInt8], of view: V
    ) throws(StoreFailure) -> PropertyGroup? {
        var key = KeyEncoder(space)
        key.append(name)
        guard let row = try view.row(key.bytes) else { return nil }
        do {
            return try PropertyGroup.decode(row.value)
        } catch {
            throw .damagedRow("property group \(name)", error)
        }
    }

    private func composed<V: ReadView>(
        _ source: ComposedSource, _ type: String?, _ page: PropertyQuery.Page, from view: V
    ) throws(StoreFailure) -> [UInt8] {
        let spaces = try spaces(of: source, in: view)
        let instance = try NamedRows(spaces.instance, page, in: view)
        let service = try NamedRows(spaces.service, page, in: view)
        // Where one of them was cut, the other is known no further.
        let through = [instance.through, service.through].compactMap(\.self).min()
        var entries: [ListedComposition] = []
        var mine = try groups(instance, through: through)[...]
        var theirs = try groups(service, through: through)[...]
        while let name = [mine.first?.name, theirs.first?.name].compactMap(\.self).min() {
            let group = ComposedGroup(
                instance: mine.first?.name == name ? mine.removeFirst().group : nil,
                service: theirs.first?.name == name ? theirs.removeFirst().group : nil)
            if type == nil || group.type == type {
                entries.append(.init(name: name, group: group))
            }
        }
        return ComposedListing(entries: entries, through: through).encoded()
    }

    private func groups(
        _ part: NamedRows, through: String?
    ) throws(StoreFailure) -> [ListedGroup] {
        try part.map { name, row throws(DecodingFailure) in
            ListedGroup(name: name, group: try PropertyGroup.decode(row))
        }.filter { entry in through.map { entry.name <= $0 } ?? true }
    }
}

// MARK: - Snapshots

extension PropertyStore {
    private func snapshots<V: ReadView>(
        of path: PropertyPath, _ page: PropertyQuery.Page, from view: V
    ) throws(StoreFailure) -> [UInt8] {
        let part = try NamedRows(PropertyKeys.snapshotsPrefix(path), page, in: view)
        let entries = try part.map { name, row throws(DecodingFailure) in
            ListedSnapshot(name: name, snapshot: try SnapshotRow(row).name)
        }
        return SnapshotListing(entries: entries, through: part.through).encoded()
    }

    private func snapshot<V: ReadView>(
        _ reference: SnapshotReference, _ instanceID: EntityID?, from view: V
    ) throws(StoreFailure) -> [UInt8] {
        try expectEntity(reference.path.instance, id: instanceID, in: view)
        guard let row = try view.row(PropertyKeys.snapshotKey(reference.path)),
            let found = try snapshotRow(reference.path, in: view)?.name
        else {
            if reference.id != nil { try expect(reference.id, found: nil, reference.path) }
            return SnapshotReply(found: nil).encoded()
        }
        try expect(reference.id, found: found.id, reference.path)
        let content = try content(found.content, in: view)
        return SnapshotReply(
            found: .init(name: found, content: content, version: row.version)
        ).encoded()
    }

    private func expectContent<V: ReadView>(
        _ content: EntityID, in view: V
    ) throws(StoreFailure) {
        guard try view.row(PropertyKeys.contentKey(content)) != nil else {
            throw .abort(.deleted, "what snapshot content \(content) held is gone")
        }
    }
}
