package import Properties

/// A property as it was at one moment, which needs no handle any more (*scf_simple_prop_get*).
package struct SimpleProperty: Sendable {
    package let group: String
    package let name: String
    package let type: PropertyType
    package let values: [PropertyValue]

    /// The group that is meant where none is named (`SCF_PG_APP_DEFAULT`).
    package static let standardGroup = "application"

    fileprivate init(_ view: GroupView, _ property: Properties.Property) {
        group = view.path.group ?? ""
        name = property.name
        type = property.content.type
        values = property.content.values
    }
}

extension Handle {
    /// What the services of a cluster are usually read by: what they were last refreshed to.
    private static let running = "running"
    /// The type of the groups that are an application's own (`SCF_GROUP_APPLICATION`).
    private static let application = "application"

    /// Reads a property of the service or instance `fmri`: `invalidArgument`, `notFound`.
    ///
    /// Of an instance, it is what the composition with its service shows: of the snapshot `running`
    /// where there is one, else and for groups that are in no snapshot as they are.
    package func simpleProperty(
        _ name: String, of fmri: String, group: String
    ) throws(Failure) -> SimpleProperty {
        try locked { () throws(Failure) in
            let owner = try owner(fmri)
            try Names.require(group, as: .group)
            try Names.require(name, as: .property)
            let view = try view(group, of: owner)
            guard let content = view.group[name] else { throw .notFound }
            return SimpleProperty(view, .init(name: name, content: content))
        }
    }

    /// Reads all properties of an instance's groups of the type `application`, as above.
    package func simpleProperties(of fmri: String) throws(Failure) -> [SimpleProperty] {
        try locked { () throws(Failure) in
            let owner = try owner(fmri)
            guard owner.path.instance != nil else { throw .invalidArgument }
            let source = Self.composition(of: owner, in: try running(owner))
            var found: [SimpleProperty] = []
            var after: String? = ""
            while let last = after {
                let query = PropertyQuery.composedGroups(
                    source, type: Self.application, page: .init(after: last))
                let listing = try read(query, ComposedListing.init)
                for entry in listing.entries {
                    guard let view = GroupView(entry.group, entry.name, of: owner, in: nil)
                    else { continue }
                    found += view.group.properties.map { SimpleProperty(view, $0) }
                }
                after = listing.through
            }
            return found
        }
    }

    /// The instance that the program is run as (*scf_myname*): `connectionBroken` without a binding,
    /// `notSet`.
    package func ownName(environment: (String) -> String?) throws(Failure) -> String {
        try locked { () throws(Failure) in
            guard isBound else { throw .connectionBroken }
            guard let name = environment("SMF_FMRI"), case .path(let path)? = FMRI(name),
                path.instance != nil, path.group == nil
            else { throw .notSet }
            return path.description
        }
    }

    private func owner(_ fmri: String) throws(Failure) -> Entity {
        guard case .path(let path)? = FMRI(fmri), path.group == nil else {
            throw .invalidArgument
        }
        return try entity(path)
    }

    /// The snapshot to read of; nil where there is none.
    private func running(_ instance: Entity) throws(Failure) -> SnapshotView? {
        guard let path = SnapshotPath(instance.path, Self.running) else { return nil }
        let query = PropertyQuery.snapshot(SnapshotReference(path), instanceID: instance.id)
        return try read(query, SnapshotReply.init).found.map {
            SnapshotView(instance: instance, path: path, name: $0.name)
        }
    }

    private func view(_ group: String, of owner: Entity) throws(Failure) -> GroupView {
        guard owner.path.instance != nil else {
            guard let path = owner.path.group(group) else { throw .invalidArgument }
            return try self.group(path, of: owner)
        }
        let snapshot = try running(owner)
        if let snapshot, let held = try composed(group, of: owner, in: snapshot) { return held }
        guard let present = try composed(group, of: owner, in: nil),
            snapshot == nil || !present.base.header.isPersistent
        else { throw .notFound }
        return present
    }

    private func composed(
        _ group: String, of owner: Entity, in snapshot: SnapshotView?
    ) throws(Failure) -> GroupView? {
        let query = PropertyQuery.composedGroup(
            Self.composition(of: owner, in: snapshot), name: group)
        let composed = try read(query, ComposedReply.init).group
        return GroupView(composed, group, of: owner, in: snapshot)
    }
}
