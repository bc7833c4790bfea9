/// A document of services whose structure is right: what a file of SMF holds.
package struct ServiceBundle: Sendable {
    /// How the document is meant.
    package enum Kind: String, Sendable, CaseIterable {
        /// What a package brings: imported.
        case manifest
        /// Changes of what is there already: applied.
        case profile
        /// All that was there: imported.
        case archive
    }

    package let kind: Kind
    package let name: String
    /// The elements `service`, those of bundles in this one too, in the order of the document.
    package let services: [Element]

    package init(_ kind: Kind, name: String, services: [Element]) {
        self.kind = kind
        self.name = name
        self.services = services
    }

    /// Reads a document.
    ///
    /// Throws `tooLarge`, `malformed` for what is no XML or over a bound, and `invalid` with every
    /// deviation from the document type, each with its place.
    package init(
        parsing bytes: [UInt8], bounds: ManifestBounds = ManifestBounds()
    ) throws(ManifestFailure) {
        let (bundle, problems) = try Self.look(at: bytes, bounds: bounds)
        if let failure = problems.failure { throw failure }
        guard let bundle else { preconditionFailure("a document was refused without a reason") }
        self = bundle
    }

    /// What is wrong with a document's structure, and the bundle of all that can be read of it all
    /// the same; nil where that is nothing.
    ///
    /// Throws `tooLarge`, and `malformed` for what is no XML or over a bound.
    static func look(
        at bytes: [UInt8], bounds: ManifestBounds
    ) throws(ManifestFailure) -> (bundle: ServiceBundle?, problems: ProblemList) {
        let root = try DocumentParser.parse(bytes, bounds: bounds)
        var check = StructureCheck(bounds: bounds)
        guard let sound = check.check(document: root) else { return (nil, check.problems) }
        guard let kind = Kind(rawValue: sound.value(of: "type")) else {
            preconditionFailure("a bundle of type \(sound.value(of: "type")) was not refused")
        }
        var services: [Element] = []
        var problems = check.problems
        gather(sound, kind, &services, &problems)
        return (
            ServiceBundle(kind, name: sound.value(of: "name"), services: services), problems
        )
    }

    private static func gather(
        _ bundle: Element, _ kind: Kind, _ services: inout [Element],
        _ problems: inout ProblemList
    ) {
        if bundle.value(of: "type") != kind.rawValue {
            problems.append(
                ManifestProblem(at: bundle.place, "the bundle is no \(kind.rawValue) as the outer"))
        }
        for child in bundle.children {
            guard child.name == "service" else {
                gather(child, kind, &services, &problems)
                continue
            }
            services.append(child)
            guard kind == .manifest else { continue }
            for instance in child.children(named: "instance") where instance["enabled"] == nil {
                problems.append(
                    ManifestProblem(at: instance.place, "instance lacks the attribute enabled"))
            }
        }
    }

    /// The document as text.
    ///
    /// Throws `notExpressible` where a value has a character that XML has not.
    package func encoded() throws(ManifestFailure) -> [UInt8] {
        var writer = DocumentWriter()
        try writer.write(
            Element("service_bundle", [("type", kind.rawValue), ("name", name)], services))
        return writer.bytes
    }
}
