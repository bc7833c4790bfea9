import Properties

/// The elements that may tell a group; all but the plain one are proposals, to be read again.
enum GroupElements {
    /// `property_group` with all properties.
    ///
    /// Throws `notExpressible` where no document can hold a value.
    static func plain(
        _ group: GroupTree, _ owner: PropertyPath
    ) throws(ManifestFailure) -> Element {
        var attributes = [("name", group.name), ("type", group.type)]
        if group.isDeletion { attributes.append(("delete", "true")) }
        return Element("property_group", attributes, try properties(of: group, owner))
    }

    /// `dependency`; nil where a property that it must have is missing.
    static func dependency(
        _ group: GroupTree, _ owner: PropertyPath
    ) throws(ManifestFailure) -> Element? {
        guard let grouping = group.single("grouping"), let event = group.single("restart_on"),
            let type = group.single("type"), let entities = group["entities"]
        else { return nil }
        var attributes = [
            ("name", group.name), ("grouping", grouping), ("restart_on", event), ("type", type),
        ]
        if group.isDeletion { attributes.append(("delete", "true")) }
        var children: [Element] = []
        for value in entities.values {
            guard let text = ValueText.text(value) else { return nil }
            children.append(Element("service_fmri", [("value", text)]))
        }
        let told: Set = ["grouping", "restart_on", "type", "entities"]
        return Element(
            "dependency", attributes, children + (try properties(of: group, owner, without: told)))
    }

    /// `dependent`, for the group that is at its target; nil where it can be none.
    static func dependent(_ group: GroupTree, on target: String, _ isOverride: Bool) -> Element? {
        guard let grouping = group.single("grouping"), let event = group.single("restart_on"),
            let owner = PropertyPath(target)
        else { return nil }
        var attributes = [("name", group.name), ("grouping", grouping), ("restart_on", event)]
        if isOverride { attributes.append(("override", "true")) }
        var told: Set = ["grouping", "restart_on", "entities", "external"]
        if group.single("type") == "service" { told.insert("type") }
        // With `override` at the element, each property has it.
        let plain = GroupTree(
            group.name, type: group.type,
            group.properties.map { PropertyTree($0.name, $0.content) })
        guard
            let rest = try? properties(
                of: isOverride ? plain : group, owner, without: told,
                stability: "entity_stability")
        else { return nil }
        return Element(
            "dependent", attributes, [Element("service_fmri", [("value", target)])] + rest)
    }

    /// `exec_method`; nil where a property that it must have is missing.
    static func method(
        _ group: GroupTree, _ owner: PropertyPath
    ) throws(ManifestFailure) -> Element? {
        guard let type = group.single("type"), let exec = group.single("exec"),
            case .count(let timeout)? = group["timeout_seconds"]?.values.first
        else { return nil }
        var attributes = [
            ("type", type), ("name", group.name), ("exec", exec),
            ("timeout_seconds", timeout == .max ? "-1" : String(timeout)),
        ]
        if group.isDeletion { attributes.append(("delete", "true")) }
        var told: Set = ["type", "exec", "timeout_seconds"]
        let context = contextElement(group, &told)
        let children = context.attributes.isEmpty && context.children.isEmpty ? [] : [context]
        return Element(
            "exec_method", attributes, children + (try properties(of: group, owner, without: told)))
    }

    /// `method_context`; nil where it would leave a property out.
    static func context(_ group: GroupTree) -> Element? {
        var told: Set<String> = []
        let element = contextElement(group, &told)
        return told.count == group.properties.count ? element : nil
    }

    private static func contextElement(_ group: GroupTree, _ told: inout Set<String>) -> Element {
        func attributes(_ names: [String]) -> [(String, String)] {
            names.compactMap { name in
                guard let text = group.single(name) else { return nil }
                told.insert(name)
                return (name, text)
            }
        }
        let own = attributes(ContextNames.attributes)
        var children: [Element] = []
        switch group["use_profile"]?.values {
        case [.boolean(true)]:
            if let profile = group.single("profile") {
                children.append(Element("method_profile", [("name", profile)]))
                told.formUnion(["use_profile", "profile"])
            }
        case [.boolean(false)]:
            if group.single("user") != nil {
                children.append(
                    Element("method_credential", attributes(ContextNames.credentials)))
                told.insert("use_profile")
            }
        case _:
            break
        }
        if let variables = environment(group) {
            children.append(Element("method_environment", [], variables))
            told.insert("environment")
        }
        return Element("method_context", own, children)
    }

    private static func environment(_ group: GroupTree) -> [Element]? {
        guard let content = group["environment"], content.type == .astring,
            !content.values.isEmpty
        else { return nil }
        var variables: [Element] = []
        for value in content.values {
            guard let text = ValueText.text(value), let sign = text.firstIndex(of: "=") else {
                return nil
            }
            let name = String(text[..<sign])
            if name.isEmpty || name.hasPrefix("SMF_") { return nil }
            let rest = String(text[text.index(after: sign)...])
            variables.append(Element("envvar", [("name", name), ("value", rest)]))
        }
        return variables
    }

    /// `stability`, `propval` and `property` of a group, but for some.
    private static func properties(
        of group: GroupTree, _ owner: PropertyPath, without told: Set<String> = [],
        stability: String = "stability"
    ) throws(ManifestFailure) -> [Element] {
        var first: [Element] = []
        var elements: [Element] = []
        for property in group.properties where !told.contains(property.name) {
            if property.name == stability, !property.isOverride,
                let text = group.single(stability), ContentModel.stabilities.contains(text)
            {
                first.append(Element("stability", [("value", text)]))
            } else {
                elements.append(try element(of: property, in: group, owner))
            }
        }
        return first + elements
    }

    private static func element(
        of property: PropertyTree, in group: GroupTree, _ owner: PropertyPath
    ) throws(ManifestFailure) -> Element {
        let type = property.content.type
        var attributes = [("name", property.name), ("type", type.description)]
        let override = property.isOverride ? [("override", "true")] : []
        var texts: [String] = []
        for value in property.content.values {
            guard let text = ValueText.text(value) else {
                let reason = ValueText.obstacle(to: value) ?? "which is of another type"
                throw .notExpressible(
                    "a value of \(owner.appending(group: group.name))/\(property.name), \(reason)")
            }
            texts.append(text)
        }
        if texts.count == 1 {
            attributes.append(("value", texts[0]))
            return Element("propval", attributes + override)
        }
        let nodes = texts.map { Element("value_node", [("value", $0)]) }
        let list = nodes.isEmpty ? [] : [Element("\(type)_list", [], nodes)]
        return Element("property", attributes + override, list)
    }
}

extension GroupTree {
    /// The one value of a property of type astring; nil for any other.
    func single(_ name: String) -> String? {
        guard let content = self[name], content.type == .astring, content.values.count == 1 else {
            return nil
        }
        return content.values.first.flatMap(ValueText.text)
    }
}
