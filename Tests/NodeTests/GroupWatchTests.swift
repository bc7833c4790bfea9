import IOCore
import Lockstep
import Testing

/// A watch on groups, against a node.
@Suite(.timeLimit(.minutes(10))) struct GroupWatchTests {
    private func set(_ client: LockstepClient, _ path: String, _ value: UInt64) async throws
        -> UInt64
    {
        try await client.setProperty(path, type: .count, values: [.count(value)]).index
    }

    @Test func `changes and deletions of groups are told, creations are not`() async throws {
        try await LiveNode.with { _, address in
            let client = try LockstepClient(
                configuration: ClientConfiguration(
                    endpoints: [Endpoint(host: address.host, port: address.port)]))
            defer { client.close() }
            let first = try await set(client, "svc:/a/:properties/g/p", 0)
            let watch = try client.watchGroups(keyPrefixes: ["svc:/a"], from: .index(first))
            var events = watch.makeAsyncIterator()
            for value in 1...3 {
                _ = try await set(client, "svc:/a/:properties/g/p", UInt64(value))
            }
            #expect(try await events.next() == .changed("svc:/a/:properties/g"))
            _ = try await set(client, "svc:/b/:properties/g/p", 1)
            _ = try await set(client, "svc:/a/:properties/h/p", 1)
            var deletion = Transaction()
            try deletion.deleteEntity("svc:/a/:properties/h")
            try await client.commit(deletion)
            // The changes of `g` may have been told more than once, never after the deletion of `h`.
            var told: [GroupEvent] = []
            while let event = try await events.next() {
                told.append(event)
                if event == .deleted("svc:/a/:properties/h") { break }
            }
            #expect(
                Set(told).subtracting([.changed("svc:/a/:properties/g")])
                    == [.deleted("svc:/a/:properties/h")])
        }
    }

    @Test func `a reader that stops waiting ends its watch`() async throws {
        try await LiveNode.with { _, address in
            let client = try LockstepClient(
                configuration: ClientConfiguration(
                    endpoints: [Endpoint(host: address.host, port: address.port)]))
            defer { client.close() }
            let watch = try client.watchGroups()
            let waiting = Task {
                var events = watch.makeAsyncIterator()
                return try await events.next()
            }
            waiting.cancel()
            #expect(try await waiting.value == nil)
        }
    }
}
