/// A JSON text as a value (*RFC 8259*); objects keep the order of their members, numbers their digits.
package enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// The number as it is written, always valid JSON.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    package static func number(_ value: some BinaryInteger) -> JSONValue {
        .number(String(value))
    }

    /// The greatest whole number that every reader of JSON takes exactly.
    package static let exactLimit: UInt64 = 1 << 53

    /// A number, or where some readers would round it, a string of its digits.
    package static func exact(_ value: some FixedWidthInteger) -> JSONValue {
        value.magnitude <= exactLimit ? .number(value) : .string(String(value))
    }

    /// Text where `bytes` are UTF-8 without control characters, else `{"hex": …}`.
    package static func bytes(_ bytes: [UInt8]) -> JSONValue {
        // Nearly all is ASCII, where there is nothing to validate.
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            return .string(String(decoding: bytes, as: UTF8.self))
        }
        if let text = String(validating: bytes, as: UTF8.self),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        {
            return .string(text)
        }
        return ["hex": .string(hexadecimal(bytes))]
    }

    /// Two lower-case digits a byte.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            digits.append(digit(byte >> 4))
            digits.append(digit(byte & 0x0F))
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// A number with `digits` decimals; null where it is not finite or has more than 18 digits in all.
    package static func number(_ value: Double, decimals digits: Int) -> JSONValue {
        guard value.isFinite, (0...9).contains(digits) else { return .null }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let magnitude = abs(value) * scale
        guard magnitude < 1e18 else { return .null }
        let scaled = Int64(magnitude.rounded())
        let whole = scaled / Int64(scale)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return .number("\(sign)\(whole)") }
        let rest = String(scaled % Int64(scale))
        let zeros = String(repeating: "0", count: digits - rest.utf8.count)
        return .number("\(sign)\(whole).\(zeros)\(rest)")
    }

    /// The member with this name of an object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// "a string", "an object" and so on, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

package struct JSONMember: Sendable, Hashable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByNilLiteral
{
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { JSONMember($0.0, $0.1) })
    }

    package init(arrayLiteral elements: JSONValue...) {
        self = .array(elements)
    }

    package init(stringLiteral value: String) {
        self = .string(value)
    }

    package init(booleanLiteral value: Bool) {
        self = .boolean(value)
    }

    package init(integerLiteral value: Int) {
        self = .number(value)
    }

    package init(nilLiteral: ()) {
        self = .null
    }
}
