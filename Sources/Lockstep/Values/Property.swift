import Identifiers
import Properties

/// The type of a property, named as libscf names it.
public enum PropertyType: String, Hashable, Sendable, CaseIterable {
    case boolean
    case count
    case integer
    case time
    case astring
    case opaque
    case ustring
    case uri
    case fmri
    case host
    case hostname
    case netAddressV4 = "net_address_v4"
    case netAddressV6 = "net_address_v6"
    case netAddress = "net_address"

    var stored: Properties.PropertyType {
        switch self {
        case .boolean: .boolean
        case .count: .count
        case .integer: .integer
        case .time: .time
        case .astring: .astring
        case .opaque: .opaque
        case .ustring: .ustring
        case .uri: .uri
        case .fmri: .fmri
        case .host: .host
        case .hostname: .hostname
        case .netAddressV4: .netAddressV4
        case .netAddressV6: .netAddressV6
        case .netAddress: .netAddress
        }
    }

    init(_ type: Properties.PropertyType) {
        self =
            switch type {
            case .boolean: .boolean
            case .count: .count
            case .integer: .integer
            case .time: .time
            case .astring: .astring
            case .opaque: .opaque
            case .ustring: .ustring
            case .uri: .uri
            case .fmri: .fmri
            case .host: .host
            case .hostname: .hostname
            case .netAddressV4: .netAddressV4
            case .netAddressV6: .netAddressV6
            case .netAddress: .netAddress
            }
    }
}

/// One value of a property.
public enum PropertyValue: Hashable, Sendable {
    case boolean(Bool)
    case count(UInt64)
    case integer(Int64)
    /// Seconds since 1970, and nanoseconds in `[0, 1_000_000_000)` to add to them.
    case time(seconds: Int64, nanoseconds: UInt32)
    /// A value of `astring` or a type below it: bytes without NUL, usually UTF-8.
    case textBytes([UInt8])
    case opaque([UInt8])

    /// A value of `astring` or a type below it.
    public static func text(_ text: String) -> PropertyValue {
        .textBytes(Array(text.utf8))
    }

    /// The text of a value of `astring` or below, if it is UTF-8.
    public var text: String? {
        if case .textBytes(let bytes) = self {
            String(validating: bytes, as: UTF8.self)
        } else {
            nil
        }
    }

    var stored: Properties.PropertyValue {
        switch self {
        case .boolean(let value): .boolean(value)
        case .count(let value): .count(value)
        case .integer(let value): .integer(value)
        case .time(let seconds, let nanoseconds):
            .time(seconds: seconds, nanoseconds: nanoseconds)
        case .textBytes(let bytes): .text(bytes)
        case .opaque(let bytes): .opaque(bytes)
        }
    }

    init(_ value: Properties.PropertyValue) {
        self =
            switch value {
            case .boolean(let value): .boolean(value)
            case .count(let value): .count(value)
            case .integer(let value): .integer(value)
            case .time(let seconds, let nanoseconds):
                .time(seconds: seconds, nanoseconds: nanoseconds)
            case .text(let bytes): .textBytes(bytes)
            case .opaque(let bytes): .opaque(bytes)
            }
    }
}

/// The identity of a service, an instance, a group or a snapshot.
///
/// What is made again under an old name is another one.
public struct PropertyIdentity: Hashable, Sendable, CustomStringConvertible {
    public let index: UInt64
    public let ordinal: UInt32

    public init(index: UInt64, ordinal: UInt32) {
        self.index = index
        self.ordinal = ordinal
    }

    public var description: String {
        "\(index).\(ordinal)"
    }

    init(_ id: EntityID) {
        self.init(index: id.index.rawValue, ordinal: id.ordinal)
    }

    var stored: EntityID {
        EntityID(index: LogIndex(index), ordinal: ordinal)
    }
}

/// The version of a group's content; it grows with every change and never comes back.
public struct GroupVersion: Hashable, Sendable, CustomStringConvertible {
    public let index: UInt64
    public let ordinal: UInt32

    public init(index: UInt64, ordinal: UInt32) {
        self.index = index
        self.ordinal = ordinal
    }

    public var description: String {
        "\(index).\(ordinal)"
    }

    init(_ version: Properties.GroupVersion) {
        self.init(index: version.index.rawValue, ordinal: version.ordinal)
    }

    var stored: Properties.GroupVersion {
        Properties.GroupVersion(index: LogIndex(index), ordinal: ordinal)
    }
}

/// A property as it was read.
public struct Property: Hashable, Sendable {
    public let name: String
    public let type: PropertyType
    public let values: [PropertyValue]
    /// Of the group that holds it.
    public let groupVersion: GroupVersion
}

/// A group of properties as it was read; it stays so until `LockstepClient.update` moves it on.
public struct PropertyGroup: Hashable, Sendable {
    public let path: String
    public let identity: PropertyIdentity
    public let type: String
    public let isPersistent: Bool
    public let version: GroupVersion
    /// Sorted by name.
    public let properties: [Property]

    public subscript(name: String) -> Property? {
        properties.first { $0.name == name }
    }
}

/// Names of services, instances or groups, in order.
public struct NameListing: Hashable, Sendable {
    public let names: [String]
    /// Ask again, after the last name.
    public let hasMore: Bool
}

/// What a list is of.
public enum NameScope: Hashable, Sendable {
    case services
    case instances(of: String)
    /// The groups of a service or an instance.
    case groups(of: String)
}
