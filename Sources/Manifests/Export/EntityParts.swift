import Properties

/// The elements of a service or an instance, kept apart until they are put in order.
struct EntityParts {
    var enabled: Bool?
    var isSingle = false
    var restarter: Element?
    var dependencies: [Element] = []
    var dependents: [Element] = []
    var context: Element?
    var methods: [Element] = []
    var groups: [Element] = []
    var stability: Element?
    /// The parts of the template, in order; the first one must be `common_name`.
    var template: [Element] = []
    private var defaultInstance: Element?
    private var instances: [Element] = []

    /// Whether there is nothing to tell.
    var isEmpty: Bool {
        enabled == nil && !isSingle && stability == nil && common.isEmpty && end.isEmpty
    }

    /// What services and instances both have, in the order of the document type.
    private var common: [Element] {
        var all = restarter.map { [$0] } ?? []
        all += dependencies
        all += dependents
        if let context { all.append(context) }
        return all + methods + groups
    }

    private var end: [Element] {
        template.isEmpty ? [] : [Element("template", [], template)]
    }

    /// What the element `service` holds.
    var serviceChildren: [Element] {
        var all = defaultInstance.map { [$0] } ?? []
        if isSingle { all.append(Element("single_instance")) }
        all += common
        all += instances
        if let stability { all.append(stability) }
        return all + end
    }

    /// Becomes the parts of a service, and keeps the instances.
    mutating func take(_ service: EntityParts) {
        let (first, others) = (defaultInstance, instances)
        self = service
        defaultInstance = first
        instances = others
    }

    mutating func add(instance name: String, _ parts: EntityParts) {
        let children = parts.common + parts.end
        let enabled = parts.enabled.map { [("enabled", $0 ? "true" : "false")] } ?? []
        if name == "default", children.isEmpty, !enabled.isEmpty {
            defaultInstance = Element("create_default_instance", enabled)
        } else {
            instances.append(Element("instance", [("name", name)] + enabled, children))
        }
    }

    /// Takes what elements of their own tell of the group `general`; returns those properties.
    mutating func takeGeneral(_ group: GroupTree, of entity: EntityTree) -> Set<String> {
        var told: Set<String> = []
        for property in group.properties where !property.isOverride {
            guard property.content.values.count == 1,
                let text = property.content.values.first.flatMap(ValueText.text)
            else { continue }
            let isInstance = entity.path.instance != nil
            switch (property.name, property.content.type) {
            case ("enabled", .boolean) where isInstance:
                enabled = text == "true"
            case ("single_instance", .boolean) where !isInstance && text == "true":
                isSingle = true
            case ("restarter", .fmri):
                restarter = Element("restarter", [], [Element("service_fmri", [("value", text)])])
            case ("entity_stability", .astring)
            where !isInstance && ContentModel.stabilities.contains(text):
                stability = Element("stability", [("value", text)])
            case (_, _):
                continue
            }
            told.insert(property.name)
        }
        return told
    }

    /// Adds what elements of their own have not told of a group, and the group where that is none.
    mutating func addRest(
        of group: GroupTree, without told: Set<String>, _ path: PropertyPath
    ) throws(ManifestFailure) {
        let rest = group.properties.filter { !told.contains($0.name) }
        guard !rest.isEmpty || told.isEmpty else { return }
        groups.append(
            try GroupElements.plain(
                GroupTree(group.name, type: group.type, isDeletion: group.isDeletion, rest), path))
    }
}
