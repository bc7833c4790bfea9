import Codec
import Identifiers
import KeyValue
import Properties
import PropertyStorage
import Stores
import Testing
import Transactions

struct TreeTests {
    private func service(_ name: String) throws -> PropertyOperation {
        .addService(try pathed("svc:/" + name))
    }

    private func group(_ path: String, isPersistent: Bool = true) throws -> PropertyOperation {
        .addGroup(
            try pathed(path), ownerID: nil,
            GroupCreation(type: "framework", isPersistent: isPersistent))
    }

    @Test func `names are made once, and parents must be there`() throws {
        var bench = PropertyBench()
        #expect(try bench.refusal(try group("svc:/a/:properties/g")) == .notFound)
        let instance = PropertyOperation.addInstance(try pathed("svc:/a:i"), serviceID: nil)
        #expect(try bench.refusal(instance) == .notFound)
        try bench.run(try service("a"), instance, try group("svc:/a/:properties/g"))
        #expect(try bench.refusal(try service("a")) == .exists)
        #expect(try bench.refusal(instance) == .exists)
        #expect(
            try bench.refusal(try group("svc:/a/:properties/g", isPersistent: false)) == .exists)
        #expect(try bench.refusal(try group("svc:/a:i/:properties/g")) == nil)
    }

    @Test func `a service with instances stays; an instance takes its groups along`() throws {
        var bench = PropertyBench()
        let instance = try pathed("svc:/a:i")
        try bench.run(
            try service("a"), .addInstance(instance, serviceID: nil),
            try group("svc:/a:i/:properties/g", isPersistent: false),
            try group("svc:/a/:properties/g"),
            .setProperty(try pathed("svc:/a:i/:properties/g/p"), to: try content(.count, "1")))
        #expect(try bench.refusal(.delete(instance.servicePath, id: nil)) == .exists)
        try bench.run(.delete(instance, id: nil))
        #expect(
            bench.changeLines == [
                "-svc:/a:i/:properties/g/p", "-svc:/a:i/:properties/g", "-svc:/a:i",
            ])
        #expect(try bench.group("svc:/a/:properties/g") != nil)
        try bench.run(.delete(instance.servicePath, id: nil))
        #expect(try bench.rows().isEmpty)
        #expect(try bench.refusal(.delete(instance, id: nil)) == .notFound)
    }

    @Test func `a thing made again is another thing`() throws {
        var bench = PropertyBench()
        let path = try pathed("svc:/a")
        let first = try EntityID(try bench.run(try service("a"))[0])
        #expect(try EntityReply(bench.ask(.entity(path))).id == first)
        try bench.run(.delete(path, id: first))
        let second = try EntityID(try bench.run(try service("a"))[0])
        #expect(first != second)
        #expect(try bench.refusal(.delete(path, id: first)) == .deleted)
        let instance = try pathed("svc:/a:i")
        #expect(try bench.refusal(.addInstance(instance, serviceID: first)) == .deleted)
        #expect(
            try bench.refusal(
                .addGroup(
                    try pathed("svc:/a/:properties/g"), ownerID: first,
                    GroupCreation(type: "framework"))) == .deleted)
        #expect(try bench.refusal(.addInstance(instance, serviceID: second)) == nil)
        #expect(throws: Abort.self) {
            try bench.ask(.list(.instances(of: path, id: first), page: .init()))
        }
        #expect(throws: Abort.self) {
            try bench.ask(.group(try pathed("svc:/a/:properties/g"), ownerID: first))
        }
    }

    @Test func `lists are ordered, bounded and go on where they ended`() throws {
        var bench = PropertyBench()
        for name in ["net/b", "net/a", "net-x", "sys", "net/a,c"] {
            try bench.run(try service(name))
        }
        func names(_ page: PropertyQuery.Page) throws -> [String] {
            let listing = try bench.list(.services, page)
            return listing.entries.map(\.name) + (listing.hasMore ? ["…"] : [])
        }
        #expect(try names(.init()) == ["net-x", "net/a", "net/a,c", "net/b", "sys"])
        #expect(try names(.init(prefix: "net/")) == ["net/a", "net/a,c", "net/b"])
        #expect(try names(.init(prefix: "net/", limit: 2)) == ["net/a", "net/a,c", "…"])
        #expect(try names(.init(prefix: "net/", after: "net/a", limit: 2)) == ["net/a,c", "net/b"])
        #expect(try names(.init(prefix: "net/", after: "a", limit: 1)) == ["net/a", "…"])
        #expect(try names(.init(prefix: "net/", after: "z")).isEmpty)
        #expect(try names(.init(after: "net/a0")) == ["net/b", "sys"])
        #expect(throws: Abort.self) { try names(.init(limit: 0)) }
        #expect(throws: Abort.self) { try names(.init(limit: 1_001)) }
    }

    @Test func `groups and instances are listed by their owner`() throws {
        var bench = PropertyBench()
        try bench.run(
            try service("a"), try service("a/b"),
            .addInstance(try pathed("svc:/a:i"), serviceID: nil),
            .addInstance(try pathed("svc:/a/b:j"), serviceID: nil),
            try group("svc:/a/:properties/g1"),
            try group("svc:/a:i/:properties/g2", isPersistent: false))
        let service = try pathed("svc:/a")
        #expect(try bench.list(.instances(of: service, id: nil)).entries.map(\.name) == ["i"])
        #expect(try bench.list(.groups(of: service, id: nil)).entries.map(\.name) == ["g1"])
        let groups = try bench.list(.groups(of: try pathed("svc:/a:i"), id: nil)).entries
        #expect(groups.map(\.name) == ["g2"])
        #expect(groups[0].group?.type == "framework")
        #expect(groups[0].group?.isPersistent == false)
        #expect(groups[0].id == groups[0].group?.id)
        #expect(throws: Abort.self) {
            try bench.list(.groups(of: try pathed("svc:/none"), id: nil))
        }
    }

    @Test func `a property is read with its group's version`() throws {
        var bench = PropertyBench()
        let path = try pathed("svc:/a/:properties/g/p")
        #expect(try PropertyReply(bench.ask(.property(path))).found == nil)
        let result = try bench.run(
            .setProperty(
                path, to: try content(.astring, "x"), creation: GroupCreation(type: "framework")))
        let found = try #require(try PropertyReply(bench.ask(.property(path))).found)
        #expect(found.version == (try GroupResult(result[0]).version))
        #expect(found.content == (try content(.astring, "x")))
    }

    @Test func `facts tell what is there under the name of a change`() throws {
        var bench = PropertyBench()
        try bench.run(
            .setProperty(
                try pathed("svc:/a:i/:properties/g/p"), to: try content(.time, "1.5", "-2"),
                creation: GroupCreation(type: "framework")))
        func fact(_ key: String) throws -> Fact? {
            try bench.store.fact(named: key, in: bench.view)
        }
        #expect(try fact("svc:/a") == Fact(type: "service", values: []))
        #expect(try fact("svc:/a:i") == Fact(type: "instance", values: []))
        #expect(
            try fact("svc:/a:i/:properties/g") == Fact(type: "framework", values: []))
        #expect(
            try fact("svc:/a:i/:properties/g/p")
                == Fact(type: "time", values: [Array("1.500000000".utf8), Array("-2".utf8)]))
        for missing in ["svc:/b", "svc:/a:i/:properties/g/q", "svc:/a/:properties/g/p", "?"] {
            #expect(try fact(missing) == nil)
        }
    }

    @Test func `setting a property of a group reads one row and writes one`() throws {
        var bench = PropertyBench()
        let path = try pathed("svc:/a/:properties/g/p")
        try bench.run(
            .setProperty(
                path, to: try content(.astring, "x"), creation: GroupCreation(type: "framework")))
        var view = CountingView(base: bench.view)
        var context = ApplyContext(index: LogIndex(9), timeMilliseconds: 1)
        _ = try bench.store.apply(
            PropertyOperation.setProperty(path, to: try content(.astring, "y")).operation,
            to: &view, context: &context)
        #expect(view.calls == ["get", "put"])
    }

    @Test func `the view is read at most once for a row of each depth`() throws {
        var view = CountingView(base: Overlay(over: MemoryEngine()))
        var context = ApplyContext(index: LogIndex(1), timeMilliseconds: 1)
        _ = try PropertyStore().apply(
            PropertyOperation.setProperty(
                try pathed("svc:/a:b/:properties/g/p"), to: try content(.count, "1"),
                creation: GroupCreation(type: "framework")
            ).operation, to: &view, context: &context)
        #expect(view.calls == ["get", "get", "get", "put", "put", "put"])
    }
}

/// A view that notes which calls were made.
private struct CountingView: View {
    var base: Overlay
    var calls: [String] = []
    private let log = Log()

    /// Reads do not mutate a view, so their notes are kept beside it; for one thread.
    private final class Log {
        var gets = 0
    }

    init(base: Overlay) {
        self.base = base
    }

    func get(_ key: [UInt8]) throws(EngineFailure) -> Row? {
        log.gets += 1
        return try base.get(key)
    }

    func scan(
        _ range: KeyRange, reverse: Bool, _ visit: (_ key: [UInt8], _ row: Row) -> Bool
    ) throws(EngineFailure) {
        try base.scan(range, reverse: reverse, visit)
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        calls += Array(repeating: "get", count: log.gets) + ["put"]
        log.gets = 0
        base.put(key, value)
    }

    mutating func delete(_ key: [UInt8]) {
        calls.append("delete")
        base.delete(key)
    }

    mutating func savepoint() -> Savepoint {
        base.savepoint()
    }

    mutating func rollback(to savepoint: Savepoint) {
        base.rollback(to: savepoint)
    }

    mutating func release(_ savepoint: Savepoint) {
        base.release(savepoint)
    }
}
