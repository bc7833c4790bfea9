/// What a step may do to the properties.
///
/// Where an identity is given, the thing that it named must still be there, under the same
/// identity; otherwise the step aborts with `deleted`.
package enum PropertyOperation: Hashable, Sendable {
    /// Makes a service; aborts with `exists`.
    case addService(PropertyPath)
    /// Makes an instance of a service that is there; aborts with `exists`.
    case addInstance(PropertyPath, serviceID: EntityID?)
    /// Makes an empty group of a service or instance that is there; aborts with `exists`.
    case addGroup(PropertyPath, ownerID: EntityID?, GroupCreation)
    /// Deletes a service that has no instances (else `exists`), an instance or a group, and all
    /// snapshots, groups and properties that belong to it.
    case delete(PropertyPath, id: EntityID?)
    case commitGroup(GroupCommit)
    case replaceGroup(GroupReplacement)
    /// Tells which boots the leader knows of all members, ascending by node.
    ///
    /// Where each has started anew since the last clearing, or one is not done, this drops groups
    /// that are not persistent and older, at most `GroupCommit.editLimit` of them.
    case noteBoots([NodeBoot])
    case takeSnapshot(SnapshotTake)
    /// Makes the second snapshot hold what the first holds; both must be there.
    case attachSnapshot(SnapshotReference, to: SnapshotReference)
    case deleteSnapshot(SnapshotReference)
    /// Makes snapshots of instances that are there hold given groups.
    case fileSnapshots(SnapshotFiling)
}

/// What a group becomes where it has to be made.
package struct GroupCreation: Hashable, Sendable {
    package let type: String
    package let isPersistent: Bool

    package init(type: String, isPersistent: Bool = true) {
        self.type = type
        self.isPersistent = isPersistent
    }
}

/// Edits of one group that happen together (*scf_transaction_commit*).
///
/// Decided where it is applied: a group that is gone aborts with `deleted` (`notFound` where no
/// identity or version was expected), another version than `base` with `outOfDate`; no edits at
/// all make no new version.
package struct GroupCommit: Hashable, Sendable {
    package let path: PropertyPath
    package let groupID: EntityID?
    package let base: GroupVersion?
    /// Sorted by name when encoded; no name twice.
    package let edits: [PropertyEdit]
    /// Makes the service, the instance and the group if they are missing.
    package let creation: GroupCreation?

    /// Edits in one commit.
    package static let editLimit = 10_000

    package init(
        _ path: PropertyPath, groupID: EntityID? = nil, base: GroupVersion? = nil,
        edits: [PropertyEdit], creation: GroupCreation? = nil
    ) {
        self.path = path
        self.groupID = groupID
        self.base = base
        self.edits = edits
        self.creation = creation
    }
}

/// What one commit does to one property.
package enum PropertyEdit: Hashable, Sendable {
    /// Adds a property; `exists` where there is one.
    case new(String, PropertyContent)
    /// Replaces the values of a property of equal type; `notFound`, `typeMismatch`.
    case change(String, PropertyContent)
    /// Replaces type and values; `notFound`.
    case changeType(String, PropertyContent)
    /// Deletes a property; `notFound`.
    case delete(String)
    /// Adds a property or replaces its type and values.
    case set(String, PropertyContent)

    package var name: String {
        switch self {
        case .new(let name, _), .change(let name, _), .changeType(let name, _), .delete(let name),
            .set(let name, _):
            name
        }
    }

    /// What the property will hold; nil for a deletion.
    package var content: PropertyContent? {
        switch self {
        case .new(_, let content), .change(_, let content), .changeType(_, let content),
            .set(_, let content):
            content
        case .delete:
            nil
        }
    }
}

/// The whole content of a group, in place of what it holds.
///
/// Properties that stay equal count as untouched; where all do, there is no new version.
package struct GroupReplacement: Hashable, Sendable {
    package let path: PropertyPath
    package let groupID: EntityID?
    package let base: GroupVersion?
    /// Sorted by name when encoded; no name twice.
    package let properties: [Property]
    /// The type that the group has (else `typeMismatch`); makes what is missing.
    package let creation: GroupCreation?

    package init(
        _ path: PropertyPath, groupID: EntityID? = nil, base: GroupVersion? = nil,
        properties: [Property], creation: GroupCreation? = nil
    ) {
        self.path = path
        self.groupID = groupID
        self.base = base
        self.properties = properties
        self.creation = creation
    }
}

extension PropertyOperation {
    /// Sets one property, whatever it was, in the group of `path`, which must name a property.
    ///
    /// With `creation`, makes the service, instance and group that are missing.
    package static func setProperty(
        _ path: PropertyPath, to content: PropertyContent, base: GroupVersion? = nil,
        creation: GroupCreation? = nil
    ) -> PropertyOperation {
        edit(path, base: base, creation: creation) { .set($0, content) }
    }

    /// Deletes the property that `path` must name.
    package static func deleteProperty(
        _ path: PropertyPath, base: GroupVersion? = nil
    ) -> PropertyOperation {
        edit(path, base: base, creation: nil) { .delete($0) }
    }

    private static func edit(
        _ path: PropertyPath, base: GroupVersion?, creation: GroupCreation?,
        _ makeEdit: (String) -> PropertyEdit
    ) -> PropertyOperation {
        guard let group = path.groupPath, let name = path.property else {
            preconditionFailure("\(path) is no property")
        }
        return .commitGroup(
            GroupCommit(group, base: base, edits: [makeEdit(name)], creation: creation))
    }
}

/// What adding a group, a commit and a replacement return.
///
/// Adding a service or an instance returns its `EntityID`.
package struct GroupResult: Hashable, Sendable {
    package let id: EntityID
    package let version: GroupVersion

    package init(id: EntityID, version: GroupVersion) {
        self.id = id
        self.version = version
    }
}

/// What dropping groups returns.
package struct DropResult: Hashable, Sendable {
    package let dropped: Int
    /// There are more; drop again.
    package let isPartial: Bool

    package init(dropped: Int, isPartial: Bool) {
        self.dropped = dropped
        self.isPartial = isPartial
    }
}
