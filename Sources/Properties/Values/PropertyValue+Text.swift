import JSON
import Transactions

// The string form of values (*scf_value_get_as_string*, *scf_value_set_from_string*). Bytes, since
// an `astring` need not be UTF-8.
extension PropertyValue {
    /// The one string form of this value.
    ///
    /// `true` or `false`; decimal digits; seconds, with nine digits of fraction unless it is zero;
    /// two lower-case digits a byte of an opaque value; a text as it is.
    package var stringBytes: [UInt8] {
        switch self {
        case .boolean(let value): Array((value ? "true" : "false").utf8)
        case .count(let value): Array(String(value).utf8)
        case .integer(let value): Array(String(value).utf8)
        case .time(let seconds, 0): Array(String(seconds).utf8)
        case .time(let seconds, let nanoseconds):
            Array("\(seconds).\(String(1_000_000_000 + UInt64(nanoseconds)).dropFirst())".utf8)
        case .text(let bytes): bytes
        case .opaque(let bytes): Array(JSONValue.hexadecimal(bytes).utf8)
        }
    }

    /// Reads a string form of a value of `type`; nil where it is none.
    ///
    /// Numbers may have spaces and a sign before them and be in base 8, 10 or 16, as *strtoll* with
    /// base 0 reads them; a count may not be negative.
    package init?(stringBytes text: [UInt8], type: PropertyType) {
        let value: PropertyValue?
        switch type.root {
        case .boolean: value = Self.parseBoolean(text)
        case .count: value = Self.parseCount(text)
        case .integer: value = Self.parseInteger(text)
        case .time: value = Self.parseTime(text)
        case .opaque: value = Self.parseOpaque(text)
        case .astring, .ustring, .uri, .fmri, .host, .hostname, .netAddress, .netAddressV4,
            .netAddressV6:
            value = .text(text)
        }
        guard let value, value.isValid(as: type) else { return nil }
        self = value
    }

    private static func parseBoolean(_ text: [UInt8]) -> PropertyValue? {
        switch String(decoding: text, as: UTF8.self) {
        case "true", "t", "1": .boolean(true)
        case "false", "f", "0": .boolean(false)
        default: nil
        }
    }

    private static func parseCount(_ text: [UInt8]) -> PropertyValue? {
        guard let (isNegative, magnitude) = number(text[...], base: nil) else { return nil }
        return isNegative && magnitude > 0 ? nil : .count(magnitude)
    }

    private static func parseInteger(_ text: [UInt8]) -> PropertyValue? {
        signed(text[...], base: nil).map(PropertyValue.integer)
    }

    private static func parseTime(_ text: [UInt8]) -> PropertyValue? {
        let dot = text.firstIndex(of: UInt8(ascii: ".")) ?? text.count
        guard let seconds = signed(text[..<dot], base: 10) else { return nil }
        guard dot < text.count else { return .time(seconds: seconds, nanoseconds: 0) }
        let fraction = text[(dot + 1)...]
        guard (1...9).contains(fraction.count) else { return nil }
        var nanoseconds: UInt32 = 0
        for place in 0..<9 {
            let byte = place < fraction.count ? fraction[dot + 1 + place] : UInt8(ascii: "0")
            guard let digit = digit(byte), digit < 10 else { return nil }
            nanoseconds = nanoseconds * 10 + UInt32(digit)
        }
        return .time(seconds: seconds, nanoseconds: nanoseconds)
    }

    private static func parseOpaque(_ text: [UInt8]) -> PropertyValue? {
        guard text.count.isMultiple(of: 2), text.count <= opaqueBytes * 2 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for place in stride(from: 0, to: text.count, by: 2) {
            guard let high = digit(text[place]), let low = digit(text[place + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return .opaque(bytes)
    }

    private static func signed(_ text: ArraySlice<UInt8>, base: UInt64?) -> Int64? {
        guard let (isNegative, magnitude) = number(text, base: base) else { return nil }
        if isNegative {
            return magnitude <= Int64.min.magnitude
                ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }

    /// Spaces, a sign, then digits to the end; without `base`, the digits tell it.
    private static func number(
        _ text: ArraySlice<UInt8>, base: UInt64?
    ) -> (isNegative: Bool, magnitude: UInt64)? {
        var rest = text.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        var radix = base ?? 10
        if base == nil, rest.first == UInt8(ascii: "0"), rest.count > 1 {
            let isHexadecimal = rest.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
            radix = isHexadecimal ? 16 : 8
            rest = rest.dropFirst(isHexadecimal ? 2 : 1)
        }
        guard !rest.isEmpty else { return nil }
        var magnitude: UInt64 = 0
        for byte in rest {
            guard let digit = digit(byte), UInt64(digit) < radix else { return nil }
            let (product, productOverflow) = magnitude.multipliedReportingOverflow(by: radix)
            let (sum, sumOverflow) = product.addingReportingOverflow(UInt64(digit))
            guard !productOverflow, !sumOverflow else { return nil }
            magnitude = sum
        }
        return (isNegative, magnitude)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
