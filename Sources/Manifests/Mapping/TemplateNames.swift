import Properties

/// How templates make names of groups and properties of what a document tells.
enum TemplateNames {
    /// What the names of all groups for patterns begin with.
    static let pattern = "tm_pgpat"

    /// What follows `pattern` in the name of the group for a pattern.
    static func patternSuffix(name: String, type: String) -> String {
        switch (name.isEmpty, type.isEmpty) {
        case (true, true): "_"
        case (true, false): "t_\(type)"
        case (false, true): "n_\(name)"
        case (false, false): "nt_\(name)"
        }
    }

    /// The name of a group that a label makes: `_` for what no name has, and the middle of a long
    /// one left out.
    static func group(_ prefix: String, _ label: String) -> String {
        var bytes = Array((prefix + label).utf8)
        if bytes.count > NameRules.nameBytes {
            let half = (NameRules.nameBytes - 2) / 2
            bytes = bytes.prefix(half) + Array("..".utf8) + bytes.suffix(half)
        }
        return String(
            decoding: bytes.map { isWord($0) || $0 == UInt8(ascii: "-") ? $0 : UInt8(ascii: "_") },
            as: UTF8.self)
    }

    /// The name of a locale as a part of a property's name.
    static func locale(_ name: String) -> String {
        String(decoding: name.utf8.map { isWord($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// A value as a part of a property's name: base 32 (*RFC 4648*), filled up with `-`.
    static func encoded(_ value: String) -> String {
        let bytes = Array(value.utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 5) {
            let part = bytes[start..<min(start + 5, bytes.count)]
            let word =
                part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } << UInt64((5 - part.count) * 8)
            let used = (part.count * 8 + 4) / 5
            for place in 0..<8 {
                let digit = Int(word >> UInt64(35 - place * 5)) & 31
                text.append(place < used ? digits[digit] : UInt8(ascii: "-"))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `text` without the white space around it.
    static func trimmed(_ text: String) -> String {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            scalar.value == 0x20 || (0x09...0x0D).contains(scalar.value)
        }
        var rest = Substring(text).unicodeScalars
        while let first = rest.first, isBlank(first) { rest.removeFirst() }
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return String(rest)
    }

    /// Whether the bounds are numbers, the smaller first.
    static func isRange(_ range: Element) -> Bool {
        let (low, high) = (range.value(of: "min"), range.value(of: "max"))
        if let low = Int64(low), let high = Int64(high) { return low <= high }
        if let low = UInt64(low), let high = UInt64(high) { return low <= high }
        return Int64(low) != nil && UInt64(high) != nil
    }
}
