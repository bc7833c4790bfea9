import IOCore
import IOLibuv
import Identifiers
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

    @Test func `a preferred node is asked for what is read, and the leader makes the changes`()
        async throws
    {
        // Two clusters that know nothing of each other: what a handle finds tells which one it has asked.
        try await LiveNode.with { _, leading in
            try await LiveNode.with { _, near in
                try Scope.of(handle(near)).addService("near", nil)
                let both = try Handle(version: Handle.version) { (endpoints) throws(Failure) in
                    let link = try ClusterLink(endpoints)
                    link.prefer(near)
                    return link
                }
                // This variable prefers no node by itself.
                try both.bind { $0 == "LOCKSTEP_ENDPOINTS" ? "\(leading)" : nil }
                let scope = try Scope.of(both)
                try scope.addService("leading", nil)
                // One that was not in time is not asked for a while.
                var answers = 0
                let end = ContinuousClock.now + .seconds(60)
                while answers < 20, ContinuousClock.now < end {
                    do throws(Failure) {
                        try scope.service("near", nil)
                        answers += 1
                    } catch {
                        try #require(error == .notFound)
                    }
                }
                #expect(answers == 20)
                both.destroy()
                try Scope.of(handle(leading)).service("leading", nil)
            }
        }
    }

    @Test func `a link knows which cluster it has reached`() async throws {
        try await LiveNode.with { _, address in
            let link = try ClusterLink([address])
            #expect(link.identity == ClusterID(Bits128(high: 1, low: 1)))
            link.close()
        }
    }

    @Test func `a preferred node that does not answer is asked now and then only`() async throws {
        let loop = UVLoop.start(name: "silent")
        let silent = try await SilentNode.listen(on: loop)
        try await LiveNode.with { _, address in
            let handle = try Handle(version: Handle.version) { (endpoints) throws(Failure) in
                let link = try ClusterLink(endpoints)
                link.prefer(silent.address)
                return link
            }
            try handle.bind { $0 == "LOCKSTEP_ENDPOINTS" ? "\(address)" : nil }
            let scope = try Scope.of(handle)
            try scope.addService("web", nil)
            let start = ContinuousClock.now
            for _ in 0..<50 { try scope.service("web", nil) }
            // It is waited for: for each of them that would be more than 12 seconds.
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(silent.callers > 0)
            handle.destroy()
        }
        await silent.close()
        loop.stop()
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

/// Takes connections, and never answers.
private final class SilentNode: Sendable {
    private struct Parts {
        var listener: LoopBound<any Listener>?
        var connections: [LoopBound<any Connection>] = []
    }

    private let loop: UVLoop
    private let parts = Locked(Parts())
    private let bound = Locked(Address(host: "127.0.0.1", port: 0))

    private init(_ loop: UVLoop) {
        self.loop = loop
    }

    static func listen(on loop: UVLoop) async throws -> SilentNode {
        try await withCheckedThrowingContinuation { continuation in
            loop.post {
                continuation.resume(
                    with: Result {
                        let node = SilentNode(loop)
                        try node.begin()
                        return node
                    })
            }
        }
    }

    private func begin() throws {
        let listener = try UVNetwork(loop).listen(
            on: Address(host: "127.0.0.1", port: 0)
        ) { [self] connection in
            let kept = LoopBound(connection, to: loop)
            parts.withLock { $0.connections.append(kept) }
        }
        let address = listener.address
        bound.withLock { $0 = address }
        let kept = LoopBound(listener, to: loop)
        parts.withLock { $0.listener = kept }
    }

    var address: Address {
        bound.withLock { $0 }
    }

    /// How many connections it has taken.
    var callers: Int {
        parts.withLock { $0.connections.count }
    }

    func close() async {
        await withCheckedContinuation { continuation in
            loop.post { [self] in
                let ended = parts.withLock { parts in
                    defer { parts = Parts() }
                    return parts
                }
                ended.listener?.value.close()
                for connection in ended.connections { connection.value.close(flush: false) }
                continuation.resume()
            }
        }
    }
}

extension Scope {
    /// The scope of a handle that is bound.
    fileprivate static func of(_ handle: Handle) throws(Failure) -> Scope {
        let scope = Scope(handle)
        try scope.lookUp(Scope.local)
        return scope
    }
}
