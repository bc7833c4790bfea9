import LockstepCLI
import Manifests
import Properties
import Testing

/// Deleting and refreshing services and instances while others do the same.
@Suite struct EntityEditingTests {
    private let repository = MemoryRepository()
    private let service: PropertyPath
    private let first: PropertyPath
    private let second: PropertyPath

    init() async throws {
        service = try Documents.path("svc:/a")
        first = try Documents.path("svc:/a:i")
        second = try Documents.path("svc:/a:j")
        _ = try await repository.submit(
            [
                .addService(service), .addInstance(first, serviceID: nil),
                .addInstance(second, serviceID: nil),
            ], expecting: [])
    }

    private func found(_ path: PropertyPath) async throws -> FoundEntity {
        try await repository.identified(try EntityPattern("\(path)"))
    }

    private func there() async throws -> [String] {
        try await repository.tree().tree.entities.map(\.path.description)
    }

    @Test func `a service goes with its instances only where that is wanted`() async throws {
        let entity = try await found(service)
        let failure = await #expect(throws: RepositoryFailure.self) {
            try await repository.delete(entity, withInstances: false)
        }
        #expect(
            failure?.command.text
                == "svc:/a has instances, such as svc:/a:i; -f deletes them with it")
        _ = try await repository.delete(entity, withInstances: true)
        #expect(try await there() == [])
    }

    @Test func `instances that come and go meanwhile are deleted or not, as they are there`()
        async throws
    {
        let entity = try await found(service)
        let third = try Documents.path("svc:/a:k")
        repository.intrude([
            [.delete(first, id: nil)], [.addInstance(third, serviceID: nil)],
        ])
        _ = try await repository.delete(entity, withInstances: true)
        #expect(try await there() == [])
    }

    @Test func `what has taken the name of what was meant is left alone`() async throws {
        let entity = try await found(first)
        let again: [PropertyOperation] = [
            .delete(first, id: nil), .addInstance(first, serviceID: nil),
        ]
        repository.intrude([again])
        await #expect(throws: RepositoryFailure.notFound("svc:/a:i was deleted meanwhile")) {
            try await repository.delete(entity, withInstances: false)
        }
        #expect(try await there() == ["svc:/a", "svc:/a:i", "svc:/a:j"])
        let renewed = try await found(first)
        repository.intrude([again])
        await #expect(throws: RepositoryFailure.notFound("svc:/a:i was deleted meanwhile")) {
            try await repository.refresh(renewed)
        }
    }

    @Test func `a service is refreshed in all instances that are there`() async throws {
        let entity = try await found(service)
        repository.intrude([[.delete(first, id: nil)]])
        _ = try await repository.refresh(entity)
        #expect(repository.changed == ["svc:/a:j/:snapshots/running"])
        let instance = try await found(second)
        _ = try await repository.refresh(instance)
        #expect(repository.changed == ["svc:/a:j/:snapshots/running"])
        _ = try await repository.delete(instance, withInstances: false)
        #expect(try await repository.refresh(entity) == nil)
    }
}
