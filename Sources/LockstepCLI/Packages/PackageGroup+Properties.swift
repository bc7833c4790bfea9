import DebianControl
import Lockstep

extension PackageGroup {
    /// The group's place in the tree.
    var path: String {
        "\(Self.instance)/:properties/\(name)"
    }

    /// The transaction that makes the group hold just this package.
    func transaction() throws -> Transaction {
        var transaction = Transaction()
        try transaction.replaceGroup(
            path, properties: try properties.map { try $0.definition() }, groupType: Self.type)
        return transaction
    }

    /// The package that a group of the store holds.
    init(_ group: PropertyGroup, name: String) {
        self.init(
            name: name,
            properties: group.properties.map { property in
                PackageProperty(
                    name: property.name, type: .init(property.type),
                    values: property.values.map(\.rawBytes))
            })
    }
}

extension PackageProperty {
    fileprivate func definition() throws -> PropertyDefinition {
        let kind: PropertyType =
            switch type {
            case .count: .count
            case .boolean: .boolean
            case .astring: .astring
            case .ustring: .ustring
            case .opaque: .opaque
            }
        let read = values.compactMap { bytes -> PropertyValue? in
            switch type {
            case .astring, .ustring: .textBytes(bytes)
            case .opaque: .opaque(bytes)
            case .count, .boolean: PropertyValue(stringBytes: bytes, type: kind)
            }
        }
        guard read.count == values.count else {
            throw CommandFailure(.malformedInput, "\(name) does not hold values of \(type)")
        }
        return PropertyDefinition(name: name, type: kind, values: read)
    }
}

extension PackageProperty.ValueType {
    /// A type that no import writes counts as opaque, so that a comparison tells the difference.
    fileprivate init(_ type: PropertyType) {
        self =
            switch type {
            case .count: .count
            case .boolean: .boolean
            case .astring: .astring
            case .ustring: .ustring
            case .integer, .time, .opaque, .uri, .fmri, .host, .hostname, .netAddress,
                .netAddressV4, .netAddressV6:
                .opaque
            }
    }
}

extension PropertyValue {
    /// The bytes of a text or an opaque value; the string form of any other.
    fileprivate var rawBytes: [UInt8] {
        switch self {
        case .textBytes(let bytes), .opaque(let bytes): bytes
        case .boolean, .count, .integer, .time: stringBytes
        }
    }
}
