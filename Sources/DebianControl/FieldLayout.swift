/// How a field's text became the values of a property; chosen so that the way back is exact.
///
/// | layout | for | values |
/// |---|---|---|
/// | `text` | one line | the line |
/// | `lines` | folded fields: Description, Conffiles | each line, without the space before a continuation |
/// | `list` | Depends, Provides and their kin | what stands between `, ` |
/// | `words` | Status | what stands between single spaces |
/// | `count` | Installed-Size, Size | the number |
/// | `boolean` | Essential, Protected, Important | yes: true, no: false |
/// | `raw` | whatever the others would not give back exactly, or hold a value over 4,095 bytes | the raw text in pieces of at most 4,095 bytes, cut between characters |
///
/// A field whose text does not have the form of its own layout takes the next that fits: `text` or
/// `lines`, then `raw`.
enum FieldLayout: String, Sendable, CaseIterable {
    case text, lines, list, words, count, boolean, raw

    /// The longest value of a property (*scf_limit(3SCF)*, SCF_LIMIT_MAX_VALUE_LENGTH).
    static let valueBytes = 4_095
    /// The most values that are made of one field before it is kept raw.
    static let values = 4_096

    private static let lists: Set<String> = [
        "depends", "pre-depends", "recommends", "suggests", "enhances", "breaks", "conflicts",
        "replaces", "provides", "built-using", "static-built-using", "tag",
    ]

    /// The layouts to try for a field of this name, the best first.
    static func candidates(_ name: String) -> [FieldLayout] {
        let lower = name.lowercased()
        if lists.contains(lower) { return [.list, .lines, .raw] }
        switch lower {
        case "status": return [.words, .text, .lines, .raw]
        case "installed-size", "size": return [.count, .text, .lines, .raw]
        case "essential", "protected", "important": return [.boolean, .text, .lines, .raw]
        default: return [.text, .lines, .raw]
        }
    }

    /// The values of `value` in this layout; nil where they would not give it back.
    func split(_ value: [UInt8]) -> [[UInt8]]? {
        let values: [[UInt8]]
        switch self {
        case .raw: return Self.pieces(value)
        case .text: values = [Self.body(value)]
        case .lines: values = Self.splitLines(value)
        case .words: values = Self.split(Self.body(value), at: Byte.space)
        case .list:
            values = Self.split(Self.body(value), at: Byte.comma).map {
                $0.first == Byte.space ? Array($0.dropFirst()) : $0
            }
        case .count, .boolean:
            guard let single = Self.single(Self.body(value), self) else { return nil }
            values = [single]
        }
        guard values.count <= Self.values,
            values.allSatisfy({ $0.count <= Self.valueBytes && isValue($0) })
        else { return nil }
        return join(values) == value ? values : nil
    }

    /// The raw text that has these values in this layout; nil if there is none.
    func join(_ values: [[UInt8]]) -> [UInt8]? {
        switch self {
        case .raw: return Array(values.joined())
        case .lines:
            return Self.spaced(Array(values.joined(separator: [Byte.newline, Byte.space])))
        case .words: return Self.spaced(Array(values.joined(separator: [Byte.space])))
        case .list: return Self.spaced(Array(values.joined(separator: [Byte.comma, Byte.space])))
        case .text: return values.count == 1 ? Self.spaced(values[0]) : nil
        case .count: return values.count == 1 ? Self.spaced(values[0]) : nil
        case .boolean:
            guard values.count == 1 else { return nil }
            switch values[0] {
            case Array("true".utf8): return Array(" yes".utf8)
            case Array("false".utf8): return Array(" no".utf8)
            default: return nil
            }
        }
    }

    private func isValue(_ value: [UInt8]) -> Bool {
        switch self {
        case .words, .list: !value.isEmpty && !value.contains(Byte.newline)
        case .text, .lines, .count, .boolean: !value.contains(Byte.newline)
        case .raw: true
        }
    }

    private static func single(_ body: [UInt8], _ layout: FieldLayout) -> [UInt8]? {
        let text = String(decoding: body, as: UTF8.self)
        if layout == .count { return UInt64(text).map { Array(String($0).utf8) } }
        switch text {
        case "yes": return Array("true".utf8)
        case "no": return Array("false".utf8)
        default: return nil
        }
    }

    /// The value behind the one space that follows the colon.
    private static func body(_ value: [UInt8]) -> [UInt8] {
        value.first == Byte.space ? Array(value.dropFirst()) : value
    }

    /// The reverse of `body`: no space follows the colon where the first line is empty.
    private static func spaced(_ body: [UInt8]) -> [UInt8] {
        body.isEmpty || body.first == Byte.newline ? body : [Byte.space] + body
    }

    private static func splitLines(_ value: [UInt8]) -> [[UInt8]] {
        let lines = split(body(value), at: Byte.newline)
        return [lines[0]]
            + lines.dropFirst().map { $0.first == Byte.space ? Array($0.dropFirst()) : $0 }
    }

    private static func split(_ bytes: [UInt8], at separator: UInt8) -> [[UInt8]] {
        bytes.split(separator: separator, omittingEmptySubsequences: false).map(Array.init)
    }

    /// Pieces of at most `valueBytes`; a UTF-8 character is not cut.
    private static func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            var end = min(rest.startIndex + valueBytes, rest.endIndex)
            if end < rest.endIndex {
                // Back over at most three continuation bytes; what is no UTF-8 is cut anywhere.
                let start = (max(rest.startIndex + 1, end - 3)...end).last {
                    rest[$0] & 0xC0 != 0x80
                }
                end = start ?? end
            }
            pieces.append(Array(rest[..<end]))
            rest = rest[end...]
        }
        return pieces.isEmpty ? [[]] : pieces
    }
}
