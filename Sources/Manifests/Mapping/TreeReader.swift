import Properties
import Wording

extension ServiceTree {
    /// What a bundle wants: its services, instances, groups and properties.
    ///
    /// Throws `invalid` with every value that is none of its type, every name that is not valid and
    /// everything that is told twice.
    package init(
        _ bundle: ServiceBundle, bounds: ManifestBounds = ManifestBounds()
    ) throws(ManifestFailure) {
        var reader = TreeReader(kind: bundle.kind, bounds: bounds)
        for service in bundle.services { reader.read(service: service) }
        if let failure = reader.problems.failure { throw failure }
        self = reader.tree
    }
}

/// Turns elements into groups and properties, and gathers what is wrong with them.
///
/// | element | group (type) | properties |
/// |---|---|---|
/// | `create_default_instance`, `instance` `enabled` | general (framework) of the instance | enabled |
/// | `single_instance`, `restarter`, `stability` | general (framework) | single_instance, restarter, entity_stability |
/// | `dependency` | its name (dependency) | type, grouping, restart_on, entities |
/// | `dependent` | dependents (framework) | its name: the target; and a dependency on this at the target |
/// | `exec_method` | its name (method) | type, exec, timeout_seconds, those of the context |
/// | `method_context` | method_context (framework) | user, group, working_directory, environment … |
/// | `notification_parameters` | one for each event (notify_params) | MECHANISM,active and MECHANISM,PARAMETER |
/// | `property_group` | its name (its type) | its own |
/// | `template` | tm_… (template, template_pg_pattern, template_prop_pattern) | see `TreeReader+Templates` |
struct TreeReader {
    struct Group {
        let type: String
        var isDeletion: Bool
        var properties: [String: PropertyTree] = [:]
    }

    struct Entity {
        var isDeclared = false
        var groups: [String: Group] = [:]
    }

    let kind: ServiceBundle.Kind
    private(set) var problems: ProblemList
    var entities: [PropertyPath: Entity] = [:]
    /// The groups that dependents have put elsewhere.
    var dependentGroups: Set<PropertyPath> = []

    init(kind: ServiceBundle.Kind, bounds: ManifestBounds = ManifestBounds()) {
        self.kind = kind
        problems = ProblemList(most: bounds.problems)
    }

    mutating func report(_ element: Element, _ what: String) {
        problems.append(ManifestProblem(at: element.place, what))
    }

    /// All that has been read.
    var tree: ServiceTree {
        ServiceTree(
            entities.map { path, entity in
                EntityTree(path, isDeclared: entity.isDeclared, groups: Self.trees(entity))
            })
    }

    private static func trees(_ entity: Entity) -> [GroupTree] {
        entity.groups.map { name, group in
            GroupTree(
                name, type: group.type, isDeletion: group.isDeletion,
                Array(group.properties.values))
        }
    }

    /// What has been read of one service or instance, sorted by name.
    func groups(of path: PropertyPath) -> [GroupTree] {
        entities[path].map { Self.trees($0).sorted { $0.name < $1.name } } ?? []
    }

    mutating func read(service element: Element) {
        let name = element.value(of: "name")
        guard let path = PropertyPath(service: name) else {
            return report(element, "\(Words.quoted(name)) is no name of a service")
        }
        if ValueText.value(element.value(of: "version"), .count, of: "version") == nil {
            report(element, "the version of \(path) is no number")
        }
        declare(path, element)
        for child in element.children {
            switch child.name {
            case "create_default_instance": readInstance("default", of: name, child)
            case "instance": readInstance(child.value(of: "name"), of: name, child)
            default: read(child, of: path)
            }
        }
    }

    private mutating func declare(_ path: PropertyPath, _ element: Element) {
        if entities[path]?.isDeclared == true { report(element, "\(path) is declared twice") }
        entities[path, default: Entity()].isDeclared = true
    }

    private mutating func readInstance(_ name: String, of service: String, _ element: Element) {
        guard let path = PropertyPath(service: service, instance: name) else {
            return report(element, "\(Words.quoted(name)) is no name of an instance")
        }
        declare(path, element)
        if let enabled = element["enabled"] {
            let general = openGeneral(of: path, element)
            add("enabled", enabled, .boolean, to: general, element)
        }
        for child in element.children { read(child, of: path) }
    }

    /// Reads a part of a service or an instance; the structure's check has told what it may be.
    mutating func read(_ element: Element, of path: PropertyPath) {
        switch element.name {
        case "single_instance":
            add("single_instance", "true", .boolean, to: openGeneral(of: path, element), element)
        case "restarter":
            let target = element.children.first?.value(of: "value") ?? ""
            add("restarter", target, .fmri, to: openGeneral(of: path, element), element)
        case "stability":
            let general = openGeneral(of: path, element)
            add("entity_stability", element.value(of: "value"), .astring, to: general, element)
        case "dependency": readDependency(element, of: path)
        case "dependent": readDependent(element, of: path)
        case "method_context":
            let group = open("method_context", type: "framework", of: path, element)
            readContext(element, into: group)
        case "exec_method": readMethod(element, of: path)
        case "notification_parameters": readNotifications(element, of: path)
        case "property_group": readGroup(element, of: path)
        case "template": readTemplate(element, of: path)
        default: preconditionFailure("\(element.name) below \(path) was not refused")
        }
    }

    private mutating func openGeneral(of path: PropertyPath, _ element: Element) -> PropertyPath? {
        open("general", type: "framework", of: path, element)
    }

    /// Begins a group or goes on with it; nil where it cannot be, which is told.
    mutating func open(
        _ name: String, type: String, isDeletion: Bool = false, of owner: PropertyPath,
        _ element: Element
    ) -> PropertyPath? {
        guard NameRules.isValid(name, as: .group) else {
            report(element, "\(Words.quoted(name)) is no name of a property group")
            return nil
        }
        guard NameRules.isValid(type, as: .groupType) else {
            report(element, "\(Words.quoted(type)) is no type of a property group")
            return nil
        }
        let path = owner.appending(group: name)
        if let known = entities[owner]?.groups[name], known.type != type {
            report(element, "\(path) is of type \(known.type) and of type \(type)")
            return nil
        }
        if dependentGroups.contains(path), kind != .profile {
            report(element, "\(path) is told twice, once as a dependent")
            return nil
        }
        let group = Group(type: type, isDeletion: false)
        entities[owner, default: Entity()].groups[name, default: group].isDeletion =
            entities[owner]?.groups[name]?.isDeletion == true || isDeletion
        return path
    }

    /// Adds a property with one value.
    mutating func add(
        _ name: String, _ text: String, _ type: PropertyType, to group: PropertyPath?,
        _ element: Element, isOverride: Bool = false
    ) {
        add(name, [(text, element)], type, to: group, element, isOverride: isOverride)
    }

    /// Adds a property with all its values, each with the element that tells it.
    mutating func add(
        _ name: String, _ texts: [(String, Element)], _ type: PropertyType,
        to group: PropertyPath?, _ element: Element, isOverride: Bool = false
    ) {
        guard let group, let groupName = group.group else { return }
        guard NameRules.isValid(name, as: .property) else {
            return report(element, "\(Words.quoted(name)) is no name of a property")
        }
        var values: [PropertyValue] = []
        for (text, place) in texts {
            guard let value = ValueText.value(text, type, of: name), value.isValid(as: type) else {
                report(
                    place, ValueRefusal.text(of: text, as: type, for: "\(group)/\(name)"))
                continue
            }
            values.append(value)
        }
        guard values.count == texts.count else { return }
        guard let content = PropertyContent(type: type, values: values) else {
            return report(
                element, "\(group)/\(name) has more than \(PropertyContent.valueLimit) values")
        }
        if entities[group.owner]?.groups[groupName]?.properties[name] != nil {
            return report(element, "\(group)/\(name) is told twice")
        }
        entities[group.owner]?.groups[groupName]?.properties[name] = PropertyTree(
            name, content, isOverride: isOverride)
    }
}
