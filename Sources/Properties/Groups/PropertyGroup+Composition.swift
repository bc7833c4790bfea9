// What an instance shows of a group together with its service's group of the same name.
extension PropertyGroup {
    /// The properties of this group and those of `service` that it does not have; its own alone where
    /// the types of the groups differ (*scf_instance_get_pg_composed*).
    package func composed(over service: PropertyGroup?) -> [Property] {
        guard let service, service.header.type == header.type else { return properties }
        var union: [Property] = []
        union.reserveCapacity(properties.count + service.properties.count)
        var mine = properties[...]
        var theirs = service.properties[...]
        while let first = mine.first, let second = theirs.first {
            if first.name <= second.name {
                union.append(mine.removeFirst())
                if first.name == second.name { theirs.removeFirst() }
            } else {
                union.append(theirs.removeFirst())
            }
        }
        return union + mine + theirs
    }
}

/// A group of an instance and the one of that name of its service, either of which may be missing.
package struct ComposedGroup: Hashable, Sendable {
    package let instance: PropertyGroup?
    package let service: PropertyGroup?

    package init(instance: PropertyGroup?, service: PropertyGroup?) {
        self.instance = instance
        self.service = service
    }

    /// The type that the composition shows; nil where both are missing.
    package var type: String? {
        (instance ?? service)?.header.type
    }

    /// All properties that the composition shows, by name.
    package var properties: [Property] {
        instance?.composed(over: service) ?? service?.properties ?? []
    }
}
