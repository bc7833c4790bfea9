/// The type of a property: libscf's lattice, with libscf's numbers (*libscf.h*).
///
/// ```
/// boolean  count  integer  time  opaque  astring
///                                        └ ustring ┬ uri ─ fmri
///                                                  └ host ┬ hostname
///                                                         └ net_address ┬ net_address_v4
///                                                                       └ net_address_v6
/// ```
package enum PropertyType: UInt16, Sendable, CaseIterable, CustomStringConvertible {
    case boolean = 1
    case count = 2
    case integer = 3
    case time = 4
    case astring = 5
    case opaque = 6
    case ustring = 100
    case uri = 200
    case fmri = 201
    case host = 300
    case hostname = 301
    case netAddressV4 = 302
    case netAddressV6 = 303
    case netAddress = 304

    /// The type named `name`, in the spelling of `description`.
    package init?(name: String) {
        guard let type = Self.allCases.first(where: { $0.description == name }) else { return nil }
        self = type
    }

    package var description: String {
        switch self {
        case .boolean: "boolean"
        case .count: "count"
        case .integer: "integer"
        case .time: "time"
        case .astring: "astring"
        case .opaque: "opaque"
        case .ustring: "ustring"
        case .uri: "uri"
        case .fmri: "fmri"
        case .host: "host"
        case .hostname: "hostname"
        case .netAddressV4: "net_address_v4"
        case .netAddressV6: "net_address_v6"
        case .netAddress: "net_address"
        }
    }

    /// The type one step up; nil for those on top.
    package var parent: PropertyType? {
        switch self {
        case .boolean, .count, .integer, .time, .astring, .opaque: nil
        case .ustring: .astring
        case .uri, .host: .ustring
        case .fmri: .uri
        case .hostname, .netAddress: .host
        case .netAddressV4, .netAddressV6: .netAddress
        }
    }

    /// The type at the top of this one's branch, which decides how a value is held.
    package var root: PropertyType {
        var type = self
        while let parent = type.parent { type = parent }
        return type
    }

    /// Whether a value of this type is one of `other` too: `other` is this type or an ancestor.
    package func isKind(of other: PropertyType) -> Bool {
        var type: PropertyType? = self
        while let current = type {
            if current == other { return true }
            type = current.parent
        }
        return false
    }
}
