import ArgumentParser
import Properties

/// A checked path into the tree of properties, and what it names.
struct PropertyLocation: Sendable, Equatable, ExpressibleByArgument {
    enum Kind: String, Sendable {
        case service, instance, group, property
    }

    /// The path in its one spelling.
    let path: String
    let kind: Kind
    /// The path of the group that this is, or that holds the property.
    let group: String?
    /// The property's own name.
    let property: String?

    init?(argument: String) {
        guard let path = PropertyPath(argument) else { return nil }
        self.path = path.description
        group = path.groupPath?.description
        property = path.property
        kind =
            if path.property != nil {
                .property
            } else if path.group != nil {
                .group
            } else {
                path.instance == nil ? .service : .instance
            }
    }

    /// Whether `text` may name a property.
    static func isPropertyName(_ text: String) -> Bool {
        NameRules.isValid(text, as: .property)
    }

    /// Whether `text` may be the type of a group.
    static func isGroupType(_ text: String) -> Bool {
        NameRules.isValid(text, as: .groupType)
    }
}
