package import Codec
import Identifiers
package import KeyValue
import Properties
package import Stores
package import Transactions

/// The store of configuration properties: services, their instances, groups, typed values.
///
/// The model is libscf's. A group is one row that holds its whole content at one version; setting
/// a property reads one row and writes one.
package struct PropertyStore: Store {
    package let limits: Limits

    package init(limits: Limits = .standard) {
        self.limits = limits
    }

    package var identifier: StoreID { .properties }

    /// Commits touch their group's row; all else may delete or count many.
    package func isQuick(_ operation: Operation) -> Bool {
        operation.kind == PropertyOperation.commitKind
    }

    package func validate(_ operation: Operation) throws(StoreFailure) {
        guard operation.kind != PropertyOperation.commitKind else {
            _ = try EncodedCommit(operation.body)
            return
        }
        _ = try PropertyOperation(operation)
    }

    @specialized(where V == Overlay)
    package func apply<V: View>(
        _ operation: Operation, to view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        guard operation.kind != PropertyOperation.commitKind else {
            return try apply(EncodedCommit(operation.body), to: &view, context: &context)
        }
        switch try PropertyOperation(operation) {
        case .addService(let path):
            return try addEntity(path, to: &view, context: &context)
        case .addInstance(let path, let serviceID):
            try expectEntity(path.servicePath, id: serviceID, in: view)
            return try addEntity(path, to: &view, context: &context)
        case .addGroup(let path, let ownerID, let creation):
            return try addGroup(
                path, ownerID: ownerID, creation, to: &view, context: &context)
        case .delete(let path, let id):
            try delete(path, id: id, from: &view, context: &context)
            return []
        case .commitGroup(let commit):
            preconditionFailure("a commit of \(commit.path) under kind \(operation.kind)")
        case .replaceGroup(let replacement):
            return try apply(replacement, to: &view, context: &context)
        case .noteBoots(let boots):
            return try note(boots, in: &view, context: &context)
        case .takeSnapshot(let take):
            return try self.take(take, in: &view, context: &context)
        case .attachSnapshot(let source, let target):
            return try attach(source, to: target, in: &view, context: &context)
        case .deleteSnapshot(let reference):
            try delete(reference, from: &view, context: &context)
            return []
        case .fileSnapshots(let filing):
            try file(filing, in: &view, context: &context)
            return []
        }
    }

    package func read<V: ReadView>(
        kind: UInt8, body: [UInt8], from view: V
    ) throws(StoreFailure) -> [UInt8] {
        try answer(PropertyQuery(kind: kind, body: body), from: view)
    }
}

// MARK: - Rows

extension PropertyStore {
    /// The group that `path` names, or whose property it names.
    func group<V: ReadView>(
        _ path: PropertyPath, in view: V
    ) throws(StoreFailure) -> PropertyGroup? {
        guard let row = try view.row(PropertyKeys.key(path)) else { return nil }
        do {
            return try PropertyGroup.decode(row.value)
        } catch {
            throw .damagedRow("property group \(path)", error)
        }
    }

    /// The identity of the service or instance `path`.
    func entity<V: ReadView>(
        _ path: PropertyPath, in view: V
    ) throws(StoreFailure) -> EntityID? {
        guard let row = try view.row(PropertyKeys.key(path)) else { return nil }
        do {
            return try EntityID(row.value)
        } catch {
            throw .damagedRow("\(path)", error)
        }
    }

    /// Aborts unless the service or instance `path` is there, and is the one that `id` names.
    func expectEntity<V: ReadView>(
        _ path: PropertyPath, id: EntityID?, in view: V
    ) throws(StoreFailure) {
        try expect(id, found: try entity(path, in: view), path)
    }

    /// Aborts unless there is something, and it is what `id` names.
    func expect(
        _ id: EntityID?, found: EntityID?, _ path: some CustomStringConvertible
    ) throws(StoreFailure) {
        guard let found else {
            guard id != nil else { throw .abort(.notFound, "there is no \(path)") }
            throw .abort(.deleted, "\(path) was deleted")
        }
        guard id == nil || id == found else {
            throw .abort(.deleted, "\(path) was deleted and made again")
        }
    }

    /// Writes the row of a group.
    func put<V: View>(
        _ group: PropertyGroup, at path: PropertyPath, to view: inout V
    ) throws(StoreFailure) {
        view.put(PropertyKeys.key(path), try row(of: group, at: path))
    }

    /// The row of a group; `limitExceeded` where it is too large.
    func row(of group: PropertyGroup, at path: PropertyPath) throws(StoreFailure) -> [UInt8] {
        var writer = ByteWriter(capacity: group.encodedBytesHint)
        group.encode(into: &writer)
        guard writer.count <= limits.valueBytes,
            group.properties.count <= PropertyGroup.propertyLimit
        else {
            throw tooLarge(path, properties: group.properties.count, bytes: writer.count)
        }
        return writer.take()
    }

    /// The abort of a change that would make a group too large.
    func tooLarge(_ path: PropertyPath, properties: Int, bytes: Int) -> StoreFailure {
        .abort(
            .limitExceeded,
            "\(path) would have \(properties) properties in \(bytes) bytes, "
                + "over the limit of \(PropertyGroup.propertyLimit) in \(limits.valueBytes)")
    }
}

// MARK: - Changes

extension ApplyContext {
    /// A number that grows with each change, and that no other thing made in this transaction has.
    var nextOrdinal: UInt32 {
        UInt32(changes.count)
    }

    mutating func note(
        _ path: some CustomStringConvertible, old: PropertyChangeValue?,
        new: PropertyChangeValue?
    ) {
        record(
            store: .properties, key: path.description, old: old?.encoded(), new: new?.encoded())
    }
}
