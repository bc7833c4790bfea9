import Codec
import Transactions

/// Taking a snapshot of an instance under a name: copies of all persistent groups that the instance
/// and its service have, as of one moment.
package struct SnapshotTake: Hashable, Sendable {
    /// What may be under the name before.
    package enum Mode: Hashable, Sendable {
        /// Nothing; else the step aborts with `exists`.
        case new
        /// A snapshot, which keeps its identity; `notFound`, or `deleted` where it is another one.
        case replace(EntityID?)
        /// A snapshot or nothing.
        case set
    }

    package let snapshot: SnapshotPath
    package let instanceID: EntityID?
    package let mode: Mode

    package init(_ snapshot: SnapshotPath, instanceID: EntityID? = nil, mode: Mode) {
        self.snapshot = snapshot
        self.instanceID = instanceID
        self.mode = mode
    }
}

/// A snapshot that is there, and the identity that it must have.
package struct SnapshotReference: Hashable, Sendable {
    package let path: SnapshotPath
    package let id: EntityID?

    package init(_ path: SnapshotPath, id: EntityID? = nil) {
        self.path = path
        self.id = id
    }
}

// The encodings are in the table of `PropertyOperation`.
extension SnapshotTake {
    func encode(into writer: inout ByteWriter) {
        snapshot.encode(into: &writer)
        writer.writeOptional(instanceID)
        switch mode {
        case .new:
            writer.writeUInt8(1)
        case .replace(let id):
            writer.writeUInt8(2)
            writer.writeOptional(id)
        case .set:
            writer.writeUInt8(3)
        }
    }
}

extension SnapshotReference {
    func encode(into writer: inout ByteWriter) {
        path.encode(into: &writer)
        writer.writeOptional(id)
    }
}

extension SnapshotPath {
    func encode(into writer: inout ByteWriter) {
        instance.encode(into: &writer)
        writer.writeString(name)
    }
}
