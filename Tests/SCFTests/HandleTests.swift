import Client
import IOCore
import Identifiers
import Properties
import SCF
import Testing
import Wire

struct HandleTests {
    @Test func `how long a call may take is told in whole seconds`() throws {
        func milliseconds(_ text: String?) throws(Failure) -> UInt64 {
            try CallTime.milliseconds { $0 == "LOCKSTEP_CALL_SECONDS" ? text : nil }
        }
        #expect(try milliseconds(nil) == 30_000)
        #expect(try milliseconds("") == 30_000)
        #expect(try milliseconds("2") == 2_000)
        for text in ["0", "-1", "1.5", "86401", "soon", " 2"] {
            #expect(throws: Failure.invalidArgument, "\(text)") { try milliseconds(text) }
        }
    }

    @Test func `only the one version of the interface has handles`() {
        let made = failure { () throws(Failure) in
            try Handle(version: 2) { _ throws(Failure) in throw .noServer }
        }
        #expect(made == .versionMismatch)
    }

    @Test func `a handle is bound once, and again after it was unbound`() throws {
        let handle = try MemoryCluster().handle()
        #expect(failure { () throws(Failure) in try handle.unbind() } == .notBound)
        try handle.bind { _ in nil }
        #expect(failure { () throws(Failure) in try handle.bind { _ in nil } } == .inUse)
        try handle.unbind()
        try handle.bind { _ in nil }
    }

    @Test func `decorations have names and types, and stay as they are while it is bound`() throws {
        let handle = try MemoryCluster().handle()
        let value = Value(handle)
        func decorate(_ name: String, _ value: Value?) -> Failure? {
            failure { () throws(Failure) in try handle.decorate(name, value) }
        }
        #expect(decorate("debug", value) == .notSet)
        try value.set(.count(0), type: .count)
        #expect(decorate("debug", value) == nil)
        #expect(decorate("debug", nil) == nil)
        #expect(decorate("door_path", value) == .typeMismatch)
        #expect(decorate("zone", value) == .typeMismatch)
        #expect(decorate("other", value) == .invalidArgument)
        let empty = Value(handle)
        try empty.set(.text([]), type: .astring)
        #expect(decorate("door_path", empty) == .invalidArgument)
        #expect(decorate("zone", empty) == .invalidArgument)
        #expect(decorate("debug", Value(try MemoryCluster().handle())) == .handleMismatch)
        try handle.bind { _ in nil }
        #expect(decorate("debug", value) == .inUse)
    }

    @Test func `a door path that is no list of endpoints has no server`() throws {
        let handle = try MemoryCluster().handle()
        let value = Value(handle)
        try value.set(.text(Array("nowhere".utf8)), type: .astring)
        try handle.decorate("door_path", value)
        #expect(failure { () throws(Failure) in try handle.bind { _ in nil } } == .noServer)
        try handle.decorate("door_path", nil)
        try handle.bind { _ in nil }
    }

    @Test func `what was set in one binding is not set in the next`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        let iterator = Iterator(fixture.handle)
        func next(_ target: Instance) -> Failure? {
            failure { () throws(Failure) in try iterator.next(target) }
        }
        try iterator.instances(of: fixture.service)
        try fixture.handle.unbind()
        #expect(next(fixture.instance) == .notBound)
        let wrong = failure { () throws(Failure) in try iterator.next(fixture.service) }
        #expect(wrong == .invalidArgument)
        let unset = failure { () throws(Failure) in
            try Iterator(fixture.handle).next(fixture.service)
        }
        #expect(unset == .notSet)
        #expect(failure { () throws(Failure) in try fixture.group.name() } == .notBound)
        try fixture.handle.bind { _ in nil }
        #expect(failure { () throws(Failure) in try fixture.group.name() } == .notSet)
        #expect(next(fixture.instance) == .notSet)
    }

    @Test func `a destroyed handle leaves objects that can do nothing`() throws {
        let fixture = try Fixture.make(MemoryCluster())
        #expect(fixture.handle.destroy())
        #expect(!fixture.handle.destroy())
        #expect(
            failure { () throws(Failure) in try fixture.group.liveHandle() } == .handleDestroyed)
        #expect(failure { () throws(Failure) in try fixture.group.name() } == .notBound)
        #expect(failure { () throws(Failure) in try fixture.handle.unbind() } == .notBound)
        #expect(
            failure { () throws(Failure) in try fixture.handle.bind { _ in nil } }
                == .handleDestroyed)
    }

    @Test(
        arguments: [
            (.outcomeUnknown("the connection broke"), .connectionBroken, .noResources),
            (.timedOut(lastFailure: "", mayHaveExecuted: true), .connectionBroken, .noResources),
            (.timedOut(lastFailure: "", mayHaveExecuted: false), .noResources, .noResources),
            (
                .sessionLost(acknowledgedThrough: .zero, mayHaveExecuted: true),
                .connectionBroken, .noResources
            ),
            (
                .sessionLost(acknowledgedThrough: .zero, mayHaveExecuted: false),
                .noResources, .noResources
            ),
            (.closed(mayHaveExecuted: false), .noResources, .noResources),
            (.unavailable("no descriptor"), .noResources, .noResources),
            (.refused(.busy, "later"), .noResources, .noResources),
            (.protocolViolation("strange"), .connectionBroken, .internal),
            (.unreachable(Address(host: "a", port: 1), ""), .connectionBroken, .connectionBroken),
        ] as [(CallFailure, Failure, Failure)])
    func `a connection is broken only where a commit may have happened, or nobody is there`(
        failed: CallFailure, commit: Failure, read: Failure
    ) throws {
        let cluster = MemoryCluster()
        let fixture = try Fixture.make(cluster)
        let (transaction, entry) = (Transaction(fixture.handle), Entry(fixture.handle))
        try transaction.start(fixture.group)
        try transaction.add(entry, .new, "port", .count)
        cluster.fail(failed)
        #expect(failure { () throws(Failure) in try transaction.commit() } == commit)
        #expect(failure { () throws(Failure) in try fixture.group.update() } == read)
        // The handle goes on.
        cluster.fail(nil)
        #expect(try fixture.group.update() == false)
    }

    @Test func `endpoints come from the decoration, then the environment, then this machine`() {
        func found(_ path: String?, _ environment: [String: String]) -> [Address]? {
            EndpointList.find(doorPath: path.map { Array($0.utf8) }) { environment[$0] }
        }
        let both = ["LIBSCF_DOORPATH": "b:2", "LOCKSTEP_ENDPOINTS": "c:3,d:4"]
        #expect(found("a:1", both) == [Address(host: "a", port: 1)])
        #expect(found(nil, both) == [Address(host: "b", port: 2)])
        #expect(
            found(nil, ["LOCKSTEP_ENDPOINTS": "c:3,d:4"])
                == [Address(host: "c", port: 3), Address(host: "d", port: 4)])
        #expect(found(nil, [:]) == [Address(host: "127.0.0.1", port: 27_010)])
        #expect(found("", both) == nil)
        let comma = found(nil, ["LIBSCF_DOORPATH": "c:3,d:4,"])
        #expect(comma == [Address(host: "c", port: 3), Address(host: "d", port: 4)])
        for text in [",", "c:3,,", ",c:3", "c:3,,d:4"] {
            #expect(found(nil, ["LIBSCF_DOORPATH": text]) == nil, "\(text)")
        }
    }

    @Test func `the first node is preferred where it is named for handles`() throws {
        let cluster = MemoryCluster()
        let handle = try cluster.handle()
        try handle.bind { $0 == "LOCKSTEP_ENDPOINTS" ? "a:1,b:2" : nil }
        #expect(cluster.preferred == nil)
        try handle.unbind()
        try handle.bind { $0 == "LIBSCF_DOORPATH" ? "b:2,a:1" : nil }
        #expect(cluster.preferred == Address(host: "b", port: 2))
        try handle.unbind()
        let value = Value(handle)
        try value.set(.text(Array("c:3,a:1".utf8)), type: .astring)
        try handle.decorate("door_path", value)
        try handle.bind { _ in nil }
        #expect(cluster.preferred == Address(host: "c", port: 3))
    }

    @Test(
        arguments: [
            (1000, "no error"), (1001, "handle not bound"), (1002, "cannot use unset argument"),
            (1003, "entity not found"), (1004, "type does not match value"),
            (1005, "cannot modify while in-use"), (1006, "connection to repository broken"),
            (1007, "invalid argument"), (1008, "no memory available"),
            (1009, "required constraint not met"), (1010, "object already exists"),
            (1011, "repository server unavailable"), (1012, "server has insufficient resources"),
            (1013, "insufficient privileges for action"), (1014, "backend refused access"),
            (1015, "mismatched SCF handles"), (1016, "object bound to destroyed handle"),
            (1017, "incompatible SCF version"), (1018, "backend is read-only"),
            (1019, "object has been deleted"), (1020, "template data is invalid"),
            (1080, "user callback function failed"), (1101, "internal error"),
            (5, "unknown error"), (1021, "unknown error"),
        ] as [(Int32, String)])
    func `every number has the text that libscf has`(number: Int32, text: String) {
        #expect(Failure.text(number).description == text)
    }
}
