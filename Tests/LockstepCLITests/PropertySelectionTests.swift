import LockstepCLI
import Properties
import Testing

/// What is shown of services and instances.
@Suite struct PropertySelectionTests {
    @Test func `an instance is shown together with its service`() async throws {
        let services = try await ServiceFixture()
        #expect(
            try await services.list(["net/http:a"]).lines == [
                "c application", "c/p count 7", "c/q astring two\\ words \"\"", "state framework",
            ])
        #expect(
            try await services.list(["svc:/net/http:a"], [], .direct).lines
                == ["c application", "c/p count 7", "state framework"])
        #expect(try await services.list(["svc:/net/http:b"], ["c/p"]).lines == ["1 2"])
    }

    @Test func `several things are shown by their whole paths`() async throws {
        let services = try await ServiceFixture()
        #expect(
            try await services.list(["net/http"], ["c/p"]).lines == [
                "svc:/net/http:a/:properties/c/p count 7",
                "svc:/net/http/:properties/c/p count 1 2",
            ])
        #expect(
            try await services.list(["svc:/net/http/:properties/c/q"]).lines == ["two\\ words \"\""]
        )
    }

    @Test func `what is the service's has its path now, and the instance's in a snapshot`()
        async throws
    {
        let services = try await ServiceFixture()
        // Two names, so that paths are whole.
        let names = ["svc:/net/http:a", "svc:/net/http:z"]
        let properties = ["c/p", "c/q", "state", "t"]
        let running = try #require(
            SnapshotPath(try Documents.path("svc:/net/http:a"), "running"))
        let state = GroupCreation(type: "framework", isPersistent: false)
        _ = try await services.repository.submit(
            [.addGroup(try Documents.path("svc:/net/http/:properties/t"), ownerID: nil, state)],
            expecting: [])
        let now = [
            "svc:/net/http:a/:properties/c/p count 7",
            "svc:/net/http/:properties/c/q astring two\\ words \"\"",
            "svc:/net/http:a/:properties/state framework",
            "svc:/net/http/:properties/t framework",
        ]
        #expect(try await services.list(names, properties, .composed).lines == now)
        #expect(try await services.list(names, properties).lines == now)
        _ = try await services.repository.submit(
            [.takeSnapshot(SnapshotTake(running, mode: .new))], expecting: [])
        let held = [now[0], "svc:/net/http:a/:properties/c/q astring two\\ words \"\""]
        #expect(
            try await services.list(names, ["c/p", "c/q"], .snapshot("running")).lines == held)
        #expect(try await services.list(names, properties).lines == held + now[2...])
    }

    @Test func `what is not there is told, and the rest is shown`() async throws {
        let services = try await ServiceFixture()
        let (lines, listing) = try await services.list(["svc:/bare", "svc:/gone", "x*"], ["c/p"])
        #expect(lines == ["svc:/bare/:properties/c/p count 0"])
        #expect(listing.missing == ["svc:/gone", "x*"])
        #expect(
            try await services.list(["svc:/bare", "x*"], ["c/p"]).lines
                == ["svc:/bare/:properties/c/p count 0"])
        #expect(
            try await services.list(["svc:/bare"], ["c/none"]).listing.missing
                == ["svc:/bare/:properties/c/none"])
    }

    @Test func `what runs is the snapshot and what is not persistent`() async throws {
        let services = try await ServiceFixture()
        let instance = try Documents.path("svc:/net/http:a")
        let running = try #require(SnapshotPath(instance, "running"))
        let state = try Documents.path("svc:/net/http:a/:properties/state/now")
        let edit = try #require(PropertyContent(type: .astring, strings: ["on"]))
        _ = try await services.repository.submit(
            [
                .takeSnapshot(SnapshotTake(running, mode: .new)),
                try services.set("svc:/net/http:a/:properties/c/p", .count, ["8"]),
                .setProperty(state, to: edit),
            ], expecting: [])
        #expect(try await services.list(["svc:/net/http:a"], ["c/p"]).lines == ["7"])
        #expect(try await services.list(["svc:/net/http:a"], ["c/p"], .composed).lines == ["8"])
        #expect(try await services.list(["svc:/net/http:a"], ["state/now"]).lines == ["on"])
    }

    @Test func `what is there and does not run yet is told as such`() async throws {
        let services = try await ServiceFixture()
        let running = try #require(
            SnapshotPath(try Documents.path("svc:/net/http:a"), "running"))
        _ = try await services.repository.submit(
            [
                .takeSnapshot(SnapshotTake(running, mode: .new)),
                try services.set("svc:/net/http/:properties/c/new", .count, ["1"]),
            ], expecting: [])
        let path = "svc:/net/http:a/:properties/c"
        #expect(
            try await services.list(["svc:/net/http:a"], ["c/new", "c/none"]).listing.missing == [
                "\(path)/new in what runs, but there is now: -c shows it, and refresh lets it run",
                "\(path)/none",
            ])
        #expect(
            try await services.list(["svc:/net/http:a"], ["c/new"], .composed).lines == ["1"])
    }

    @Test func `a state of the instance is shown though the service has a group of its name`()
        async throws
    {
        let services = try await ServiceFixture()
        let instance = try Documents.path("svc:/net/http:a")
        let running = try #require(SnapshotPath(instance, "running"))
        let now = try Documents.path("svc:/net/http:a/:properties/state/now")
        let on = try #require(PropertyContent(type: .astring, strings: ["on"]))
        _ = try await services.repository.submit(
            [
                try services.set("svc:/net/http/:properties/state/now", .astring, ["never"]),
                .takeSnapshot(SnapshotTake(running, mode: .new)), .setProperty(now, to: on),
            ], expecting: [])
        #expect(try await services.list(["svc:/net/http:a"], ["state/now"]).lines == ["on"])
    }

    @Test func `what runs is shown though it is taken anew meanwhile`() async throws {
        let services = try await ServiceFixture()
        let instance = try Documents.path("svc:/net/http:a")
        let running = try #require(SnapshotPath(instance, "running"))
        let take = PropertyOperation.takeSnapshot(SnapshotTake(running, mode: .set))
        _ = try await services.repository.submit([take], expecting: [])
        // The present groups, the name; then what it held is gone before its groups are asked for: only
        // sixteen contents before the last are kept.
        let first = try services.set("svc:/net/http:a/:properties/c/p", .count, ["8"])
        let second = try services.set("svc:/net/http:a/:properties/c/p", .count, ["9"])
        let takes = [PropertyOperation](repeating: take, count: 17)
        services.repository.intrudeReads([[], [], [first, take, second] + takes])
        #expect(try await services.list(["svc:/net/http:a"], ["c/p"]).lines == ["9"])
    }
}
