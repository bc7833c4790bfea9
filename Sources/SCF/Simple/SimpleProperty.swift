package import Properties

/// A property as it was at one moment, which needs no handle any more (*scf_simple_prop_get*).
package struct SimpleProperty: Sendable {
    package let group: String
    package let name: String
    package let type: PropertyType
    package let values: [PropertyValue]

    /// The group that is meant where none is named (`SCF_PG_APP_DEFAULT`).
    package static let standardGroup = "application"

    fileprivate init(group: String, _ property: Properties.Property) {
        self.group = group
        name = property.name
        type = property.content.type
        values = property.content.values
    }
}

extension Handle {
    /// The type of the groups that are an application's own (`SCF_GROUP_APPLICATION`).
    private static let application = "application"

    /// Reads a property of the instance `fmri` as it is now: `invalidArgument`, `notFound`.
    ///
    /// It is the service's where the instance's group of that name does not have it; the types of
    /// the two groups are not looked at.
    package func simpleProperty(
        _ name: String, of fmri: String, group: String
    ) throws(Failure) -> SimpleProperty {
        try locked { () throws(Failure) in
            try Names.require(group, as: .group)
            try Names.require(name, as: .property)
            let instance = try instance(fmri)
            let found = try composedGroup(group, of: instance, in: nil)
            guard let content = found.instance?[name] ?? found.service?[name] else {
                throw .notFound
            }
            return SimpleProperty(group: group, .init(name: name, content: content))
        }
    }

    /// Reads the properties of all groups of the type `application` that an instance or its service has.
    ///
    /// As they are now; of two properties of one name in groups of one name, the instance's.
    package func simpleProperties(of fmri: String) throws(Failure) -> [SimpleProperty] {
        try locked { () throws(Failure) in
            let source = Self.composition(of: try instance(fmri), in: nil)
            var found: [SimpleProperty] = []
            var after: String? = ""
            while let last = after {
                let query = PropertyQuery.composedGroups(
                    source, type: nil, page: .init(after: last))
                let listing = try read(query, ComposedListing.init)
                for entry in listing.entries {
                    let both = ComposedGroup(
                        instance: Self.ofApplication(entry.group.instance),
                        service: Self.ofApplication(entry.group.service))
                    found += both.properties.map { SimpleProperty(group: entry.name, $0) }
                }
                after = listing.through
            }
            return found
        }
    }

    private static func ofApplication(_ group: PropertyGroup?) -> PropertyGroup? {
        group?.header.type == application ? group : nil
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

    /// The instance that is named: `invalidArgument` where none is, `notFound`.
    private func instance(_ fmri: String) throws(Failure) -> Entity {
        switch FMRI(fmri) {
        case .path(let path) where path.instance != nil && path.group == nil:
            return try entity(path)
        case .elsewhere(_, let path) where path.instance != nil && path.group == nil:
            throw .notFound
        case .path, .elsewhere, .scope, .file, nil:
            throw .invalidArgument
        }
    }
}
