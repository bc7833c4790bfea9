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
    private let bounds: ManifestBounds
    private(set) var problems: [ManifestProblem] = []

    init(bounds: ManifestBounds) {
        self.bounds = bounds
    }

    private mutating func report(_ place: DocumentPlace, _ what: String) {
        if problems.count < bounds.problems { problems.append(ManifestProblem(at: place, what)) }
    }

    /// Checks a document whose element must be `service_bundle`.
    mutating func check(document root: Element) {
        guard root.name == "service_bundle" else {
            return report(root.place, "the document is \(root.name), not service_bundle")
        }
        check(root)
    }

    /// Checks an element and all below it, whose depth must be bounded.
    mutating func check(_ element: Element) {
        if element.name == "include" || element.name.hasSuffix(":include") {
            let file = element["href"].map { "\"\($0)\"" } ?? "another file"
            return report(
                element.place,
                "\(file) is not read, only the document itself; import that file too, or copy it here"
            )
        }
        guard let model = ContentModel.table[element.name] else {
            return report(element.place, "there is no element \(element.name) in service bundles")
        }
        checkAttributes(of: element, model)
        if let place = element.strayText {
            report(place, "\(element.name) holds no text")
        }
        switch model.content {
        case .empty, .text:
            if let child = element.children.first {
                report(child.place, "\(element.name) holds no elements, but \(child.name)")
            }
            return
        case .oneKind(let names):
            checkKind(of: element, names)
        case .sequence(let parts):
            checkSequence(of: element, parts)
        }
        for child in element.children { check(child) }
    }

    private mutating func checkAttributes(of element: Element, _ model: ContentModel) {
        for given in element.attributes {
            guard let rule = model.attribute(given.name) else {
                report(element.place, "\(element.name) has no attribute \(given.name)")
                continue
            }
            if !rule.values.isEmpty, !rule.values.contains(given.value) {
                let choice = rule.values.joined(separator: ", ")
                report(
                    element.place,
                    "\(given.name) of \(element.name) is \"\(given.value)\", not one of \(choice)")
            }
        }
        for rule in model.attributes where rule.isRequired && element[rule.name] == nil {
            report(element.place, "\(element.name) lacks the attribute \(rule.name)")
        }
    }

    private mutating func checkKind(of element: Element, _ names: [String]) {
        guard let first = element.children.first else { return }
        for child in element.children where child.name != first.name || !names.contains(child.name)
        {
            return report(
                child.place,
                "\(child.name) may not be in \(element.name) here: it holds any number of one of "
                    + names.joined(separator: ", "))
        }
    }

    /// The parts are told apart by the next element's name alone, as XML demands of a type.
    private mutating func checkSequence(of element: Element, _ parts: [ContentModel.Part]) {
        var rest = element.children[...]
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
        if let next = rest.first {
            report(next.place, "\(next.name) may not be in \(element.name) here")
        }
    }
}
