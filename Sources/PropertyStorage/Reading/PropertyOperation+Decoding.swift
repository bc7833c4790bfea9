package import Properties
package import Stores
package import Transactions

// The encoding is in the table of `PropertyOperation`.
extension PropertyOperation {
    /// Reads an operation and checks all of it that needs no state.
    ///
    /// - Throws: `malformed`, `invalidArgument` or `limitExceeded`.
    package init(_ operation: Operation) throws(StoreFailure) {
        var reader = OperationReader(operation.body)
        switch operation.kind {
        case 1:
            self = .addService(try reader.path(.service))
        case 2:
            self = .addInstance(try reader.path(.instance), serviceID: try reader.entityID())
        case 3:
            self = .addGroup(
                try reader.path(.group), ownerID: try reader.entityID(), try reader.creation())
        case 4:
            self = .delete(try reader.path(nil), id: try reader.entityID())
        case Self.commitKind:
            self = .commitGroup(try GroupCommit(try reader.commit()))
        case 6:
            self = .replaceGroup(
                GroupReplacement(
                    try reader.path(.group), groupID: try reader.entityID(),
                    base: try reader.version(), creation: try reader.optionalCreation(),
                    properties: try reader.properties()))
        case 7:
            self = .noteBoots(try reader.nodeBoots())
        case 8:
            self = .takeSnapshot(try reader.snapshotTake())
        case 9:
            self = .attachSnapshot(
                try reader.snapshotReference(), to: try reader.snapshotReference())
        case 10:
            self = .deleteSnapshot(try reader.snapshotReference())
        case 11:
            self = .fileSnapshots(try reader.snapshotFiling())
        case let kind:
            throw .abort(.malformed, "unknown property operation \(kind)")
        }
        try reader.finish()
    }
}

extension GroupCommit {
    /// The same with names and values of its own.
    fileprivate init(_ commit: EncodedCommit) throws(StoreFailure) {
        let bytes = commit.bytes
        var edits: [PropertyEdit] = []
        edits.reserveCapacity(commit.edits.count)
        for edit in commit.edits {
            do {
                edits.append(try edit.decoded(bytes))
            } catch {
                throw .malformed("property operation", error)
            }
        }
        let creation = commit.creation.map {
            GroupCreation(type: commit.path.text($0.type), isPersistent: $0.isPersistent)
        }
        self.init(
            commit.path.path, groupID: commit.groupID, base: commit.base, edits: edits,
            creation: creation)
    }
}

extension GroupReplacement {
    fileprivate init(
        _ path: PropertyPath, groupID: EntityID?, base: GroupVersion?, creation: GroupCreation?,
        properties: [Property]
    ) {
        self.init(path, groupID: groupID, base: base, properties: properties, creation: creation)
    }
}
