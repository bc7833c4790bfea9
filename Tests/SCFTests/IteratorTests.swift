import Properties
import SCF
import Testing

struct IteratorTests {
    @Test func `each child is told once, and the end stays the end`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let iterator = Iterator(fixture.handle)
        let instance = Instance(fixture.handle)
        for number in 0..<5 { try fixture.service.addInstance("i\(number)", nil) }
        try iterator.instances(of: fixture.service)
        var names: [String] = []
        while try iterator.next(instance) { names.append(try instance.name()) }
        #expect(names.sorted() == ["default", "i0", "i1", "i2", "i3", "i4"])
        #expect(try iterator.next(instance) == false)
        #expect(failure { () throws(Failure) in try instance.name() } == .notSet)
    }

    @Test func `there is one scope, and services are its children`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let iterator = Iterator(fixture.handle)
        let scope = Scope(fixture.handle)
        try iterator.scopes(of: fixture.handle)
        #expect(try iterator.next(scope))
        #expect(try scope.name() == Scope.local)
        #expect(try iterator.next(scope) == false)
        try fixture.scope.addService("a/b", nil)
        try iterator.services(of: fixture.scope)
        var names: [String] = []
        while try iterator.next(fixture.service) { names.append(try fixture.service.name()) }
        #expect(names.sorted() == ["a/b", "web"])
    }

    @Test func `more children than a page has are told all`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let iterator = Iterator(fixture.handle)
        let count = PropertyQuery.Page.limits.upperBound + 5
        for number in 0..<count { try fixture.scope.addService("s\(number)", nil) }
        try iterator.services(of: fixture.scope)
        var names: Set<String> = []
        while try iterator.next(fixture.service) {
            #expect(names.insert(try fixture.service.name()).inserted)
        }
        #expect(names.count == count + 1)
    }

    @Test func `groups are told of one type or of all`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let iterator = Iterator(fixture.handle)
        let group = Group(fixture.handle)
        try fixture.instance.addGroup("method", type: "framework", flags: 0, nil)
        try fixture.service.addGroup("other", type: "application", flags: 0, nil)
        func names() throws -> [String] {
            var names: [String] = []
            while try iterator.next(group) { names.append(try group.name()) }
            return names.sorted()
        }
        try iterator.groups(of: fixture.instance)
        #expect(try names() == ["config", "method"])
        try iterator.groups(of: fixture.instance, type: "framework")
        #expect(try names() == ["method"])
        try iterator.groups(of: fixture.service, type: "none")
        #expect(try names() == [])
        let bad = failure { () throws(Failure) in
            try iterator.groups(of: fixture.instance, type: "1")
        }
        #expect(bad == .invalidArgument)
        #expect(failure { () throws(Failure) in try iterator.next(group) } == .notSet)
    }

    @Test func `who has the groups is looked at before the type's characters, not its length`()
        throws
    {
        let fixture = try Fixture.make(MemoryCluster())
        let (iterator, handle) = (Iterator(fixture.handle), fixture.handle)
        let (level, snapshot) = (Snaplevel(handle), Snapshot(handle))
        try fixture.instance.takeSnapshot("one", snapshot)
        try snapshot.baseLevel(level)
        func failures(_ type: String) -> [Failure?] {
            [
                failure { () throws(Failure) in
                    try iterator.groups(of: fixture.instance, type: type)
                },
                failure { () throws(Failure) in
                    try iterator.composedGroups(of: fixture.instance, in: nil, type: type)
                },
                failure { () throws(Failure) in
                    try iterator.composedGroups(of: fixture.instance, in: snapshot, type: type)
                },
                failure { () throws(Failure) in try iterator.groups(of: level, type: type) },
                failure { () throws(Failure) in
                    try iterator.groups(of: Service(handle), type: type)
                },
            ]
        }
        let long = String(repeating: "a", count: 200)
        let refused = [Failure?](repeating: .invalidArgument, count: 4)
        #expect(failures("1 bad") == refused + [.notSet])
        #expect(failures(long) == refused + [.invalidArgument])
        try fixture.instance.delete()
        let deleted = [Failure?](repeating: .deleted, count: 4)
        #expect(failures("1 bad") == deleted + [.notSet])
        #expect(failures(long) == refused + [.invalidArgument])
    }

    @Test func `an object that is refused to go on stays what it is`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let iterator = Iterator(fixture.handle)
        let next = { () throws(Failure) in try iterator.next(fixture.group) }
        #expect(failure(next) == .notSet)
        try iterator.services(of: fixture.scope)
        #expect(failure(next) == .invalidArgument)
        #expect(try fixture.group.name() == "config")
        let other = try Fixture.view(cluster)
        try iterator.groups(of: fixture.instance)
        let foreign = failure { () throws(Failure) in
            try iterator.groups(of: other.instance, type: "framework")
        }
        #expect(foreign == .handleMismatch)
        #expect(try iterator.next(fixture.group))
    }

    @Test func `nothing more is told of what is gone`() throws {
        let cluster = MemoryCluster()
        let (fixture, other) = (try Fixture.make(cluster), try Fixture.view(cluster))
        #expect(try fixture.edit(.new, "list", .astring, "b", "a"))
        #expect(try fixture.group.update())
        #expect(try fixture.edit(.new, "port", .count, "80"))
        #expect(try fixture.group.update())
        try fixture.instance.addGroup("second", type: "framework", flags: 0, nil)
        _ = try fixture.instance.takeSnapshot("one", nil)
        _ = try fixture.instance.takeSnapshot("two", nil)
        let (properties, values) = (Iterator(fixture.handle), Iterator(fixture.handle))
        let (property, value) = (Property(fixture.handle), Value(fixture.handle))
        let (groups, composed) = (Iterator(fixture.handle), Iterator(fixture.handle))
        let (snapshots, snapshot) = (Iterator(fixture.handle), Snapshot(fixture.handle))
        let group = Group(fixture.handle)
        try properties.properties(of: fixture.group)
        try fixture.group.property("list", property)
        try values.values(of: property)
        try groups.groups(of: fixture.instance)
        try composed.composedGroups(of: fixture.instance, in: nil)
        try snapshots.snapshots(of: fixture.instance)
        #expect(try properties.next(property))
        #expect(try values.next(value))
        #expect(try groups.next(group))
        #expect(try composed.next(group))
        #expect(try snapshots.next(snapshot))
        try other.group.delete()
        #expect(failure { () throws(Failure) in try properties.next(property) } == .deleted)
        #expect(failure { () throws(Failure) in try values.next(value) } == .deleted)
        #expect(value.type == nil)
        try other.instance.delete()
        #expect(failure { () throws(Failure) in try groups.next(group) } == .deleted)
        #expect(failure { () throws(Failure) in try composed.next(group) } == .deleted)
        #expect(failure { () throws(Failure) in try snapshots.next(snapshot) } == .deleted)
    }

    @Test func `what was deleted before its turn is not told`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let other = try Fixture.view(cluster)
        let (instance, snapshot) = (Instance(other.handle), Snapshot(other.handle))
        for name in ["a", "b", "c"] {
            try fixture.scope.addService("z\(name)", nil)
            try fixture.service.addInstance("z\(name)", nil)
            try fixture.instance.addGroup("z\(name)", type: "application", flags: 0, nil)
            try fixture.service.addGroup("z\(name)", type: "application", flags: 0, nil)
            try fixture.instance.takeSnapshot("z\(name)", nil)
        }
        let iterators = (0..<5).map { _ in Iterator(fixture.handle) }
        try iterators[0].services(of: fixture.scope)
        try iterators[1].instances(of: fixture.service)
        try iterators[2].groups(of: fixture.instance)
        try iterators[3].composedGroups(of: fixture.instance, in: nil)
        try iterators[4].snapshots(of: fixture.instance)
        let (service, shown) = (Service(fixture.handle), Instance(fixture.handle))
        let (group, taken) = (Group(fixture.handle), Snapshot(fixture.handle))
        var names: [[String]] = Array(repeating: [], count: 5)
        func step() throws -> Bool {
            var isMore = false
            if try iterators[0].next(service) {
                names[0].append(try service.name())
                isMore = true
            }
            if try iterators[1].next(shown) { names[1].append(try shown.name()) }
            if try iterators[2].next(group) { names[2].append(try group.name()) }
            if try iterators[3].next(group) {
                names[3].append("\(try group.name()) \(try group.fmri().contains(":default"))")
            }
            if try iterators[4].next(taken) { names[4].append(try taken.name()) }
            return isMore
        }
        _ = try step()
        try other.scope.service("zb", other.service)
        try other.service.delete()
        try other.scope.service("web", other.service)
        try other.service.instance("zb", instance)
        try instance.delete()
        try other.instance.group("zb", other.group)
        try other.group.delete()
        try other.instance.snapshot("zb", snapshot)
        try snapshot.delete()
        while try step() {}
        #expect(names[0] == ["web", "za", "zc"])
        #expect(names[1] == ["default", "za", "zc"])
        #expect(names[2] == ["config", "za", "zc"])
        #expect(names[3] == ["config true", "za true", "zb false", "zc true"])
        #expect(names[4] == ["za", "zc"])
    }

    @Test func `a group or a snapshot is told as it is when it is its turn`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let (handle, late) = (fixture.handle, Group(fixture.handle))
        try fixture.instance.addGroup("late", type: "application", flags: 0, late)
        let (one, two) = (Snapshot(handle), Snapshot(handle))
        try fixture.instance.takeSnapshot("one", one)
        try fixture.instance.takeSnapshot("two", two)
        let (groups, composed) = (Iterator(handle), Iterator(handle))
        let (snapshots, snapshot) = (Iterator(handle), Snapshot(handle))
        let (group, both) = (Group(handle), Group(handle))
        try groups.groups(of: fixture.instance)
        try composed.composedGroups(of: fixture.instance, in: nil)
        try snapshots.snapshots(of: fixture.instance)
        #expect(try groups.next(group))
        #expect(try composed.next(both))
        #expect(try snapshots.next(snapshot))
        let (transaction, entry) = (Transaction(handle), Entry(handle))
        try transaction.start(late)
        try transaction.add(entry, .new, "a", .count)
        #expect(try transaction.commit())
        try two.take(of: fixture.instance)
        #expect(try groups.next(group))
        #expect(try composed.next(both))
        #expect(try snapshots.next(snapshot))
        for shown in [group, both] {
            #expect(try shown.name() == "late")
            try shown.property("a", Property(handle))
            #expect(try shown.update() == false)
        }
        #expect(try snapshot.name() == "two")
        #expect(try snapshot.update() == false)
    }

    @Test(arguments: [false, true])
    func `a step is at most one read, and few of those where nothing changes`(
        isChanging: Bool
    ) throws {
        let cluster = MemoryCluster()
        let (fixture, count) = (try Fixture.make(cluster), 100)
        for number in 0..<count {
            try fixture.instance.addGroup("g\(number)", type: "framework", flags: 0, nil)
        }
        let (iterator, group) = (Iterator(fixture.handle), Group(fixture.handle))
        try iterator.groups(of: fixture.instance, type: "framework")
        let before = cluster.reads
        var told = 0
        while try iterator.next(group) {
            told += 1
            if isChanging { try fixture.service.addGroup("h\(told)", type: "t", flags: 0, nil) }
        }
        #expect(told == count)
        let reads = cluster.reads - before
        #expect(isChanging ? reads <= count + 1 : reads == 1)
    }

    @Test func `properties and values are those of the version that was shown`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let other = try Fixture.view(cluster)
        #expect(try fixture.edit(.new, "list", .astring, "b", "a", "b"))
        #expect(try fixture.group.update())
        let iterator = Iterator(fixture.handle)
        let property = Property(fixture.handle)
        try iterator.properties(of: fixture.group)
        #expect(try other.group.update())
        #expect(try other.edit(.delete, "list", nil))
        #expect(try iterator.next(property))
        #expect(try property.name() == "list")
        #expect(try iterator.next(property) == false)
        #expect(try fixture.texts("list") == ["b", "a", "b"])
    }

    @Test func `it goes through what it was set up for, with objects of its handle`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let other = try Fixture.view(cluster)
        let iterator = Iterator(fixture.handle)
        func next(_ instance: Instance) -> Failure? {
            failure { () throws(Failure) in try iterator.next(instance) }
        }
        #expect(next(fixture.instance) == .notSet)
        try iterator.services(of: fixture.scope)
        #expect(next(fixture.instance) == .invalidArgument)
        #expect(next(other.instance) == .handleMismatch)
        let mixed = failure { () throws(Failure) in try iterator.services(of: other.scope) }
        #expect(mixed == .handleMismatch)
        #expect(try iterator.next(fixture.service))
        let unset = failure { () throws(Failure) in
            try iterator.instances(of: Service(fixture.handle))
        }
        #expect(unset == .notSet)
        iterator.reset()
        let reset = failure { () throws(Failure) in try iterator.next(fixture.service) }
        #expect(reset == .notSet)
    }
}
