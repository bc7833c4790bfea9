/// A document that is right in all: its structure, and every name and value in it.
package struct ManifestDocument: Sendable {
    package let bundle: ServiceBundle
    /// What the bundle wants.
    package let tree: ServiceTree

    /// Reads a document; its values are looked at even where its structure is wrong elsewhere.
    ///
    /// Throws `tooLarge`, `malformed` for what is no XML or over a bound, and `invalid` with all that
    /// is wrong.
    package init(
        parsing bytes: [UInt8], bounds: ManifestBounds = ManifestBounds()
    ) throws(ManifestFailure) {
        let (found, problems) = try ServiceBundle.look(at: bytes, bounds: bounds)
        guard let found else {
            if let failure = problems.failure { throw failure }
            preconditionFailure("a document was refused without a reason")
        }
        var reader = TreeReader(kind: found.kind, bounds: bounds)
        for service in found.services { reader.read(service: service) }
        if let failure = problems.joined(with: reader.problems).failure { throw failure }
        bundle = found
        tree = reader.tree
    }
}
