package import Properties

/// A service or an instance as it was found: the one of that name that was meant.
package struct FoundEntity: Sendable, Equatable {
    package let path: PropertyPath
    package let id: EntityID
}

extension PropertyRepository {
    /// Deletes an instance or a service, and where wanted the service's instances with it.
    ///
    /// Throws `notFound` where it is gone, even if another has taken its name since, and `failed`
    /// for a service that has instances which are not wanted to go.
    package func delete(
        _ entity: FoundEntity, withInstances: Bool
    ) async throws(RepositoryFailure) -> UInt64 {
        try await whileThere(entity) { (instances) async throws(RepositoryFailure) in
            if !withInstances, let first = instances.first {
                throw .failed(
                    CommandFailure(
                        .negative,
                        "\(entity.path) has instances, such as \(first.path); -f deletes "
                            + "them with it"))
            }
            let operations = instances.map { PropertyOperation.delete($0.path, id: $0.id) }
            return try await submit(
                operations + [.delete(entity.path, id: entity.id)], expecting: [])
        }
    }

    /// The dependencies that a service with its instances, or an instance, has put at others by its
    /// dependents, and which stay when it is deleted.
    package func dependenciesLeft(
        by path: PropertyPath
    ) async throws(RepositoryFailure) -> [PropertyPath] {
        let below = path.instance == nil ? try await instances(of: path) ?? [] : []
        let left = try await dependencies(
            elsewhereOf: try await present([path] + below.map(\.path)))
        return left.flatMap { target, groups in groups.keys.map { target.appending(group: $0) } }
            .sorted { $0.description < $1.description }
    }

    /// Takes the snapshot `running` of an instance, or of all instances of a service.
    ///
    /// Returns nil where a service has none. Throws `notFound` where it is gone, even if another has
    /// taken its name since.
    package func refresh(_ entity: FoundEntity) async throws(RepositoryFailure) -> UInt64? {
        try await whileThere(entity) { (instances) async throws(RepositoryFailure) -> UInt64? in
            let all = entity.path.instance == nil ? instances : [entity]
            let operations = all.compactMap { instance in
                SnapshotPath(instance.path, "running").map {
                    PropertyOperation.takeSnapshot(
                        SnapshotTake($0, instanceID: instance.id, mode: .set))
                }
            }
            guard !operations.isEmpty else { return nil }
            return try await submit(operations, expecting: [])
        }
    }

    /// Runs `body` with a service's instances, again while they come and go.
    private func whileThere<Result>(
        _ entity: FoundEntity,
        _ body: ([FoundEntity]) async throws(RepositoryFailure) -> Result
    ) async throws(RepositoryFailure) -> Result {
        try await retrying { () async throws(RepositoryFailure) in
            guard try await identity(of: entity.path) == entity.id else {
                throw .notFound("\(entity.path) was deleted meanwhile")
            }
            guard entity.path.instance == nil else { return try await body([]) }
            return try await body(try await instances(of: entity.path) ?? [])
        }
    }
}
