import Codec
package import Transactions

/// What a client may ask of the properties; answered by `Store.read`.
///
/// | kind | query | body |
/// |---|---|---|
/// | 1 | entity | path |
/// | 2 | group | path, identity of the owner or none |
/// | 3 | property | path |
/// | 4 | list | 1 services, or 2 instances, 3 groups and path and identity (or none) of the parent; prefix, start after (varint length, UTF-8 each), limit (varint) |
package enum PropertyQuery: Hashable, Sendable {
    /// The identity of a service or an instance: `EntityReply`.
    case entity(PropertyPath)
    /// A whole group: `GroupReply`. Aborts with `deleted` where the owner is another one.
    case group(PropertyPath, ownerID: EntityID?)
    /// One property: `PropertyReply`.
    case property(PropertyPath)
    /// Names in order: `PropertyListing`. Aborts where there is no such parent.
    case list(PropertyChildren, page: Page)

    /// A part of a list.
    package struct Page: Hashable, Sendable {
        /// Names that begin so.
        package let prefix: String
        /// Names after this one; empty: from the first.
        package let after: String
        /// How many at most, in `[1, 1000]`.
        package let limit: Int

        package static let limits = 1...1_000

        package init(prefix: String = "", after: String = "", limit: Int = 1_000) {
            self.prefix = prefix
            self.after = after
            self.limit = limit
        }
    }

    package var kind: UInt8 {
        switch self {
        case .entity: 1
        case .group: 2
        case .property: 3
        case .list: 4
        }
    }

    package var body: [UInt8] {
        var writer = ByteWriter()
        switch self {
        case .entity(let path), .property(let path):
            path.encode(into: &writer)
        case .group(let path, let ownerID):
            path.encode(into: &writer)
            writer.writeOptional(ownerID)
        case .list(let children, let page):
            switch children {
            case .services:
                writer.writeUInt8(1)
            case .instances(let path, let id):
                writer.writeUInt8(2)
                path.encode(into: &writer)
                writer.writeOptional(id)
            case .groups(let path, let id):
                writer.writeUInt8(3)
                path.encode(into: &writer)
                writer.writeOptional(id)
            }
            writer.writeString(page.prefix)
            writer.writeString(page.after)
            writer.writeVarint(UInt64(page.limit))
        }
        return writer.take()
    }

    package init(kind: UInt8, body: [UInt8]) throws(StoreFailure) {
        var reader = OperationReader(body)
        switch kind {
        case 1:
            let path = try reader.path(nil)
            guard path.group == nil else {
                throw .abort(.invalidArgument, "\(path) is no service or instance")
            }
            self = .entity(path)
        case 2:
            self = .group(try reader.path(.group), ownerID: try reader.entityID())
        case 3:
            self = .property(try reader.path(.property))
        case 4:
            let children = try reader.children()
            let prefix = try reader.text()
            let after = try reader.text()
            let limit = try reader.count(limit: Page.limits.upperBound, "page limit")
            guard limit >= 1 else { throw .abort(.invalidArgument, "a page of no names") }
            self = .list(children, page: Page(prefix: prefix, after: after, limit: limit))
        default:
            throw .abort(.malformed, "unknown property query \(kind)")
        }
        try reader.finish()
    }
}

/// Whose children a list is of.
package enum PropertyChildren: Hashable, Sendable {
    case services
    case instances(of: PropertyPath, id: EntityID?)
    case groups(of: PropertyPath, id: EntityID?)
}

extension OperationReader {
    fileprivate mutating func children() throws(StoreFailure) -> PropertyChildren {
        switch try read({ (reader) throws(DecodingFailure) in try reader.readUInt8() }) {
        case 1:
            return .services
        case 2:
            return .instances(of: try path(.service), id: try entityID())
        case 3:
            let owner = try path(nil)
            guard owner.group == nil else {
                throw .abort(.invalidArgument, "\(owner) has no property groups")
            }
            return .groups(of: owner, id: try entityID())
        case let kind:
            throw .abort(.malformed, "unknown kind of list \(kind)")
        }
    }
}
