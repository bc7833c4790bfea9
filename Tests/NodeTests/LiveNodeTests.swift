import Client
import Codec
import IOCore
import IOLibuv
import Identifiers
import Lockstep
import Node
import Properties
import Testing
import Transactions
import Wire

@Suite(.timeLimit(.minutes(10))) struct LiveNodeTests {
    private let property = "svc:/web/:properties/a/b"

    private func client(_ address: Address) throws -> LockstepClient {
        try LockstepClient(
            configuration: ClientConfiguration(
                endpoints: [Endpoint(host: address.host, port: address.port)]))
    }

    private func trigger(_ program: String) -> Trigger {
        Trigger(
            name: "t", action: .afterCommit(program: program, arguments: []), stores: [],
            keyPrefixes: ["svc:/web"], timeout: .seconds(1), attemptLimit: 0)
    }

    /// Sets the property, and returns the transaction's index.
    private func set(_ client: LockstepClient, _ number: Int64) async throws -> UInt64 {
        try await client.setProperty(
            property, type: .integer, values: [.integer(number)], groupType: "application"
        ).index
    }

    @Test func `a status tells what the log holds, and not what its files have room for`()
        async throws
    {
        try await LiveNode.with { _, address in
            let client = try client(address)
            defer { client.close() }
            _ = try await set(client, 1)
            let endpoint = Endpoint(host: address.host, port: address.port)
            let status = try await client.status(of: endpoint)
            #expect((1..<100_000).contains(status.logBytes))
            #expect((1..<100_000).contains(status.appendedBytes))
            let report = try await client.verify(endpoint)
            #expect(report.problems.isEmpty && report.frames > 0)
            #expect(report.bytes >= status.appendedBytes)
        }
    }

    @Test func `a running node lists its log's frames, a page at a time`() async throws {
        try await LiveNode.with { _, address in
            let client = try client(address)
            defer { client.close() }
            // More than a page: each waits for the one before, so each has a frame of its own.
            let written = LogPage.mostFrames + 5
            for number in 1...written { _ = try await set(client, Int64(number)) }
            let endpoint = Endpoint(host: address.host, port: address.port)
            let all = try await client.logFrames(of: endpoint, count: 100_000)
            #expect(all.node == 1 && all.term > 0 && all.firstIndex == 1)
            #expect(all.frames.count > LogPage.mostFrames)
            var next = all.firstIndex
            for frame in all.frames {
                #expect(frame.firstIndex == next && frame.term <= all.term)
                #expect(["entries", "membership"].contains(frame.kind))
                #expect((1...frame.rawBytes).contains(frame.storedBytes))
                next = frame.lastIndex + 1
            }
            #expect(next == all.lastIndex + 1)
            let some = try await client.logFrames(of: endpoint, from: 7, count: 3)
            #expect(some.frames == all.frames.filter { $0.lastIndex >= 7 }.prefix(3).map(\.self))
            let none = try await client.logFrames(of: endpoint, from: next, count: 3)
            #expect(none.frames.isEmpty)
        }
    }

    @Test func `a trigger that is added anew is not given what it failed at before`() async throws {
        let programs = PlayedPrograms()
        programs.setFailing(["p"])
        try await LiveNode.with(programs) { _, address in
            let client = try client(address)
            defer { client.close() }
            var adding = Lockstep.Transaction()
            try adding.addTrigger(trigger("p"))
            _ = try await client.commit(adding)
            let first = try await set(client, 1)
            var runs = programs.runs.makeAsyncIterator()
            #expect(await runs.next() == "p \(first)")
            #expect(await runs.next() == "p \(first)", "it is tried again")
            var again = Lockstep.Transaction()
            again.removeTrigger("t")
            try again.addTrigger(trigger("p"))
            _ = try await client.commit(again)
            let second = try await set(client, 2)
            // A run that was under way may still be told.
            var next = await runs.next()
            while next == "p \(first)" { next = await runs.next() }
            #expect(next == "p \(second)")
            programs.setFailing([])
            let third = try await set(client, 3)
            while next == "p \(second)" { next = await runs.next() }
            #expect(next == "p \(third)")
        }
    }

    @Test func `a watch with a filter gets what concerns it, in order`() async throws {
        try await LiveNode.with { _, address in
            let client = try client(address)
            defer { client.close() }
            var wanted: [UInt64] = []
            for number in 0..<6 as Range<Int64> {
                let index = try await set(client, number)
                if number.isMultiple(of: 2) {
                    wanted.append(index)
                } else {
                    var deletion = Lockstep.Transaction()
                    try deletion.deleteEntity("svc:/web/:properties/a")
                    wanted.append(index)
                    wanted.append(try await client.commit(deletion).index)
                }
                _ = try await client.setProperty(
                    "svc:/other/:properties/a/b", type: .integer, values: [.integer(number)],
                    groupType: "application")
            }
            let feed = try client.watch(from: .index(1), keyPrefixes: ["svc:/web"])
            var iterator = feed.makeAsyncIterator()
            var found: [UInt64] = []
            while found.count < wanted.count, let set = try await iterator.next() {
                found.append(set.index)
            }
            #expect(found == wanted)
        }
    }
}

/// Requests as no client library sends them.
@Suite(.timeLimit(.minutes(10))) struct ClientServiceTests {
    /// The answers to these requests, sent in one piece on one connection.
    private func answers(
        _ node: LiveNode, _ address: Address, _ requests: [Request]
    ) async -> [Response] {
        let loop = node.loop
        return await withCheckedContinuation { continuation in
            loop.post {
                let driver = ConnectionDriver(
                    loop: loop, network: UVNetwork(loop), address: address)
                var found: [RequestID: Response] = [:]
                driver.start { event in
                    switch event {
                    case .ready:
                        driver.send(
                            requests.enumerated().map { (RequestID(UInt32($0 + 1)), $1) })
                    case .response(let identifier, let response):
                        found[identifier] = response
                        guard found.count == requests.count else { return }
                        driver.close()
                        continuation.resume(
                            returning: requests.indices.compactMap {
                                found[RequestID(UInt32($0 + 1))]
                            })
                    case .closed:
                        continuation.resume(returning: [])
                    }
                }
            }
        }
    }

    /// A session of a node that leads.
    private func session(_ node: LiveNode, _ address: Address) async -> SessionID? {
        while true {
            let opening = Request.openSession(timeToLiveMilliseconds: 60_000, description: "raw")
            switch await answers(node, address, [opening]).first {
            case .sessionOpened(let session): return session
            case .error(.notLeader), .error(.unavailable): continue
            default: return nil
            }
        }
    }

    private func submission(
        _ session: SessionID, _ sequence: UInt64, _ bytes: [UInt8]
    ) -> Request {
        .submit(
            Submission(
                origin: Origin(
                    session: session, sequence: SequenceNumber(sequence),
                    acknowledgedThrough: .zero),
                wantsChanges: false, transaction: bytes))
    }

    @Test func `a transaction that no node could read is refused, and leaves its place free`()
        async throws
    {
        try await LiveNode.with { node, address in
            let session = try #require(await session(node, address))
            let empty = Transactions.Transaction(steps: []).encoded()
            let found = await answers(
                node, address,
                [
                    submission(session, 1, [0xFF, 0xFF]),
                    submission(session, 1, empty), submission(session, 3, empty),
                    submission(SessionID(999), 1, empty), .keepAlive(SessionID(999)),
                    .stateDigest(at: LogIndex(1)),
                ])
            try #require(found.count == 6)
            guard case .error(.refused(.invalidArgument, let text)) = found[0] else {
                Issue.record("garbage: \(found[0])")
                return
            }
            #expect(text.hasPrefix("transaction: "))
            guard case .outcome(let bytes, changes: nil) = found[1],
                case .committed = try OutcomeHeader.peek(bytes)
            else {
                Issue.record("an empty transaction: \(found[1])")
                return
            }
            guard case .outcome(let gap, changes: nil) = found[2],
                case .aborted(_, .sequenceGap) = try OutcomeHeader.peek(gap)
            else {
                Issue.record("a gap: \(found[2])")
                return
            }
            #expect(found[3] == .error(.sessionExpired(SessionID(999))))
            #expect(found[4] == .error(.sessionExpired(SessionID(999))))
            guard case .error(.unavailable(let reason, _)) = found[5] else {
                Issue.record("a digest that nobody asked for: \(found[5])")
                return
            }
            #expect(reason == "no digest of record 1 is remembered here")
        }
    }

    @Test func `reads whose answers are far more than may wait are all answered`() async throws {
        try await LiveNode.with { node, address in
            let client = try LockstepClient(
                configuration: ClientConfiguration(
                    endpoints: [Endpoint(host: address.host, port: address.port)]))
            defer { client.close() }
            let value = Lockstep.PropertyValue.text(String(repeating: "x", count: 4_000))
            _ = try await client.setProperty(
                "svc:/web/:properties/a/b", type: .astring,
                values: Array(repeating: value, count: 100),
                groupType: "application")
            let path = PropertyPath("svc:/web/:properties/a/b")
            let query = PropertyQuery.property(try #require(path))
            let read = Request.read(
                ReadRequest(
                    store: .properties, kind: query.kind, body: query.body,
                    consistency: .linearizable))
            let found = await answers(node, address, Array(repeating: read, count: 100))
            let whole = found.filter { response in
                guard case .readResult(_, let bytes) = response else { return false }
                return bytes.count > 400_000
            }
            #expect(whole.count == 100)
        }
    }
}
