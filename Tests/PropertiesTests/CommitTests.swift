import Codec
import Identifiers
import Properties
import Testing
import Transactions

/// The table of *scf_transaction_commit* and *scf_transaction_property_new* and its siblings.
struct CommitTests {
    private static let groupText = "svc:/app:one/:properties/cfg"

    /// A bench with a group that holds a count `n` and an astring `s`.
    private func bench() throws -> (PropertyBench, PropertyPath, GroupResult) {
        var bench = PropertyBench()
        let path = try pathed(Self.groupText)
        let results = try bench.run(
            .addService(try pathed("svc:/app")),
            .addInstance(try pathed("svc:/app:one"), serviceID: nil),
            .addGroup(path, ownerID: nil, GroupCreation(type: "application")),
            .commitGroup(
                GroupCommit(
                    path,
                    edits: [
                        .new("s", try content(.astring, "b", "a", "b")),
                        .new("n", try content(.count, "5")),
                    ])))
        return (bench, path, try GroupResult(results[3]))
    }

    @Test func `a commit does all its edits and leaves other properties`() throws {
        var (bench, path, base) = try bench()
        let result = try bench.run(
            .commitGroup(
                GroupCommit(
                    path, groupID: base.id, base: base.version,
                    edits: [
                        .new("x", try content(.boolean, "t")),
                        .change("n", try content(.count)),
                    ])))
        let group = try #require(try bench.group(Self.groupText))
        #expect(group.properties.map(\.name) == ["n", "s", "x"])
        #expect(group["n"] == (try content(.count)))
        #expect(group["s"] == (try content(.astring, "b", "a", "b")))
        #expect(group["x"] == (try content(.boolean, "true")))
        #expect(group.header.version == GroupVersion(index: LogIndex(2), ordinal: 0))
        #expect(
            try GroupResult(result[0]) == GroupResult(id: base.id, version: group.header.version))
        #expect(
            bench.changeLines == ["~\(Self.groupText)/n", "+\(Self.groupText)/x"])
    }

    @Test func `edits are held against what is there`() throws {
        var (bench, path, _) = try bench()
        func code(_ edits: PropertyEdit...) throws -> AbortCode? {
            try bench.refusal(.commitGroup(GroupCommit(path, edits: edits)))
        }
        let before = try bench.group(Self.groupText)
        let count = try content(.count, "1")
        #expect(try code(.new("n", count)) == .exists)
        #expect(try code(.change("none", count)) == .notFound)
        #expect(try code(.changeType("none", count)) == .notFound)
        #expect(try code(.delete("none")) == .notFound)
        #expect(try code(.change("s", count)) == .typeMismatch)
        #expect(try code(.change("s", try content(.ustring, "a"))) == .typeMismatch)
        #expect(try code(.set("new", count), .delete("none")) == .notFound)
        #expect(try code(.set("n", count), .delete("n")) == .invalidArgument)
        #expect(try code(.set("1n", count)) == .invalidArgument)
        #expect(try bench.group(Self.groupText) == before)
        #expect(try code(.changeType("s", count)) == nil)
        #expect(try code(.set("n", try content(.fmri, "svc:/x"))) == nil)
        #expect(try code(.delete("s")) == nil)
    }

    @Test func `an old base is out of date, and a base that is current commits`() throws {
        var (bench, path, base) = try bench()
        let commit = PropertyOperation.commitGroup(
            GroupCommit(
                path, groupID: base.id, base: base.version,
                edits: [.change("n", try content(.count, "6"))]))
        #expect(try bench.refusal(commit) == nil)
        #expect(try bench.refusal(commit) == .outOfDate)
        #expect(try bench.group(Self.groupText)?["n"] == (try content(.count, "6")))
    }

    @Test func `equal values are a new version too`() throws {
        var (bench, path, base) = try bench()
        try bench.run(
            .commitGroup(GroupCommit(path, edits: [.change("n", try content(.count, "5"))])))
        let group = try #require(try bench.group(Self.groupText))
        #expect(group.header.version > base.version)
    }

    @Test func `no edits make no version, and still say that the base is old`() throws {
        var (bench, path, base) = try bench()
        let empty = PropertyOperation.commitGroup(
            GroupCommit(path, groupID: base.id, base: base.version, edits: []))
        #expect(try GroupResult(try bench.run(empty)[0]) == base)
        #expect(bench.changes.isEmpty)
        #expect(try bench.group(Self.groupText)?.header.version == base.version)
        try bench.run(.setProperty(try pathed(Self.groupText + "/n"), to: try content(.count, "7")))
        #expect(try bench.refusal(empty) == .outOfDate)
    }

    @Test func `a group that is gone is deleted, even if old, even if made again`() throws {
        var (bench, path, base) = try bench()
        let stale = PropertyOperation.commitGroup(
            GroupCommit(
                path, groupID: base.id, base: GroupVersion(index: LogIndex(0), ordinal: 0),
                edits: []))
        #expect(try bench.refusal(stale) == .outOfDate)
        try bench.run(.delete(path, id: base.id))
        #expect(try bench.refusal(stale) == .deleted)
        #expect(
            try bench.refusal(.commitGroup(GroupCommit(path, edits: []))) == .notFound)
        try bench.run(.addGroup(path, ownerID: nil, GroupCreation(type: "application")))
        #expect(try bench.refusal(stale) == .deleted)
    }

    @Test func `a group is deleted with any of its ancestors`() throws {
        var (bench, path, base) = try bench()
        try bench.run(
            .delete(path.owner, id: nil), .delete(path.servicePath, id: nil),
            .commitGroup(
                GroupCommit(path, edits: [], creation: GroupCreation(type: "application"))))
        #expect(
            try bench.refusal(.commitGroup(GroupCommit(path, groupID: base.id, edits: [])))
                == .deleted)
    }

    @Test func `several commits in one transaction are versions of their own`() throws {
        var (bench, path, base) = try bench()
        let one = PropertyOperation.commitGroup(
            GroupCommit(path, edits: [.change("n", try content(.count, "6"))]))
        let results = try bench.run(one, one).map { try GroupResult($0) }
        #expect(base.version < results[0].version)
        #expect(results[0].version < results[1].version)
        let stale = PropertyOperation.commitGroup(
            GroupCommit(path, base: results[0].version, edits: []))
        #expect(try bench.refusal(stale) == .outOfDate)
    }

    @Test func `a group deleted and made again in one transaction is another one`() throws {
        var (bench, path, _) = try bench()
        let add = PropertyOperation.addGroup(
            path, ownerID: nil, GroupCreation(type: "application"))
        let results = try bench.run(.delete(path, id: nil), add, .delete(path, id: nil), add)
        #expect(try GroupResult(results[1]).id != GroupResult(results[3]).id)
    }

    @Test func `one property is set by making what is missing`() throws {
        var bench = PropertyBench()
        let path = try pathed("svc:/a/b:c/:properties/g/p")
        #expect(
            try bench.refusal(.setProperty(path, to: try content(.count, "1"))) == .notFound)
        let result = try bench.run(
            .setProperty(
                path, to: try content(.count, "1"), creation: GroupCreation(type: "framework")))
        #expect(
            bench.changeLines == [
                "+svc:/a/b", "+svc:/a/b:c", "+svc:/a/b:c/:properties/g",
                "+svc:/a/b:c/:properties/g/p",
            ])
        let group = try #require(try bench.group("svc:/a/b:c/:properties/g"))
        #expect(group.header.type == "framework")
        #expect(group.header.id == EntityID(index: bench.index, ordinal: 2))
        #expect(try GroupResult(result[0]).version == group.header.version)
        try bench.run(.deleteProperty(path))
        #expect(bench.changeLines == ["-svc:/a/b:c/:properties/g/p"])
        #expect(try bench.refusal(.deleteProperty(path)) == .notFound)
    }

    @Test func `a replacement notes what differs and is no version where nothing does`() throws {
        var (bench, path, base) = try bench()
        let same = [
            Property(name: "n", content: try content(.count, "5")),
            Property(name: "s", content: try content(.astring, "b", "a", "b")),
        ]
        let unchanged = try bench.run(.replaceGroup(GroupReplacement(path, properties: same)))
        #expect(try GroupResult(unchanged[0]) == base)
        #expect(bench.changes.isEmpty)
        try bench.run(
            .replaceGroup(
                GroupReplacement(
                    path, base: base.version,
                    properties: [same[1], Property(name: "a", content: same[0].content)],
                    creation: GroupCreation(type: "application"))))
        #expect(bench.changeLines == ["-\(Self.groupText)/n", "+\(Self.groupText)/a"])
        #expect(try bench.group(Self.groupText)?.properties.map(\.name) == ["a", "s"])
        #expect(
            try bench.refusal(
                .replaceGroup(
                    GroupReplacement(
                        path, properties: same, creation: GroupCreation(type: "framework"))))
                == .typeMismatch)
        #expect(
            try bench.refusal(
                .replaceGroup(GroupReplacement(path, base: base.version, properties: same)))
                == .outOfDate)
    }

    @Test func `a group stays within its limit`() throws {
        var limits = Limits()
        limits.valueBytes = 100
        var bench = PropertyBench(limits: limits)
        let path = try pathed("svc:/a/:properties/g/p")
        func set(_ count: Int) throws -> AbortCode? {
            let text = String(repeating: "x", count: count)
            return try bench.refusal(
                .setProperty(
                    path, to: try content(.astring, text),
                    creation: GroupCreation(type: "application")))
        }
        #expect(try set(60) == nil)
        #expect(try set(100) == .limitExceeded)
        #expect(
            try bench.group("svc:/a/:properties/g")?["p"]?.values.first?.stringBytes.count == 60)
    }

    @Test func `what steps rewrite of a large group is bounded`() throws {
        var limits = Limits()
        limits.transactionBytes = 1_000
        limits.valueBytes = 10_000
        var bench = PropertyBench(limits: limits)
        func set(_ name: String, _ text: String) throws -> PropertyOperation {
            .setProperty(
                try pathed("svc:/a/:properties/g/\(name)"), to: try content(.astring, text),
                creation: GroupCreation(type: "application"))
        }
        for number in 0..<10 {
            let text = String(repeating: "x", count: 900)
            try bench.run(try set("p\(number)", text))
        }
        // Each of these is small, and writes the 9 kB of the group anew: 64 kB are too much.
        let few = try (0..<6).map { try set("q", "\($0)").step }
        _ = try bench.run(few)
        let many = try (0..<8).map { try set("q", "\($0 + 10)").step }
        do {
            _ = try bench.run(many)
            Issue.record("72 kB of groups were written anew")
        } catch let abort as Abort {
            #expect(abort.code == .limitExceeded)
            #expect(abort.step == 7)
            #expect(abort.message.contains("over the limit of 64000"), "\(abort.message)")
        }
        #expect(
            try bench.group("svc:/a/:properties/g")?["q"]?.values.first?.stringBytes
                == Array("5".utf8))
    }
}
