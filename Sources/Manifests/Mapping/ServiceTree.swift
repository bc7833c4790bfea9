package import Properties

/// Services and instances with their groups, as a bundle tells or a store has them.
package struct ServiceTree: Hashable, Sendable {
    /// By service, each service before its instances; no path twice.
    package let entities: [EntityTree]

    package init(_ entities: [EntityTree]) {
        self.entities = entities.sorted { $0.order < $1.order }
        for (first, second) in zip(self.entities, self.entities.dropFirst()) {
            precondition(first.path != second.path, "\(first.path) is in the tree twice")
        }
    }

    /// The service or instance at `path`, if it is in the tree.
    package subscript(path: PropertyPath) -> EntityTree? {
        entities.first(at: EntityOrder(path: path), by: \.order)
    }
}

/// A service or an instance with its groups.
package struct EntityTree: Hashable, Sendable {
    package let path: PropertyPath
    /// False: only named by others, whose dependents these groups are.
    package let isDeclared: Bool
    /// Sorted by name, no name twice.
    package let groups: [GroupTree]

    package init(_ path: PropertyPath, isDeclared: Bool = true, groups: [GroupTree]) {
        precondition(path.group == nil, "\(path) is no service and no instance")
        self.path = path
        self.isDeclared = isDeclared
        self.groups = groups.sorted { $0.name < $1.name }
        for (first, second) in zip(self.groups, self.groups.dropFirst()) {
            precondition(first.name != second.name, "\(path) has \(first.name) twice")
        }
    }

    /// The group of that name, if there is one.
    package subscript(group: String) -> GroupTree? {
        groups.first(at: group, by: \.name)
    }

    fileprivate var order: EntityOrder {
        EntityOrder(path: path)
    }
}

/// Where a service or an instance stands in a tree: a service before its instances.
private struct EntityOrder: Comparable {
    let service: String
    let instance: String

    init(path: PropertyPath) {
        service = path.service
        instance = path.instance ?? ""
    }

    static func < (left: EntityOrder, right: EntityOrder) -> Bool {
        (left.service, left.instance) < (right.service, right.instance)
    }
}

/// A property group without identity or version.
package struct GroupTree: Hashable, Sendable {
    package let name: String
    package let type: String
    /// The group is to go (`delete="true"`).
    package let isDeletion: Bool
    /// Sorted by name, no name twice.
    package let properties: [PropertyTree]

    package init(
        _ name: String, type: String, isDeletion: Bool = false, _ properties: [PropertyTree]
    ) {
        self.name = name
        self.type = type
        self.isDeletion = isDeletion
        self.properties = properties.sorted { $0.name < $1.name }
        for (first, second) in zip(self.properties, self.properties.dropFirst()) {
            precondition(first.name != second.name, "\(name) has \(first.name) twice")
        }
    }

    /// The content of the property of that name, if there is one.
    package subscript(property: String) -> PropertyContent? {
        properties.first(at: property, by: \.name)?.content
    }
}

/// A property, and how a bundle wants it.
package struct PropertyTree: Hashable, Sendable {
    package let name: String
    package let content: PropertyContent
    /// What is in the store gives way, whoever changed it (`override="true"`).
    package let isOverride: Bool

    package init(_ name: String, _ content: PropertyContent, isOverride: Bool = false) {
        self.name = name
        self.content = content
        self.isOverride = isOverride
    }
}

extension Array {
    /// The element whose key is `key`, in an array that is sorted by it.
    fileprivate func first<Key: Comparable>(at key: Key, by path: KeyPath<Element, Key>) -> Element?
    {
        var lower = 0
        var upper = count
        while lower < upper {
            let middle = (lower + upper) / 2
            if self[middle][keyPath: path] < key {
                lower = middle + 1
            } else {
                upper = middle
            }
        }
        return lower < count && self[lower][keyPath: path] == key ? self[lower] : nil
    }
}
