import Client
import Properties
import SCF
import Testing

/// Waiting for one group, and being told of many.
struct NoticeTests {
    @Test func `a wait ends at once where there is a newer version`() throws {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        #expect(try other.edit(.new, "port", .count, "80"))
        #expect(try fixture.group.awaitChange(milliseconds: nil))
        #expect(cluster.openWatches == 0)
    }

    @Test func `a wait ends by a change or a deletion, and by its time`() throws {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        #expect(try fixture.group.awaitChange(milliseconds: 0) == false)
        // Neither another group nor a commit of nothing ends it.
        cluster.meanwhile {
            let group = Group(other.handle)
            _ = try? other.instance.addGroup("config2", type: "application", flags: 0, group)
            let transaction = Transaction(other.handle)
            try? transaction.start(other.group)
            _ = try? transaction.commit()
        }
        #expect(try fixture.group.awaitChange(milliseconds: 1_000) == false)
        cluster.meanwhile { _ = try? other.edit(.new, "port", .count, "80") }
        #expect(try fixture.group.awaitChange(milliseconds: nil))
        #expect(try fixture.group.update())
        cluster.meanwhile { try? other.instance.delete() }
        #expect(try fixture.group.awaitChange(milliseconds: nil))
        let gone = failure { () throws(Failure) in
            try fixture.group.awaitChange(milliseconds: 0)
        }
        #expect(gone == .deleted)
        #expect(cluster.openWatches == 0)
    }

    @Test func `a wait wants a binding and a group`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        func wait(_ group: Group) -> Failure? {
            failure { () throws(Failure) in try group.awaitChange(milliseconds: 0) }
        }
        #expect(wait(Group(fixture.handle)) == .notSet)
        try fixture.handle.unbind()
        #expect(wait(fixture.group) == .connectionBroken)
    }

    @Test func `to wait for nothing is refused, and what could not be told is told again`() throws {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        let target = Group(fixture.handle)
        let wait = { () throws(Failure) in try fixture.handle.awaitNotice(target) }
        #expect(failure(wait) == .notSet)
        try fixture.handle.notice(groupsNamed: "config")
        #expect(try other.edit(.new, "a", .count, "1"))
        cluster.fail(.timedOut(lastFailure: "gone", mayHaveExecuted: false))
        #expect(failure(wait) == .noResources)
        cluster.fail(nil)
        #expect(try wait() == nil)
        #expect(try target.name() == "config")
    }

    @Test func `groups are told by name or type, once for all changes, and deletions`() throws {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        let group = Group(other.handle)
        try other.instance.addGroup("typed", type: "framework", flags: 0, group)
        try fixture.handle.notice(groupsNamed: "config")
        try fixture.handle.notice(groupsOfType: "framework")
        let target = Group(fixture.handle)
        // Twice the one, then the others, of which one is not wanted.
        #expect(try other.edit(.new, "a", .count, "1"))
        #expect(try other.group.update())
        #expect(try other.edit(.new, "b", .count, "2"))
        try set(group)
        let third = Group(other.handle)
        try other.instance.addGroup("third", type: "application", flags: 0, third)
        try set(third)
        #expect(try fixture.handle.awaitNotice(target) == nil)
        #expect(try target.name() == "config")
        let property = Property(fixture.handle)
        try target.property("b", property)
        #expect(try fixture.handle.awaitNotice(target) == nil)
        #expect(try target.name() == "typed")
        // What is gone is told, whatever it was, and not that it had changed.
        try set(group)
        try group.delete()
        try other.instance.delete()
        var gone: [String] = []
        for _ in 0..<2 { gone.append(try fixture.handle.awaitNotice(target) ?? "") }
        #expect(gone == ["svc:/web:default/:properties/typed", "svc:/web:default"])
        #expect(failure { () throws(Failure) in try target.name() } == .notSet)
    }

    @Test func `of what is deleted as a whole one deletion is told, and no change of its groups`()
        throws
    {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        try other.service.addGroup("common", type: "framework", flags: 0, nil)
        try fixture.handle.notice(groupsNamed: "config")
        #expect(try other.edit(.new, "a", .count, "1"))
        try other.instance.delete()
        // Made again, it is what it was created as.
        try other.service.addInstance("default", other.instance)
        try other.instance.addGroup("config", type: "application", flags: 0, other.group)
        try other.instance.delete()
        try other.service.delete()
        let target = Group(fixture.handle)
        var gone: [String] = []
        for _ in 0..<2 { gone.append(try fixture.handle.awaitNotice(target) ?? "changed") }
        #expect(gone == ["svc:/web:default", "svc:/web"])
        cluster.meanwhile { try? fixture.handle.unbind() }
        let more = failure { () throws(Failure) in try fixture.handle.awaitNotice(target) }
        #expect(more == .notSet)
    }

    @Test func `a version that was shown is not told again when its change comes later`() throws {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        let group = Group(other.handle)
        try other.instance.addGroup("second", type: "application", flags: 0, group)
        try fixture.handle.notice(groupsNamed: "config")
        try fixture.handle.notice(groupsNamed: "second")
        cluster.pageChanges(by: 1)
        #expect(try other.edit(.new, "a", .count, "1"))
        #expect(try other.group.update())
        #expect(try other.edit(.new, "b", .count, "2"))
        try set(group)
        let target = Group(fixture.handle)
        #expect(try fixture.handle.awaitNotice(target) == nil)
        try target.property("b", Property(fixture.handle))
        #expect(try fixture.handle.awaitNotice(target) == nil)
        #expect(try target.name() == "second")
    }

    @Test func `a group that was made again after it was deleted is told after its deletion`()
        throws
    {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        try fixture.handle.notice(groupsNamed: "config")
        cluster.pageChanges(by: 1)
        #expect(try other.edit(.new, "a", .count, "1"))
        try other.group.delete()
        try other.instance.addGroup("config", type: "application", flags: 0, other.group)
        #expect(try other.edit(.new, "b", .count, "2"))
        let target = Group(fixture.handle)
        #expect(try fixture.handle.awaitNotice(target) == nil)
        #expect(
            try fixture.handle.awaitNotice(target) == "svc:/web:default/:properties/config")
        // A wait that nothing is told in ends.
        cluster.meanwhile { try? fixture.handle.unbind() }
        #expect(try fixture.handle.awaitNotice(target) == nil)
        try target.property("b", Property(fixture.handle))
    }

    @Test func `a group is told once for all its changes, over however many pages they come`()
        throws
    {
        let cluster = MemoryCluster()
        cluster.pageChanges(by: 4)
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        let typed = Group(other.handle)
        try other.instance.addGroup("typed", type: "framework", flags: 0, typed)
        try fixture.handle.notice(groupsNamed: "config")
        try fixture.handle.notice(groupsOfType: "framework")
        let target = Group(fixture.handle)
        let wait = { () throws(Failure) in try fixture.handle.awaitNotice(target) }
        for _ in 0..<100 {
            try set(other.group)
            try set(typed)
        }
        try typed.delete()
        #expect(try wait() == nil)
        #expect(try target.name() == "config")
        #expect(try target.update() == false)
        // The other is gone, and its deletion is told.
        #expect(try wait() == "svc:/web:default/:properties/typed")
        // What happens after it was shown is told again, once.
        for _ in 0..<10 { try set(other.group) }
        #expect(try wait() == nil)
        #expect(try target.update() == false)
        cluster.meanwhile { try? fixture.handle.unbind() }
        #expect(failure(wait) == .notSet)
    }

    /// One transaction that makes another version.
    private func set(_ group: Group) throws(Failure) {
        let transaction = Transaction(group.handle)
        let entry = Entry(group.handle)
        _ = try group.update()
        let property = Property(group.handle)
        let isNew = (try? group.property("p", property)) == nil
        try transaction.start(group)
        try transaction.add(entry, isNew ? .new : .change, "p", .count)
        _ = try transaction.commit()
        transaction.reset()
    }

    @Test func `an unbinding ends the wait, and a lost history the binding's notices`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let target = Group(fixture.handle)
        func wait() -> Failure? {
            failure { () throws(Failure) in try fixture.handle.awaitNotice(target) }
        }
        try fixture.handle.notice(groupsNamed: "config")
        cluster.meanwhile {
            #expect(wait() == .exists)
            try? fixture.handle.unbind()
        }
        #expect(wait() == .notSet)
        #expect(cluster.openWatches == 0)
        #expect(wait() == .connectionBroken)
        try fixture.handle.bind { _ in nil }
        // What it was to be told of went with the binding.
        #expect(wait() == .notSet)
        try fixture.handle.notice(groupsNamed: "config")
        cluster.meanwhile { cluster.forgetChanges() }
        #expect(wait() == .connectionBroken)
        try fixture.handle.unbind()
        #expect(cluster.openWatches == 0)
    }

    @Test func `names and types are checked and bounded`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        func named(_ name: String) -> Failure? {
            failure { () throws(Failure) in try fixture.handle.notice(groupsNamed: name) }
        }
        #expect(named("1") == .invalidArgument)
        let type = failure { () throws(Failure) in try fixture.handle.notice(groupsOfType: "a b") }
        #expect(type == .invalidArgument)
        for number in 0..<64 { #expect(named("g\(number)") == nil) }
        #expect(named("g64") == .noResources)
        #expect(named("g1") == nil)
        try fixture.handle.unbind()
        #expect(named("g1") == .notBound)
    }
}
