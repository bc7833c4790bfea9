import Wording

/// What the document type of service bundles (*service_bundle.dtd.1*) lets one element hold.
struct ContentModel: Sendable {
    enum Content: Hashable, Sendable {
        case empty
        case text
        /// One part after the other.
        case sequence([Part])
        /// Any number of elements, all of one of these names.
        case oneKind([String])
    }

    /// A run of elements, each of one of the names, `[least, most]` of them.
    struct Part: Hashable, Sendable {
        let names: [String]
        let least: Int
        let most: Int
    }

    struct Attribute: Hashable, Sendable {
        let name: String
        let isRequired: Bool
        /// What it may be; empty: anything.
        let values: [String]
        /// What it is where it is not given.
        let standard: String?

        static func required(_ name: String, _ values: [String] = []) -> Attribute {
            Attribute(name: name, isRequired: true, values: values, standard: nil)
        }

        static func optional(
            _ name: String, _ values: [String] = [], standard: String? = nil
        ) -> Attribute {
            Attribute(name: name, isRequired: false, values: values, standard: standard)
        }
    }

    let content: Content
    let attributes: [Attribute]

    init(_ content: Content, _ attributes: [Attribute] = []) {
        self.content = content
        self.attributes = attributes
    }

    /// The rule of an attribute; nil where the element has none of that name.
    func attribute(_ name: String) -> Attribute? {
        attributes.first { $0.name == name }
    }
}

extension ContentModel.Part {
    static func one(_ names: String...) -> Self { Self(names: names, least: 1, most: 1) }
    static func maybe(_ names: String...) -> Self { Self(names: names, least: 0, most: 1) }
    static func any(_ names: String...) -> Self { Self(names: names, least: 0, most: .max) }
    static func some(_ names: String...) -> Self { Self(names: names, least: 1, most: .max) }
}

/// Checks documents against the table, and gathers what is wrong.
struct StructureCheck {
    private(set) var problems: ProblemList

    init(bounds: ManifestBounds) {
        problems = ProblemList(most: bounds.problems)
    }

    private mutating func report(_ place: DocumentPlace, _ what: String) {
        problems.append(ManifestProblem(at: place, what))
    }

    /// Checks a document whose element must be `service_bundle`; returns what can be read of it.
    mutating func check(document root: Element) -> Element? {
        guard root.name == "service_bundle" else {
            report(
                root.place,
                "the document is \(Words.withArticle(root.name)), not a service_bundle")
            return nil
        }
        return sound(root)
    }

    /// What bundles, services and instances are taken for, so that the rest of them can be read,
    /// where an attribute is missing or wrong.
    private static let neutral = ["version": "0", "enabled": "false"]

    /// Checks an element and all below it; returns what can be read of it though other parts of it
    /// are wrong, nil if nothing.
    ///
    /// Parts of bundles, services and instances are left out each by itself, wholly.
    private mutating func sound(_ element: Element) -> Element? {
        guard ["service_bundle", "service", "instance"].contains(element.name),
            let model = ContentModel.table[element.name]
        else {
            let before = problems.count
            check(element)
            return problems.count == before ? element : nil
        }
        let wrong = checkAttributes(of: element, model)
        checkOwnText(of: element)
        let names = checkContent(of: element, model)
        var kept = element
        kept.children = element.children.compactMap { child in
            let part = sound(child)
            return names.contains(child.name) ? part : nil
        }
        for attribute in wrong {
            // The type of a bundle and the names of the others decide what is below them.
            let decides = element.name == "service_bundle" ? "type" : "name"
            if attribute == decides { return nil }
            if let value = Self.neutral[attribute] { kept = kept.setting(attribute, to: value) }
        }
        return kept
    }

    /// Checks an element and all below it, whose depth must be bounded.
    mutating func check(_ element: Element) {
        if element.name == "include" || element.name.hasSuffix(":include") {
            let file = element["href"].map { Words.quoted($0) } ?? "another file"
            return report(
                element.place,
                "\(file) is not read, only the document itself; import that file too, or copy it here"
            )
        }
        guard let model = ContentModel.table[element.name] else {
            return report(element.place, "there is no element \(element.name) in service bundles")
        }
        _ = checkAttributes(of: element, model)
        checkOwnText(of: element)
        if checkContent(of: element, model).isEmpty { return }
        for child in element.children { check(child) }
    }

    private mutating func checkOwnText(of element: Element) {
        if let place = element.strayText {
            report(place, "\(element.name) holds no text")
        }
    }

    /// Checks which elements are right below one; returns the names of those that may be.
    private mutating func checkContent(
        of element: Element, _ model: ContentModel
    ) -> [String] {
        switch model.content {
        case .empty, .text:
            if let child = element.children.first {
                report(child.place, "\(element.name) holds no elements, but \(child.name)")
            }
            return []
        case .oneKind(let names):
            checkKind(of: element, names)
            return names
        case .sequence(let parts):
            checkSequence(of: element, parts)
            return parts.flatMap(\.names)
        }
    }

    /// Returns the names of those that are missing, or have a value that they may not have.
    private mutating func checkAttributes(
        of element: Element, _ model: ContentModel
    ) -> [String] {
        var wrong: [String] = []
        for given in element.attributes {
            guard let rule = model.attribute(given.name) else {
                report(element.place, "\(element.name) has no attribute \(given.name)")
                continue
            }
            if !rule.values.isEmpty, !rule.values.contains(given.value) {
                let choice = rule.values.joined(separator: ", ")
                report(
                    element.place,
                    "\(given.name) of \(element.name) is \(Words.quoted(given.value)), "
                        + "not one of \(choice)")
                wrong.append(given.name)
            }
        }
        for rule in model.attributes where rule.isRequired && element[rule.name] == nil {
            report(element.place, "\(element.name) lacks the attribute \(rule.name)")
            wrong.append(rule.name)
        }
        return wrong
    }

    /// The elements right below one that there are in bundles; the others are told by themselves.
    private static func known(below element: Element) -> [Element] {
        element.children.filter { ContentModel.table[$0.name] != nil }
    }

    private mutating func checkKind(of element: Element, _ names: [String]) {
        let children = Self.known(below: element)
        guard let first = children.first else { return }
        for child in children where child.name != first.name || !names.contains(child.name) {
            return report(
                child.place,
                "\(child.name) may not be in \(element.name) here: it holds any number of one of "
                    + names.joined(separator: ", "))
        }
    }

    /// The parts are told apart by the next element's name alone, as XML demands of a type.
    private mutating func checkSequence(of element: Element, _ parts: [ContentModel.Part]) {
        let children = Self.known(below: element)
        var rest = children[...]
        for part in parts {
            var count = 0
            while count < part.most, let next = rest.first, part.names.contains(next.name) {
                rest.removeFirst()
                count += 1
            }
            if count < part.least {
                let place = rest.first?.place ?? element.place
                let names = part.names.joined(separator: " or ")
                return report(place, "\(element.name) lacks \(names) here")
            }
        }
        guard let next = rest.first else { return }
        let before = children.prefix(children.count - rest.count)
        report(next.place, Self.refusal(of: next, in: element, behind: before, parts))
    }

    /// Why an element may not be where it is: at all, again, or behind those that are there.
    private static func refusal(
        of next: Element, in element: Element, behind before: some Sequence<Element>,
        _ parts: [ContentModel.Part]
    ) -> String {
        func place(_ name: String) -> Int? { parts.firstIndex { $0.names.contains(name) } }
        guard let own = place(next.name) else {
            let names = parts.flatMap(\.names).joined(separator: ", ")
            return "\(next.name) may not be in \(element.name), which holds \(names)"
        }
        guard let later = before.first(where: { place($0.name).map { $0 > own } ?? false }) else {
            return "\(next.name) is one too many in \(element.name), which holds one "
                + parts[own].names.joined(separator: " or ")
        }
        return "\(next.name) must stand before \(later.name) in \(element.name)"
    }
}
