/// One value of a property, held as the root of its type demands.
package enum PropertyValue: Hashable, Sendable {
    case boolean(Bool)
    case count(UInt64)
    case integer(Int64)
    /// Seconds since 1970, and nanoseconds in `[0, 1_000_000_000)` to add to them.
    case time(seconds: Int64, nanoseconds: UInt32)
    /// A value of `astring` or below: bytes without NUL, UTF-8 from `ustring` on.
    case text([UInt8])
    case opaque([UInt8])

    /// Bytes of a text, of an opaque value.
    package static let textBytes = 4_095
    package static let opaqueBytes = 4_096

    /// Whether this is a value of `type`.
    package func isValid(as type: PropertyType) -> Bool {
        switch self {
        case .boolean: type == .boolean
        case .count: type == .count
        case .integer: type == .integer
        case .time(_, let nanoseconds): type == .time && nanoseconds < 1_000_000_000
        case .opaque(let bytes): type == .opaque && bytes.count <= Self.opaqueBytes
        case .text(let bytes):
            type.root == .astring && bytes.count <= Self.textBytes && !bytes.contains(0)
                && Self.isText(bytes, of: type)
        }
    }

    private static func isText(_ bytes: [UInt8], of type: PropertyType) -> Bool {
        switch type {
        case .boolean, .count, .integer, .time, .opaque:
            false
        case .astring:
            true
        case .ustring, .hostname, .host:
            isUTF8(bytes)
        case .uri:
            isUTF8(bytes) && hasURIPath(bytes)
        case .fmri:
            isUTF8(bytes) && FMRI.isWellFormed(bytes)
        case .netAddressV4:
            NetworkAddress.isVersion4(bytes[...])
        case .netAddressV6:
            NetworkAddress.isVersion6(bytes[...])
        case .netAddress:
            NetworkAddress.isVersion4(bytes[...]) || NetworkAddress.isVersion6(bytes[...])
        }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    /// Whether the split of *RFC 2396 appendix B* leaves a path that is not empty.
    private static func hasURIPath(_ bytes: [UInt8]) -> Bool {
        let delimiters = Array(":/?#".utf8)
        var rest = bytes[...]
        if let end = rest.firstIndex(where: delimiters.contains), end > rest.startIndex,
            rest[end] == UInt8(ascii: ":")
        {
            rest = rest[(end + 1)...]
        }
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2).drop { !delimiters.dropFirst().contains($0) }
        }
        guard let first = rest.first else { return false }
        return first != UInt8(ascii: "?") && first != UInt8(ascii: "#")
    }
}
