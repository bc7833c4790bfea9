import Properties
import Wording

// Templates: what a person or a program is told about a service.
//
// | element | group (type) | properties |
// |---|---|---|
// | `common_name`, `description` | tm_common_name, tm_description (template) | one a locale |
// | `manpage` | tm_man_TITLESECTION (template) | title, section, manpath |
// | `doc_link` | tm_doc_NAME (template) | name, uri |
// | `pg_pattern` | tm_pgpat_, tm_pgpatn_NAME, tm_pgpatt_TYPE, tm_pgpatnt_NAME (template_pg_pattern) | name, type, target, required, common_name_LOCALE … |
// | `prop_pattern` | tm_proppat_ and the end of the pattern's, _NAME (template_prop_pattern) | pg_pattern, name, type, required, visibility … |
extension TreeReader {
    mutating func readTemplate(_ element: Element, of path: PropertyPath) {
        if kind == .profile {
            return report(element, "a profile may not change the template of \(path)")
        }
        for child in element.children { readTemplate(part: child, of: path) }
    }

    /// Reads one part of a template, or of its documentation.
    mutating func readTemplate(part element: Element, of path: PropertyPath) {
        switch element.name {
        case "common_name", "description":
            let group = open("tm_\(element.name)", type: "template", of: path, element)
            readTexts(element, prefix: "", into: group)
        case "documentation":
            for child in element.children { readTemplate(part: child, of: path) }
        case "manpage":
            let label = element.value(of: "title") + element.value(of: "section")
            let group = open(
                TemplateNames.group("tm_man_", label), type: "template", of: path, element)
            for name in ["title", "section", "manpath"] {
                add(name, element.value(of: name), .astring, to: group, element)
            }
        case "doc_link":
            let label = element.value(of: "name")
            let group = open(
                TemplateNames.group("tm_doc_", label), type: "template", of: path, element)
            for name in ["name", "uri"] {
                add(name, element.value(of: name), .astring, to: group, element)
            }
        case "pg_pattern": readPattern(element, of: path)
        default: preconditionFailure("\(element.name) in a template was not refused")
        }
    }

    /// Adds a text for each locale; white space around a text is not part of it.
    private mutating func readTexts(
        _ element: Element, prefix: String, into group: PropertyPath?
    ) {
        for text in element.children {
            let content = TemplateNames.trimmed(text.text)
            if content.isEmpty { report(text, "loctext is empty") }
            let locale = TemplateNames.locale(text.value(of: "xml:lang"))
            add(prefix + locale, content, .ustring, to: group, text)
        }
    }

    private mutating func readPattern(_ element: Element, of path: PropertyPath) {
        if element.value(of: "target") == "instance", path.instance != nil {
            report(element, "a pattern for instances stands at a service, not at \(path)")
        }
        let suffix = TemplateNames.patternSuffix(
            name: element.value(of: "name"), type: element.value(of: "type"))
        let name = TemplateNames.pattern + suffix
        if entities[path]?.groups[name] != nil {
            return report(element, "\(path) has two patterns for one property group")
        }
        let group = open(name, type: "template_pg_pattern", of: path, element)
        for attribute in ["name", "type", "target"] {
            add(attribute, element.value(of: attribute), .astring, to: group, element)
        }
        add("required", element.value(of: "required"), .boolean, to: group, element)
        for child in element.children {
            guard child.name == "prop_pattern" else {
                readTexts(child, prefix: child.name + "_", into: group)
                continue
            }
            readPropertyPattern(child, suffix: suffix, of: path)
        }
    }

    private mutating func readPropertyPattern(
        _ element: Element, suffix: String, of path: PropertyPath
    ) {
        let name = element.value(of: "name")
        guard NameRules.isValid(name, as: .property) else {
            return report(element, "\(Words.quoted(name)) is no name of a property")
        }
        let groupName = "tm_proppat_\(suffix)_\(name)"
        if entities[path]?.groups[groupName] != nil {
            return report(element, "\(path) has two patterns for \(name)")
        }
        let group = open(groupName, type: "template_prop_pattern", of: path, element)
        add("pg_pattern", TemplateNames.pattern + suffix, .astring, to: group, element)
        for attribute in ["name", "type"] {
            add(attribute, element.value(of: attribute), .astring, to: group, element)
        }
        add("required", element.value(of: "required"), .boolean, to: group, element)
        for child in element.children { readPart(child, into: group) }
    }

    private mutating func readPart(_ element: Element, into group: PropertyPath?) {
        switch element.name {
        case "common_name", "description", "units":
            readTexts(element, prefix: element.name + "_", into: group)
        case "visibility":
            add("visibility", element.value(of: "value"), .astring, to: group, element)
        case "cardinality":
            readCardinality(element, into: group)
        case "internal_separators":
            if element.text.isEmpty { report(element, "there are no separators") }
            let values = element.text.unicodeScalars.map { (String($0), element) }
            add("internal_separators", values, .astring, to: group, element)
        case "values", "constraints", "choices":
            readChoices(element, into: group)
        default:
            preconditionFailure("\(element.name) in prop_pattern was not refused")
        }
    }

    private mutating func readCardinality(_ element: Element, into group: PropertyPath?) {
        if let least = UInt64(element.value(of: "min")),
            let most = UInt64(element.value(of: "max")),
            least > most
        {
            report(element, "the cardinality's minimum \(least) is over its maximum \(most)")
        }
        for bound in ["min", "max"] {
            let text = element.value(of: bound)
            if text.first == "-" { report(element, "the cardinality's \(bound) is negative") }
            add("cardinality_\(bound)", text, .count, to: group, element)
        }
    }

    /// `values`, `constraints` and `choices` name values, and tell of each of them.
    private mutating func readChoices(_ element: Element, into group: PropertyPath?) {
        let prefix = element.name == "constraints" ? "constraint" : element.name
        let named = element.children(named: "value")
        for value in named {
            let name = TemplateNames.encoded(value.value(of: "name"))
            for texts in value.children {
                readTexts(texts, prefix: "value_\(name)_\(texts.name)_", into: group)
            }
        }
        let ranges = element.children(named: "range")
        for range in ranges where !TemplateNames.isRange(range) {
            report(range, "the range is none of two numbers, the smaller first")
        }
        let lists = [
            ("name", named.map { ($0.value(of: "name"), $0) }),
            (
                "range",
                ranges.map { ("\($0.value(of: "min")),\($0.value(of: "max"))", $0) }
            ),
            (
                "include_values",
                element.children(named: "include_values").map { ($0.value(of: "type"), $0) }
            ),
        ]
        for (name, values) in lists where !values.isEmpty {
            add("\(prefix)_\(name)", values, .astring, to: group, element)
        }
    }
}
