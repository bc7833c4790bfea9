import Lockstep
import LockstepCLI
import Properties
import Testing

/// Which transactions end a wait.
@Suite struct GroupWaitingTests {
    @Test(arguments: [
        ("~svc:/a/b:c/:properties/g", "svc:/a/b:c/:properties/g", true),
        ("~svc:/a/b:c/:properties/gg", "svc:/a/b:c/:properties/g", false),
        ("~svc:/a/b:c/:properties/g", "svc:/a/b:c", true),
        ("~svc:/a/b:cc/:properties/g", "svc:/a/b:c", false),
        ("~svc:/a/b:c/:properties/g", "svc:/a/b", true),
        ("~svc:/a/bb/:properties/g", "svc:/a/b", false),
        ("~svc:/a/b/:properties/g", "svc:/a/b:c", false),
        ("~svc:/a/b:c/:properties/g", "svc:/a/b/:properties/g", false),
        ("-svc:/a/b:c", "svc:/a/b:c/:properties/g", true),
        ("-svc:/a/b", "svc:/a/b:c/:properties/g", true),
        ("-svc:/a/b:d", "svc:/a/b:c/:properties/g", false),
        ("-svc:/a/b:c/:properties/g", "svc:/a/b:c", true),
    ])
    func `a wait is for what is named and what is below`(
        _ event: String, _ path: String, _ ends: Bool
    ) throws {
        let place = try Documents.path(String(event.dropFirst()))
        let waiting = GroupWaiting(for: [
            try Documents.path("svc:/other"), try Documents.path(path),
        ])
        #expect(waiting.concerns(event.hasPrefix("~") ? .changed(place) : .deleted(place)) == ends)
        #expect(waiting.concerns(.everything))
    }

    /// A transaction that changes, makes (`+`) or deletes (`-`) things.
    private func set(_ index: UInt64, _ keys: [String]) -> ChangeSet {
        let changes = keys.map { key in
            Change(
                step: 0, store: .properties, key: String(key.drop { "+-".contains($0) }),
                old: key.hasPrefix("+") ? nil : [0], new: key.hasPrefix("-") ? nil : [0])
        }
        return ChangeSet(
            index: index, timeMilliseconds: 1, properties: [], changes: changes, abort: nil)
    }

    @Test func `a wait tells all of the first transaction that concerns it, and its index`()
        async throws
    {
        let waiting = GroupWaiting(for: [try Documents.path("svc:/a")])
        let feed = Feed(
            sets: [
                set(4, ["svc:/b/:properties/g/p"]),
                set(5, ["+svc:/a/:properties/new", "+svc:/a/:properties/new/p"]),
                set(
                    7,
                    [
                        "svc:/a/:properties/g/p", "svc:/a/:properties/g/q",
                        "svc:/b/:properties/g/p",
                        "-svc:/a:i/:properties/h/p", "-svc:/a:i/:properties/h", "-svc:/a:i",
                    ]),
                set(8, ["svc:/a/:properties/g/p"]),
            ], failure: nil)
        let found = try await waiting.first(in: feed)
        #expect(
            found
                == GroupWaiting.Found(
                    index: 7,
                    events: [
                        .changed(try Documents.path("svc:/a/:properties/g")),
                        .deleted(try Documents.path("svc:/a:i/:properties/h")),
                        .deleted(try Documents.path("svc:/a:i")),
                    ]))
    }

    @Test func `a feed that ends, fails or has lost its history is no change`() async throws {
        let waiting = GroupWaiting(for: [try Documents.path("svc:/a")])
        await #expect(throws: LockstepError.closed(mayHaveExecuted: false)) {
            try await waiting.first(in: Feed(sets: [], failure: nil))
        }
        await #expect(throws: LockstepError.tooLarge("x")) {
            try await waiting.first(in: Feed(sets: [], failure: .tooLarge("x")))
        }
        let lost = try await waiting.first(
            in: Feed(sets: [], failure: .historyLost(firstRetained: 9)))
        #expect(lost == GroupWaiting.Found(index: 8, events: [.everything]))
    }

    @Test func `what is waited for is there, unless the wait begins in the past`() async throws {
        let repository = MemoryRepository()
        let group = try Documents.path("svc:/a/b:i/:properties/g")
        _ = try await repository.submit(
            [
                .addService(group.servicePath), .addInstance(group.owner, serviceID: nil),
                .addGroup(group, ownerID: nil, GroupCreation(type: "t")),
            ], expecting: [])
        func path(_ text: String, isPast: Bool = false) async throws -> String {
            try await repository.waitedFor(text, isPast: isPast).description
        }
        #expect(try await path("b:i/:properties/g") == "\(group)")
        #expect(try await path("b") == "svc:/a/b")
        #expect(
            try await path("svc:/gone/:properties/g", isPast: true) == "svc:/gone/:properties/g")
        for (text, told) in [
            ("svc:/a/b:j", "there is no svc:/a/b:j"),
            ("b:i/:properties/h", "there is no svc:/a/b:i/:properties/h"),
            ("b:i/:properties/g/p", "names no property group; what changes is told for whole"),
            ("nothing", "no service or instance fits nothing"),
        ] {
            let failure = await #expect(throws: RepositoryFailure.self) { try await path(text) }
            #expect(failure?.command.text.contains(told) == true, "\(text)")
        }
    }
}

/// Change sets, then the end or a failure.
private struct Feed: AsyncSequence {
    typealias Element = ChangeSet
    typealias Failure = LockstepError

    let sets: [ChangeSet]
    let failure: LockstepError?

    func makeAsyncIterator() -> Iterator {
        Iterator(sets: sets, failure: failure)
    }

    struct Iterator: AsyncIteratorProtocol {
        var sets: [ChangeSet]
        let failure: LockstepError?

        mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(LockstepError) -> ChangeSet? {
            if let failure, sets.isEmpty { throw failure }
            return sets.isEmpty ? nil : sets.removeFirst()
        }
    }
}
