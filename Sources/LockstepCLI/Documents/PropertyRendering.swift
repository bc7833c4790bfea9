import JSON
import Lockstep

extension LockstepClient {
    /// All names of a scope that begin with `prefix`, page by page.
    func allNames(_ scope: NameScope, prefix: String = "") async throws -> [String] {
        var names: [String] = []
        while true {
            let listing = try await self.names(scope, prefix: prefix, after: names.last ?? "")
            names += listing.names
            if !listing.hasMore || listing.names.isEmpty { return names }
        }
    }
}

extension PropertyValue {
    /// As people see it; bytes that are no UTF-8 as `\xhh`.
    var shownText: String {
        let bytes = stringBytes
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        for byte in bytes {
            if (0x20..<0x7F).contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "\\x" + JSONValue.hexadecimal([byte])
            }
        }
        return text
    }

    /// Numbers and booleans as themselves, the rest as strings, among them numbers that some readers
    /// would round; `{"hex"}` for what is no UTF-8.
    var document: JSONValue {
        switch self {
        case .boolean(let value): .boolean(value)
        case .count(let value): .exact(value)
        case .integer(let value): .exact(value)
        case .time, .textBytes, .opaque: .value(stringBytes)
        }
    }
}

extension JSONValue {
    /// A value's string form, line ends and all; `{"hex"}` for what is no UTF-8.
    static func value(_ bytes: [UInt8]) -> JSONValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) }
            ?? ["hex": .string(hexadecimal(bytes))]
    }
}

/// The words and the JSON of typed values.
enum ValueRendering {
    static func document(_ type: PropertyType, _ values: [PropertyValue]) -> JSONValue {
        ["type": .string(type.rawValue), "values": .array(values.map(\.document))]
    }

    /// The values on one line; in quotes where spaces or other characters would mislead.
    static func text(_ values: [PropertyValue]) -> String {
        values.map { value in
            let text = value.shownText
            let isPlain =
                !text.isEmpty
                && text.unicodeScalars.allSatisfy {
                    $0.value > 0x20 && $0.value != 0x7F && $0 != "\"" && $0 != "\\"
                }
            return isPlain ? text : JSONValue.string(text).text
        }.joined(separator: " ")
    }
}

extension PropertyGroup {
    var document: JSONValue {
        [
            "version": .string(version.description), "type": .string(type),
            "persistent": .boolean(isPersistent),
            "properties": .object(
                properties.map {
                    JSONMember($0.name, ValueRendering.document($0.type, $0.values))
                }),
        ]
    }
}
