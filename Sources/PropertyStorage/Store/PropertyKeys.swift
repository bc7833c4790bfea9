import Codec
import KeyValue
package import Properties
import Stores
import Transactions

/// The rows of the properties, below the store's prefix byte `10`.
///
/// | key after `10` | row |
/// |---|---|
/// | 01, service | identity of a service |
/// | 02, service, instance | identity of an instance |
/// | 03, owner, group | `PropertyGroup` |
/// | 04, owner, group | empty, for each group that is not persistent |
/// | 05, service, instance, snapshot | `SnapshotRow` |
/// | 06, content | `SnapshotContent` |
/// | 07, content, 00 (instance) or 01 (service), group | `PropertyGroup` as it was |
/// | 08 | `BootRegister` |
///
/// Names are strings of `KeyEncoder`; an owner is a service, then 00, or 01 and an instance; a
/// content is the index and ordinal of its identity, integers of `KeyEncoder`.
package enum PropertyKeys {
    private static let services: UInt8 = 1
    private static let instances: UInt8 = 2
    private static let groups: UInt8 = 3
    private static let nonPersistent: UInt8 = 4
    private static let snapshots: UInt8 = 5
    private static let contents: UInt8 = 6
    private static let contentGroups: UInt8 = 7
    private static let boots: UInt8 = 8

    /// The key of the service, instance or group that `path` names, or whose property it names.
    package static func key(_ path: PropertyPath) -> [UInt8] {
        if let group = path.group {
            var encoder = owner(path, space: groups)
            encoder.append(group)
            return encoder.bytes
        }
        var encoder = start(path.instance == nil ? services : instances)
        encoder.append(path.service)
        if let instance = path.instance { encoder.append(instance) }
        return encoder.bytes
    }

    /// The key of the group that `path` names, of the same bytes as that of `path.path`.
    static func groupKey(_ path: EncodedPath) -> [UInt8] {
        var key = emptyKey(for: path)
        key.append(groups)
        append(path.service, of: path, to: &key)
        key.append(path.instance == nil ? 0 : 1)
        if let instance = path.instance { append(instance, of: path, to: &key) }
        if let group = path.group { append(group, of: path, to: &key) }
        return key
    }

    /// The key of the service or instance that `path` is in.
    static func ownerKey(_ path: EncodedPath) -> [UInt8] {
        var key = emptyKey(for: path)
        key.append(path.instance == nil ? services : instances)
        append(path.service, of: path, to: &key)
        if let instance = path.instance { append(instance, of: path, to: &key) }
        return key
    }

    /// The store's prefix byte, and room for all names of `path`.
    private static func emptyKey(for path: EncodedPath) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(
            9 + path.service.count + (path.instance?.count ?? 0) + (path.group?.count ?? 0))
        key.append(StoreID.properties.rawValue)
        return key
    }

    /// Appends a name as `KeyEncoder` does; a valid name has no byte that would be escaped.
    private static func append(_ name: Range<Int>, of path: EncodedPath, to key: inout [UInt8]) {
        key.append(path.bytes, in: name)
        key.append(0x00)
        key.append(0x01)
    }

    /// The key that notes that the group `path` is not persistent.
    static func nonPersistentKey(_ path: PropertyPath) -> [UInt8] {
        var encoder = owner(path, space: nonPersistent)
        if let group = path.group { encoder.append(group) }
        return encoder.bytes
    }

    /// What all services' keys, all of a service's instances', all of an owner's groups' begin with.
    static var servicesPrefix: [UInt8] { start(services).bytes }

    static func instancesPrefix(_ service: PropertyPath) -> [UInt8] {
        var encoder = start(instances)
        encoder.append(service.service)
        return encoder.bytes
    }

    package static func groupsPrefix(_ path: PropertyPath) -> [UInt8] {
        owner(path, space: groups).bytes
    }

    static var bootsKey: [UInt8] { start(boots).bytes }

    static var nonPersistentPrefix: [UInt8] { start(nonPersistent).bytes }

    package static func snapshotKey(_ path: SnapshotPath) -> [UInt8] {
        var encoder = KeyEncoder(snapshotsPrefix(path.instance))
        encoder.append(path.name)
        return encoder.bytes
    }

    static func snapshotsPrefix(_ instance: PropertyPath) -> [UInt8] {
        var encoder = start(snapshots)
        encoder.append(instance.service)
        if let instance = instance.instance { encoder.append(instance) }
        return encoder.bytes
    }

    static func contentKey(_ content: EntityID) -> [UInt8] {
        key(of: content, space: contents).bytes
    }

    /// What the keys of all groups of a content begin with, of both levels.
    static func contentGroupsPrefix(_ content: EntityID) -> [UInt8] {
        key(of: content, space: contentGroups).bytes
    }

    static func levelPrefix(_ content: EntityID, _ level: SnapshotLevel) -> [UInt8] {
        var encoder = key(of: content, space: contentGroups)
        encoder.append(byte: level.rawValue)
        return encoder.bytes
    }

    static func levelKey(
        _ content: EntityID, _ level: SnapshotLevel, group: String
    ) -> [UInt8] {
        var encoder = KeyEncoder(levelPrefix(content, level))
        encoder.append(group)
        return encoder.bytes
    }

    private static func key(of content: EntityID, space: UInt8) -> KeyEncoder {
        var encoder = start(space)
        encoder.append(content.index)
        encoder.append(UInt64(content.ordinal))
        return encoder
    }

    /// The name at the end of `key`, which begins with one of the prefixes above.
    static func name(_ key: [UInt8], after prefix: [UInt8]) throws(KeyDecodingFailure) -> String {
        var decoder = KeyDecoder(key, from: prefix.count)
        let name = try decoder.readString()
        try decoder.finish()
        return name
    }

    /// The group whose key, of either kind, is `key`.
    static func groupPath(_ key: [UInt8]) throws(KeyDecodingFailure) -> PropertyPath? {
        var decoder = KeyDecoder(key, from: min(2, key.count))
        let service = try decoder.readString()
        let instance = try decoder.readByte() == 0 ? nil : try decoder.readString()
        let group = try decoder.readString()
        try decoder.finish()
        return PropertyPath(service: service, instance: instance, group: group)
    }

    private static func start(_ space: UInt8) -> KeyEncoder {
        var prefix: [UInt8] = []
        prefix.reserveCapacity(96)
        prefix.append(StoreID.properties.rawValue)
        prefix.append(space)
        return KeyEncoder(prefix)
    }

    private static func owner(_ path: PropertyPath, space: UInt8) -> KeyEncoder {
        var encoder = start(space)
        encoder.append(path.service)
        encoder.append(byte: path.instance == nil ? 0 : 1)
        if let instance = path.instance { encoder.append(instance) }
        return encoder
    }
}
