import Properties
import Wording

// Groups, dependencies and methods.
extension TreeReader {
    func isDeletion(_ element: Element) -> Bool {
        element.value(of: "delete") == "true"
    }

    mutating func readGroup(_ element: Element, of path: PropertyPath) {
        let group = open(
            element.value(of: "name"), type: element.value(of: "type"),
            isDeletion: isDeletion(element), of: path, element)
        readProperties(of: element, into: group)
    }

    /// Reads `stability`, `propval` and `property` below `element`.
    private mutating func readProperties(
        of element: Element, into group: PropertyPath?, stability: String = "stability",
        isOverride: Bool = false
    ) {
        for child in element.children {
            switch child.name {
            case "stability":
                add(
                    stability, child.value(of: "value"), .astring, to: group, child,
                    isOverride: isOverride)
            case "propval", "property":
                readProperty(child, into: group, isOverride: isOverride)
            default:
                // The other parts of a dependency or a method, which its own reader takes.
                continue
            }
        }
    }

    private mutating func readProperty(
        _ element: Element, into group: PropertyPath?, isOverride: Bool
    ) {
        guard let type = PropertyType(name: element.value(of: "type")) else {
            preconditionFailure("type \(element.value(of: "type")) was not refused")
        }
        let name = element.value(of: "name")
        let isOverride = isOverride || element.value(of: "override") == "true"
        guard element.name == "property" else {
            let text = element.value(of: "value")
            return add(name, text, type, to: group, element, isOverride: isOverride)
        }
        let lists = element.children
        if let list = lists.first, list.name != "\(type)_list" {
            return report(
                list, "\(name) is of type \(type), but has \(Words.withArticle(list.name))")
        }
        let values = lists.flatMap(\.children).map { ($0.value(of: "value"), $0) }
        add(name, values, type, to: group, element, isOverride: isOverride)
    }

    mutating func readDependency(_ element: Element, of path: PropertyPath) {
        let group = open(
            element.value(of: "name"), type: "dependency", isDeletion: isDeletion(element),
            of: path, element)
        for name in ["type", "restart_on", "grouping"] {
            add(name, element.value(of: name), .astring, to: group, element)
        }
        let entities = element.children(named: "service_fmri").map { ($0.value(of: "value"), $0) }
        add("entities", entities, .fmri, to: group, element)
        readProperties(of: element, into: group)
    }

    /// A dependent is a dependency of another on this; the marker `external` tells whose it is.
    mutating func readDependent(_ element: Element, of path: PropertyPath) {
        let name = element.value(of: "name")
        let text = element.children.first?.value(of: "value") ?? ""
        guard let target = PropertyPath(text), target.group == nil else {
            return report(
                element, "\(Words.quoted(text)) is no service and no instance to depend on this")
        }
        if entities[path]?.groups[name] != nil {
            report(element, "\(path) has a property group and a dependent \(name)")
        }
        let isOverride = element.value(of: "override") == "true"
        if !isDeletion(element) {
            let own = open("dependents", type: "framework", of: path, element)
            add(name, text, .fmri, to: own, element, isOverride: isOverride)
        }
        if NameRules.isValid(name, as: .group), entities[target]?.groups[name] != nil {
            return report(element, "\(target) has a group \(name) already")
        }
        let group = open(
            name, type: "dependency", isDeletion: isDeletion(element), of: target, element)
        for attribute in ["restart_on", "grouping"] {
            let value = element.value(of: attribute)
            add(attribute, value, .astring, to: group, element, isOverride: isOverride)
        }
        add(
            "entities", path.description, .fmri, to: group, element, isOverride: isOverride)
        add("external", "true", .boolean, to: group, element, isOverride: isOverride)
        let hasType = element.children.contains {
            $0.name != "service_fmri" && $0["name"] == "type"
        }
        if !hasType {
            add("type", "service", .astring, to: group, element, isOverride: isOverride)
        }
        readProperties(
            of: element, into: group, stability: "entity_stability", isOverride: isOverride)
        if let group { dependentGroups.insert(group) }
    }

    mutating func readMethod(_ element: Element, of path: PropertyPath) {
        let group = open(
            element.value(of: "name"), type: "method", isDeletion: isDeletion(element), of: path,
            element)
        add("type", element.value(of: "type"), .astring, to: group, element)
        add("exec", element.value(of: "exec"), .astring, to: group, element)
        add("timeout_seconds", element.value(of: "timeout_seconds"), .count, to: group, element)
        for context in element.children(named: "method_context") {
            readContext(context, into: group)
        }
        readProperties(of: element, into: group)
    }

    mutating func readContext(_ element: Element, into group: PropertyPath?) {
        for name in ContextNames.attributes {
            if let value = element[name] { add(name, value, .astring, to: group, element) }
        }
        for child in element.children {
            switch child.name {
            case "method_profile":
                add("use_profile", "true", .boolean, to: group, child)
                add("profile", child.value(of: "name"), .astring, to: group, child)
            case "method_credential":
                add("use_profile", "false", .boolean, to: group, child)
                for name in ContextNames.credentials {
                    if let value = child[name] { add(name, value, .astring, to: group, child) }
                }
            case "method_environment":
                readEnvironment(child, into: group)
            default:
                preconditionFailure("\(child.name) in method_context was not refused")
            }
        }
    }

    private mutating func readEnvironment(_ element: Element, into group: PropertyPath?) {
        for variable in element.children {
            let name = variable.value(of: "name")
            if name.isEmpty || name.contains("=") || name.hasPrefix("SMF_") {
                report(variable, "\(Words.quoted(name)) may not be set for a method")
            }
        }
        let values = element.children.map {
            ("\($0.value(of: "name"))=\($0.value(of: "value"))", $0)
        }
        add("environment", values, .astring, to: group, element)
    }
}

/// The attributes of a method's context that are properties of the same name.
enum ContextNames {
    static let attributes = ["working_directory", "project", "resource_pool", "security_flags"]
    static let credentials = ["user", "group", "supp_groups", "privileges", "limit_privileges"]
}
