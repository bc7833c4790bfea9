import Codec
import Identifiers
import KeyValue
import Properties
import Testing
import Transactions

struct SnapshotTests {
    private let instance = "svc:/a:i"

    /// An instance with two groups of its own, one of them not persistent, and one of its service.
    private func bench() throws -> PropertyBench {
        var bench = PropertyBench()
        try set("svc:/a:i/:properties/own/p", "1", in: &bench)
        try set("svc:/a:i/:properties/own/q", "1", in: &bench)
        try set("svc:/a/:properties/shared/p", "2", in: &bench)
        try bench.run(
            .addGroup(
                try pathed("svc:/a:i/:properties/fleeting"), ownerID: nil,
                GroupCreation(type: "t", isPersistent: false)))
        return bench
    }

    private func set(
        _ path: String, _ value: String, in bench: inout PropertyBench
    ) throws {
        try bench.run(
            .setProperty(
                try pathed(path), to: try content(.count, value), creation: GroupCreation(type: "t")
            ))
    }

    private func take(
        _ name: String, _ mode: SnapshotTake.Mode, in bench: inout PropertyBench
    ) throws -> SnapshotName {
        let path = try snapshotPathed(instance, name)
        return try SnapshotName(
            bench.run(.takeSnapshot(SnapshotTake(path, mode: mode)))[0])
    }

    private func groups(
        _ bench: PropertyBench, _ content: EntityID, _ level: SnapshotLevel
    ) throws -> [ListedGroup] {
        let query = PropertyQuery.groups(
            .level(content: content, level), type: nil, page: .init())
        return try GroupListing(bench.ask(query)).entries
    }

    private func snapshot(_ bench: PropertyBench, _ name: String) throws -> SnapshotReply.Found? {
        let reference = SnapshotReference(try snapshotPathed(instance, name))
        return try SnapshotReply(bench.ask(.snapshot(reference, instanceID: nil))).found
    }

    /// The content is of instance `i` of service `a` with one small group of each level, under one name.
    private func expectOneGroupEach(_ content: SnapshotContent) {
        let bytes = content.groupBytes
        #expect(bytes > 20 && bytes < 200)
        #expect(
            content
                == SnapshotContent(
                    holders: 1, service: "a", instance: "i", instanceGroups: 1, serviceGroups: 1,
                    groupBytes: bytes))
    }

    private func value(_ group: PropertyGroup?, _ name: String) -> [UInt8]? {
        group?[name]?.values.first?.stringBytes
    }

    @Test func `a snapshot holds the persistent groups of both levels as they were`() throws {
        var bench = try bench()
        let taken = try take("running", .new, in: &bench)
        #expect(bench.changeLines == ["+svc:/a:i/:snapshots/running"])
        let before = try #require(try bench.group("svc:/a:i/:properties/own"))
        try set("svc:/a:i/:properties/own/p", "9", in: &bench)
        try bench.run(.delete(try pathed("svc:/a/:properties/shared"), id: nil))
        let own = try groups(bench, taken.content, .instance)
        let shared = try groups(bench, taken.content, .service)
        #expect(own.map(\.name) == ["own"])
        #expect(own.first?.group == before)
        #expect(shared.map(\.name) == ["shared"])
        #expect(value(shared.first?.group, "p") == Array("2".utf8))
        let found = try #require(try snapshot(bench, "running"))
        #expect(found.name == taken)
        expectOneGroupEach(found.content)
        let one = PropertyQuery.levelGroup(content: taken.content, .service, name: "shared")
        #expect(try GroupReply(bench.ask(one)).group == shared.first?.group)
        let none = PropertyQuery.levelGroup(content: taken.content, .service, name: "own")
        #expect(try GroupReply(bench.ask(none)).group == nil)
    }

    private func filing(_ name: String, _ instances: [SnapshotFiling.Instance]) throws
        -> PropertyOperation
    {
        let group = SnapshotFiling.Group(
            name: "shared", type: "u",
            properties: [Property(name: "p", content: try content(.astring, "filed"))])
        return .fileSnapshots(
            SnapshotFiling(
                of: try pathed("svc:/a"), name: name, groups: [group], instances: instances))
    }

    @Test func `a snapshot can hold what is given, and nothing else of it is seen`() throws {
        var bench = try bench()
        try bench.run(.addInstance(try pathed("svc:/a:j"), serviceID: nil))
        let before = try take("last-import", .new, in: &bench)
        let rows = try bench.rows()
        let own = SnapshotFiling.Group(name: "other", type: "t", properties: [])
        try bench.run(
            try filing(
                "last-import", [.init(name: "i", groups: [own]), .init(name: "j", groups: [])]))
        #expect(
            bench.changeLines
                == ["~svc:/a:i/:snapshots/last-import", "+svc:/a:j/:snapshots/last-import"])
        let found = try #require(try snapshot(bench, "last-import"))
        #expect(found.name.id == before.id)
        expectOneGroupEach(found.content)
        let filed = try groups(bench, found.name.content, .instance)
        #expect(filed.map(\.name) == ["other"])
        #expect(filed.first?.group.header.isPersistent == true)
        let shared = try groups(bench, found.name.content, .service).first?.group
        #expect(shared?.header.type == "u")
        #expect(value(shared, "p") == Array("filed".utf8))
        // What is there, of groups and their versions, is as it was.
        let after = try bench.rows()
        for (key, row) in rows where key[1] <= 4 { #expect(after[key]?.value == row.value) }
        try bench.run(.delete(try pathed("svc:/a:i"), id: nil))
        try bench.run(.delete(try pathed("svc:/a:j"), id: nil))
        try bench.run(.delete(try pathed("svc:/a"), id: nil))
        #expect(try bench.rows().isEmpty)
    }

    @Test func `what is given is refused where there is no such instance, or too much`() throws {
        var bench = try bench()
        let missing = try filing("n", [.init(name: "none", groups: [])])
        #expect(try bench.refusal(missing) == .notFound)
        let many = (0..<SnapshotContent.groupLimit).map {
            SnapshotFiling.Group(name: "g\($0)", type: "t", properties: [])
        }
        #expect(
            try bench.refusal(try filing("n", [.init(name: "i", groups: many)])) == .limitExceeded)
        #expect(
            try bench.refusal(try filing("n", [.init(name: "i", groups: many.dropLast())])) == nil)
        // What many instances share is stored for each: 500 KB of it for each of 20.
        let values = try content(.astring, String(repeating: "x", count: 4_000))
        let large = (0..<125).map {
            SnapshotFiling.Group(
                name: "g\($0)", type: "t", properties: [Property(name: "p", content: values)])
        }
        let instances = (0..<20).map { "x\($0)" }
        for name in instances {
            try bench.run(.addInstance(try pathed("svc:/a:\(name)"), serviceID: nil))
        }
        func shared(_ count: Int) throws -> PropertyOperation {
            .fileSnapshots(
                SnapshotFiling(
                    of: try pathed("svc:/a"), name: "n", groups: large,
                    instances: instances.prefix(count).map { .init(name: $0, groups: []) }))
        }
        #expect(try bench.refusal(try shared(20)) == .limitExceeded)
        #expect(try bench.refusal(try shared(10)) == nil)
    }

    @Test func `each way of taking says what it wants to find`() throws {
        var bench = try bench()
        let path = try snapshotPathed(instance, "running")
        func refusal(_ mode: SnapshotTake.Mode, _ id: EntityID? = nil) throws -> AbortCode? {
            try bench.refusal(
                .takeSnapshot(SnapshotTake(path, instanceID: id, mode: mode)))
        }
        let other = EntityID(index: LogIndex(1), ordinal: 99)
        #expect(try refusal(.replace(nil)) == .notFound)
        #expect(try refusal(.replace(other)) == .deleted)
        #expect(try refusal(.new, other) == .deleted)
        let first = try take("running", .set, in: &bench)
        #expect(try refusal(.new) == .exists)
        #expect(try refusal(.replace(other)) == .deleted)
        let second = try take("running", .replace(first.id), in: &bench)
        #expect(bench.changeLines == ["~svc:/a:i/:snapshots/running"])
        #expect(second.id == first.id)
        #expect(second.content != first.content)
        #expect(try groups(bench, second.content, .instance).count == 1)
        let missing = SnapshotTake(try snapshotPathed("svc:/none:i", "running"), mode: .set)
        #expect(try bench.refusal(.takeSnapshot(missing)) == .notFound)
    }

    @Test func `what was replaced is kept until the name has been given much else`() throws {
        var bench = try bench()
        let first = try take("running", .new, in: &bench)
        try set("svc:/a:i/:properties/own/p", "2", in: &bench)
        var later: [SnapshotName] = []
        for _ in 0..<16 { later.append(try take("running", .set, in: &bench)) }
        #expect(
            try value(groups(bench, first.content, .instance).first?.group, "p")
                == Array("1".utf8))
        later.append(try take("running", .set, in: &bench))
        #expect(throws: Abort.self) { try groups(bench, first.content, .instance) }
        #expect(try groups(bench, later[0].content, .instance).count == 1)
        let path = try snapshotPathed(instance, "running")
        try bench.run(.deleteSnapshot(SnapshotReference(path)))
        for name in later {
            #expect(throws: Abort.self) { try groups(bench, name.content, .instance) }
        }
    }

    @Test func `what was replaced is kept within a bound of bytes, but for the last`() throws {
        var bench = try bench()
        let words = [String](repeating: String(repeating: "w", count: 4_000), count: 240)
        let path = try pathed("svc:/a:i/:properties/own/words")
        let content = try #require(PropertyContent(type: .astring, strings: words))
        try bench.run(
            .setProperty(path, to: content, creation: GroupCreation(type: "t")))
        var taken: [SnapshotName] = []
        for _ in 0..<7 { taken.append(try take("running", .set, in: &bench)) }
        let size = try #require(try snapshot(bench, "running")).content.groupBytes
        #expect(4 * size < SnapshotContent.previousBytesLimit)
        #expect(5 * size > SnapshotContent.previousBytesLimit)
        for name in taken.prefix(2) {
            #expect(throws: Abort.self) { try groups(bench, name.content, .instance) }
        }
        for name in taken.dropFirst(2) {
            #expect(try groups(bench, name.content, .instance).count == 1)
        }
    }

    @Test func `names share what they hold, and it goes with the last of them`() throws {
        var bench = try bench()
        let running = try take("running", .new, in: &bench)
        let start = try take("start", .new, in: &bench)
        let source = SnapshotReference(try snapshotPathed(instance, "running"), id: running.id)
        let target = SnapshotReference(try snapshotPathed(instance, "start"), id: start.id)
        let attached = try SnapshotName(
            bench.run(.attachSnapshot(source, to: target))[0])
        #expect(attached == SnapshotName(id: start.id, content: running.content))
        #expect(try snapshot(bench, "start")?.content.holders == 2)
        #expect(try groups(bench, start.content, .instance).count == 1)
        try bench.run(.attachSnapshot(source, to: target))
        #expect(bench.changeLines.isEmpty)
        #expect(try snapshot(bench, "start")?.content.holders == 2)
        try bench.run(.deleteSnapshot(source))
        #expect(try groups(bench, running.content, .instance).count == 1)
        #expect(try bench.refusal(.deleteSnapshot(source)) == .deleted)
        #expect(try bench.refusal(.attachSnapshot(source, to: target)) == .deleted)
        try bench.run(.deleteSnapshot(target))
        #expect(bench.changeLines == ["-svc:/a:i/:snapshots/start"])
        #expect(throws: Abort.self) { try groups(bench, running.content, .instance) }
        #expect(try bench.refusal(.deleteSnapshot(SnapshotReference(target.path))) == .notFound)
    }

    @Test func `an instance takes its snapshots along, and leaves no row behind`() throws {
        var bench = try bench()
        let taken = try take("running", .new, in: &bench)
        _ = try take("start", .new, in: &bench)
        try bench.run(.delete(try pathed(instance), id: nil))
        #expect(
            bench.changeLines == [
                "-svc:/a:i/:snapshots/running", "-svc:/a:i/:snapshots/start",
                "-svc:/a:i/:properties/fleeting", "-svc:/a:i/:properties/own/p",
                "-svc:/a:i/:properties/own/q", "-svc:/a:i/:properties/own", "-svc:/a:i",
            ])
        try bench.run(.delete(try pathed("svc:/a"), id: nil))
        #expect(try bench.rows().isEmpty)
        try bench.run(
            .addService(try pathed("svc:/a")),
            .addInstance(try pathed(instance), serviceID: nil))
        #expect(try snapshot(bench, "running") == nil)
        let reference = SnapshotReference(
            try snapshotPathed(instance, "running"), id: taken.id)
        #expect(throws: Abort.self) {
            try bench.ask(.snapshot(reference, instanceID: nil))
        }
    }

    @Test func `snapshots are listed by name, page by page`() throws {
        var bench = try bench()
        for name in ["running", "initial", "start"] { _ = try take(name, .new, in: &bench) }
        func page(_ after: String) throws -> SnapshotListing {
            try SnapshotListing(
                bench.ask(
                    .snapshots(
                        of: try pathed(instance), id: nil, page: .init(after: after, limit: 2))))
        }
        let first = try page("")
        #expect(first.entries.map(\.name) == ["initial", "running"])
        #expect(first.through == "running")
        let second = try page("running")
        #expect(second.entries.map(\.name) == ["start"])
        #expect(second.through == nil)
        #expect(second.entries.first?.snapshot == (try snapshot(bench, "start")?.name))
    }

    @Test func `snapshots are bounded in number, groups and bytes`() throws {
        var bench = try bench()
        for count in 0..<SnapshotContent.nameLimit {
            _ = try take("s\(count)", .new, in: &bench)
        }
        let more = SnapshotTake(try snapshotPathed(instance, "more"), mode: .set)
        #expect(try bench.refusal(.takeSnapshot(more)) == .limitExceeded)
        #expect(try take("s1", .replace(nil), in: &bench).content.index == bench.index)
        for count in 0...SnapshotContent.groupLimit {
            try bench.run(
                .addGroup(
                    try pathed("svc:/a/:properties/g\(count)"), ownerID: nil,
                    GroupCreation(type: "t")))
        }
        let again = SnapshotTake(try snapshotPathed(instance, "s1"), mode: .replace(nil))
        #expect(try bench.refusal(.takeSnapshot(again)) == .limitExceeded)
    }

    @Test func `what the steps of one transaction copy is bounded in all`() throws {
        var bench = try bench()
        let large = String(repeating: "x", count: 4_000)
        let values = try content(.astring, large)
        for name in 0..<200 {
            try bench.run(
                .setProperty(
                    try pathed("svc:/a/:properties/g\(name)/p"), to: values,
                    creation: GroupCreation(type: "t")))
        }
        func steps(_ count: Int) throws -> [Step] {
            try (0..<count).map {
                PropertyOperation.takeSnapshot(
                    SnapshotTake(try snapshotPathed(instance, "s\($0)"), mode: .set)
                ).step
            }
        }
        // About 800 KB each, over 8 MiB in all.
        #expect(throws: Abort.self) { try bench.run(steps(12)) }
        #expect(try bench.run(steps(5)).count == 5)
    }

    @Test func `rows of snapshots have the documented bytes`() throws {
        var bench = PropertyBench()
        try bench.run(
            .commitGroup(
                GroupCommit(
                    try pathed("svc:/a:i/:properties/g"), edits: [],
                    creation: GroupCreation(type: "t"))))
        _ = try take("s", .new, in: &bench)
        let (a, i) = (UInt8(ascii: "a"), UInt8(ascii: "i"))
        let (g, s) = (UInt8(ascii: "g"), UInt8(ascii: "s"))
        let rows = try bench.rows().mapValues(\.value)
        #expect(rows[[0x10, 5, a, 0, 1, i, 0, 1, s, 0, 1]] == [2, 0, 2, 0, 0])
        #expect(rows[[0x10, 6, 2, 0]] == [1, 1, a, 1, i, 1, 0, 8])
        #expect(
            rows[[0x10, 7, 2, 0, 0, g, 0, 1]] == [0x10, 1, 2, 1, 2, 1, UInt8(ascii: "t"), 0])
        _ = try take("s", .set, in: &bench)
        let row = try bench.rows()[[0x10, 5, a, 0, 1, i, 0, 1, s, 0, 1]]
        #expect(row?.value == [2, 0, 3, 0, 1, 2, 0])
    }
}
