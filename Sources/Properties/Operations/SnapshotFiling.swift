import Codec
import Transactions

/// Snapshots of instances of one service that hold what is given, whatever is there.
///
/// A name that is there keeps its identity, as with `SnapshotTake.Mode.set`.
package struct SnapshotFiling: Hashable, Sendable {
    /// A persistent group without identity and version.
    package struct Group: Hashable, Sendable {
        package let name: String
        package let type: String
        /// Sorted by name when encoded; no name twice.
        package let properties: [Property]

        package init(name: String, type: String, properties: [Property]) {
            self.name = name
            self.type = type
            self.properties = properties
        }
    }

    /// What the snapshot of one instance holds on the instance's level.
    package struct Instance: Hashable, Sendable {
        package let name: String
        /// Sorted by name when encoded; no name twice.
        package let groups: [Group]

        package init(name: String, groups: [Group]) {
            self.name = name
            self.groups = groups
        }
    }

    package let service: PropertyPath
    /// Of the snapshots.
    package let name: String
    /// What each holds on the service's level; sorted by name when encoded, no name twice.
    package let groups: [Group]
    /// Sorted by name when encoded; no name twice.
    package let instances: [Instance]

    /// Instances of one operation.
    package static let instanceLimit = 10_000

    package init(
        of service: PropertyPath, name: String, groups: [Group], instances: [Instance]
    ) {
        self.service = service
        self.name = name
        self.groups = groups
        self.instances = instances
    }
}

// The encoding is in the table of `PropertyOperation`.
extension SnapshotFiling {
    func encode(into writer: inout ByteWriter) {
        service.encode(into: &writer)
        writer.writeString(name)
        Self.encode(groups, into: &writer)
        writer.writeVarint(UInt64(instances.count))
        for instance in instances.sorted(by: { $0.name < $1.name }) {
            writer.writeString(instance.name)
            Self.encode(instance.groups, into: &writer)
        }
    }

    private static func encode(_ groups: [Group], into writer: inout ByteWriter) {
        writer.writeVarint(UInt64(groups.count))
        for group in groups.sorted(by: { $0.name < $1.name }) {
            writer.writeString(group.name)
            writer.writeString(group.type)
            writer.writeProperties(group.properties)
        }
    }
}
