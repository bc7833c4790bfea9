/// Writes elements as text: two spaces a level, one element a line.
struct DocumentWriter {
    private(set) var bytes: [UInt8]

    init() {
        bytes = Array(
            """
            <?xml version='1.0'?>
            <!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1'>

            """.utf8)
    }

    /// Writes an element and all below it.
    ///
    /// Throws `notExpressible` where a value has a character that XML has not.
    mutating func write(_ element: Element, depth: Int = 0) throws(ManifestFailure) {
        bytes += Array(repeating: UInt8(ascii: " "), count: depth * 2)
        append("<\(element.name)")
        for attribute in element.attributes {
            append(" \(attribute.name)='")
            try append(
                escaping: attribute.value, of: "\(attribute.name) of \(element.name)")
            append("'")
        }
        if element.children.isEmpty, element.text.isEmpty {
            return append("/>\n")
        }
        append(">")
        try append(escaping: element.text, of: "the text of \(element.name)")
        if !element.children.isEmpty {
            append("\n")
            for child in element.children { try write(child, depth: depth + 1) }
            bytes += Array(repeating: UInt8(ascii: " "), count: depth * 2)
        }
        append("</\(element.name)>\n")
    }

    private mutating func append(_ text: String) {
        bytes += text.utf8
    }

    /// White space but the blank is written as a number: a parser would make blanks of it.
    private mutating func append(
        escaping text: String, of what: String
    ) throws(ManifestFailure) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": append("&amp;")
            case "<": append("&lt;")
            case ">": append("&gt;")
            case "'": append("&apos;")
            case "\t", "\n", "\r": append("&#\(scalar.value);")
            case _ where !Self.isExpressible(scalar):
                throw .notExpressible("\(what), \(text.debugDescription)")
            case let scalar: bytes += String(scalar).utf8
            }
        }
    }

    /// Whether XML has the character (*XML 1.0 §2.2*).
    static func isExpressible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
