import LockstepCLI
import Manifests
import Properties
import Testing

/// Importing, exporting and applying over a store in memory.
@Suite struct ManifestImportTests {
    private let repository = MemoryRepository()

    // MARK: - Import and export

    @Test func `an imported manifest is listed as it is told`() async throws {
        let report = try await repository.run(Documents.tree(Documents.example("queue.xml")))
        #expect(report.index == 1)
        #expect(report.conflicts == [])
        let wanted = String(decoding: try Documents.example("queue.txt"), as: UTF8.self)
        #expect(try await repository.dump() == wanted.split(separator: "\n").map(String.init))
        let names = ["initial", "last-import", "running"]
        #expect(
            try await repository.snapshotNames(of: "svc:/application/example/queue:default")
                == names)
        #expect(
            try await repository.snapshotNames(of: "svc:/application/example/queue:spare") == names)
    }

    @Test(arguments: ["queue.xml", "template.xml"])
    func `what is exported and imported elsewhere is the same`(_ name: String) async throws {
        try await repository.run(Documents.tree(Documents.example(name)))
        let exported = try await repository.tree().tree
            .bundle(named: "export").encoded()
        let other = MemoryRepository()
        _ = try await ManifestImport(into: other).run(Documents.tree(exported))
        #expect(try await other.dump() == repository.dump())
        let again = try await other.tree().tree
            .bundle(named: "export").encoded()
        #expect(again == exported)
    }

    @Test func `what is counted is what is made, changed or deleted, however many steps it takes`()
        async throws
    {
        // The service, the instance, and the groups config and general.
        #expect(try await repository.run(Documents.manifest([("p", "1")])).changes == 4)
        let next = try Documents.manifest([("p", "2"), ("q", "2")])
        #expect(try await repository.run(next).changes == 1)
    }

    @Test func `importing the same again does nothing`() async throws {
        let tree = try Documents.tree(Documents.example("queue.xml"))
        try await repository.run(tree)
        let before = repository.submissions
        let report = try await repository.run(tree)
        #expect(report.index == nil)
        #expect(repository.submissions == before)
    }

    @Test func `a refused manifest leaves nothing behind`() async throws {
        #expect(throws: ManifestFailure.self) {
            try Documents.tree(try Documents.example("bad-propval-badcount.xml"))
        }
        // What the cluster itself refuses is undone as a whole: here, a group too many for snapshots.
        let groups = (0..<1_030).map { "<property_group name='g\($0)' type='t'/>" }.joined()
        let tree = try Documents.service("\(groups)<instance name='i' enabled='true'/>")
        await #expect(throws: RepositoryFailure.self) { try await repository.run(tree) }
        #expect(try await repository.dump() == [])
    }

    // MARK: - Merging

    @Test func `what people have changed outlives two more imports`() async throws {
        try await repository.run(Documents.manifest([("kept", "1"), ("moved", "1")]))
        try await repository.set("kept", to: "mine")
        let second = try await repository.run(Documents.manifest([("kept", "1"), ("moved", "2")]))
        #expect(second.conflicts == [])
        // The last import is what the manifest wanted, not what was there then.
        let third = try await repository.run(Documents.manifest([("kept", "3"), ("moved", "3")]))
        #expect(try await repository.value("kept") == "mine")
        #expect(try await repository.value("moved") == "3")
        #expect(
            third.conflicts.map(\.path) == ["svc:/a/b/:properties/config/kept"])
        #expect(
            try await repository.snapshotNames(of: "svc:/a/b:i")
                == ["initial", "last-import", "previous", "running"])
        let instance = try Documents.path("svc:/a/b:i")
        let last = try await repository.lines(of: instance, .snapshot("last-import"))
        #expect(last.map(MemoryRepository.text).contains { $0.hasSuffix("config/kept astring 3") })
        let previous = try await repository.lines(of: instance, .snapshot("previous"))
        #expect(
            previous.map(MemoryRepository.text).contains { $0.hasSuffix("config/moved astring 2") })
    }

    @Test func `an import changes nothing but its services and their snapshots`() async throws {
        try await repository.run(Documents.manifest([("p", "1"), ("q", "1")]))
        try await repository.set("p", to: "mine")
        let report = try await repository.run(Documents.manifest([("p", "2"), ("q", "2")]))
        #expect(report.conflicts.count == 1)
        #expect(
            repository.changed == [
                "svc:/a/b:i/:snapshots/previous", "svc:/a/b/:properties/config/q",
                "svc:/a/b:i/:snapshots/last-import", "svc:/a/b:i/:snapshots/running",
            ])
    }

    @Test func `each of several services keeps what the manifest wanted of it`() async throws {
        for text in ["svc:/a", "svc:/b"] {
            let path = try Documents.path(text)
            let own = try Documents.path("\(text)/:properties/own")
            _ = try await repository.submit(
                [.addService(path), .addGroup(own, ownerID: nil, GroupCreation(type: "t"))],
                expecting: [])
        }
        let services = ["a", "b"].map { name in
            """
            <service name='\(name)' type='service' version='1'>
            <create_default_instance enabled='true'/>
            <property_group name='g' type='\(name)'/>
            </service>
            """
        }.joined()
        let text = "<service_bundle type='manifest' name='x'>\(services)</service_bundle>"
        let report = try await repository.run(Documents.tree(Array(text.utf8)))
        #expect(report.conflicts == [])
        for name in ["a", "b"] {
            let instance = try Documents.path("svc:/\(name):default")
            let last = try await repository.lines(of: instance, .snapshot("last-import"))
            let running = try await repository.lines(of: instance, .snapshot("running"))
            let path = "\(instance)/:properties"
            let wanted = [
                "\(path)/g \(name)", "\(path)/general framework",
                "\(path)/general/enabled boolean true",
            ]
            #expect(last.map(MemoryRepository.text) == wanted)
            #expect(running.map(MemoryRepository.text) == wanted + ["\(path)/own t"])
        }
    }

    @Test func `an import that others are faster than is decided anew`() async throws {
        try await repository.run(Documents.manifest([("p", "1")]))
        let path = try Documents.path("svc:/a/b/:properties/config/p")
        let content = try #require(PropertyContent(type: .astring, strings: ["mine"]))
        repository.intrude([[.setProperty(path, to: content)]])
        let report = try await repository.run(Documents.manifest([("p", "2")]))
        #expect(try await repository.value("p") == "mine")
        #expect(report.conflicts.map(\.path) == ["\(path)"])
    }

    @Test func `an import that meets a change each time gives up and changes nothing`() async throws
    {
        try await repository.run(Documents.manifest([("p", "1")]))
        let path = try Documents.path("svc:/a/b/:properties/config/other")
        repository.intrude(
            try (0..<100).map { number in
                let content = PropertyContent(type: .astring, strings: ["\(number)"])
                return [.setProperty(path, to: try #require(content))]
            })
        let failure = await #expect(throws: RepositoryFailure.self) {
            try await repository.run(Documents.manifest([("p", "2")]))
        }
        #expect(failure?.command.text.contains("in each of 20 tries") == true)
        // Those who are in each other's way must not stay so: all but the first tries rest before.
        #expect(repository.rests.count == Retrying.mostTries - Retrying.eagerTries)
        #expect(repository.rests.allSatisfy { $0 < .milliseconds(500) })
        #expect(try await repository.value("p") == "1")
    }

    @Test func `the rest before another try grows, up to a bound`() {
        let bounds = (1..<Retrying.mostTries).map { Retrying.restMilliseconds(afterTries: $0) }
        #expect(bounds[..<7] == [0, 0, 4, 8, 16, 32, 64])
        #expect(bounds.last == Retrying.longestRestMilliseconds)
    }

    @Test func `what was imported last is that of the moment of the import`() async throws {
        try await repository.run(Documents.manifest([("p", "1")]))
        try await repository.set("p", to: "mine")
        let instance = try Documents.path("svc:/a/b:i")
        let last = try #require(SnapshotPath(instance, "last-import"))
        repository.intrude([[.takeSnapshot(SnapshotTake(last, mode: .set))]])
        let report = try await repository.run(Documents.manifest([("p", "2")]))
        #expect(report.conflicts == [])
        #expect(try await repository.value("p") == "2")
    }

    @Test func `an import into a service that is made anew meanwhile is decided anew`()
        async throws
    {
        let service = try Documents.path("svc:/a/b")
        _ = try await repository.submit([.addService(service)], expecting: [])
        repository.intrude([[.delete(service, id: nil), .addService(service)]])
        let before = repository.submissions
        try await repository.run(Documents.service("<property_group name='g' type='t'/>"))
        #expect(repository.submissions == before + 3)
    }

    @Test func `a dependency that somebody makes their own is not deleted with its dependent`()
        async throws
    {
        let instance = "<instance name='i' enabled='true'/>"
        let target = try Documents.path("svc:/t")
        _ = try await repository.submit([.addService(target)], expecting: [])
        try await repository.run(
            Documents.service(
                """
                <dependent name='d' grouping='require_all' restart_on='none'>
                <service_fmri value='svc:/t'/></dependent>\(instance)
                """))
        let external = try Documents.path("\(target)/:properties/d/external")
        let own = try #require(PropertyContent(type: .boolean, strings: ["false"]))
        repository.intrude([[.setProperty(external, to: own)]])
        try await repository.run(Documents.service(instance))
        let lines = try await repository.lines(of: target, .direct).map(MemoryRepository.text)
        #expect(lines.contains("\(external) boolean false"))
    }

    @Test(arguments: ["svc:/t", "svc:/t:i"])
    func `what runs at a dependent's target has the dependency, and loses it again`(
        _ target: String
    ) async throws {
        let path = try Documents.path("svc:/t:i")
        let running = try #require(SnapshotPath(path, "running"))
        _ = try await repository.submit(
            [
                .addService(path.servicePath), .addInstance(path, serviceID: nil),
                .takeSnapshot(SnapshotTake(running, mode: .new)),
            ], expecting: [])
        let instance = "<instance name='i' enabled='true'/>"
        func runs() async throws -> Bool {
            try await repository.lines(of: path, .running).contains { $0.group == "d" }
        }
        try await repository.run(
            Documents.service(
                """
                <dependent name='d' grouping='require_all' restart_on='none'>
                <service_fmri value='\(target)'/></dependent>\(instance)
                """))
        #expect(try await runs())
        try await repository.run(Documents.service(instance))
        #expect(try await !runs())
    }

    // MARK: - Profiles

    @Test func `what a profile sets on a service runs in all of its instances`() async throws {
        try await repository.run(Documents.manifest([("p", "1")]))
        let other = try Documents.path("svc:/a/b:other")
        let running = try #require(SnapshotPath(other, "running"))
        _ = try await repository.submit(
            [
                .addInstance(other, serviceID: nil),
                .takeSnapshot(SnapshotTake(running, mode: .new)),
            ], expecting: [])
        let profile = try Documents.service(
            """
            <property_group name='config' type='application'>
            <propval name='p' type='astring' value='2'/></property_group>
            """, kind: "profile")
        _ = try await ManifestImport(into: repository).apply(profile)
        for path in [try Documents.path("svc:/a/b:i"), other] {
            let lines = try await repository.lines(of: path, .running)
            #expect(
                lines.map(MemoryRepository.text).contains { $0.hasSuffix("config/p astring 2") })
        }
    }

    @Test func `a profile changes what is there and tells what is not`() async throws {
        try await repository.run(Documents.manifest([("p", "1")]))
        let profile = try Documents.service(
            "<instance name='i' enabled='false'/><instance name='none' enabled='true'/>",
            kind: "profile")
        let report = try await ManifestImport(into: repository).apply(profile)
        #expect(report.skipped.map(\.description) == ["svc:/a/b:none"])
        let lines = try await repository.lines(of: Documents.path("svc:/a/b:i"), .running)
        #expect(
            lines.map(MemoryRepository.text)
                .contains("svc:/a/b:i/:properties/general/enabled boolean false"))
    }

    @Test func `a profile that others are faster than is decided anew`() async throws {
        try await repository.run(Documents.manifest([("p", "1")]))
        let config = try Documents.path("svc:/a/b/:properties/config")
        repository.intrude([
            [
                .delete(config, id: nil),
                .addGroup(config, ownerID: nil, GroupCreation(type: "framework")),
            ]
        ])
        let profile = try Documents.service(
            """
            <property_group name='config' type='application'>
            <propval name='p' type='astring' value='2'/></property_group>
            """, kind: "profile")
        let report = try await ManifestImport(into: repository).apply(profile)
        #expect(report.index == nil)
        #expect(report.conflicts.map(\.path) == ["\(config)"])
        #expect(try await repository.value("p") == nil)
    }
}
