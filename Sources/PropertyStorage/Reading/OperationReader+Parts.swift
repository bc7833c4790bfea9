import Codec
import Identifiers
import Properties
import Stores
import Transactions

// The encodings are in the table of `PropertyOperation`.
extension OperationReader {
    mutating func snapshotFiling() throws(StoreFailure) -> SnapshotFiling {
        let service = try path(.service)
        let name = try name(.snapshot)
        let groups = try filedGroups()
        var instances: [SnapshotFiling.Instance] = []
        var last: Range<Int>?
        for _ in 0..<(try count(limit: SnapshotFiling.instanceLimit, "instances")) {
            let instance = try encodedName(.instance, after: last)
            last = instance
            instances.append(
                SnapshotFiling.Instance(name: text(instance), groups: try filedGroups()))
        }
        return SnapshotFiling(of: service, name: name, groups: groups, instances: instances)
    }

    private mutating func filedGroups() throws(StoreFailure) -> [SnapshotFiling.Group] {
        var groups: [SnapshotFiling.Group] = []
        var last: Range<Int>?
        for _ in 0..<(try count(limit: GroupCommit.editLimit, "property groups")) {
            let group = try encodedName(.group, after: last)
            last = group
            groups.append(
                SnapshotFiling.Group(
                    name: text(group), type: try name(.groupType),
                    properties: try properties(limit: PropertyGroup.propertyLimit)))
        }
        return groups
    }
}

extension OperationReader {
    mutating func snapshotPath() throws(StoreFailure) -> SnapshotPath {
        SnapshotPath(checked: try path(.instance), try name(.snapshot))
    }

    mutating func snapshotReference() throws(StoreFailure) -> SnapshotReference {
        SnapshotReference(try snapshotPath(), id: try entityID())
    }

    mutating func snapshotTake() throws(StoreFailure) -> SnapshotTake {
        let snapshot = try snapshotPath()
        let instanceID = try entityID()
        let mode: SnapshotTake.Mode
        switch try byte() {
        case 1: mode = .new
        case 2: mode = .replace(try entityID())
        case 3: mode = .set
        case let number:
            throw .abort(.malformed, "unknown way \(number) of taking a snapshot")
        }
        return SnapshotTake(snapshot, instanceID: instanceID, mode: mode)
    }
}

extension OperationReader {
    /// Boots of at least one member, ascending by node.
    mutating func nodeBoots() throws(StoreFailure) -> [NodeBoot] {
        let count = try count(limit: BootRegister.memberLimit, "member count")
        guard count > 0 else { throw .abort(.malformed, "the boots of no member") }
        var boots: [NodeBoot] = []
        for _ in 0..<count {
            let next = try read { (reader) throws(DecodingFailure) in
                NodeBoot(
                    node: try reader.readVarint(NodeID.self), boot: try reader.readUInt64())
            }
            if let last = boots.last, last.node >= next.node {
                throw .abort(.malformed, "node \(next.node) after \(last.node)")
            }
            boots.append(next)
        }
        return boots
    }
}
