import Properties
import SCF
import Testing

struct SnapshotTests {
    /// `config` of the instance with `own` 1 and `both` 2, of the service with `both` 3 and `theirs` 4.
    private func fixture(_ cluster: MemoryCluster) throws -> Fixture {
        let fixture = try Fixture.make(cluster)
        #expect(try fixture.edit(.new, "own", .count, "1"))
        #expect(try fixture.group.update())
        #expect(try fixture.edit(.new, "both", .count, "2"))
        let group = Group(fixture.handle)
        try fixture.service.addGroup("config", type: "application", flags: 0, group)
        for (name, text) in [("both", "3"), ("theirs", "4")] {
            let transaction = Transaction(fixture.handle)
            let entry = Entry(fixture.handle)
            _ = try group.update()
            try transaction.start(group)
            try transaction.add(entry, .new, name, .count)
            try entry.add(fixture.value(.count, text))
            #expect(try transaction.commit())
        }
        return fixture
    }

    /// The properties of a group as `name=value`.
    private func content(_ group: Group, _ handle: Handle) throws -> [String] {
        let (iterator, property, value) = (Iterator(handle), Property(handle), Value(handle))
        var found: [String] = []
        try iterator.properties(of: group)
        while try iterator.next(property) {
            try property.value(value)
            found.append(
                "\(try property.name())=\(String(decoding: try value.string(), as: UTF8.self))")
        }
        return found.sorted()
    }

    @Test func `a composed group has the properties of both, the instance's first`() throws {
        let fixture = try fixture(MemoryCluster())
        let group = Group(fixture.handle)
        try fixture.instance.composedGroup("config", in: nil, group)
        #expect(try content(group, fixture.handle) == ["both=2", "own=1", "theirs=4"])
        #expect(try group.fmri() == "svc:/web:default/:properties/config")
        #expect(try group.update() == false)
        let other = Group(fixture.handle)
        try fixture.service.group("config", other)
        try other.delete()
        #expect(try group.update())
        #expect(try content(group, fixture.handle) == ["both=2", "own=1"])
        let none = failure { () throws(Failure) in
            try fixture.instance.composedGroup("none", in: nil, group)
        }
        #expect(none == .notFound)
    }

    @Test func `a property of a composed group is found at where it is from`() throws {
        let fixture = try fixture(MemoryCluster())
        let (group, property) = (Group(fixture.handle), Property(fixture.handle))
        func fmris() throws -> [String] {
            try ["both", "own", "theirs"].map { name in
                try group.property(name, property)
                return try property.fmri()
            }
        }
        let (instance, service) = (
            "svc:/web:default/:properties/config", "svc:/web/:properties/config"
        )
        try fixture.instance.composedGroup("config", in: nil, group)
        #expect(
            try fmris() == ["\(instance)/both", "\(instance)/own", "\(service)/theirs"])
        // What a snapshot holds is named after its instance.
        let snapshot = Snapshot(fixture.handle)
        try fixture.instance.takeSnapshot("one", snapshot)
        try fixture.instance.composedGroup("config", in: snapshot, group)
        #expect(
            try fmris() == ["\(instance)/both", "\(instance)/own", "\(instance)/theirs"])
    }

    @Test func `what is edited of a composed group is the first of its groups`() throws {
        let fixture = try fixture(MemoryCluster())
        let group = Group(fixture.handle)
        try fixture.instance.composedGroup("config", in: nil, group)
        let transaction = Transaction(fixture.handle)
        let entry = Entry(fixture.handle)
        try transaction.start(group)
        let change = failure { () throws(Failure) in
            try transaction.add(entry, .change, "theirs", .count)
        }
        #expect(change == .notFound)
        try transaction.add(entry, .new, "theirs", .count)
        try entry.add(fixture.value(.count, "5"))
        #expect(try transaction.commit())
        #expect(try group.update())
        #expect(try content(group, fixture.handle) == ["both=2", "own=1", "theirs=5"])
    }

    @Test func `composed groups are told once each, also where the service alone has one`() throws {
        let fixture = try fixture(MemoryCluster())
        try fixture.service.addGroup("lower", type: "framework", flags: 0, nil)
        let iterator = Iterator(fixture.handle)
        let group = Group(fixture.handle)
        func names() throws -> [String] {
            var names: [String] = []
            while try iterator.next(group) { names.append(try group.name()) }
            return names.sorted()
        }
        try iterator.composedGroups(of: fixture.instance, in: nil)
        #expect(try names() == ["config", "lower"])
        try iterator.composedGroups(of: fixture.instance, in: nil, type: "framework")
        #expect(try names() == ["lower"])
        try fixture.instance.composedGroup("lower", in: nil, group)
        let service = Service(fixture.handle)
        try group.parent(service)
        #expect(try service.name() == "web")
        let parent = failure { () throws(Failure) in try group.parent(fixture.instance) }
        #expect(parent == .constraintViolated)
    }

    @Test func `a snapshot stays what it was while everything changes`() throws {
        let cluster = MemoryCluster()
        let fixture = try fixture(cluster)
        let snapshot = Snapshot(fixture.handle)
        try fixture.instance.takeSnapshot("running", snapshot)
        #expect(
            failure { () throws(Failure) in try fixture.instance.takeSnapshot("running", nil) }
                == .exists)
        #expect(try fixture.group.update())
        #expect(try fixture.edit(.change, "own", .count, "9"))
        let group = Group(fixture.handle)
        try fixture.instance.composedGroup("config", in: snapshot, group)
        #expect(try content(group, fixture.handle) == ["both=2", "own=1", "theirs=4"])
        #expect(failure { () throws(Failure) in try group.delete() } == .permissionDenied)
        let start = failure { () throws(Failure) in
            try Transaction(fixture.handle).start(group)
        }
        #expect(start == .permissionDenied)
        #expect(try snapshot.update() == false)
        // Taken anew under its name, it shows that when it is updated, and its groups what they did.
        try snapshot.take(of: fixture.instance)
        #expect(try content(group, fixture.handle) == ["both=2", "own=1", "theirs=4"])
        let level = Snaplevel(fixture.handle)
        try snapshot.baseLevel(level)
        try level.group("config", group)
        #expect(try content(group, fixture.handle) == ["both=2", "own=1"])
        #expect(try snapshot.update())
        try fixture.instance.composedGroup("config", in: snapshot, group)
        #expect(try content(group, fixture.handle) == ["both=2", "own=9", "theirs=4"])
    }

    @Test func `a group of a snapshot that is asked for by name is read alone, and once`() throws {
        let cluster = MemoryCluster()
        let fixture = try fixture(cluster)
        let (handle, group) = (fixture.handle, Group(fixture.handle))
        let (snapshot, level, iterator) = (
            Snapshot(handle), Snaplevel(handle), Iterator(handle)
        )
        for number in 0..<200 {
            try fixture.instance.addGroup("g\(number)", type: "framework", flags: 0, nil)
        }
        try fixture.instance.takeSnapshot("running", snapshot)
        try snapshot.baseLevel(level)
        func cost(_ body: () throws -> Void) rethrows -> (reads: Int, bytes: Int) {
            let (reads, bytes) = (cluster.reads, cluster.readBytes)
            try body()
            return (cluster.reads - reads, cluster.readBytes - bytes)
        }
        // One look whether the snapshot is there still, and one at the group.
        let named = try cost { try level.group("config", group) }
        #expect(named.reads == 2)
        #expect(try content(group, handle) == ["both=2", "own=1"])
        let again = try cost {
            try fixture.instance.composedGroup("config", in: snapshot, group)
        }
        #expect(again.reads == 1)
        let missing = cost {
            #expect(
                failure { () throws(Failure) in try level.group("none", group) } == .notFound)
        }
        #expect(missing.reads == 2)
        let whole = try cost {
            try iterator.groups(of: level)
            while try iterator.next(group) {}
        }
        #expect(whole.bytes > 20 * named.bytes, "\(whole.bytes) and \(named.bytes) bytes")
        #expect(try cost { try level.group("g7", group) }.reads == 1)
    }

    @Test(arguments: [false, true])
    func `what a reader by names has not read is kept from when a snapshot is found replaced`(
        isFound: Bool
    ) throws {
        let fixture = try fixture(MemoryCluster())
        let (handle, group) = (fixture.handle, Group(fixture.handle))
        let (snapshot, newer, level) = (Snapshot(handle), Snapshot(handle), Snaplevel(handle))
        try fixture.instance.addGroup("other", type: "framework", flags: 0, nil)
        try fixture.instance.takeSnapshot("running", snapshot)
        try snapshot.baseLevel(level)
        try level.group("config", group)
        try fixture.instance.snapshot("running", newer)
        try newer.take(of: fixture.instance)
        if isFound { #expect(try snapshot.name() == "running") }
        for _ in 0..<20 { try newer.take(of: fixture.instance) }
        try level.group("config", group)
        #expect(try content(group, handle) == ["both=2", "own=1"])
        let other = failure { () throws(Failure) in try level.group("other", group) }
        #expect(other == (isFound ? nil : .deleted))
        let none = failure { () throws(Failure) in try level.group("none", group) }
        #expect(none == (isFound ? .notFound : .deleted))
        let iterated = failure { () throws(Failure) in
            let iterator = Iterator(handle)
            try iterator.groups(of: level)
            return try iterator.next(group)
        }
        #expect(iterated == (isFound ? nil : .deleted))
    }

    @Test func `what was begun to read of a snapshot lasts however often it is replaced`() throws {
        let fixture = try fixture(MemoryCluster())
        let (handle, group) = (fixture.handle, Group(fixture.handle))
        let (snapshot, newer, unread) = (Snapshot(handle), Snapshot(handle), Snaplevel(handle))
        let (level, iterator) = (Snaplevel(handle), Iterator(handle))
        try fixture.instance.takeSnapshot("running", snapshot)
        try snapshot.baseLevel(level)
        try iterator.groups(of: level)
        #expect(try iterator.next(group))
        try fixture.instance.snapshot("running", newer)
        try newer.baseLevel(unread)
        #expect(try fixture.group.update())
        #expect(try fixture.edit(.change, "own", .count, "9"))
        for _ in 0..<20 { try newer.take(of: fixture.instance) }
        try level.group("config", group)
        #expect(try content(group, handle) == ["both=2", "own=1"])
        try fixture.instance.composedGroup("config", in: snapshot, group)
        #expect(try content(group, handle) == ["both=2", "own=1", "theirs=4"])
        try iterator.composedGroups(of: fixture.instance, in: snapshot)
        #expect(try iterator.next(group))
        #expect(try content(group, handle) == ["both=2", "own=1", "theirs=4"])
        try level.next(level)
        try iterator.groups(of: level)
        #expect(try iterator.next(group))
        #expect(try content(group, handle) == ["both=3", "theirs=4"])
        #expect(try iterator.next(group) == false)
        // What nothing was read of is gone by then.
        let gone = failure { () throws(Failure) in try unread.group("config", group) }
        #expect(gone == .deleted)
        try iterator.groups(of: level)
        try newer.delete()
        #expect(failure { () throws(Failure) in try iterator.next(group) } == .deleted)
        #expect(failure { () throws(Failure) in try level.group("config", group) } == .deleted)
    }

    @Test func `a snapshot has the instance's level and then the service's`() throws {
        let fixture = try fixture(MemoryCluster())
        let (snapshot, level) = (Snapshot(fixture.handle), Snaplevel(fixture.handle))
        try fixture.instance.takeSnapshot("running", snapshot)
        try snapshot.baseLevel(level)
        #expect(try level.instanceName() == "default")
        #expect(try level.serviceName() == "web")
        let (group, under) = (Group(fixture.handle), Group(fixture.handle))
        try level.group("config", group)
        #expect(try content(group, fixture.handle) == ["both=2", "own=1"])
        #expect(failure { () throws(Failure) in try group.underlying(under) } == .notFound)
        let found = Snaplevel(fixture.handle)
        try group.parent(found)
        #expect(try found.instanceName() == "default")
        let owner = failure { () throws(Failure) in try group.parent(fixture.instance) }
        #expect(owner == .constraintViolated)
        try level.next(level)
        #expect(
            failure { () throws(Failure) in try level.instanceName() } == .constraintViolated)
        let iterator = Iterator(fixture.handle)
        try iterator.groups(of: level)
        #expect(try iterator.next(group))
        #expect(try group.fmri() == "svc:/web:default/:properties/config")
        #expect(try iterator.next(group) == false)
        #expect(failure { () throws(Failure) in try level.next(level) } == .notFound)
        #expect(try level.serviceName() == "web")
        #expect(failure { () throws(Failure) in try level.next(found) } == .notFound)
        #expect(failure { () throws(Failure) in try found.serviceName() } == .notSet)
    }

    @Test func `snapshots are listed, found by name, attached and deleted`() throws {
        let cluster = MemoryCluster()
        let fixture = try fixture(cluster)
        let (first, second) = (Snapshot(fixture.handle), Snapshot(fixture.handle))
        try fixture.instance.takeSnapshot("a", first)
        #expect(try fixture.group.update())
        #expect(try fixture.edit(.change, "own", .count, "9"))
        try fixture.instance.takeSnapshot("b", second)
        let iterator = Iterator(fixture.handle)
        let each = Snapshot(fixture.handle)
        try iterator.snapshots(of: fixture.instance)
        var names: [String] = []
        while try iterator.next(each) { names.append(try each.name()) }
        #expect(names.sorted() == ["a", "b"])
        try second.attach(first)
        #expect(try second.update())
        let group = Group(fixture.handle)
        try fixture.instance.composedGroup("config", in: second, group)
        #expect(try content(group, fixture.handle) == ["both=2", "own=1", "theirs=4"])
        try second.delete()
        #expect(failure { () throws(Failure) in try second.update() } == .deleted)
        #expect(failure { () throws(Failure) in try group.name() } == .deleted)
        let gone = failure { () throws(Failure) in try fixture.instance.snapshot("b", second) }
        #expect(gone == .notFound)
        try fixture.instance.snapshot("a", second)
        try second.parent(fixture.instance)
        try fixture.instance.delete()
        #expect(failure { () throws(Failure) in try first.name() } == .deleted)
    }
}
