/// Internet addresses in text, as *inet_pton* reads them, with an optional `/prefix`.
enum NetworkAddress {
    static func isVersion4(_ text: ArraySlice<UInt8>) -> Bool {
        hasPrefixLength(text, atMost: 32, isDottedQuad)
    }

    static func isVersion6(_ text: ArraySlice<UInt8>) -> Bool {
        hasPrefixLength(text, atMost: 128, isColonHexadecimal)
    }

    private static func hasPrefixLength(
        _ text: ArraySlice<UInt8>, atMost limit: Int, _ isAddress: (ArraySlice<UInt8>) -> Bool
    ) -> Bool {
        guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else { return isAddress(text) }
        guard let length = decimal(text[(slash + 1)...]), length <= limit else { return false }
        return isAddress(text[..<slash])
    }

    /// Up to three digits.
    private static func decimal(_ text: ArraySlice<UInt8>) -> Int? {
        guard (1...3).contains(text.count) else { return nil }
        var value = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// Four numbers in `[0, 255]` without needless zeros.
    private static func isDottedQuad(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard let value = decimal(part), value <= 255 else { return false }
                return part.count == 1 || part.first != UInt8(ascii: "0")
            }
    }

    /// Eight groups of one to four digits; one `::` stands for one group of zeros or more; the last
    /// two groups may be a dotted quad (*RFC 4291 §2.2*).
    private static func isColonHexadecimal(_ text: ArraySlice<UInt8>) -> Bool {
        let colon = UInt8(ascii: ":")
        var parts = text.split(separator: colon, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts.count <= 9 else { return false }
        if let last = parts.last, last.contains(UInt8(ascii: ".")) {
            guard isDottedQuad(last) else { return false }
            parts[parts.count - 1] = last.prefix(1)
            parts.insert(last.prefix(1), at: parts.count - 1)
        }
        // An empty part at an end belongs to a `::` there, and makes no group itself.
        if parts[0].isEmpty {
            guard parts[1].isEmpty else { return false }
            parts.removeFirst()
        }
        if parts[parts.count - 1].isEmpty {
            guard parts[parts.count - 2].isEmpty else { return false }
            parts.removeLast()
        }
        let gaps = parts.count { $0.isEmpty }
        guard gaps == 0 ? parts.count == 8 : gaps == 1 && parts.count <= 8 else { return false }
        return parts.allSatisfy { $0.count <= 4 && $0.allSatisfy(isHexadecimal) }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
