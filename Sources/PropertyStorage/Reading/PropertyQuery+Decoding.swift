import Codec
package import Properties
package import Stores
import Transactions

// The encoding is in the tables of `PropertyQuery`.
extension PropertyQuery {
    /// Reads a query and checks all of it that needs no state.
    ///
    /// - Throws: `malformed` or `invalidArgument`.
    package init(kind: UInt8, body: [UInt8]) throws(StoreFailure) {
        var reader = OperationReader(body)
        self = try reader.query(kind)
        try reader.finish()
    }
}

extension OperationReader {
    fileprivate mutating func query(_ kind: UInt8) throws(StoreFailure) -> PropertyQuery {
        switch kind {
        case 1:
            return .entity(try owner())
        case 2:
            return .group(
                try path(.group), ownerID: try entityID(), groupID: try entityID(),
                known: try version())
        case 3:
            return .property(try path(.property))
        case 4:
            return .list(try children(), page: try page())
        case 5:
            return .groups(try groupSource(), type: try groupType(), page: try page())
        case 6:
            return .composedGroup(try composedSource(), name: try name(.group))
        case 7:
            return .composedGroups(
                try composedSource(), type: try groupType(), page: try page())
        case 8:
            return .snapshots(of: try path(.instance), id: try entityID(), page: try page())
        case 9:
            let instanceID = try entityID()
            return .snapshot(try snapshotReference(), instanceID: instanceID)
        case 10:
            return .levelGroup(
                content: try presentID(), try level(), name: try name(.group))
        default:
            throw .abort(.malformed, "unknown property query \(kind)")
        }
    }

    private mutating func owner() throws(StoreFailure) -> PropertyPath {
        let path = try path(nil)
        guard path.group == nil else {
            throw .abort(.invalidArgument, "\(path) is no service or instance")
        }
        return path
    }

    private mutating func page() throws(StoreFailure) -> PropertyQuery.Page {
        let prefix = try text()
        let after = try text()
        let limit = try count(limit: PropertyQuery.Page.limits.upperBound, "page limit")
        guard limit >= 1 else { throw .abort(.invalidArgument, "a page of no names") }
        return PropertyQuery.Page(prefix: prefix, after: after, limit: limit)
    }

    private mutating func children() throws(StoreFailure) -> PropertyChildren {
        switch try byte() {
        case 1: return .services
        case 2: return .instances(of: try path(.service), id: try entityID())
        case 3: return .groups(of: try owner(), id: try entityID())
        case let kind: throw .abort(.malformed, "unknown kind of list \(kind)")
        }
    }

    private mutating func groupSource() throws(StoreFailure) -> GroupSource {
        switch try byte() {
        case 0: return .owner(try owner(), id: try entityID())
        case 1: return .level(content: try presentID(), try level())
        case let kind: throw .abort(.malformed, "unknown source of groups \(kind)")
        }
    }

    private mutating func composedSource() throws(StoreFailure) -> ComposedSource {
        ComposedSource(try path(.instance), id: try entityID(), content: try entityID())
    }

    private mutating func groupType() throws(StoreFailure) -> String? {
        try bool() ? try name(.groupType) : nil
    }

    private mutating func presentID() throws(StoreFailure) -> EntityID {
        try read { (reader) throws(DecodingFailure) in try EntityID.decode(&reader) }
    }

    private mutating func level() throws(StoreFailure) -> SnapshotLevel {
        let number = try byte()
        guard let level = SnapshotLevel(rawValue: number) else {
            throw .abort(.malformed, "unknown level \(number) of a snapshot")
        }
        return level
    }
}
