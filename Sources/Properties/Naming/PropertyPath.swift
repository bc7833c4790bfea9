/// The place of a thing in the tree: a service, an instance of it, a group of either, a property.
///
/// Every name is valid (`NameRules`). Written as an FMRI: `svc:/service`, `svc:/service:instance`,
/// then `/:properties/group` and `/property`.
package struct PropertyPath: Hashable, Sendable, CustomStringConvertible {
    package let service: String
    package let instance: String?
    package let group: String?
    /// Set only with a group.
    package let property: String?

    /// A path of names; nil where one is not valid, or where a property has no group.
    package init?(
        service: String, instance: String? = nil, group: String? = nil, property: String? = nil
    ) {
        guard NameRules.isValid(service, as: .service),
            instance.map({ NameRules.isValid($0, as: .instance) }) ?? true,
            group.map({ NameRules.isValid($0, as: .group) }) ?? true,
            property.map({ NameRules.isValid($0, as: .property) }) ?? true,
            property == nil || group != nil
        else { return nil }
        self.init(
            checked: service, instance: instance, group: group, property: property)
    }

    /// A path of names that have been checked.
    package init(checked service: String, instance: String?, group: String?, property: String?) {
        self.service = service
        self.instance = instance
        self.group = group
        self.property = property
    }

    /// Reads what `description` writes, and the looser forms of `FMRI`; nil for anything else.
    package init?(_ text: String) {
        guard case .path(let path) = FMRI(text) else { return nil }
        self = path
    }

    /// The service or instance that this is, or that holds the group.
    package var owner: PropertyPath {
        PropertyPath(checked: service, instance: instance, group: nil, property: nil)
    }

    /// The group that this is, or that holds the property; nil for a service or an instance.
    package var groupPath: PropertyPath? {
        guard let group else { return nil }
        return PropertyPath(checked: service, instance: instance, group: group, property: nil)
    }

    /// The service that this is, or that holds it.
    package var servicePath: PropertyPath {
        PropertyPath(checked: service, instance: nil, group: nil, property: nil)
    }

    /// This service's instance `name`, which must be a valid name.
    package func appending(instance name: String) -> PropertyPath {
        precondition(NameRules.isValid(name, as: .instance), "instance name \(name)")
        precondition(instance == nil && group == nil, "instance of \(self)")
        return PropertyPath(checked: service, instance: name, group: nil, property: nil)
    }

    /// This owner's group `name`, which must be a valid name.
    package func appending(group name: String) -> PropertyPath {
        precondition(NameRules.isValid(name, as: .group), "group name \(name)")
        precondition(group == nil, "group of \(self)")
        return PropertyPath(checked: service, instance: instance, group: name, property: nil)
    }

    /// This group's property `name`, which must be a valid name.
    package func appending(property name: String) -> PropertyPath {
        precondition(NameRules.isValid(name, as: .property), "property name \(name)")
        precondition(group != nil && property == nil, "property of \(self)")
        return PropertyPath(checked: service, instance: instance, group: group, property: name)
    }

    package var description: String {
        var text = ""
        text.reserveCapacity(
            20 + service.utf8.count + (instance?.utf8.count ?? 0) + (group?.utf8.count ?? 0)
                + (property?.utf8.count ?? 0))
        text += "svc:/"
        text += service
        if let instance {
            text += ":"
            text += instance
        }
        if let group {
            text += "/:properties/"
            text += group
        }
        if let property {
            text += "/"
            text += property
        }
        return text
    }
}
