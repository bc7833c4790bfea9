import Codec
import Properties

/// A snapshot of an instance as it was when it was read: a name, and what it held then.
public struct PropertySnapshot: Hashable, Sendable {
    public let instance: String
    public let name: String
    /// Of the name; another one where it was deleted and made again.
    public let identity: PropertyIdentity
    /// Of what it holds, which never changes.
    public let content: PropertyIdentity

    init(_ path: SnapshotPath, _ snapshot: SnapshotName) {
        instance = path.instance.description
        name = path.name
        identity = PropertyIdentity(snapshot.id)
        content = PropertyIdentity(snapshot.content)
    }
}

/// A group of an instance over the one of its name of its service.
public struct ComposedPropertyGroup: Hashable, Sendable {
    public let name: String
    public let type: String
    /// The instance's properties, and the service's that the instance does not have; by name.
    public let properties: [Property]

    public subscript(name: String) -> Property? {
        properties.first { $0.name == name }
    }

    init?(_ name: String, _ group: ComposedGroup) {
        guard let type = group.type, let header = (group.instance ?? group.service)?.header else {
            return nil
        }
        self.name = name
        self.type = type
        let mine = group.instance
        let theirs = group.service?.header.version
        properties = group.properties.map { property in
            let isOwn = mine?[property.name] != nil
            return Property(
                property.name, property.content, isOwn ? header.version : theirs ?? header.version)
        }
    }
}

extension Transaction {
    /// Takes a snapshot of an instance under a name, in the place of one that is there.
    ///
    /// With `isNew`, aborts with `exists` where there is one.
    public mutating func takeSnapshot(
        of instance: String, named name: String, isNew: Bool = false
    ) throws(LockstepError) {
        let take = SnapshotTake(
            try Self.snapshotPath(instance, name), mode: isNew ? .new : .set)
        steps.append(PropertyOperation.takeSnapshot(take).step)
    }

    /// Makes one snapshot of an instance hold what another one holds; both must be there.
    public mutating func attachSnapshot(
        of instance: String, from source: String, to target: String
    ) throws(LockstepError) {
        let operation = PropertyOperation.attachSnapshot(
            SnapshotReference(try Self.snapshotPath(instance, source)),
            to: SnapshotReference(try Self.snapshotPath(instance, target)))
        steps.append(operation.step)
    }

    /// Deletes a snapshot; aborts with `notFound` where there is none.
    public mutating func deleteSnapshot(
        of instance: String, named name: String
    ) throws(LockstepError) {
        let reference = SnapshotReference(try Self.snapshotPath(instance, name))
        steps.append(PropertyOperation.deleteSnapshot(reference).step)
    }

    static func snapshotPath(
        _ instance: String, _ name: String
    ) throws(LockstepError) -> SnapshotPath {
        let place = try LockstepClient.instancePath(instance)
        guard let path = SnapshotPath(place, name) else {
            throw .invalidArgument("\(name) is no name of a snapshot")
        }
        return path
    }
}

extension LockstepClient {
    /// The snapshots of an instance, by name.
    public func snapshots(
        of instance: String, consistency: ReadConsistency = .linearizable,
        timeout: Duration? = nil
    ) async throws(LockstepError) -> [PropertySnapshot] {
        let place = try Self.instancePath(instance)
        let query = PropertyQuery.snapshots(of: place, id: nil, page: .init())
        let bytes = try await ask(query, consistency, timeout)
        // An instance has 64 at the most: one page holds them all.
        let listing = try Self.decode("snapshots") { () throws(DecodingFailure) in
            try SnapshotListing(bytes)
        }
        return listing.entries.compactMap { entry in
            SnapshotPath(place, entry.name).map { PropertySnapshot($0, entry.snapshot) }
        }
    }

    /// One snapshot of an instance; nil if there is none.
    public func snapshot(
        of instance: String, named name: String, consistency: ReadConsistency = .linearizable,
        timeout: Duration? = nil
    ) async throws(LockstepError) -> PropertySnapshot? {
        let path = try Transaction.snapshotPath(instance, name)
        let query = PropertyQuery.snapshot(SnapshotReference(path), instanceID: nil)
        let bytes = try await ask(query, consistency, timeout)
        let reply = try Self.decode("snapshot") { () throws(DecodingFailure) in
            try SnapshotReply(bytes)
        }
        return reply.found.map { PropertySnapshot(path, $0.name) }
    }
}
