import Properties

/// Values as documents have them: stricter than libscf's string forms, with numbers in base 10.
enum ValueText {
    /// The value of that type that `text` is, for the property `name`; nil where it is none.
    ///
    /// A negative `timeout_seconds` stands for that many below 2^64; no other count is negative.
    static func value(
        _ text: String, _ type: PropertyType, of name: String
    ) -> PropertyValue? {
        switch type.root {
        case .boolean:
            text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
        case .count:
            count(text, mayBeNegative: name == "timeout_seconds").map(PropertyValue.count)
        case .integer:
            isDecimal(text) ? Int64(text).map(PropertyValue.integer) : nil
        case .time, .opaque, .astring, .ustring, .uri, .fmri, .host, .hostname, .netAddress,
            .netAddressV4, .netAddressV6:
            PropertyValue(stringBytes: Array(text.utf8), type: type)
        }
    }

    private static func count(_ text: String, mayBeNegative: Bool) -> UInt64? {
        guard isDecimal(text) else { return nil }
        guard text.first == "-" else { return UInt64(text) }
        guard mayBeNegative else { return nil }
        return UInt64(text.dropFirst()).map { 0 &- $0 }
    }

    /// Whether `text` is digits, and one sign before them at the most.
    private static func isDecimal(_ text: String) -> Bool {
        var digits = text.utf8[...]
        if let first = digits.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            digits = digits.dropFirst()
        }
        return !digits.isEmpty
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// How a document tells a value; nil for a text that no document can hold.
    static func text(_ value: PropertyValue) -> String? {
        obstacle(to: value) == nil ? String(validating: value.stringBytes, as: UTF8.self) : nil
    }

    /// Why no document can hold a value, as `which …`; nil where one can.
    static func obstacle(to value: PropertyValue) -> String? {
        guard let text = String(validating: value.stringBytes, as: UTF8.self) else {
            return "which is not UTF-8"
        }
        guard let first = text.unicodeScalars.first(where: { !DocumentWriter.isExpressible($0) })
        else { return nil }
        let digits = String(first.value, radix: 16, uppercase: true)
        let zeros = String(repeating: "0", count: max(0, 4 - digits.count))
        return "which has the character U+\(zeros)\(digits)"
    }
}
