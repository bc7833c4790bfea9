/// What names may be (*uu_check_name*, as libscf uses it): ASCII, `[1, 119]` bytes.
///
/// An identifier is a letter, then letters, digits, `_` and `-`. A provider prefix is a letter, then
/// letters, digits, `_`, `.` and `-`, then a comma.
package enum NameRules {
    /// Bytes of a name or of a group's type; of an FMRI.
    package static let nameBytes = 119
    package static let fmriBytes = 628

    package enum Kind: Sendable, CaseIterable {
        case scope
        case service
        case instance
        case group
        case groupType
        case property
        case snapshot

        package var noun: String {
            switch self {
            case .scope: "scope"
            case .service: "service"
            case .instance: "instance"
            case .group: "property group"
            case .groupType: "property group type"
            case .property: "property"
            case .snapshot: "snapshot"
            }
        }
    }

    /// Whether `name` may name a thing of that kind.
    package static func isValid(_ name: String, as kind: Kind) -> Bool {
        isValid(name.utf8, as: kind)
    }

    /// One pass without an allocation: every operation in the log has names.
    static func isValid(
        _ name: some Collection<UInt8>, as kind: Kind, mostBytes: Int = nameBytes
    ) -> Bool {
        var count = 0
        var isAtStart = true
        var isAfterComma = false
        // A dot belongs to a provider, so a comma must follow.
        var needsComma = false
        for byte in name {
            count += 1
            switch byte {
            case _ where isLetter(byte):
                isAtStart = false
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                guard !isAtStart else { return false }
            case UInt8(ascii: "."):
                guard !isAtStart, !isAfterComma else { return false }
                needsComma = true
            case UInt8(ascii: ","):
                guard !isAtStart, !isAfterComma, kind != .scope else { return false }
                isAfterComma = true
                isAtStart = true
                needsComma = false
            case UInt8(ascii: "/"):
                guard !isAtStart, !needsComma, kind == .service else { return false }
                isAtStart = true
                isAfterComma = false
            default:
                return false
            }
        }
        return count <= mostBytes && !isAtStart && !needsComma
    }

    /// Whether the bytes at `range` of `bytes` may name a thing of that kind.
    package static func isValid(_ bytes: [UInt8], in range: Range<Int>, as kind: Kind) -> Bool {
        // Within a slice each byte would be checked against its bounds.
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe isValid(UnsafeBufferPointer(rebasing: buffer[range]), as: kind)
        }
    }

    /// Negative, zero or positive as one valid name sorts before, with or after another.
    package static func order(
        of left: [UInt8], _ leftRange: Range<Int>, and right: [UInt8], _ rightRange: Range<Int>
    ) -> Int {
        let common = min(leftRange.count, rightRange.count)
        for place in 0..<common {
            let leftByte = left[leftRange.lowerBound + place]
            let rightByte = right[rightRange.lowerBound + place]
            if leftByte != rightByte { return Int(leftByte) - Int(rightByte) }
        }
        return leftRange.count - rightRange.count
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
