import Wording

/// One thing that is wrong with a document, and where.
package struct ManifestProblem: Hashable, Sendable, CustomStringConvertible {
    package let place: DocumentPlace
    package let what: String

    package init(at place: DocumentPlace, _ what: String) {
        self.place = place
        self.what = what
    }

    package var description: String {
        "\(place): \(what)"
    }
}

/// Why a document is not taken, or a tree not written.
package enum ManifestFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The document is larger than the limit, in bytes.
    case tooLarge(bytes: Int, limit: Int)
    /// The text is no XML, or has what this parser does not take.
    case malformed(ManifestProblem)
    /// The XML is no service bundle, or a value is none of its type: at least one problem, and how
    /// many more are not told.
    case invalid([ManifestProblem], more: Int)
    /// No XML document can hold a value: it has a character that XML has not.
    case notExpressible(String)

    package var description: String {
        switch self {
        case .tooLarge(let bytes, let limit):
            "the document has \(bytes) bytes, over the limit of \(limit); divide it"
        case .malformed(let problem):
            problem.description
        case .invalid(let problems, let more):
            problems.map(\.description).joined(separator: "\n")
                + (more > 0 ? "\nand \(Words.counted(more, "more problem"))" : "")
        case .notExpressible(let value):
            "XML cannot hold \(value); delete or change the value before exporting"
        }
    }
}

/// What bounds the work that one document may cause.
package struct ManifestBounds: Sendable {
    package var documentBytes = 4 << 20
    package var elements = 200_000
    package var depth = 32
    /// Bytes of the name of an element or an attribute.
    package var nameBytes = 128
    package var attributesPerElement = 16
    /// Bytes of an attribute's value: an opaque one has two digits a byte.
    package var attributeBytes = 8_192
    /// Bytes of the text in one element.
    package var textBytes = 16_384
    /// Problems that are told; the rest is left out.
    package var problems = 100

    package init() {}
}
