import LockstepCLI
import Manifests
import Properties
import Testing

/// Importing, exporting and deleting services whose dependents put dependencies at others.
@Suite struct DependentImportTests {
    private let repository = MemoryRepository()

    /// A dependent of the name `name`.
    private static func dependent(_ name: String, on target: String) -> String {
        """
        <dependent name='\(name)' grouping='require_all' restart_on='none'>
        <service_fmri value='\(target)'/></dependent>
        """
    }

    /// A manifest of services with an instance `default` each, and what else they hold.
    private static func manifest(
        _ services: [(name: String, inside: String)]
    ) throws -> ServiceTree {
        let inside = services.map { name, inside in
            """
            <service name='\(name)' type='service' version='1'>
            <create_default_instance enabled='true'/>\(inside)</service>
            """
        }.joined()
        return try Documents.tree(
            Array("<service_bundle type='manifest' name='x'>\(inside)</service_bundle>".utf8))
    }

    private func lines(of path: String) async throws -> [String] {
        try await repository.lines(of: Documents.path(path), .direct).map(MemoryRepository.text)
    }

    @Test(
        arguments: ["svc:/x/b", "svc:/x/b:default", "svc:/x/a:default"],
        ["", dependent("other", on: "svc:/x/b:default")])
    func `the next version may have a dependent on what it declares no more`(
        _ target: String, _ next: String
    ) async throws {
        try await repository.run(
            Self.manifest([("x/a", Self.dependent("d", on: target)), ("x/b", "")]))
        #expect(try await lines(of: target).contains { $0.contains("/d/external") })
        let report = try await repository.run(Self.manifest([("x/a", next), ("x/b", "")]))
        #expect(report.conflicts == [])
        #expect(try await !lines(of: target).contains { $0.contains("/d/") })
    }

    @Test(arguments: ["svc:/t", "svc:/t:default"])
    func `a service that is exported alone brings its dependents' dependencies back`(
        _ target: String
    ) async throws {
        try await repository.run(Self.manifest([("t", "")]))
        try await repository.run(Self.manifest([("x/a", Self.dependent("d", on: target))]))
        let before = try await repository.dump()
        let present = try await repository.tree(of: [EntityPattern("svc:/x/a")])
        #expect(present.untold == [])
        let exported = try present.tree.bundle(named: "export")
        #expect(exported.services.map { $0["name"] } == ["x/a"])
        for path in ["\(target)/:properties/d", "svc:/x/a:default", "svc:/x/a"] {
            _ = try await repository.submit(
                [.delete(Documents.path(path), id: nil)], expecting: [])
        }
        try await repository.run(Documents.tree(exported.encoded()))
        #expect(try await repository.dump() == before)
    }

    @Test(arguments: [
        ("grouping", ["odd"]), ("external", ["false"]), ("entities", ["svc:/other"]),
        ("entities", ["svc:/x/a", "svc:/other"]),
    ])
    func `what no dependent can say any more is told, and the rest is exported`(
        _ property: String, _ values: [String]
    ) async throws {
        try await repository.run(Self.manifest([("t", "")]))
        try await repository.run(
            Self.manifest([
                ("x/a", Self.dependent("d", on: "svc:/t") + Self.dependent("e", on: "svc:/t"))
            ]))
        let path = try Documents.path("svc:/t/:properties/d/\(property)")
        _ = try await GroupEditing(in: repository).set(path, type: nil, values)
        let present = try await repository.tree(of: [EntityPattern("svc:/x/a")])
        #expect(present.untold.map(\.description) == ["svc:/t/:properties/d"])
        let service = try #require(try present.tree.bundle(named: "export").services.first)
        #expect(service.children.filter { $0.name == "dependent" }.map { $0["name"] } == ["e"])
        let failure = CommandFailure(untold: present.untold)
        #expect(failure?.text.contains("without svc:/t/:properties/d: ") == true)
    }

    @Test func `what another's dependent has put there since is not missed in an export`()
        async throws
    {
        try await repository.run(Self.manifest([("t", "")]))
        let dependent = Self.dependent("d", on: "svc:/t")
        try await repository.run(Self.manifest([("x/a", dependent)]))
        let group = try Documents.path("svc:/t/:properties/d")
        _ = try await repository.submit([.delete(group, id: nil)], expecting: [])
        try await repository.run(Self.manifest([("x/c", dependent)]))
        #expect(try await repository.tree(of: [EntityPattern("svc:/x/a")]).untold == [])
    }

    @Test func `a dependent whose name is another's dependency at the target is not made`()
        async throws
    {
        try await repository.run(Self.manifest([("t", "")]))
        try await repository.run(Self.manifest([("x/a", Self.dependent("d", on: "svc:/t"))]))
        let before = try await lines(of: "svc:/t")
        let second = try Self.manifest([
            ("x/c", Self.dependent("d", on: "svc:/t") + Self.dependent("e", on: "svc:/t"))
        ])
        for _ in 0..<2 {
            let report = try await repository.run(second)
            #expect(
                report.conflicts.map(\.description) == [
                    "svc:/t/:properties/d is the dependency on svc:/x/a here; the dependent of that "
                        + "name of svc:/x/c is not made; name it otherwise"
                ])
        }
        #expect(
            try await lines(of: "svc:/t").filter { $0.contains("/d") }
                == before.filter {
                    $0.contains("/d")
                })
        #expect(
            try await lines(of: "svc:/x/c") == [
                "svc:/x/c/:properties/dependents framework",
                "svc:/x/c/:properties/dependents/e fmri svc:/t",
            ])
        // When the name is free, it is made.
        try await repository.run(Self.manifest([("x/a", "")]))
        #expect(try await repository.run(second).conflicts == [])
        #expect(
            try await lines(of: "svc:/t")
                .contains("svc:/t/:properties/d/entities fmri svc:/x/c"))
    }

    @Test func `that a dependent is not made is told once, though the target is declared too`()
        async throws
    {
        let dependent = Self.dependent("d", on: "svc:/t")
        let document = try Self.manifest([
            ("t", ""), ("x/a", dependent + Self.dependent("e", on: "svc:/t")),
        ])
        try await repository.run(document)
        let group = try Documents.path("svc:/t/:properties/d")
        _ = try await repository.submit([.delete(group, id: nil)], expecting: [])
        let named = try Documents.path("svc:/x/a/:properties/dependents/d")
        _ = try await GroupEditing(in: repository).set(named, type: nil, ["svc:/other"])
        try await repository.run(Self.manifest([("x/c", dependent)]))
        #expect(
            try await repository.run(document).conflicts.map(\.description) == [
                "svc:/t/:properties/d is the dependency on svc:/x/c here; the dependent of that "
                    + "name of svc:/x/a is not made; name it otherwise"
            ])
    }

    @Test func `a dependent whose name is a dependency of the target's own is not made`()
        async throws
    {
        let own = """
            <dependency name='d' grouping='require_all' restart_on='none' type='service'>
            <service_fmri value='svc:/z'/></dependency>
            """
        try await repository.run(Self.manifest([("t", own)]))
        let before = try await lines(of: "svc:/t")
        let second = try Self.manifest([("x/a", Self.dependent("d", on: "svc:/t"))])
        for _ in 0..<2 {
            let report = try await repository.run(second)
            #expect(
                report.conflicts.map(\.description) == [
                    "svc:/t/:properties/d is another dependency here; the dependent of that name of "
                        + "svc:/x/a is not made; name it otherwise"
                ])
        }
        #expect(try await lines(of: "svc:/t") == before)
        #expect(try await lines(of: "svc:/x/a") == [])
    }

    @Test(arguments: ["", " override='true'"])
    func `a dependent whose name is a group of another type at the target is not made`(
        _ override: String
    ) async throws {
        let own = """
            <property_group name='d' type='application'>
            <propval name='p' type='count' value='1'/></property_group>
            """
        try await repository.run(Self.manifest([("t", own)]))
        let before = try await lines(of: "svc:/t")
        let second = try Self.manifest([
            (
                "x/a",
                """
                <dependent name='d' grouping='require_all' restart_on='none'\(override)>
                <service_fmri value='svc:/t'/></dependent>
                """
            )
        ])
        for _ in 0..<2 {
            #expect(
                try await repository.run(second).conflicts.map(\.description) == [
                    "svc:/t/:properties/d is a group of type application here; the dependent of "
                        + "that name of svc:/x/a is not made; name it otherwise"
                ])
        }
        #expect(try await lines(of: "svc:/t") == before)
        #expect(try await lines(of: "svc:/x/a") == [])
        // When the name is free, it is made.
        let group = try Documents.path("svc:/t/:properties/d")
        _ = try await repository.submit([.delete(group, id: nil)], expecting: [])
        #expect(try await repository.run(second).conflicts == [])
        #expect(
            try await lines(of: "svc:/x/a")
                .contains("svc:/x/a/:properties/dependents/d fmri svc:/t"))
    }

    @Test func `each dependent that a document has dropped is decided by itself`() async throws {
        try await repository.run(Self.manifest([("t", "")]))
        let both = Self.dependent("d", on: "svc:/t") + Self.dependent("e", on: "svc:/t")
        try await repository.run(Self.manifest([("x/a", both)]))
        let dependents = "svc:/x/a/:properties/dependents"
        for (name, target) in [("e", "svc:/changed"), ("mine", "svc:/own")] {
            let path = try Documents.path("\(dependents)/\(name)")
            _ = try await GroupEditing(in: repository).set(path, type: .fmri, [target])
        }
        let report = try await repository.run(Self.manifest([("x/a", "")]))
        #expect(
            report.conflicts.map(\.description) == [
                "\(dependents)/e was changed here and is not in the bundle any more; it stays"
            ])
        #expect(
            try await lines(of: "svc:/x/a") == [
                "\(dependents) framework", "\(dependents)/e fmri svc:/changed",
                "\(dependents)/mine fmri svc:/own",
            ])
    }

    @Test func `dependents that were dropped go with their group, though one was deleted before`()
        async throws
    {
        try await repository.run(Self.manifest([("t", "")]))
        let both = Self.dependent("d", on: "svc:/t") + Self.dependent("e", on: "svc:/t")
        try await repository.run(Self.manifest([("x/a", both)]))
        let gone = try Documents.path("svc:/x/a/:properties/dependents/e")
        _ = try await GroupEditing(in: repository).delete(gone)
        #expect(try await repository.run(Self.manifest([("x/a", "")])).conflicts == [])
        #expect(try await lines(of: "svc:/x/a") == [])
        #expect(try await !lines(of: "svc:/t").contains { $0.contains("/d") })
    }

    @Test(arguments: ["application", "dependency"])
    func `a dependent that is to be deleted takes nothing that it has not made`(
        _ type: String
    ) async throws {
        let group =
            type == "dependency"
            ? """
            <dependency name='d' grouping='require_all' restart_on='none' type='service'>
            <service_fmri value='svc:/z'/></dependency>
            """ : "<property_group name='d' type='\(type)'/>"
        try await repository.run(Self.manifest([("t", group)]))
        let before = try await lines(of: "svc:/t")
        let deletion = Self.dependent("d", on: "svc:/t")
            .replacing("<dependent ", with: "<dependent delete='true' ")
        let report = try await repository.run(Self.manifest([("x/a", deletion)]))
        #expect(report.conflicts == [])
        #expect(try await lines(of: "svc:/t") == before)
        try await repository.run(
            Self.manifest([("t2", ""), ("x/a", Self.dependent("d", on: "svc:/t2"))]))
        #expect(try await lines(of: "svc:/t2").contains { $0.contains("/d/external") })
        let another = Self.dependent("d", on: "svc:/t2")
            .replacing("<dependent ", with: "<dependent delete='true' ")
        try await repository.run(Self.manifest([("x/a", another)]))
        #expect(try await !lines(of: "svc:/t2").contains { $0.contains("/d") })
    }

    @Test func `what somebody has changed of a dependent's dependency stays as it is`()
        async throws
    {
        let document = try Self.manifest([("t", ""), ("x/a", Self.dependent("d", on: "svc:/t"))])
        try await repository.run(document)
        let external = try Documents.path("svc:/t/:properties/d/external")
        _ = try await GroupEditing(in: repository).set(external, type: nil, ["false"])
        let before = try await repository.dump()
        #expect(try await repository.run(document).conflicts == [])
        #expect(try await repository.dump() == before)
    }

    @Test func `a document may give a dependent from one of its services to another`()
        async throws
    {
        try await repository.run(Self.manifest([("t", "")]))
        let dependent = Self.dependent("d", on: "svc:/t")
        try await repository.run(Self.manifest([("x/a", dependent), ("x/c", "")]))
        let report = try await repository.run(Self.manifest([("x/a", ""), ("x/c", dependent)]))
        #expect(report.conflicts == [])
        #expect(
            try await lines(of: "svc:/t")
                .contains("svc:/t/:properties/d/entities fmri svc:/x/c"))
    }

    @Test(arguments: ["svc:/x/a", "svc:/x/a:default"])
    func `what a deleted service leaves at others is known`(_ deleted: String) async throws {
        try await repository.run(Self.manifest([("t", "")]))
        let targets = ["svc:/t", "svc:/t:default", "svc:/x/a", "svc:/none"]
        let instance = targets.enumerated().map { Self.dependent("d\($0.offset)", on: $0.element) }
        let inside = "<instance name='i' enabled='true'>\(instance.joined())</instance>"
        try await repository.run(Self.manifest([("x/a", inside)]))
        let none = try Documents.path("svc:/none")
        _ = try await repository.submit([.delete(none, id: nil)], expecting: [])
        let left = try await repository.dependenciesLeft(by: Documents.path(deleted))
        let instanceLeft = try await repository.dependenciesLeft(by: Documents.path("svc:/x/a:i"))
        let outside = ["svc:/t/:properties/d0", "svc:/t:default/:properties/d1"]
        #expect(left.map(\.description) == (deleted == "svc:/x/a" ? outside : []))
        #expect(instanceLeft.map(\.description) == outside + ["svc:/x/a/:properties/d2"])
    }
}
