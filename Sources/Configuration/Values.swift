#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import IOCore
import Identifiers

/// The texts of single values, read and written; each reading gives nil for what it does not know.
enum Values {
    /// Decimal digits and nothing else.
    static func number(_ text: some StringProtocol) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return UInt64(text)
    }

    /// Milliseconds of a text such as `150ms`, `2s` or `1m`.
    static func milliseconds(_ text: String) -> UInt64? {
        scaled(text, units: durationUnits)
    }

    /// Bytes of a text such as `64MiB`; a number without a unit counts bytes.
    static func bytes(_ text: String) -> UInt64? {
        scaled(text, units: sizeUnits + [("", 1)])
    }

    /// The shortest text that `milliseconds` reads back.
    static func duration(_ milliseconds: UInt64) -> String {
        worded(milliseconds, units: durationUnits)
    }

    /// The shortest text that `bytes` reads back.
    static func size(_ bytes: UInt64) -> String {
        worded(bytes, units: sizeUnits)
    }

    private static let durationUnits: [(String, UInt64)] = [("m", 60_000), ("s", 1_000), ("ms", 1)]
    private static let sizeUnits: [(String, UInt64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    private static func scaled(_ text: String, units: [(String, UInt64)]) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count).drop { $0 == " " }
        guard let value = number(digits), let unit = units.first(where: { $0.0 == suffix })
        else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: unit.1)
        return overflow ? nil : product
    }

    private static func worded(_ value: UInt64, units: [(String, UInt64)]) -> String {
        for (unit, factor) in units where value >= factor && value % factor == 0 {
            return "\(value / factor)\(unit)"
        }
        return "\(value)\(units.last?.0 ?? "")"
    }

    /// An address whose host is an IP address, or `localhost`, which becomes 127.0.0.1; port over 0.
    static func address(_ text: String) -> Address? {
        guard let address = Address(text), address.port > 0,
            number(text[text.index(after: text.lastIndex(of: ":") ?? text.startIndex)...]) != nil
        else { return nil }
        if address.host == "localhost" { return Address(host: "127.0.0.1", port: address.port) }
        let family = text.hasPrefix("[") ? AF_INET6 : AF_INET
        return isNumeric(address.host, family: family) ? address : nil
    }

    private static func isNumeric(_ host: String, family: Int32) -> Bool {
        var storage = in6_addr()
        return unsafe inet_pton(family, host, &storage) == 1
    }

    /// A member in the form `ID=PEER/CLIENT`.
    static func member(_ text: some StringProtocol) -> NodeConfiguration.Member? {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = number(parts[0]), Ranges.node.contains(id) else {
            return nil
        }
        let addresses = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard addresses.count == 2, let peer = address(String(addresses[0])),
            let client = address(String(addresses[1]))
        else { return nil }
        return NodeConfiguration.Member(id: NodeID(id), peer: peer, client: client)
    }

    /// Whether `text` can name a cluster.
    static func isClusterName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
