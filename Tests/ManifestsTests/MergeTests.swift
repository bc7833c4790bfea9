import Identifiers
import Manifests
import Properties
import Testing

/// What comes of the last import, what is there, and what a bundle wants.
@Suite struct MergeTests {
    private static let service = "svc:/a/b"

    /// A group of `type` with string properties; nil where `properties` is.
    private func group(
        _ name: String, _ properties: [String: String]?, type: String = "t",
        overrides: Set<String> = [], isDeletion: Bool = false
    ) throws -> GroupTree? {
        guard let properties else { return nil }
        return GroupTree(
            name, type: type, isDeletion: isDeletion,
            try properties.map { name, value in
                PropertyTree(
                    name, try Samples.content(.astring, value),
                    isOverride: overrides.contains(name))
            })
    }

    private func tree(_ group: GroupTree?, at path: String = service) throws -> ServiceTree {
        ServiceTree([EntityTree(try Samples.path(path), groups: group.map { [$0] } ?? [])])
    }

    private func stored(_ group: GroupTree, isPersistent: Bool = true) -> PropertyGroup {
        PropertyGroup(
            header: GroupHeader(
                id: EntityID(index: LogIndex(3), ordinal: 1),
                version: GroupVersion(index: LogIndex(7), ordinal: 2), type: group.type,
                isPersistent: isPersistent),
            properties: group.properties.map { Property(name: $0.name, content: $0.content) })
    }

    private func present(
        _ group: GroupTree?, isPersistent: Bool = true
    ) throws -> PresentTree {
        let groups = group.map { [$0.name: stored($0, isPersistent: isPersistent)] } ?? [:]
        return PresentTree([try Samples.path(Self.service): groups])
    }

    /// Operations and conflicts as short lines.
    private func lines(_ outcome: MergeOutcome) -> [String] {
        outcome.operations.map(line) + outcome.conflicts.map { "conflict: \($0)" }
            + outcome.skipped.map { "skipped \($0)" }
    }

    private func line(_ operation: PropertyOperation) -> String {
        switch operation {
        case .addService(let path), .addInstance(let path, _): return "add \(path)"
        case .addGroup(let path, _, let creation): return "add \(path) \(creation.type)"
        case .delete(let path, let id):
            return "delete \(path) \(id.map(\.description) ?? "any")"
        case .commitGroup(let commit):
            let edits = commit.edits.map(edit).joined(separator: ", ")
            let base = commit.base.map { "\($0.index).\($0.ordinal)" } ?? "new"
            return "\(commit.path) at \(base): \(edits)"
        case .replaceGroup, .noteBoots, .takeSnapshot, .attachSnapshot, .deleteSnapshot,
            .fileSnapshots:
            return "unexpected \(operation)"
        }
    }

    private func edit(_ edit: PropertyEdit) -> String {
        func text(_ content: PropertyContent) -> String {
            content.values.map { String(decoding: $0.stringBytes, as: UTF8.self) }
                .joined(separator: " ")
        }
        return switch edit {
        case .new(let name, let content): "new \(name)=\(text(content))"
        case .change(let name, let content): "change \(name)=\(text(content))"
        case .changeType(let name, let content):
            "change type \(name)=\(content.type) \(text(content))"
        case .delete(let name): "delete \(name)"
        case .set(let name, let content): "set \(name)=\(text(content))"
        }
    }

    private static let at = "svc:/a/b/:properties/g"
    private static let properties:
        [(last: String?, present: String?, wanted: String?, outcome: [String])] = [
            (nil, nil, nil, []),
            (nil, nil, "a", ["\(at) at 7.2: new p=a"]),
            (nil, "a", nil, []),
            (nil, "a", "a", []),
            (
                nil, "a", "b",
                [
                    "conflict: \(at)/p was changed here and in the bundle; the value that is here stays"
                ]
            ),
            ("a", nil, nil, []),
            ("a", nil, "a", []),
            (
                "a", nil, "b",
                ["conflict: \(at)/p was deleted here and changed in the bundle; it stays deleted"]
            ),
            ("a", "a", nil, ["\(at) at 7.2: delete p"]),
            ("a", "a", "a", []),
            ("a", "a", "b", ["\(at) at 7.2: change p=b"]),
            (
                "a", "b", nil,
                ["conflict: \(at)/p was changed here and is not in the bundle any more; it stays"]
            ),
            ("a", "b", "a", []),
            ("a", "b", "b", []),
            (
                "a", "b", "c",
                [
                    "conflict: \(at)/p was changed here and in the bundle; the value that is here stays"
                ]
            ),
        ]

    /// The group has another property that never changes, so that it is itself never in question.
    @Test(arguments: properties.indices)
    func `a property is decided by its three contents`(_ number: Int) throws {
        let row = Self.properties[number]
        func group(_ value: String?, overrides: Set<String> = []) throws -> GroupTree? {
            var properties = ["same": "1"]
            properties["p"] = value
            return try self.group("g", properties, overrides: overrides)
        }
        let outcome = ThreeWayMerge.merge(
            last: try tree(group(row.last)), present: try present(group(row.present)),
            wanted: try tree(group(row.wanted)))
        #expect(lines(outcome) == row.outcome)
        // With override, what is wanted is what comes.
        guard let wanted = row.wanted else { return }
        let forced = ThreeWayMerge.merge(
            last: try tree(group(row.last)), present: try present(group(row.present)),
            wanted: try tree(group(wanted, overrides: ["p"])))
        let verb = row.present == nil ? "new" : "change"
        #expect(
            lines(forced)
                == (row.present == wanted ? [] : ["\(Self.at) at 7.2: \(verb) p=\(wanted)"]))
    }

    private static let groups:
        [(last: String?, present: String?, wanted: String?, outcome: [String])] = [
            (nil, nil, "a", ["add \(at) t", "\(at) at new: new p=a"]),
            ("a", nil, "a", []),
            (
                "a", nil, "b",
                ["conflict: \(at) was deleted here and changed in the bundle; it stays deleted"]
            ),
            ("a", "a", nil, ["delete \(at) 3.1"]),
            (
                "a", "b", nil,
                ["conflict: \(at) was changed here and is not in the bundle any more; it stays"]
            ),
            (nil, "a", nil, []),
            ("a", nil, nil, []),
        ]

    @Test(arguments: groups.indices)
    func `a group is made, kept and deleted by its three contents`(_ number: Int) throws {
        let row = Self.groups[number]
        func group(_ value: String?) throws -> GroupTree? {
            try self.group("g", value.map { ["p": $0] })
        }
        let outcome = ThreeWayMerge.merge(
            last: try tree(group(row.last)), present: try present(group(row.present)),
            wanted: try tree(group(row.wanted)))
        #expect(lines(outcome) == row.outcome)
    }

    @Test func `a group of another type is made anew only where nobody has changed it`() throws {
        let old = try group("g", ["p": "a"])
        let changed = try group("g", ["p": "b"])
        let wanted = try tree(group("g", ["p": "c"], type: "u"))
        #expect(
            lines(
                ThreeWayMerge.merge(last: try tree(old), present: try present(old), wanted: wanted))
                == ["delete \(Self.at) 3.1", "add \(Self.at) u", "\(Self.at) at new: new p=c"])
        #expect(
            lines(
                ThreeWayMerge.merge(
                    last: try tree(old), present: try present(changed), wanted: wanted))
                == [
                    """
                    conflict: \(Self.at) is of type t here and of type u in the bundle; it stays \
                    as it is
                    """
                ])
    }

    @Test func `a property of another type is changed with its type`() throws {
        let old = try group("g", ["p": "1"])
        let number = GroupTree(
            "g", type: "t", [PropertyTree("p", try Samples.content(.count, "1"))])
        #expect(
            lines(
                ThreeWayMerge.merge(
                    last: try tree(old), present: try present(old), wanted: try tree(number)))
                == ["\(Self.at) at 7.2: change type p=count 1"])
    }

    @Test func `a group that is to go goes, whoever changed it`() throws {
        let wanted = try tree(group("g", [:], isDeletion: true))
        let here = try group("g", ["p": "mine"])
        let empty = ServiceTree([])
        #expect(
            lines(ThreeWayMerge.merge(last: empty, present: try present(here), wanted: wanted))
                == ["delete \(Self.at) 3.1"])
        #expect(
            lines(ThreeWayMerge.merge(last: empty, present: try present(nil), wanted: wanted)) == []
        )
    }

    @Test func `a group that is not persistent stays`() throws {
        let old = try group("g", ["p": "a"])
        let wanted = try tree(group("g", ["p": "b"]))
        #expect(
            lines(
                ThreeWayMerge.merge(
                    last: try tree(old), present: try present(old, isPersistent: false),
                    wanted: wanted))
                == ["conflict: \(Self.at) is not persistent here; it stays as it is"])
    }

    @Test func `enabled is never touched once it is there`() throws {
        let yes = ["enabled": "yes"]
        let no = ["enabled": "no"]
        let wanted = [
            try group("general", no, type: "framework", overrides: ["enabled"]),
            try group("general", [:], type: "framework"), nil,
        ]
        let old = try group("general", yes, type: "framework")
        for group in wanted {
            let outcome = ThreeWayMerge.merge(
                last: try tree(old), present: try present(old), wanted: try tree(group))
            #expect(lines(outcome) == [], "\(String(describing: group))")
        }
        for group in [
            try group("general", no, type: "other"),
            try group("general", no, type: "framework", isDeletion: true),
        ] {
            let outcome = ThreeWayMerge.merge(
                last: try tree(old), present: try present(old), wanted: try tree(group))
            #expect(lines(outcome).count == 1)
            #expect(outcome.conflicts.map(\.reason) == [.holdsEnabled])
        }
        let first = ThreeWayMerge.merge(
            last: ServiceTree([]), present: try present(group("general", [:], type: "framework")),
            wanted: try tree(old))
        #expect(lines(first) == ["svc:/a/b/:properties/general at 7.2: new enabled=yes"])
    }

    @Test func `what is not there is made, each service before its instances`() throws {
        let wanted = ServiceTree([
            EntityTree(try Samples.path("svc:/c:i"), groups: []),
            EntityTree(try Samples.path("svc:/a/b:i"), groups: []),
            EntityTree(try Samples.path("svc:/a/b"), groups: []),
            EntityTree(try Samples.path("svc:/c"), groups: []),
        ])
        let outcome = ThreeWayMerge.merge(
            last: wanted, present: try present(nil), wanted: wanted)
        #expect(lines(outcome) == ["add svc:/a/b:i", "add svc:/c", "add svc:/c:i"])
    }

    @Test func `into what was deleted and is made again, everything comes`() throws {
        let old = try tree(group("g", ["p": "a"]))
        let outcome = ThreeWayMerge.merge(last: old, present: PresentTree([:]), wanted: old)
        #expect(
            lines(outcome)
                == ["add svc:/a/b", "add \(Self.at) t", "\(Self.at) at new: new p=a"])
    }

    private static let dependent = """
        <dependent name='d' grouping='require_all' restart_on='none'>
        <service_fmri value='svc:/c'/></dependent>
        """

    @Test func `a dependent makes its dependency, and its end takes it away`() throws {
        let with = try Samples.service(Self.dependent)
        let without = try Samples.service("")
        let first = ThreeWayMerge.merge(
            last: ServiceTree([]), present: PresentTree([:]), wanted: with)
        #expect(
            lines(first) == [
                "add svc:/a/b", "add svc:/c", "add svc:/a/b/:properties/dependents framework",
                "svc:/a/b/:properties/dependents at new: new d=svc:/c",
                "add svc:/c/:properties/d dependency",
                """
                svc:/c/:properties/d at new: new entities=svc:/a/b, new external=true, \
                new grouping=require_all, new restart_on=none, new type=service
                """,
            ])
        var there: [PropertyPath: [String: PropertyGroup]] = [:]
        for entity in with.entities {
            there[entity.path] = Dictionary(
                uniqueKeysWithValues: entity.groups.map { ($0.name, stored($0)) })
        }
        let second = ThreeWayMerge.merge(last: with, present: PresentTree(there), wanted: without)
        #expect(
            lines(second) == [
                "delete svc:/a/b/:properties/dependents 3.1", "delete svc:/c/:properties/d 3.1",
            ])
        let again = ThreeWayMerge.merge(last: with, present: PresentTree(there), wanted: with)
        #expect(lines(again) == [])
    }

    @Test func `more edits than one commit takes are divided, the first one with the version`()
        throws
    {
        let many = GroupTree(
            "g", type: "t",
            try (0..<10_001).map { PropertyTree("p\($0)", try Samples.content(.count, "1")) })
        let outcome = ThreeWayMerge.merge(
            last: ServiceTree([]), present: try present(group("g", [:])), wanted: try tree(many))
        let commits = outcome.operations.compactMap { operation -> GroupCommit? in
            guard case .commitGroup(let commit) = operation else { return nil }
            return commit
        }
        #expect(commits.map(\.edits.count) == [10_000, 1])
        #expect(commits.map { $0.base == nil } == [false, true])
        #expect(commits.allSatisfy { $0.groupID == EntityID(index: LogIndex(3), ordinal: 1) })
    }

    @Test func `what is merged is merged: once more there is nothing to do`() throws {
        let tree = try Samples.tree(try Samples.file("queue.xml"))
        var there: [PropertyPath: [String: PropertyGroup]] = [:]
        for entity in tree.entities {
            there[entity.path] = Dictionary(
                uniqueKeysWithValues: entity.groups.map { ($0.name, stored($0)) })
        }
        let present = PresentTree(there)
        #expect(present.tree == tree)
        for last in [tree, ServiceTree([])] {
            #expect(
                ThreeWayMerge.merge(last: last, present: present, wanted: tree) == MergeOutcome())
        }
    }

    @Test func `a profile sets what it tells where the service is`() throws {
        let profile = try Samples.service(
            """
            <property_group name='g' type='t'>
            <propval name='p' type='astring' value='b'/>
            <propval name='same' type='astring' value='1'/></property_group>
            <property_group name='h' type='t'><propval name='p' type='astring' value='b'/>
            </property_group>
            <property_group name='gone' type='t' delete='true'/>
            <instance name='i' enabled='true'/>
            """, kind: "profile")
        let here = try present(group("g", ["p": "a", "same": "1", "other": "2"]))
        #expect(
            lines(ProfileApplication.apply(profile, to: here)) == [
                "\(Self.at) at 7.2: set p=b", "add svc:/a/b/:properties/h t",
                "svc:/a/b/:properties/h at new: new p=b", "skipped svc:/a/b:i",
            ])
    }

    @Test func `a profile sets enabled, and keeps off groups of another kind`() throws {
        let yes = try group("general", ["enabled": "yes"], type: "framework")
        let profile = try tree(group("general", ["enabled": "no"], type: "framework"))
        #expect(
            lines(ProfileApplication.apply(profile, to: try present(yes)))
                == ["svc:/a/b/:properties/general at 7.2: set enabled=no"])
        let other = try tree(group("g", ["p": "a"], type: "u"))
        let here = try group("g", ["p": "b"])
        #expect(
            lines(ProfileApplication.apply(other, to: try present(here)))
                == [
                    """
                    conflict: \(Self.at) is of type t here and of type u in the bundle; it stays \
                    as it is
                    """
                ])
        #expect(
            lines(
                ProfileApplication.apply(
                    try tree(here), to: try present(here, isPersistent: false)))
                == ["conflict: \(Self.at) is not persistent here; it stays as it is"])
        let gone = try tree(group("g", [:], isDeletion: true))
        #expect(
            lines(ProfileApplication.apply(gone, to: try present(here)))
                == ["delete \(Self.at) 3.1"])
    }
}
