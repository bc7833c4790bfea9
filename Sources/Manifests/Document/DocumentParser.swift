internal import CLibXML2

/// Reads XML by libxml2's event interface, into elements.
///
/// Nothing outside the text is ever read, declarations inside the document are refused, and so is
/// every entity but XML's own five: there is nothing to expand. The bounds are checked as the
/// events arrive, so that a refused document has cost no more than it may.
enum DocumentParser {
    /// libxml2 wants this once before threads use it.
    private static let isReady: Bool = {
        xmlInitParser()
        return true
    }()

    static func parse(
        _ bytes: [UInt8], bounds: ManifestBounds
    ) throws(ManifestFailure) -> Element {
        guard bytes.count <= bounds.documentBytes else {
            throw .tooLarge(bytes: bytes.count, limit: bounds.documentBytes)
        }
        guard bytes.contains(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else {
            throw .malformed(
                ManifestProblem(at: DocumentPlace(line: 1, column: 1), "the document is empty"))
        }
        precondition(isReady, "libxml2 is not ready")
        let builder = ElementBuilder(
            bytes, bounds: bounds, unfinishedBytes: unfinishedBytes(of: bytes))
        run(bytes, builder)
        return try builder.finish()
    }

    /// How long the tag is in which the text ends; 0 where it ends in none.
    private static func unfinishedBytes(of bytes: [UInt8]) -> Int {
        guard let begin = bytes.lastIndex(of: UInt8(ascii: "<")),
            !bytes[begin...].contains(UInt8(ascii: ">"))
        else { return 0 }
        return bytes.count - begin
    }

    private static func run(_ bytes: [UInt8], _ builder: ElementBuilder) {
        var handler = unsafe makeHandler()
        withExtendedLifetime(builder) {
            let data = unsafe Unmanaged.passUnretained(builder).toOpaque()
            guard let context = unsafe xmlCreatePushParserCtxt(&handler, data, nil, 0, nil) else {
                preconditionFailure("xmlCreatePushParserCtxt: out of memory")
            }
            defer { unsafe xmlFreeParserCtxt(context) }
            unsafe builder.context = context
            // "Substitute entities" makes attribute values arrive with `&amp;` as `&`; those that
            // are not XML's own end the parsing before they are substituted.
            _ = unsafe xmlCtxtUseOptions(
                context, Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOENT.rawValue))
            _ = unsafe bytes.withUnsafeBytes { buffer in
                unsafe xmlParseChunk(
                    context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(buffer.count), 1)
            }
            unsafe builder.context = nil
        }
    }

    private static func makeHandler() -> xmlSAXHandler {
        var handler = unsafe xmlSAXHandler()
        unsafe handler.initialized = XML_SAX2_MAGIC
        unsafe handler.startElementNs = { data, name, prefix, _, _, _, count, _, attributes in
            unsafe builder(data)?.begin(
                name, prefix: prefix, attributes, count: Int(count))
        }
        unsafe handler.endElementNs = { data, _, _, _ in unsafe builder(data)?.end() }
        unsafe handler.characters = { data, text, count in
            unsafe builder(data)?.take(text, count: Int(count))
        }
        unsafe handler.cdataBlock = { data, text, count in
            unsafe builder(data)?.take(text, count: Int(count))
        }
        unsafe handler.serror = { data, error in unsafe builder(data)?.note(error) }
        unsafe addRefusals(to: &handler)
        return unsafe handler
    }

    /// Everything that a document type's inside may declare, and every use of it.
    private static func addRefusals(to handler: inout xmlSAXHandler) {
        unsafe handler.getEntity = { data, name in
            unsafe builder(data)?.refuseEntity(name)
            return nil
        }
        unsafe handler.getParameterEntity = { data, name in
            unsafe builder(data)?.refuseEntity(name)
            return nil
        }
        unsafe handler.reference = { data, name in unsafe builder(data)?.refuseEntity(name) }
        unsafe handler.entityDecl = { data, _, _, _, _, _ in
            unsafe builder(data)?.refuseDeclaration()
        }
        unsafe handler.unparsedEntityDecl = { data, _, _, _, _ in
            unsafe builder(data)?.refuseDeclaration()
        }
        unsafe handler.notationDecl = { data, _, _, _ in unsafe builder(data)?.refuseDeclaration() }
        unsafe handler.elementDecl = { data, _, _, content in
            unsafe builder(data)?.refuseDeclaration()
        }
        unsafe handler.attributeDecl = { data, _, _, _, _, _, tree in
            // The callback owns the list of the values.
            unsafe xmlFreeEnumeration(tree)
            unsafe builder(data)?.refuseDeclaration()
        }
    }
}

/// The builder that a callback is for.
private func builder(_ data: UnsafeMutableRawPointer?) -> ElementBuilder? {
    guard let data = unsafe data else { return nil }
    return unsafe Unmanaged<ElementBuilder>.fromOpaque(data).takeUnretainedValue()
}
