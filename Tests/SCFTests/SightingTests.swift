import Properties
import SCF
import Testing

/// How long what was there counts as there.
struct SightingTests {
    private let cluster = MemoryCluster()

    /// A group with a list of 1,000 values, and an iterator that has told the first of them.
    private func begun() throws -> (fixture: Fixture, values: Iterator, value: Value) {
        let fixture = try Fixture.make(cluster)
        let transaction = Transaction(fixture.handle)
        let entry = Entry(fixture.handle)
        try transaction.start(fixture.group)
        try transaction.add(entry, .new, "list", .count)
        for number in 0..<1_000 { try entry.add(fixture.value(.count, "\(number)")) }
        #expect(try transaction.commit())
        #expect(try fixture.group.update())
        let (property, values) = (Property(fixture.handle), Iterator(fixture.handle))
        let value = Value(fixture.handle)
        try fixture.group.property("list", property)
        try values.values(of: property)
        #expect(try values.next(value))
        return (fixture, values, value)
    }

    @Test func `steps of iterators one after the other ask the cluster once`() throws {
        let (fixture, values, value) = try begun()
        let before = cluster.reads
        var count = 1
        while try values.next(value) { count += 1 }
        #expect(count == 1_000)
        let (property, properties) = (Property(fixture.handle), Iterator(fixture.handle))
        #expect(cluster.reads == before)
        try properties.properties(of: fixture.group)
        #expect(cluster.reads == before + 1)
        while try properties.next(property) { #expect(try property.name() == "list") }
        #expect(cluster.reads == before + 1)
        #expect(try fixture.group.name() == "config")
        #expect(cluster.reads == before + 2, "what is asked of a group itself is asked anew")
    }

    @Test func `a look at something else in between leaves them the one they had`() throws {
        let (fixture, values, value) = try begun()
        for _ in 0..<10 {
            #expect(try fixture.instance.name() == "default")
            let before = cluster.reads
            #expect(try values.next(value))
            #expect(cluster.reads == before)
        }
    }

    @Test func `a millisecond later they ask again`() throws {
        let (_, values, value) = try begun()
        let before = cluster.reads
        for _ in 0..<10 {
            cluster.advance(milliseconds: 1)
            #expect(try values.next(value))
            #expect(try values.next(value))
        }
        #expect(cluster.reads == before + 10)
    }

    @Test func `they ask at once where the process has heard of anything since`() throws {
        let (fixture, values, value) = try begun()
        let before = cluster.reads
        // It is said by another handle, and of something else.
        try Fixture.view(cluster).service.addGroup("other", type: "framework", flags: 0, nil)
        let looked = cluster.reads
        #expect(try values.next(value))
        #expect(cluster.reads == looked + 1)
        #expect(try values.next(value))
        #expect(cluster.reads == looked + 1)
        #expect(looked > before)
        try Fixture.view(cluster).group.delete()
        #expect(failure { () throws(Failure) in try values.next(value) } == .deleted)
        #expect(failure { () throws(Failure) in try fixture.group.name() } == .deleted)
    }

    @Test func `what another process deletes is told a millisecond later`() throws {
        let (_, values, value) = try begun()
        try Fixture.view(cluster, known: KnownIndex()).group.delete()
        #expect(try values.next(value))
        cluster.advance(milliseconds: 1)
        #expect(failure { () throws(Failure) in try values.next(value) } == .deleted)
    }

    @Test func `a page of children counts for a millisecond`() throws {
        let fixture = try Fixture.make(cluster)
        for name in ["x", "y", "z"] { try fixture.service.addInstance(name, nil) }
        let (iterator, instance) = (Iterator(fixture.handle), Instance(fixture.handle))
        let other = try Fixture.view(cluster, known: KnownIndex())
        try iterator.instances(of: fixture.service)
        #expect(try iterator.next(instance))
        for name in ["x", "y"] {
            try other.service.instance(name, other.instance)
            try other.instance.delete()
        }
        let before = cluster.reads
        #expect(try iterator.next(instance))
        #expect(cluster.reads == before)
        cluster.advance(milliseconds: 1)
        #expect(try iterator.next(instance))
        #expect(cluster.reads == before + 1)
        #expect(try instance.name() == "z")
        #expect(try iterator.next(instance) == false)
    }

    @Test func `what another handle has found gone is told at once`() throws {
        let (_, values, value) = try begun()
        let seeing = try Fixture.view(cluster)
        try Fixture.view(cluster, known: KnownIndex()).group.delete()
        #expect(try values.next(value))
        #expect(failure { () throws(Failure) in try seeing.group.update() } == .deleted)
        #expect(failure { () throws(Failure) in try values.next(value) } == .deleted)
    }

    @Test func `what a watch tells counts as heard of`() throws {
        let (_, values, value) = try begun()
        let seeing = try Fixture.view(cluster)
        let other = try Fixture.view(cluster, known: KnownIndex())
        cluster.meanwhile { try? other.group.delete() }
        #expect(try seeing.group.awaitChange(milliseconds: 1_000))
        #expect(failure { () throws(Failure) in try values.next(value) } == .deleted)
        #expect(value.type == nil)
    }

    @Test func `what a handle is unbound from is not seen`() throws {
        let (fixture, values, value) = try begun()
        try fixture.handle.unbind()
        #expect(failure { () throws(Failure) in try values.next(value) } == .notBound)
    }
}
