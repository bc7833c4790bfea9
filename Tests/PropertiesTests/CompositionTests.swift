import Codec
import Identifiers
import Properties
import Testing
import Transactions

struct CompositionTests {
    private let instance = "svc:/a:i"

    private func add(
        _ path: String, type: String = "t", _ properties: [String: String] = [:],
        to bench: inout PropertyBench
    ) throws {
        try bench.run(
            .commitGroup(
                GroupCommit(
                    try pathed(path),
                    edits: try properties.map { .set($0.key, try content(.astring, $0.value)) },
                    creation: GroupCreation(type: type))))
    }

    private func bench() throws -> PropertyBench {
        var bench = PropertyBench()
        try add("svc:/a/:properties/both", ["p": "service", "r": "service"], to: &bench)
        try add("svc:/a/:properties/differ", type: "u", ["p": "service"], to: &bench)
        try add("svc:/a/:properties/only-service", ["p": "service"], to: &bench)
        try add("svc:/a:i/:properties/both", ["p": "instance", "q": "instance"], to: &bench)
        try add("svc:/a:i/:properties/differ", ["q": "instance"], to: &bench)
        try add("svc:/a:i/:properties/own", ["p": "instance"], to: &bench)
        return bench
    }

    private func shown(_ group: ComposedGroup) -> String {
        let properties = group.properties.map { property in
            let value = property.content.values.first?.stringBytes ?? []
            return property.name + "=" + String(decoding: value, as: UTF8.self)
        }
        return (group.type ?? "-") + ": " + properties.joined(separator: " ")
    }

    private func composed(
        _ bench: PropertyBench, _ name: String, content: EntityID? = nil
    ) throws -> ComposedGroup {
        let source = ComposedSource(try pathed(instance), content: content)
        return try ComposedReply(bench.ask(.composedGroup(source, name: name))).group
    }

    @Test func `the instance's properties win, and other types are left out`() throws {
        let bench = try bench()
        #expect(
            shown(try composed(bench, "both")) == "t: p=instance q=instance r=service")
        #expect(shown(try composed(bench, "differ")) == "t: q=instance")
        #expect(shown(try composed(bench, "only-service")) == "t: p=service")
        #expect(shown(try composed(bench, "own")) == "t: p=instance")
        #expect(shown(try composed(bench, "none")) == "-: ")
    }

    @Test func `all compositions are listed once, page by page`() throws {
        var bench = try bench()
        let taken = try SnapshotName(
            bench.run(
                .takeSnapshot(
                    SnapshotTake(try snapshotPathed(instance, "running"), mode: .new)))[0])
        try add("svc:/a:i/:properties/late", ["p": "instance"], to: &bench)
        func names(
            limit: Int, type: String? = nil, content: EntityID? = nil
        ) throws -> [String] {
            let source = ComposedSource(try pathed(instance), content: content)
            var names: [String] = []
            var after = ""
            while true {
                let page = PropertyQuery.Page(after: after, limit: limit)
                let query = PropertyQuery.composedGroups(source, type: type, page: page)
                let listing = try ComposedListing(bench.ask(query))
                names += listing.entries.map(\.name)
                guard let through = listing.through else { return names }
                after = through
            }
        }
        let all = ["both", "differ", "only-service", "own"]
        for limit in 1...6 {
            #expect(try names(limit: limit) == ["both", "differ", "late", "only-service", "own"])
            #expect(try names(limit: limit, content: taken.content) == all)
            #expect(try names(limit: limit, type: "u").isEmpty)
        }
        let held = try composed(bench, "both", content: taken.content)
        #expect(shown(held) == "t: p=instance q=instance r=service")
        try bench.run(
            .deleteSnapshot(SnapshotReference(try snapshotPathed(instance, "running"))))
        #expect(throws: Abort.self) { try composed(bench, "both", content: taken.content) }
    }

    @Test func `whole groups are listed by type, page by page`() throws {
        let bench = try bench()
        func names(_ type: String?, limit: Int) throws -> [String] {
            var names: [String] = []
            var after = ""
            while true {
                let query = PropertyQuery.groups(
                    .owner(try pathed("svc:/a"), id: nil), type: type,
                    page: .init(after: after, limit: limit))
                let listing = try GroupListing(bench.ask(query))
                names += listing.entries.map(\.name)
                guard let through = listing.through else { return names }
                after = through
            }
        }
        for limit in 1...4 {
            #expect(try names(nil, limit: limit) == ["both", "differ", "only-service"])
            #expect(try names("t", limit: limit) == ["both", "only-service"])
            #expect(try names("u", limit: limit) == ["differ"])
        }
    }

    @Test func `a page of groups is bounded in bytes`() throws {
        var bench = PropertyBench()
        let large = try content(.astring, String(repeating: "x", count: 4_000))
        for number in 0..<3 {
            let edits = (0..<100).map { PropertyEdit.set("p\($0)", large) }
            try bench.run(
                .commitGroup(
                    GroupCommit(
                        try pathed("svc:/a/:properties/g\(number)"), edits: edits,
                        creation: GroupCreation(type: "t"))))
        }
        let query = PropertyQuery.groups(
            .owner(try pathed("svc:/a"), id: nil), type: nil, page: .init())
        let listing = try GroupListing(bench.ask(query))
        #expect(listing.entries.map(\.name) == ["g0", "g1"])
        #expect(listing.through == "g1")
    }

    @Test func `a group at the version that is known is told as unchanged`() throws {
        var bench = try bench()
        let path = try pathed("svc:/a:i/:properties/own")
        let first = try #require(try bench.group(path.description)).header
        func ask(_ id: EntityID?, _ known: GroupVersion?) throws -> GroupReply {
            try GroupReply(bench.ask(.group(path, groupID: id, known: known)))
        }
        #expect(try ask(first.id, first.version) == .unchanged)
        #expect(try ask(first.id, nil).group?.header == first)
        try add(path.description, ["p": "again"], to: &bench)
        let second = try #require(try ask(first.id, first.version).group).header
        #expect(second.version > first.version)
        #expect(second.id == first.id)
        try bench.run(.delete(path, id: first.id))
        #expect(throws: Abort.self) { try ask(first.id, second.version) }
        #expect(try ask(nil, second.version) == GroupReply(group: nil))
        try add(path.description, to: &bench)
        #expect(throws: Abort.self) { try ask(first.id, second.version) }
    }
}
