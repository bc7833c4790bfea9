/// Names of any bytes, written so that the service configuration facility takes them, and back.
///
/// A property or group name there is `[A-Za-z][A-Za-z0-9_-]*` of at most 119 bytes (*scf_limit(3SCF)*).
///
/// | in the original | in the escape |
/// |---|---|
/// | letter, digit, `-` | itself |
/// | any other byte, `_` too | `_` and two lower-case hexadecimal digits |
/// | a first byte that is no letter | `z__` in front of the escape of the whole |
///
/// Every name has exactly one escape and no two share one: `__` stands nowhere else, and what is
/// not the escape of something reads as nil. `g++` is `g_2b_2b`, `0ad` is `z__0ad`, and
/// `libc6:i386` is `libc6_3ai386`.
package enum EscapedName {
    package static let longest = 119
    private static let marker = Array("z__".utf8)
    private static let digits = Array("0123456789abcdef".utf8)

    /// The escape of `name`; nil if that is empty or the escape too long.
    package static func escape(_ name: some Sequence<UInt8>) -> String? {
        var escaped: [UInt8] = []
        for byte in name {
            if escaped.isEmpty, !isLetter(byte) { escaped += marker }
            if isPlain(byte) {
                escaped.append(byte)
            } else {
                escaped += [
                    UInt8(ascii: "_"), digits[Int(byte >> 4)], digits[Int(byte & 15)],
                ]
            }
        }
        guard (1...longest).contains(escaped.count) else { return nil }
        return String(decoding: escaped, as: UTF8.self)
    }

    /// The bytes that `escaped` is the escape of; nil if there are none.
    package static func unescape(_ escaped: String) -> [UInt8]? {
        let bytes = Array(escaped.utf8)
        guard bytes.count <= longest else { return nil }
        var name: [UInt8] = []
        var rest = bytes[...]
        if rest.starts(with: marker) { rest = rest.dropFirst(marker.count) }
        while let byte = rest.popFirst() {
            if isPlain(byte) {
                name.append(byte)
                continue
            }
            guard byte == UInt8(ascii: "_"), let high = rest.popFirst().flatMap(digits.firstIndex),
                let low = rest.popFirst().flatMap(digits.firstIndex)
            else { return nil }
            name.append(UInt8(high << 4 | low))
        }
        // What has a second spelling (such as _61 for "a") is not an escape.
        return escape(name) == escaped ? name : nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        default: false
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: isLetter(byte)
        }
    }
}
