import Properties
import SCF
import Testing

struct TreeTests {
    @Test func `a scope is the local one or none`() throws {
        let handle = try MemoryCluster().boundHandle()
        let scope = Scope(handle)
        #expect(failure { () throws(Failure) in try scope.name() } == .notSet)
        #expect(failure { () throws(Failure) in try scope.lookUp("other") } == .notFound)
        #expect(failure { () throws(Failure) in try scope.lookUp("a,b") } == .invalidArgument)
        let long = String(repeating: "a", count: 120)
        #expect(failure { () throws(Failure) in try scope.lookUp(long) } == .invalidArgument)
        try scope.lookUp("localhost")
        #expect(try scope.name() == "localhost")
        #expect(failure { () throws(Failure) in try scope.parent(scope) } == .notFound)
        try scope.lookUp("localhost")
        #expect(try scope.fmri() == "svc:")
    }

    @Test func `services, instances and groups are made once and found by name`() throws {
        let cluster = MemoryCluster()
        let made = try Fixture.make(cluster)
        #expect(try made.service.name() == "web")
        #expect(try made.service.fmri() == "svc:/web")
        #expect(try made.instance.name() == "default")
        #expect(try made.instance.fmri() == "svc:/web:default")
        #expect(try made.group.name() == "config")
        #expect(try made.group.type() == "application")
        #expect(try made.group.flags() == 0)
        #expect(try made.group.fmri() == "svc:/web:default/:properties/config")
        let found = try Fixture.view(cluster)
        #expect(try found.group.fmri() == made.group.fmri())
        let other = Group(made.handle)
        func add(_ name: String, _ type: String, _ flags: UInt32 = 0) -> Failure? {
            failure { () throws(Failure) in
                try made.instance.addGroup(name, type: type, flags: flags, other)
            }
        }
        #expect(add("config", "application") == .exists)
        #expect(add("other", "application", 2) == .invalidArgument)
        #expect(add("1", "application") == .invalidArgument)
        #expect(add("other", "") == .invalidArgument)
        #expect(add("fleeting", "framework", Group.nonPersistent) == nil)
        #expect(try other.flags() == Group.nonPersistent)
        #expect(
            failure { () throws(Failure) in try made.scope.addService("web", nil) } == .exists)
        #expect(
            failure { () throws(Failure) in try made.service.addInstance("default", nil) }
                == .exists)
    }

    @Test func `a failed look-up resets its target, and objects of two handles do not mix`() throws
    {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let stranger = try Fixture.view(cluster)
        let look = failure { () throws(Failure) in
            try fixture.instance.group("config", stranger.group)
        }
        #expect(look == .handleMismatch)
        #expect(try stranger.group.name() == "config")
        let missing = failure { () throws(Failure) in
            try fixture.instance.group("none", fixture.group)
        }
        #expect(missing == .notFound)
        #expect(failure { () throws(Failure) in try fixture.group.name() } == .notSet)
    }

    @Test func `parents lead back, and of the wrong kind there is none`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let service = Service(fixture.handle)
        let instance = Instance(fixture.handle)
        let group = Group(fixture.handle)
        try fixture.group.parent(instance)
        #expect(try instance.name() == "default")
        try instance.parent(service)
        #expect(try service.name() == "web")
        let wrong = failure { () throws(Failure) in try fixture.group.parent(service) }
        #expect(wrong == .constraintViolated)
        #expect(failure { () throws(Failure) in try service.name() } == .notSet)
        #expect(failure { () throws(Failure) in try fixture.group.underlying(group) } == .notFound)
        try fixture.service.addGroup("config", type: "framework", flags: 0, nil)
        try fixture.group.underlying(group)
        #expect(try group.fmri() == "svc:/web/:properties/config")
        try group.parent(service)
        #expect(failure { () throws(Failure) in try group.parent(instance) } == .constraintViolated)
    }

    @Test func `what is deleted says so for good, though its name is used again`() throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let other = try Fixture.view(cluster)
        #expect(failure { () throws(Failure) in try other.service.delete() } == .exists)
        try other.group.delete()
        try other.instance.addGroup("config", type: "application", flags: 0, nil)
        #expect(failure { () throws(Failure) in try fixture.group.update() } == .deleted)
        #expect(failure { () throws(Failure) in try fixture.group.name() } == .deleted)
        #expect(failure { () throws(Failure) in try fixture.group.delete() } == .deleted)
        try other.instance.delete()
        try other.service.addInstance("default", nil)
        #expect(failure { () throws(Failure) in try fixture.instance.name() } == .deleted)
        let found = failure { () throws(Failure) in
            try fixture.instance.group("config", fixture.group)
        }
        #expect(found == .deleted)
    }

    @Test func `a group shows its version until it is updated`() throws {
        let cluster = MemoryCluster()
        let writer = try Fixture.make(cluster)
        let reader = try Fixture.view(cluster)
        #expect(try writer.edit(.new, "port", .count, "80"))
        #expect(failure { () throws(Failure) in try reader.texts("port") } == .notFound)
        #expect(try reader.group.update())
        #expect(try reader.group.update() == false)
        #expect(try reader.texts("port") == ["80"])
        #expect(try writer.group.update())
        #expect(try writer.edit(.change, "port", .count, "81", "80"))
        #expect(try reader.texts("port") == ["80"])
        let property = Property(reader.handle)
        try reader.group.property("port", property)
        #expect(try reader.group.update())
        #expect(try property.type() == .count)
        #expect(try property.fmri() == "svc:/web:default/:properties/config/port")
        let value = Value(reader.handle)
        try property.value(value)
        #expect(try value.string() == Array("80".utf8))
        try reader.group.property("port", property)
        #expect(
            failure { () throws(Failure) in try property.value(value) } == .constraintViolated)
        #expect(value.type == .count)
    }

    @Test(
        arguments: [
            ("svc:/web:default/:properties/config/port", 0, nil),
            ("svc:/web:default/:properties/config/port", 1, nil),
            ("svc:/web:default/:properties/config", 1, .constraintViolated),
            ("svc:/web:default", 4, nil), ("svc:/web", 4, .constraintViolated),
            ("svc:/web:default", 8, .constraintViolated), ("svc:/web", 8, nil),
            ("svc:/none:default", 0, .notFound), ("svc:/web:none", 0, .notFound),
            ("svc:/web:default/:properties/config/none", 0, .notFound),
            ("svc://other/web:default", 0, .notFound), ("svc://other", 0, .notFound),
            ("svc://other/web", 4, .constraintViolated),
            ("svc://other/web", 1, .constraintViolated),
            ("::", 0, .invalidArgument), ("file:///etc/passwd", 0, .invalidArgument),
        ] as [(String, Int32, Failure?)])
    func `an FMRI is decoded to all that it names, or to nothing`(
        fmri: String, flags: Int32, wanted: Failure?
    ) throws {
        let fixture = try Fixture.make(MemoryCluster())
        #expect(try fixture.edit(.new, "port", .count, "80"))
        let objects = DecodedObjects(
            scope: Scope(fixture.handle), service: Service(fixture.handle),
            instance: Instance(fixture.handle), group: Group(fixture.handle),
            property: Property(fixture.handle))
        let found = failure { () throws(Failure) in
            try fixture.handle.decode(fmri, objects, DecodeFlags(rawValue: flags))
        }
        #expect(found == wanted)
        let name = failure { () throws(Failure) in try objects.service?.name() }
        #expect(name == (wanted == nil ? nil : .notSet))
        if fmri.hasSuffix("port") { #expect(try objects.property?.name() == "port") }
    }
}
