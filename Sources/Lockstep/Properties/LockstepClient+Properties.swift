import Codec
import Properties

extension LockstepClient {
    /// One property; nil if there is none.
    public func property(
        _ path: String, consistency: ReadConsistency = .linearizable, timeout: Duration? = nil
    ) async throws(LockstepError) -> Property? {
        let place = try Transaction.path(path, "a property") { $0.property != nil }
        let reply = try await ask(.property(place), consistency, timeout)
        do throws(DecodingFailure) {
            guard let found = try PropertyReply(reply).found, let name = place.property else {
                return nil
            }
            return Property(name, found.content, found.version)
        } catch {
            throw .protocolViolation("property: \(error)")
        }
    }

    /// A whole group, as it was at one moment; nil if there is none.
    public func propertyGroup(
        _ path: String, consistency: ReadConsistency = .linearizable, timeout: Duration? = nil
    ) async throws(LockstepError) -> PropertyGroup? {
        let place = try Self.groupPath(path)
        let bytes = try await ask(.group(place), consistency, timeout)
        let reply = try Self.decode("property group") { () throws(DecodingFailure) in
            try GroupReply(bytes)
        }
        return reply.group.map { PropertyGroup(place, $0) }
    }

    /// Names in order, at most 1,000 at once.
    public func names(
        _ scope: NameScope, prefix: String = "", after: String = "", limit: Int = 1_000,
        consistency: ReadConsistency = .linearizable, timeout: Duration? = nil
    ) async throws(LockstepError) -> NameListing {
        guard PropertyQuery.Page.limits.contains(limit) else {
            throw .invalidArgument("a list of \(limit) names; ask for 1 to 1000")
        }
        let children: PropertyChildren
        switch scope {
        case .services:
            children = .services
        case .instances(let service):
            let place = try Transaction.path(service, "a service") {
                $0.instance == nil && $0.group == nil
            }
            children = .instances(of: place, id: nil)
        case .groups(let owner):
            let place = try Transaction.path(owner, "a service or instance") { $0.group == nil }
            children = .groups(of: place, id: nil)
        }
        let page = PropertyQuery.Page(prefix: prefix, after: after, limit: limit)
        let reply = try await ask(.list(children, page: page), consistency, timeout)
        do throws(DecodingFailure) {
            let listing = try PropertyListing(reply)
            return NameListing(names: listing.entries.map(\.name), hasMore: listing.hasMore)
        } catch {
            throw .protocolViolation("list of names: \(error)")
        }
    }

    /// Sets one property in a transaction of its own; see `Transaction.setProperty`.
    @discardableResult
    public func setProperty(
        _ path: String, type: PropertyType, values: [PropertyValue],
        groupType: String? = "application", base: GroupVersion? = nil, timeout: Duration? = nil
    ) async throws(LockstepError) -> Commit {
        var transaction = Transaction()
        try transaction.setProperty(
            path, type: type, values: values, groupType: groupType, base: base)
        return try await commit(transaction, timeout: timeout)
    }

    /// Deletes one property in a transaction of its own.
    @discardableResult
    public func deleteProperty(
        _ path: String, base: GroupVersion? = nil, timeout: Duration? = nil
    ) async throws(LockstepError) -> Commit {
        var transaction = Transaction()
        try transaction.deleteProperty(path, base: base)
        return try await commit(transaction, timeout: timeout)
    }

    /// Asks the store of properties.
    func ask(
        _ query: PropertyQuery, _ consistency: ReadConsistency, _ timeout: Duration?
    ) async throws(LockstepError) -> [UInt8] {
        try await read(
            store: .properties, kind: query.kind, body: query.body, consistency: consistency,
            timeout: timeout
        ).bytes
    }
}

extension PropertyGroup {
    init(_ path: PropertyPath, _ group: Properties.PropertyGroup) {
        let header = group.header
        self.init(
            path: path.description, identity: PropertyIdentity(header.id), type: header.type,
            isPersistent: header.isPersistent, version: GroupVersion(header.version),
            properties: group.properties.map { Property($0.name, $0.content, header.version) })
    }
}

extension Property {
    init(
        _ name: String, _ content: PropertyContent, _ version: Properties.GroupVersion
    ) {
        self.init(
            name: name, type: PropertyType(content.type),
            values: content.values.map { PropertyValue($0) },
            groupVersion: GroupVersion(version))
    }
}
