internal import CLibXML2
import Wording

/// Puts the events of one parsing together, within the bounds; the first failure ends it.
@safe final class ElementBuilder {
    private let bounds: ManifestBounds
    private let unfinishedBytes: Int
    /// The elements that are not ended, outermost first.
    private var open: [Element] = []
    private var root: Element?
    private var elementCount = 0
    private var failure: ManifestFailure?
    private var places: PlaceCursor
    /// The parser, while it runs.
    var context: xmlParserCtxtPtr?

    /// - Parameter unfinishedBytes: how long the tag is that the document ends in; 0: in none.
    init(_ bytes: [UInt8], bounds: ManifestBounds, unfinishedBytes: Int = 0) {
        self.bounds = bounds
        places = PlaceCursor(bytes)
        self.unfinishedBytes = unfinishedBytes
        unsafe context = nil
    }

    /// The document's element, once all events have come.
    func finish() throws(ManifestFailure) -> Element {
        if let failure { throw failure }
        guard let root, open.isEmpty else {
            throw .malformed(
                ManifestProblem(at: DocumentPlace(line: 1, column: 1), "there is no document"))
        }
        return root
    }

    private var place: DocumentPlace {
        DocumentPlace(
            line: max(1, Int(unsafe xmlSAX2GetLineNumber(context))),
            column: max(1, Int(unsafe xmlSAX2GetColumnNumber(context))))
    }

    /// Where the tag begins that the parser stands at the end of.
    ///
    /// Of a text that the parser translates first, as from UTF-16, the end of the tag.
    private func tagPlace() -> DocumentPlace {
        guard let context = unsafe context, let input = unsafe context.pointee.input,
            unsafe input.pointee.buf?.pointee.encoder == nil
        else { return place }
        let read = unsafe input.pointee.cur - input.pointee.base
        return places.tag(upTo: Int(unsafe input.pointee.consumed) + read) ?? place
    }

    private func fail(_ what: String) {
        fail(ManifestProblem(at: place, what))
    }

    private func fail(_ problem: ManifestProblem) {
        guard failure == nil else { return }
        failure = .malformed(problem)
        unsafe xmlStopParser(context)
    }

    /// Attributes are five pointers each: name, prefix, namespace, start and end of the value.
    func begin(
        _ name: UnsafePointer<xmlChar>?, prefix: UnsafePointer<xmlChar>?,
        _ attributes: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, count: Int
    ) {
        guard failure == nil else { return }
        elementCount += 1
        let name = unsafe Self.qualified(name, prefix)
        if name.utf8.count > bounds.nameBytes {
            return fail("\(Words.quoted(name)) has more than \(bounds.nameBytes) bytes")
        }
        if open.count >= bounds.depth {
            return fail("\(name) is nested more than \(bounds.depth) deep")
        }
        if elementCount > bounds.elements {
            return fail("the document has more than \(bounds.elements) elements")
        }
        if count > bounds.attributesPerElement {
            return fail("\(name) has more than \(bounds.attributesPerElement) attributes")
        }
        var pairs: [(String, String)] = []
        for number in 0..<count {
            guard let attributes = unsafe attributes else { break }
            let field = unsafe attributes + number * 5
            guard let start = unsafe field[3], let end = unsafe field[4] else { continue }
            let attribute = unsafe Self.qualified(field[0], field[1])
            if attribute.utf8.count > bounds.nameBytes {
                return fail("\(Words.quoted(attribute)) has more than \(bounds.nameBytes) bytes")
            }
            let length = unsafe end - start
            if length > bounds.attributeBytes {
                return fail("\(attribute) has more than \(bounds.attributeBytes) bytes")
            }
            let value = unsafe UnsafeBufferPointer(start: start, count: length)
            pairs.append((attribute, unsafe String(decoding: value, as: UTF8.self)))
        }
        open.append(Element(name, pairs, at: tagPlace()))
    }

    func end() {
        guard failure == nil, let element = open.popLast() else { return }
        if open.isEmpty {
            root = element
        } else {
            open[open.count - 1].children.append(element)
        }
    }

    func take(_ text: UnsafePointer<xmlChar>?, count: Int) {
        guard failure == nil, let text = unsafe text, let last = open.indices.last else { return }
        let buffer = unsafe UnsafeBufferPointer(start: text, count: count)
        guard ContentModel.table[open[last].name]?.content == .text else {
            let first = unsafe buffer.firstIndex { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            guard let first, open[last].strayText == nil else { return }
            // The parser stands behind the text, which may have gone over several lines.
            let lines = unsafe buffer[first...].count { $0 == 0x0A }
            open[last].strayText =
                lines == 0 ? place : DocumentPlace(line: place.line - lines, column: 1)
            return
        }
        let name = open[last].name
        if open[last].text.utf8.count + count > bounds.textBytes {
            return fail("\(name) has more than \(bounds.textBytes) bytes of text")
        }
        open[last].text += unsafe String(decoding: buffer, as: UTF8.self)
    }

    func refuseEntity(_ name: UnsafePointer<xmlChar>?) {
        let name = unsafe Self.string(name)
        fail("the entity \(name) is none of XML's own; write what it stands for")
    }

    func refuseDeclaration() {
        fail("the document declares types of its own; leave out the part in brackets")
    }

    /// Takes an error of libxml2's own; its warnings are of no account.
    func note(_ error: UnsafeMutablePointer<xmlError>?) {
        guard failure == nil, let error = unsafe error,
            unsafe error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue
        else { return }
        let place = DocumentPlace(
            line: max(1, Int(unsafe error.pointee.line)),
            column: max(1, Int(unsafe error.pointee.int2)))
        let isEnd = unsafe error.pointee.code == Int32(XML_ERR_DOCUMENT_END.rawValue)
        if isEnd || isAtEnd, let missing = whatEndsMissing {
            return fail(ManifestProblem(at: place, missing))
        }
        if unsafe error.pointee.code == Int32(XML_ERR_DOCUMENT_EMPTY.rawValue) {
            return fail(
                ManifestProblem(at: place, "the document begins with no element; it is no XML"))
        }
        let message = unsafe error.pointee.message.map { unsafe String(cString: $0) } ?? "not XML"
        // The parser's own texts have names of the document in them, and some the parser's own names.
        var line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        if line.hasPrefix("xmlParse"), let end = line.firstRange(of: ": ")?.upperBound {
            line = String(line[end...])
        }
        fail(ManifestProblem(at: place, line.count > 200 ? line.prefix(200) + "…" : line))
    }

    /// Whether the parser has taken all but the tag that the document ends in.
    private var isAtEnd: Bool {
        guard let context = unsafe context, let input = unsafe context.pointee.input else {
            return true
        }
        return unsafe input.pointee.end - input.pointee.cur <= unfinishedBytes
    }

    /// What the document lacks if it ends here; nil where its element is ended.
    private var whatEndsMissing: String? {
        guard root == nil else { return nil }
        return open.last.map { "the document ends before \($0.name) is closed" }
            ?? "the document ends before its first element"
    }

    private static func qualified(
        _ name: UnsafePointer<xmlChar>?, _ prefix: UnsafePointer<xmlChar>?
    ) -> String {
        let name = unsafe string(name)
        return unsafe prefix == nil ? name : "\(string(prefix)):\(name)"
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        guard let text = unsafe text else { return "" }
        return unsafe String(cString: text)
    }
}
