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
        isValid(Array(name.utf8)[...], as: kind)
    }

    static func isValid(_ name: ArraySlice<UInt8>, as kind: Kind) -> Bool {
        guard !name.isEmpty, name.count <= nameBytes else { return false }
        switch kind {
        case .scope:
            return isIdentifier(name)
        case .service:
            return name.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .allSatisfy(isProvidedIdentifier)
        case .instance, .group, .groupType, .property, .snapshot:
            return isProvidedIdentifier(name)
        }
    }

    private static func isProvidedIdentifier(_ name: ArraySlice<UInt8>) -> Bool {
        guard let comma = name.firstIndex(of: UInt8(ascii: ",")) else { return isIdentifier(name) }
        let provider = name[..<comma]
        return startsWithLetter(provider)
            && provider.allSatisfy { isIdentifierByte($0) || $0 == UInt8(ascii: ".") }
            && isIdentifier(name[(comma + 1)...])
    }

    private static func isIdentifier(_ name: ArraySlice<UInt8>) -> Bool {
        startsWithLetter(name) && name.allSatisfy(isIdentifierByte)
    }

    private static func startsWithLetter(_ name: ArraySlice<UInt8>) -> Bool {
        name.first.map(isLetter) ?? false
    }

    private static func isIdentifierByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
