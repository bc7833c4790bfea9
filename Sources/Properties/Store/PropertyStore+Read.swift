import Codec
import KeyValue
import Transactions

// Answering queries.
extension PropertyStore {
    func answer<V: ReadView>(_ query: PropertyQuery, from view: V) throws(StoreFailure) -> [UInt8] {
        switch query {
        case .entity(let path):
            return EntityReply(id: try entity(path, in: view)).encoded()
        case .group(let path, let ownerID):
            if ownerID != nil { try expectEntity(path.owner, id: ownerID, in: view) }
            guard let row = try view.row(PropertyKeys.key(path)) else {
                return GroupReply(group: nil).encoded()
            }
            return [1] + row.value
        case .property(let path):
            guard let name = path.property, let group = try group(path, in: view),
                let content = group[name]
            else { return PropertyReply(found: nil).encoded() }
            return PropertyReply(
                found: .init(version: group.header.version, content: content)
            ).encoded()
        case .list(.services, let page):
            return try list(PropertyKeys.servicesPrefix, page, isGroups: false, from: view)
        case .list(.instances(let path, let id), let page):
            try expectEntity(path, id: id, in: view)
            return try list(PropertyKeys.instancesPrefix(path), page, isGroups: false, from: view)
        case .list(.groups(let path, let id), let page):
            try expectEntity(path, id: id, in: view)
            return try list(PropertyKeys.groupsPrefix(path), page, isGroups: true, from: view)
        }
    }

    private func list<V: ReadView>(
        _ space: [UInt8], _ page: PropertyQuery.Page, isGroups: Bool, from view: V
    ) throws(StoreFailure) -> [UInt8] {
        var entries: [PropertyListing.Entry] = []
        var hasMore = false
        var failure: StoreFailure?
        try view.rows(Self.range(of: page, in: space)) { key, row in
            guard entries.count < page.limit else {
                hasMore = true
                return false
            }
            switch Self.entry(key, row, space, isGroups: isGroups) {
            case .success(let entry):
                entries.append(entry)
                return true
            case .failure(let damage):
                failure = damage
                return false
            }
        }
        if let failure { throw failure }
        return PropertyListing(entries: entries, hasMore: hasMore).encoded()
    }

    private static func range(of page: PropertyQuery.Page, in space: [UInt8]) -> KeyRange {
        var prefix = KeyEncoder(space)
        prefix.append(startOf: page.prefix)
        let all = KeyRange(prefix: prefix.bytes)
        guard !page.after.isEmpty else { return all }
        var after = KeyEncoder(space)
        after.append(page.after)
        // The next key after this one is this one and a zero byte.
        let start = after.bytes + [0]
        let isInside = all.lower.lexicographicallyPrecedes(start)
        let lower = isInside ? start : all.lower
        if let upper = all.upper, !lower.lexicographicallyPrecedes(upper) {
            return KeyRange(lower: upper, upper: upper)
        }
        return KeyRange(lower: lower, upper: all.upper)
    }

    private static func entry(
        _ key: [UInt8], _ row: Row, _ space: [UInt8], isGroups: Bool
    ) -> Result<PropertyListing.Entry, StoreFailure> {
        do {
            let name = try PropertyKeys.name(key, after: space)
            guard isGroups else {
                return .success(.init(name: name, id: try EntityID(row.value), group: nil))
            }
            var reader = ByteReader(row.value)
            let header = try PropertyGroup.decodeHeader(&reader)
            return .success(.init(name: name, id: header.id, group: header))
        } catch {
            return .failure(.engine(EngineFailure("list properties", reason: "\(error)")))
        }
    }
}
