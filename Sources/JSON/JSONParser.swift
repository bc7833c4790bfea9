/// Why a text is not JSON; line and column count from 1, the column in bytes.
package struct JSONFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let line: Int
    package let column: Int
    package let message: String

    package var description: String {
        "line \(line), column \(column): \(message)"
    }
}

/// Reads one JSON text strictly: no comments, no trailing commas, no member twice.
package struct JSONParser {
    /// How deep arrays and objects may nest.
    package static let depth = 128

    private let bytes: [UInt8]
    private var position = 0
    private var level = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package static func parse(_ bytes: [UInt8]) throws(JSONFailure) -> JSONValue {
        var parser = JSONParser(bytes)
        parser.skipSpace()
        let value = try parser.value()
        parser.skipSpace()
        guard parser.peek == nil else {
            throw parser.failure("nothing may follow the document")
        }
        return value
    }

    package static func parse(_ text: String) throws(JSONFailure) -> JSONValue {
        try parse(Array(text.utf8))
    }

    private var peek: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private func failure(_ message: String, at place: Int? = nil) -> JSONFailure {
        let before = bytes[..<min(place ?? position, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return JSONFailure(line: line, column: before.count - start + 1, message: message)
    }

    private mutating func skipSpace() {
        while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONFailure) -> JSONValue {
        switch peek {
        case UInt8(ascii: "{"):
            return try nested { parser throws(JSONFailure) in try parser.object() }
        case UInt8(ascii: "["):
            return try nested { parser throws(JSONFailure) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return try number()
        case .none: throw failure("the text ends where a value must stand")
        default:
            for (word, value) in [
                ("true", JSONValue.boolean(true)), ("false", .boolean(false)), ("null", .null),
            ]
            where bytes[position...].starts(with: word.utf8) {
                position += word.utf8.count
                return value
            }
            throw failure("no value begins like this")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONFailure) -> JSONValue
    ) throws(JSONFailure) -> JSONValue {
        guard level < Self.depth else { throw failure("nested deeper than \(Self.depth) levels") }
        level += 1
        position += 1
        skipSpace()
        let value = try body(&self)
        level -= 1
        return value
    }

    private mutating func object() throws(JSONFailure) -> JSONValue {
        var members: [JSONMember] = []
        var names: Set<String> = []
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            let start = position
            guard peek == UInt8(ascii: "\"") else {
                throw failure("a member's name must stand here, in double quotes")
            }
            let name = try string()
            guard names.insert(name).inserted else {
                throw failure("the member \(name.quotedBeginning) is given twice", at: start)
            }
            skipSpace()
            guard take(":") else { throw failure("a colon must follow a member's name") }
            skipSpace()
            members.append(JSONMember(name, try value()))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw failure("a comma or '}' must follow a member") }
        }
    }

    private mutating func array() throws(JSONFailure) -> JSONValue {
        var elements: [JSONValue] = []
        if take("]") { return .array([]) }
        while true {
            skipSpace()
            elements.append(try value())
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("a comma or ']' must follow an element") }
        }
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func number() throws(JSONFailure) -> JSONValue {
        let start = position
        _ = take("-")
        let isZero = peek == UInt8(ascii: "0")
        let count = digits()
        guard count > 0, !isZero || count == 1 else {
            throw failure("a number is malformed", at: start)
        }
        if take("."), digits() == 0 { throw failure("a number is malformed", at: start) }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if !take("-") { _ = take("+") }
            if digits() == 0 { throw failure("a number is malformed", at: start) }
        }
        guard position - start <= 400 else { throw failure("a number is too long", at: start) }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func string() throws(JSONFailure) -> String {
        let start = position
        position += 1
        var content: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw failure("a string is not UTF-8", at: start)
                }
                return text
            case UInt8(ascii: "\\"): content += String(try escape()).utf8
            case 0..<0x20:
                throw failure("a control character in a string must be escaped", at: position - 1)
            default: content.append(byte)
            }
        }
        throw failure("a string does not end", at: start)
    }

    private mutating func escape() throws(JSONFailure) -> Unicode.Scalar {
        let start = position - 1
        let byte = peek
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var unit = try hexadecimal(start)
            if (0xD800..<0xDC00).contains(unit) {
                guard take("\\"), take("u") else { throw failure("half a character", at: start) }
                let low = try hexadecimal(start)
                guard (0xDC00..<0xE000).contains(low) else {
                    throw failure("half a character", at: start)
                }
                unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(unit) else {
                throw failure("half a character", at: start)
            }
            return scalar
        default: throw failure("no such escape in a string", at: start)
        }
    }

    private mutating func hexadecimal(_ start: Int) throws(JSONFailure) -> UInt32 {
        let end = position + 4
        guard end <= bytes.count,
            bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits must follow \\u", at: start) }
        position = end
        return value
    }
}
