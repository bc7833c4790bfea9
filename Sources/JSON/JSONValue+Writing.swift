extension JSONValue {
    /// The text on one line, without spaces.
    package var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// The text over several lines, two spaces a level.
    package var indentedText: String {
        var text = ""
        writeIndented(to: &text, level: 0)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .boolean(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let value): Self.writeString(value, to: &text)
        case .array(let elements):
            text += "["
            for (place, element) in elements.enumerated() {
                if place > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (place, member) in members.enumerated() {
                if place > 0 { text += "," }
                Self.writeString(member.name, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private func writeIndented(to text: inout String, level: Int) {
        let inner = "\n" + String(repeating: "  ", count: level + 1)
        let outer = "\n" + String(repeating: "  ", count: level)
        switch self {
        case .array(let elements) where !elements.isEmpty:
            text += "["
            for (place, element) in elements.enumerated() {
                text += (place > 0 ? "," : "") + inner
                element.writeIndented(to: &text, level: level + 1)
            }
            text += outer + "]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (place, member) in members.enumerated() {
                text += (place > 0 ? "," : "") + inner
                Self.writeString(member.name, to: &text)
                text += ": "
                member.value.writeIndented(to: &text, level: level + 1)
            }
            text += outer + "}"
        case .null, .boolean, .number, .string, .array, .object:
            write(to: &text)
        }
    }

    private static func writeString(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
