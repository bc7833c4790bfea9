import IOCore
import Properties
import SCF
import Testing

/// The C library's way to the cluster, against a node.
@Suite(.timeLimit(.minutes(10))) struct ClusterLinkTests {
    private func handle(
        _ address: Address, lookMilliseconds: UInt64 = ClusterLink.lookMilliseconds
    ) throws(Failure) -> Handle {
        let handle = try Handle(version: Handle.version) { (endpoints) throws(Failure) in
            try ClusterLink(endpoints, lookMilliseconds: lookMilliseconds)
        }
        try handle.bind { name in name == "LIBSCF_DOORPATH" ? "\(address)" : nil }
        return handle
    }

    @Test func `a handle makes, edits, finds and deletes things on a node`() async throws {
        try await LiveNode.with { _, address in
            let handle = try handle(address)
            let (scope, service, group) = (Scope(handle), Service(handle), Group(handle))
            try scope.lookUp(Scope.local)
            try scope.addService("web", service)
            try service.addGroup("config", type: "application", flags: 0, group)
            let (transaction, entry, value) = (
                Transaction(handle), Entry(handle), Value(handle)
            )
            for number in 1...3 {
                try transaction.start(group)
                try transaction.add(entry, number == 1 ? .new : .change, "port", .count)
                try value.set(.count(UInt64(number)), type: .count)
                try entry.add(value)
                #expect(try transaction.commit())
                transaction.reset()
                #expect(try group.update())
            }
            try handle.unbind()
            try handle.bind { name in name == "LIBSCF_DOORPATH" ? "\(address)" : nil }
            try scope.lookUp(Scope.local)
            try scope.service("web", service)
            try service.group("config", group)
            let property = Property(handle)
            try group.property("port", property)
            try property.value(value)
            #expect(try value.string() == Array("3".utf8))
            try service.delete()
            #expect(throws: Failure.deleted) { try group.update() }
            handle.destroy()
        }
    }

    @Test func `a preferred node that is gone is asked now and then only`() async throws {
        var gone = Address(host: "127.0.0.1", port: 1)
        try await LiveNode.with { _, address in gone = address }
        try await LiveNode.with { _, address in
            let handle = try Handle(version: Handle.version) { (endpoints) throws(Failure) in
                try ClusterLink(endpoints)
            }
            try handle.bind { $0 == "LIBSCF_DOORPATH" ? "\(gone),\(address)" : nil }
            let (scope, service) = (Scope(handle), Service(handle))
            try scope.lookUp(Scope.local)
            try scope.addService("web", service)
            let start = ContinuousClock.now
            for _ in 0..<50 { try scope.service("web", service) }
            #expect(ContinuousClock.now - start < .seconds(5))
            handle.destroy()
        }
    }

    @Test func `binding fails at once where nobody listens`() async throws {
        var free = Address(host: "127.0.0.1", port: 1)
        try await LiveNode.with { _, address in free = address }
        let start = ContinuousClock.now
        #expect(throws: Failure.noServer) { _ = try handle(free) }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `a call takes no longer than it may, where a node that answers can commit nothing`()
        async throws
    {
        try await LiveNode.with(members: 3) { _, address in
            let handle = try Handle(version: Handle.version) { (endpoints) throws(Failure) in
                try ClusterLink(endpoints, callMilliseconds: 300)
            }
            for _ in 1...2 {
                try handle.bind { name in name == "LIBSCF_DOORPATH" ? "\(address)" : nil }
                let scope = Scope(handle)
                try scope.lookUp(Scope.local)
                let start = ContinuousClock.now
                // Nothing has happened, and nodes are there: the connection is not broken.
                #expect(throws: Failure.noResources) { try scope.service("web", nil) }
                #expect(throws: Failure.noResources) { try scope.addService("web", nil) }
                #expect(ContinuousClock.now - start < .seconds(10))
                try handle.unbind()
            }
        }
    }

    @Test func `without any node calls are given up earlier than in an election`() async throws {
        let bound = Locked<Handle?>(nil)
        try await LiveNode.with { _, address in
            let made = try handle(address, lookMilliseconds: 200)
            try Scope(made).lookUp(Scope.local)
            bound.withLock { $0 = made }
        }
        let kept = try #require(bound.withLock { $0 })
        let scope = Scope(kept)
        try scope.lookUp(Scope.local)
        let start = ContinuousClock.now
        for _ in 1...2 {
            #expect(throws: Failure.connectionBroken) { try scope.service("web", nil) }
            #expect(throws: Failure.connectionBroken) { try scope.addService("web", nil) }
        }
        #expect(ContinuousClock.now - start < .seconds(15))
    }
}
