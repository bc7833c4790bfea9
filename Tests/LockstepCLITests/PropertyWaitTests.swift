import LockstepCLI
import Properties
import Testing

/// What a listing that waits is for.
@Suite struct PropertyWaitTests {
    @Test func `a wait is for the groups that are shown, and shows what is there then`()
        async throws
    {
        let services = try await ServiceFixture()
        func wait(
            _ name: String, _ property: String, _ view: PropertyView = .running
        ) async throws -> PropertyWait {
            try await PropertyWait(
                PropertySelection(view: view, properties: [property], names: [name]),
                in: services.repository)
        }
        let instance = try Documents.path("svc:/net/http:b")
        let running = try #require(SnapshotPath(instance, "running"))
        _ = try await services.repository.submit(
            [.takeSnapshot(SnapshotTake(running, mode: .new))], expecting: [])
        let inherited = try await wait("http:b", "c/p")
        #expect(
            inherited.groups.map(\.description)
                == ["svc:/net/http:b/:properties/c", "svc:/net/http/:properties/c"])
        _ = try await services.repository.submit(
            [try services.set("svc:/net/http/:properties/c/p", .count, ["3"])], expecting: [])
        let shown = try await inherited.selection.list(in: services.repository).lines
        #expect(shown.map(MemoryRepository.text) == ["svc:/net/http/:properties/c/p count 3"])
        #expect(
            try await wait("svc:/net/http:a", "c/p", .direct).groups.map(\.description)
                == ["svc:/net/http:a/:properties/c"])
        for (name, property) in [("svc:/net/http:b", "none"), ("http", "c/p")] {
            let failure = await #expect(throws: RepositoryFailure.self) {
                try await wait(name, property)
            }
            #expect(failure?.command.exit == .negative)
        }
    }
}
