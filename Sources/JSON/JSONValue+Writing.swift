extension JSONValue {
    /// The text on one line, without spaces.
    package var text: String {
        String(decoding: utf8, as: UTF8.self)
    }

    /// The UTF-8 of `text`.
    package var utf8: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(256)
        write(to: &text)
        return text
    }

    /// The text over several lines, two spaces a level.
    package var indentedText: String {
        var text: [UInt8] = []
        writeIndented(to: &text, level: 0)
        return String(decoding: text, as: UTF8.self)
    }

    private func write(to text: inout [UInt8]) {
        switch self {
        case .null: text += "null".utf8
        case .boolean(let value): text += (value ? "true" : "false").utf8
        case .number(let digits): text += digits.utf8
        case .string(let value): Self.writeString(value, to: &text)
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (place, element) in elements.enumerated() {
                if place > 0 { text.append(UInt8(ascii: ",")) }
                element.write(to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (place, member) in members.enumerated() {
                if place > 0 { text.append(UInt8(ascii: ",")) }
                Self.writeString(member.name, to: &text)
                text.append(UInt8(ascii: ":"))
                member.value.write(to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private func writeIndented(to text: inout [UInt8], level: Int) {
        let inner = "\n" + String(repeating: "  ", count: level + 1)
        let outer = "\n" + String(repeating: "  ", count: level)
        switch self {
        case .array(let elements) where !elements.isEmpty:
            text.append(UInt8(ascii: "["))
            for (place, element) in elements.enumerated() {
                text += ((place > 0 ? "," : "") + inner).utf8
                element.writeIndented(to: &text, level: level + 1)
            }
            text += (outer + "]").utf8
        case .object(let members) where !members.isEmpty:
            text.append(UInt8(ascii: "{"))
            for (place, member) in members.enumerated() {
                text += ((place > 0 ? "," : "") + inner).utf8
                Self.writeString(member.name, to: &text)
                text += ": ".utf8
                member.value.writeIndented(to: &text, level: level + 1)
            }
            text += (outer + "}").utf8
        case .null, .boolean, .number, .string, .array, .object:
            write(to: &text)
        }
    }

    /// Writes `value` in quotes; what lies beyond ASCII is never escaped, so that bytes will do.
    private static func writeString(_ value: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            if byte >= 0x20, byte != 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                text.append(byte)
            } else {
                writeEscape(of: byte, to: &text)
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    private static func writeEscape(of byte: UInt8, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): text.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): text.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): text.append(UInt8(ascii: "t"))
        case 0..<0x20, 0x7F: text += ("u00" + hexadecimal([byte])).utf8
        default: text.append(byte)
        }
    }
}
