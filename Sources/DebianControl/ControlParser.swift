/// Reads control files: paragraphs of `Name: value` fields with folded lines, parted by blank lines
/// (*deb822(5)*).
///
/// Strict where leniency would lose bytes: comments, repeated fields and NUL bytes are errors.
package struct ControlParser {
    private let bytes: [UInt8]
    private let bounds: ControlBounds
    private var position = 0
    private var line = 0
    private var stanzas: [ControlStanza] = []
    private var fields: [ControlField] = []
    private var names: Set<String> = []
    private var stanzaBytes = 0

    private init(_ bytes: [UInt8], bounds: ControlBounds) {
        self.bytes = bytes
        self.bounds = bounds
    }

    /// All paragraphs of a file, in order.
    package static func parse(
        _ bytes: [UInt8], bounds: ControlBounds = ControlBounds()
    ) throws(ControlFailure) -> [ControlStanza] {
        guard bytes.count <= bounds.fileBytes else {
            throw ControlFailure(
                line: 1, "the file has \(bytes.count) bytes, over the limit of \(bounds.fileBytes)")
        }
        var parser = ControlParser(bytes, bounds: bounds)
        while let line = parser.nextLine() {
            try parser.take(line)
        }
        try parser.endStanza()
        return parser.stanzas
    }

    private mutating func nextLine() -> ArraySlice<UInt8>? {
        guard position < bytes.count else { return nil }
        let end = bytes[position...].firstIndex(of: Byte.newline) ?? bytes.count
        defer { position = end + 1 }
        line += 1
        return bytes[position..<end]
    }

    private mutating func take(_ text: ArraySlice<UInt8>) throws(ControlFailure) {
        if text.allSatisfy(Byte.isBlank) {
            try endStanza()
            return
        }
        if text.contains(0) { throw failure("holds a NUL byte, which no value can hold") }
        stanzaBytes += text.count + 1
        if stanzaBytes > bounds.stanzaBytes {
            throw failure("the paragraph has more than \(bounds.stanzaBytes) bytes")
        }
        if let first = text.first, Byte.isBlank(first) {
            guard !fields.isEmpty else {
                throw failure("a continuation line stands where a field must begin")
            }
            fields[fields.count - 1].value.append(Byte.newline)
            fields[fields.count - 1].value += text
        } else {
            try beginField(text)
        }
    }

    private mutating func beginField(_ text: ArraySlice<UInt8>) throws(ControlFailure) {
        guard let colon = text.firstIndex(of: Byte.colon) else {
            throw failure("no colon; a field is written \"Name: value\"")
        }
        let raw = text[..<colon]
        guard let first = raw.first else { throw failure("no name stands before the colon") }
        guard first != UInt8(ascii: "#") else {
            throw failure("comments are not allowed in this kind of file")
        }
        guard first != UInt8(ascii: "-"), raw.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw failure("a field name holds printable ASCII without spaces, and no '-' in front")
        }
        guard raw.count <= bounds.nameBytes else {
            throw failure("a field name has \(raw.count) bytes, over \(bounds.nameBytes)")
        }
        let name = String(decoding: raw, as: UTF8.self)
        guard names.insert(name.lowercased()).inserted else {
            throw failure("the field \(name) is given twice in one paragraph")
        }
        guard fields.count < bounds.fieldsPerStanza else {
            throw failure("the paragraph has more than \(bounds.fieldsPerStanza) fields")
        }
        fields.append(ControlField(name: name, value: Array(text[(colon + 1)...]), line: line))
    }

    private mutating func endStanza() throws(ControlFailure) {
        guard let first = fields.first else { return }
        guard stanzas.count < bounds.stanzas else {
            throw failure("the file has more than \(bounds.stanzas) paragraphs")
        }
        stanzas.append(ControlStanza(fields: fields, line: first.line))
        fields = []
        names = []
        stanzaBytes = 0
    }

    private func failure(_ message: String) -> ControlFailure {
        ControlFailure(line: line, message)
    }
}
