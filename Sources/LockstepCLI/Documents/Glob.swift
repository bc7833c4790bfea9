/// Patterns of the shell: `*` any bytes, `?` one, `[a-z]` one of a set, `[!a-z]` one of no set.
package enum Glob {
    /// Whether `text` has a character that makes it a pattern.
    package static func isPattern(_ text: some StringProtocol) -> Bool {
        text.utf8.contains { "*?[".utf8.contains($0) }
    }

    package static func matches(_ text: some StringProtocol, _ pattern: some StringProtocol) -> Bool
    {
        matches(Array(text.utf8), String(pattern))
    }

    /// Whether all of `text` fits the pattern; takes at most their lengths multiplied.
    package static func matches(_ text: [UInt8], _ pattern: String) -> Bool {
        let pattern = Array(pattern.utf8)
        var place = 0
        var textPlace = 0
        // Where to go on when what follows the last star does not fit: one byte further.
        var retry: (place: Int, textPlace: Int)?
        while textPlace < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                place += 1
                retry = (place, textPlace)
                continue
            }
            if let next = step(pattern, place, text[textPlace]) {
                place = next
                textPlace += 1
                continue
            }
            guard let last = retry else { return false }
            retry = (last.place, last.textPlace + 1)
            (place, textPlace) = (last.place, last.textPlace + 1)
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// The place behind what takes `byte`; nil where the pattern does not take it there.
    private static func step(_ pattern: [UInt8], _ place: Int, _ byte: UInt8) -> Int? {
        guard place < pattern.count else { return nil }
        switch pattern[place] {
        case UInt8(ascii: "?"): return place + 1
        case UInt8(ascii: "["): return set(pattern, place, byte)
        case byte: return place + 1
        default: return nil
        }
    }

    /// The same for a set; a bracket that is never closed stands for itself.
    private static func set(_ pattern: [UInt8], _ start: Int, _ byte: UInt8) -> Int? {
        var place = start + 1
        let isInverted = place < pattern.count && pattern[place] == UInt8(ascii: "!")
        if isInverted { place += 1 }
        // A bracket in front belongs to the set.
        guard place < pattern.count,
            let end = pattern[(place + 1)...].firstIndex(of: UInt8(ascii: "]"))
        else { return byte == UInt8(ascii: "[") ? start + 1 : nil }
        var isIn = false
        while place < end {
            if place + 2 < end, pattern[place + 1] == UInt8(ascii: "-") {
                isIn = isIn || (pattern[place] <= byte && byte <= pattern[place + 2])
                place += 3
            } else {
                isIn = isIn || pattern[place] == byte
                place += 1
            }
        }
        return isIn != isInverted ? end + 1 : nil
    }
}
