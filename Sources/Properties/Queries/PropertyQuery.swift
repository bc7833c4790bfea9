/// What a client may ask of the properties; answered by `Store.read`.
///
/// | kind | query | body |
/// |---|---|---|
/// | 1 | entity | path |
/// | 2 | group | path, identity of the owner or none, identity of the group or none, version known or none |
/// | 3 | property | path |
/// | 4 | list | 1 services, or 2 instances, 3 groups and path and identity (or none) of the parent; page |
/// | 5 | groups | 0, path and identity or none of the owner, or 1, content and level; type or none; page |
/// | 6 | composed group | instance, name |
/// | 7 | composed groups | instance, type or none, page |
/// | 8 | snapshots | path and identity or none of the instance, page |
/// | 9 | snapshot | identity of the instance or none, snapshot, identity or none |
/// | 10 | group of a snapshot | content, level, name |
///
/// | part | bytes |
/// |---|---|
/// | page | prefix, start after (varint length, UTF-8 each), limit (varint) |
/// | name, type | varint length, UTF-8 |
/// | instance | path, identity or none, content of a snapshot or none for the present state |
/// | level | 0 instance, 1 service |
package enum PropertyQuery: Hashable, Sendable {
    /// The identity of a service or an instance: `EntityReply`.
    case entity(PropertyPath)
    /// A whole group: `GroupReply`. Aborts with `deleted` where owner or group is another one.
    ///
    /// A group at the version that is known is told as unchanged.
    case group(
        PropertyPath, ownerID: EntityID? = nil, groupID: EntityID? = nil,
        known: GroupVersion? = nil)
    /// One property: `PropertyReply`.
    case property(PropertyPath)
    /// Names in order: `PropertyListing`. Aborts where there is no such parent.
    case list(PropertyChildren, page: Page)
    /// Whole groups in order, of one type or of all: `GroupListing`.
    case groups(GroupSource, type: String?, page: Page)
    /// A group of an instance and the one of that name of its service: `ComposedReply`.
    case composedGroup(ComposedSource, name: String)
    /// The same of all names, those of one type or of all: `ComposedListing`.
    case composedGroups(ComposedSource, type: String?, page: Page)
    /// The snapshots of an instance in order: `SnapshotListing`.
    case snapshots(of: PropertyPath, id: EntityID?, page: Page)
    /// What one snapshot holds: `SnapshotReply`. Aborts with `deleted` where it is another one.
    case snapshot(SnapshotReference, instanceID: EntityID?)
    /// A group as a snapshot holds it: `GroupReply`. Aborts with `deleted` where the content is gone.
    case levelGroup(content: EntityID, SnapshotLevel, name: String)

    /// A part of a list.
    package struct Page: Hashable, Sendable {
        /// Names that begin so.
        package let prefix: String
        /// Names after this one; empty: from the first.
        package let after: String
        /// How many rows to look at, at most, in `[1, 1000]`.
        package let limit: Int

        package static let limits = 1...1_000
        /// Bytes of groups in one answer, unless one alone has more.
        package static let groupBytes = 1 << 20

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
        case .groups: 5
        case .composedGroup: 6
        case .composedGroups: 7
        case .snapshots: 8
        case .snapshot: 9
        case .levelGroup: 10
        }
    }
}

/// Whose children a list is of.
package enum PropertyChildren: Hashable, Sendable {
    case services
    case instances(of: PropertyPath, id: EntityID?)
    case groups(of: PropertyPath, id: EntityID?)
}

/// Where groups are read from.
package enum GroupSource: Hashable, Sendable {
    /// A service or an instance as it is.
    case owner(PropertyPath, id: EntityID?)
    /// One level of what a snapshot holds.
    case level(content: EntityID, SnapshotLevel)
}

/// An instance together with its service: as they are, or as a snapshot of it holds them.
package struct ComposedSource: Hashable, Sendable {
    package let instance: PropertyPath
    package let id: EntityID?
    /// nil: the present state.
    package let content: EntityID?

    package init(_ instance: PropertyPath, id: EntityID? = nil, content: EntityID? = nil) {
        self.instance = instance
        self.id = id
        self.content = content
    }
}
