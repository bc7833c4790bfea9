import Properties

/// The elements of a template, for the groups that make one.
enum TemplateElements {
    /// The names of elements that stand in a template or in its documentation.
    static let parts: Set = ["common_name", "description", "manpage", "doc_link", "pg_pattern"]

    /// Puts the template of a service or an instance into `parts`; returns the groups that it tells.
    ///
    /// A template must have a common name: without one, no group is told this way.
    static func elements(of entity: EntityTree, _ parts: inout EntityParts) -> Set<String> {
        var told: Set<String> = []
        func add(_ element: Element?, _ groups: [GroupTree], to list: inout [Element]) {
            guard let element, groups.allSatisfy({ !$0.isDeletion }),
                TreeWriter.reading(
                    element, of: entity.path, { $0.groups(of: entity.path) == groups })
            else { return }
            list.append(element)
            told.formUnion(groups.map(\.name))
        }
        guard let name = entity["tm_common_name"], name.type == "template" else { return [] }
        add(texts("common_name", name, prefix: ""), [name], to: &parts.template)
        guard !parts.template.isEmpty else { return [] }
        if let group = entity["tm_description"], group.type == "template" {
            add(texts("description", group, prefix: ""), [group], to: &parts.template)
        }
        var documents: [Element] = []
        for group in entity.groups where group.type == "template" {
            if group.name.hasPrefix("tm_man_") {
                add(
                    whole("manpage", group, ["title", "section", "manpath"]), [group],
                    to: &documents)
            } else if group.name.hasPrefix("tm_doc_") {
                add(whole("doc_link", group, ["name", "uri"]), [group], to: &documents)
            }
        }
        if !documents.isEmpty { parts.template.append(Element("documentation", [], documents)) }
        var patterns: [String: [GroupTree]] = [:]
        for group in entity.groups where group.type == "template_prop_pattern" {
            if let owner = group.single("pg_pattern") { patterns[owner, default: []].append(group) }
        }
        for group in entity.groups where group.type == "template_pg_pattern" {
            let own = patterns[group.name] ?? []
            let all = (own + [group]).sorted { $0.name < $1.name }
            add(pattern(group, own), all, to: &parts.template)
        }
        return told
    }

    private static func whole(_ name: String, _ group: GroupTree, _ names: [String]) -> Element {
        Element(name, names.compactMap { name in group.single(name).map { (name, $0) } })
    }

    /// The texts of all locales in the properties whose names begin with `prefix`; nil for none.
    private static func texts(_ name: String, _ group: GroupTree, prefix: String) -> Element? {
        let texts = group.properties.compactMap { property -> Element? in
            guard property.name.hasPrefix(prefix),
                let text = property.content.values.first.flatMap(ValueText.text)
            else { return nil }
            let locale = String(property.name.dropFirst(prefix.count))
            return Element("loctext", [("xml:lang", locale)], text: text)
        }
        return texts.isEmpty ? nil : Element(name, [], texts)
    }

    private static func pattern(_ group: GroupTree, _ properties: [GroupTree]) -> Element {
        let attributes = attributes(group, ["name", "type", "required", "target"])
        let children =
            ["common_name", "description"].compactMap { texts($0, group, prefix: $0 + "_") }
            + properties.map(propertyPattern)
        return Element("pg_pattern", attributes, children)
    }

    /// Attributes of properties that are astrings, or the one boolean `required`.
    private static func attributes(_ group: GroupTree, _ names: [String]) -> [(String, String)] {
        names.compactMap { name in
            guard let text = group[name]?.values.first.flatMap(ValueText.text) else { return nil }
            // An empty one is what the type is without the attribute, and no type's name.
            return text.isEmpty ? nil : (name, text)
        }
    }

    private static func propertyPattern(_ group: GroupTree) -> Element {
        var children = ["common_name", "description", "units"].compactMap {
            texts($0, group, prefix: $0 + "_")
        }
        if let value = group.single("visibility") {
            children.append(Element("visibility", [("value", value)]))
        }
        if case .count(let least)? = group["cardinality_min"]?.values.first,
            case .count(let most)? = group["cardinality_max"]?.values.first
        {
            children.append(
                Element("cardinality", [("min", String(least)), ("max", String(most))]))
        }
        let separators = strings(group, "internal_separators")
        if !separators.isEmpty {
            children.append(Element("internal_separators", text: separators.joined()))
        }
        // Each value is told once, where it first stands.
        var told: Set<String> = []
        for list in ["values", "constraints", "choices"] {
            if let element = choices(list, group, &told) { children.append(element) }
        }
        return Element("prop_pattern", attributes(group, ["name", "type", "required"]), children)
    }

    private static func choices(
        _ name: String, _ group: GroupTree, _ told: inout Set<String>
    ) -> Element? {
        let prefix = name == "constraints" ? "constraint" : name
        var children: [Element] = []
        for value in strings(group, "\(prefix)_name") {
            var texts: [Element] = []
            if told.insert(value).inserted {
                let start = "value_\(TemplateNames.encoded(value))_"
                texts = ["common_name", "description"].compactMap {
                    self.texts($0, group, prefix: "\(start)\($0)_")
                }
            }
            children.append(Element("value", [("name", value)], texts))
        }
        for range in strings(group, "\(prefix)_range") {
            let bounds = range.split(separator: ",", maxSplits: 1).map(String.init)
            if bounds.count == 2 {
                children.append(Element("range", [("min", bounds[0]), ("max", bounds[1])]))
            }
        }
        for kind in strings(group, "\(prefix)_include_values") {
            children.append(Element("include_values", [("type", kind)]))
        }
        return children.isEmpty ? nil : Element(name, [], children)
    }

    private static func strings(_ group: GroupTree, _ name: String) -> [String] {
        group[name]?.values.compactMap(ValueText.text) ?? []
    }
}
