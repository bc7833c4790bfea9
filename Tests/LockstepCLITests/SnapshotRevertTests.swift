import LockstepCLI
import Properties
import Testing

/// Going back to what a snapshot holds.
@Suite struct SnapshotRevertTests {
    private let repository = MemoryRepository()

    @Test func `a revert gives back exactly what the snapshot holds`() async throws {
        try await repository.run(Documents.manifest([("p", "1"), ("q", "1")]))
        let before = try await repository.dump()
        try await repository.set("p", to: "2")
        let group = try Documents.path("svc:/a/b:i/:properties/more")
        _ = try await repository.submit(
            [
                .addGroup(group, ownerID: nil, GroupCreation(type: "application")),
                .delete(try Documents.path("svc:/a/b:i/:properties/general"), id: nil),
            ], expecting: [])
        let snapshot = try #require(SnapshotPath(Documents.path("svc:/a/b:i"), "running"))
        let groups = try await SnapshotRevert(in: repository).run(snapshot).groups
        #expect(groups == 3)
        #expect(try await repository.dump() == before)
        #expect(try await SnapshotRevert(in: repository).run(snapshot).groups == 0)
    }

    @Test func `a revert that others are faster than gives back what the snapshot holds`()
        async throws
    {
        try await repository.run(Documents.manifest([("p", "1"), ("q", "1")]))
        let before = try await repository.dump()
        let instance = try Documents.path("svc:/a/b:i")
        let snapshot = try #require(SnapshotPath(instance, "initial"))
        let content = try #require(PropertyContent(type: .astring, strings: ["2"]))
        let property = try Documents.path("svc:/a/b/:properties/config/p")
        let group = try Documents.path("svc:/a/b:i/:properties/more")
        let state = try Documents.path("svc:/a/b:i/:properties/state")
        let idle = GroupCreation(type: "framework", isPersistent: false)
        _ = try await repository.submit([.addGroup(state, ownerID: nil, idle)], expecting: [])
        repository.intrude([
            [.setProperty(property, to: content)],
            [.addGroup(group, ownerID: nil, GroupCreation(type: "application"))],
        ])
        let submissions = repository.submissions
        _ = try await SnapshotRevert(in: repository).run(snapshot)
        #expect(try await repository.dump() == (before + ["\(state) framework"]).sorted())
        #expect(repository.submissions == submissions + 5)
        // What a service writes of its state is nothing that a revert waits for.
        let now = try Documents.path("\(state)/now")
        repository.intrude([[.setProperty(now, to: content)]])
        _ = try await SnapshotRevert(in: repository).run(snapshot)
        #expect(repository.submissions == submissions + 7)
    }

    @Test func `a revert to a snapshot that is taken anew meanwhile takes the new one`()
        async throws
    {
        try await repository.run(Documents.manifest([("p", "1")]))
        let instance = try Documents.path("svc:/a/b:i")
        let snapshot = try #require(SnapshotPath(instance, "initial"))
        try await repository.set("p", to: "2")
        repository.intrude([[.takeSnapshot(SnapshotTake(snapshot, mode: .set))]])
        _ = try await SnapshotRevert(in: repository).run(snapshot)
        #expect(try await repository.value("p") == "2")
    }

    @Test func `a revert to a snapshot that is not there says so`() async throws {
        try await repository.run(Documents.manifest([]))
        let snapshot = try #require(SnapshotPath(Documents.path("svc:/a/b:i"), "none"))
        let failure = await #expect(throws: RepositoryFailure.self) {
            try await SnapshotRevert(in: repository).run(snapshot)
        }
        #expect(
            failure == .notFound("there is no \(snapshot); snapshot list names those that are"))
    }
}
