import Properties

extension ServiceTree {
    /// The bundle that tells this tree: reading it gives the tree again.
    ///
    /// It is a manifest where every instance has a plain `general/enabled`, which manifests must tell,
    /// and an archive otherwise. What only others' dependents put somewhere is told with them; a
    /// service or an instance that is not declared but has more is declared, and so is the service
    /// of every instance.
    ///
    /// Throws `notExpressible` with the property of a value that no document can hold.
    package func bundle(named name: String) throws(ManifestFailure) -> ServiceBundle {
        var writer = TreeWriter(tree: self)
        let services = try writer.services()
        let isManifest = services.allSatisfy { service in
            service.children(named: "instance").allSatisfy { $0["enabled"] != nil }
        }
        return ServiceBundle(isManifest ? .manifest : .archive, name: name, services: services)
    }

    /// The profile that sets the enabled states of all instances that have one.
    package func enabledStates(named name: String) -> ServiceBundle {
        var services: [(name: String, instances: [Element])] = []
        for entity in entities {
            guard let instance = entity.path.instance,
                let enabled = TreeWriter.enabled(of: entity)
            else { continue }
            let element = Element(
                "instance", [("name", instance), ("enabled", enabled ? "true" : "false")])
            if services.last?.name == entity.path.service {
                services[services.count - 1].instances.append(element)
            } else {
                services.append((entity.path.service, [element]))
            }
        }
        return ServiceBundle(
            .profile, name: name,
            services: services.map { TreeWriter.service($0.name, $0.instances) })
    }
}

/// Turns groups into elements.
///
/// Each group is told by the shortest element that may do; that element is read again, and where it
/// does not give the very group, the group is told as a plain `property_group`, which always does.
struct TreeWriter {
    private let tree: ServiceTree
    /// Groups that are told as dependents of another service or instance.
    private var claimed: Set<PropertyPath> = []

    init(tree: ServiceTree) {
        self.tree = tree
    }

    static func service(_ name: String, _ children: [Element]) -> Element {
        Element("service", [("name", name), ("type", "service"), ("version", "0")], children)
    }

    /// The elements `service`, by name.
    mutating func services() throws(ManifestFailure) -> [Element] {
        // The dependents of all come first: they decide what is left to tell elsewhere.
        let dependents = allDependents()
        var services: [Element] = []
        var rest = tree.entities[...]
        while let first = rest.first {
            let name = first.path.service
            let own = rest.prefix { $0.path.service == name }
            rest = rest.dropFirst(own.count)
            var service = EntityParts()
            var isNeeded = false
            for entity in own {
                let parts = try parts(of: entity, dependents[entity.path] ?? Dependents())
                guard entity.isDeclared || !parts.isEmpty else { continue }
                isNeeded = true
                if let instance = entity.path.instance {
                    service.add(instance: instance, parts)
                } else {
                    service.take(parts)
                }
            }
            if isNeeded { services.append(Self.service(name, service.serviceChildren)) }
        }
        return services
    }

    private mutating func allDependents() -> [PropertyPath: Dependents] {
        var dependents: [PropertyPath: Dependents] = [:]
        for entity in tree.entities where entity.isDeclared {
            dependents[entity.path] = self.dependents(of: entity)
        }
        return dependents
    }

    /// The groups that are told as dependents of others.
    mutating func claim() -> Set<PropertyPath> {
        _ = allDependents()
        return claimed
    }

    /// Whether `general/enabled` is one plain boolean of a group of the usual type.
    static func enabled(of entity: EntityTree) -> Bool? {
        guard let general = entity["general"], general.type == "framework", !general.isDeletion,
            let property = general.properties.first(where: { $0.name == "enabled" }),
            !property.isOverride, property.content.type == .boolean,
            property.content.values.count == 1,
            case .boolean(let value)? = property.content.values.first
        else { return nil }
        return value
    }

    /// What is told as dependents, and the properties of `dependents` that are so told.
    struct Dependents {
        var elements: [Element] = []
        var properties: Set<String> = []
    }

    private mutating func dependents(of entity: EntityTree) -> Dependents {
        var found = Dependents()
        guard let own = entity["dependents"], own.type == "framework", !own.isDeletion else {
            return found
        }
        for property in own.properties {
            guard property.content.type == .fmri, property.content.values.count == 1,
                let text = property.content.values.first.flatMap(ValueText.text),
                let target = PropertyPath(text), target.group == nil,
                NameRules.isValid(property.name, as: .group),
                let group = tree[target]?[property.name], group.type == "dependency",
                let element = GroupElements.dependent(group, on: text, property.isOverride)
            else { continue }
            let path = target.appending(group: property.name)
            guard !claimed.contains(path), entity[property.name] == nil else { continue }
            let single = GroupTree("dependents", type: "framework", [property])
            let isSame = Self.reading(element, of: entity.path) { reader in
                reader.groups(of: entity.path) == [single] && reader.groups(of: target) == [group]
            }
            guard isSame else { continue }
            claimed.insert(path)
            found.elements.append(element)
            found.properties.insert(property.name)
        }
        return found
    }

    /// Whether `element` is valid, and what it is read as satisfies `isRight`.
    static func reading(
        _ element: Element, of path: PropertyPath, _ isRight: (TreeReader) -> Bool
    ) -> Bool {
        var check = StructureCheck(bounds: ManifestBounds())
        check.check(element)
        guard check.problems.count == 0 else { return false }
        var reader = TreeReader(kind: .archive)
        if TemplateElements.parts.contains(element.name) {
            reader.readTemplate(part: element, of: path)
        } else {
            reader.read(element, of: path)
        }
        return reader.problems.count == 0 && isRight(reader)
    }

    private func parts(
        of entity: EntityTree, _ dependents: Dependents
    ) throws(ManifestFailure) -> EntityParts {
        var parts = EntityParts()
        parts.dependents = dependents.elements
        let told = TemplateElements.elements(of: entity, &parts)
        for group in entity.groups where !told.contains(group.name) {
            guard !claimed.contains(entity.path.appending(group: group.name)) else { continue }
            try add(group, of: entity, dependents, &parts)
        }
        return parts
    }

    private func add(
        _ group: GroupTree, of entity: EntityTree, _ dependents: Dependents,
        _ parts: inout EntityParts
    ) throws(ManifestFailure) {
        let path = entity.path
        func isRead(_ element: Element) -> Bool {
            Self.reading(element, of: path) { $0.groups(of: path) == [group] }
        }
        switch (group.name, group.type) {
        case ("general", "framework") where !group.isDeletion:
            let told = parts.takeGeneral(group, of: entity)
            try parts.addRest(of: group, without: told, path)
        case ("dependents", "framework") where !dependents.properties.isEmpty:
            try parts.addRest(of: group, without: dependents.properties, path)
        case ("method_context", "framework"):
            if let element = GroupElements.context(group), isRead(element) {
                parts.context = element
            } else {
                parts.groups.append(try GroupElements.plain(group, path))
            }
        case (_, "dependency"):
            if let element = try GroupElements.dependency(group, path), isRead(element) {
                parts.dependencies.append(element)
            } else {
                parts.groups.append(try GroupElements.plain(group, path))
            }
        case (_, "method"):
            if let element = try GroupElements.method(group, path), isRead(element) {
                parts.methods.append(element)
            } else {
                parts.groups.append(try GroupElements.plain(group, path))
            }
        case (_, _):
            parts.groups.append(try GroupElements.plain(group, path))
        }
    }
}
