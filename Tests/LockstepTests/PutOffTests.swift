import Client
import Codec
import IOCore
import Identifiers
import Testing
import Transactions
import Wire

/// What becomes of reads that a node has no room for.
struct PutOffTests {
    private let cluster: FakeCluster
    private let core: ClientCore
    private let told = Locked<[(number: UInt64, result: Result<Response, CallFailure>)]>([])

    init() throws {
        cluster = try FakeCluster()
        core = ClientCore(
            loop: cluster.loop, network: cluster.network,
            settings: ClientCore.Settings(endpoints: cluster.addresses, name: "test"),
            coding: RecordCoding())
    }

    private func begin(_ number: UInt64, _ work: Call.Work, milliseconds: UInt64 = 60_000) {
        let told = told
        let deadline = cluster.loop.now.advanced(milliseconds: milliseconds)
        core.begin(
            Call(number: number, work: work, deadline: deadline) { result in
                told.withLock { $0.append((number, result)) }
            })
    }

    private func read(_ number: UInt64, _ consistency: ReadConsistency) -> Call.Work {
        var body = ByteWriter()
        body.writeVarint(number)
        return .repeatable(
            .read(
                ReadRequest(
                    store: .properties, kind: 1, body: body.bytes, consistency: consistency)))
    }

    private func beginReads(_ numbers: ClosedRange<UInt64>, milliseconds: UInt64 = 60_000) {
        for number in numbers {
            begin(number, read(number, .linearizable), milliseconds: milliseconds)
        }
    }

    private func beginWrite(_ number: UInt64) {
        let transaction = Transactions.Transaction(steps: [])
        begin(
            number,
            .submission(transaction: RecordCoding().encode(transaction), wantsChanges: false))
    }

    private func turn(milliseconds: Int) {
        for _ in 0..<milliseconds { cluster.loop.advance(milliseconds: 1) }
    }

    private func turn(atMost milliseconds: Int, until condition: () -> Bool) {
        for _ in 0..<milliseconds where !condition() { cluster.loop.advance(milliseconds: 1) }
    }

    /// The linearizable reads that have reached a node, by number, in order.
    private var asked: [UInt64] {
        cluster.requests.compactMap { request in
            guard case .read(let read) = request, read.consistency == .linearizable else {
                return nil
            }
            var reader = ByteReader(read.body)
            return try? reader.readVarint()
        }
    }

    /// The calls that were served, in order.
    private var served: [UInt64] {
        told.withLock { told in
            told.compactMap { if case .success = $0.result { $0.number } else { nil } }
        }
    }

    @Test func `ten thousand reads keep to the window and their order on one connection`() {
        cluster.readRoom = 0
        beginReads(1...10_000)
        turn(milliseconds: 8)
        let window = Limits.standard.requestsPerConnection / 2
        #expect(asked == Array(1...UInt64(window)))
        cluster.readRoom = 100
        cluster.readMilliseconds = 2
        turn(atMost: 1_000) { told.withLock { $0.count } == 10_000 }
        #expect(served == Array(1...10_000))
        #expect(cluster.handshakes == 1)
        // Beside the first window: those by which the client finds out how many there is room for.
        #expect(core.readsPutOff < window + 1_000)
        core.close()
    }

    @Test func `no later read overtakes one that was put off, and all else goes on`() {
        cluster.readRoom = 0
        beginReads(1...3)
        turn(milliseconds: 5)
        beginReads(4...6)
        begin(7, read(7, .stale(maximalLagMilliseconds: 100)))
        begin(8, .repeatable(.status))
        beginWrite(9)
        turn(milliseconds: 3)
        #expect(asked == [1, 2, 3])
        #expect(Set(served) == [7, 8, 9])
        cluster.readRoom = .max
        turn(milliseconds: 30)
        #expect(asked == [1, 2, 3, 1, 2, 3, 4, 5, 6])
        #expect(served.suffix(6) == [1, 2, 3, 4, 5, 6])
        #expect(cluster.handshakes == 1)
        // And then they go as they come.
        beginReads(10...12)
        turn(milliseconds: 1)
        #expect(served.suffix(3) == [10, 11, 12])
        core.close()
    }

    @Test func `one at a time is tried again, after waits that grow to their bound`() {
        cluster.readRoom = 0
        beginReads(1...20)
        turn(milliseconds: 5)
        #expect(asked.count == 20)
        var times: [UInt64] = []
        for millisecond in 0..<2_900 {
            let before = asked.count
            cluster.loop.advance(milliseconds: 1)
            #expect(asked.count <= before + 1)
            if asked.count > before { times.append(UInt64(millisecond)) }
        }
        #expect(asked.dropFirst(20).allSatisfy { $0 == 1 })
        #expect(cluster.handshakes == 1)
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
        for (place, gap) in gaps.enumerated() {
            let whole = min(UInt64(40) << UInt64(min(place, 10)), 1_000)
            #expect((whole / 2...whole + 2).contains(gap), "gap \(place) is \(gap) ms")
        }
        #expect(gaps.count >= 5)
        core.close()
    }

    @Test func `a read that runs out of time tells what it waited for`() {
        cluster.readRoom = 0
        beginReads(1...1, milliseconds: 100)
        turn(milliseconds: 5)
        beginReads(2...2, milliseconds: 50)
        turn(milliseconds: 150)
        let text = "\(cluster.addresses[0]) has no room for the read: 0 reads are waiting"
        for (number, result) in told.withLock({ $0 }) {
            #expect(
                result == .failure(.refused(.busy, text)),
                "read \(number)")
        }
        #expect(told.withLock { $0.map(\.number) } == [2, 1])
        // Nothing of them is left.
        let count = asked.count
        turn(milliseconds: 2_000)
        #expect(asked.count == count)
        core.close()
    }

    @Test func `a lack of room is told whatever the read is about at its end`() {
        cluster.readRoom = 0
        // In the queue, on its way once more, and behind nodes that were left for another.
        for number in 1...120 as ClosedRange<UInt64> {
            beginReads(number...number, milliseconds: number * 237)
        }
        turn(milliseconds: 30_000)
        let results = told.withLock { $0 }
        #expect(results.count == 120)
        for (number, result) in results {
            guard case .failure(.refused(.busy, let text)) = result else {
                Issue.record("read \(number): \(result)")
                continue
            }
            #expect(text.hasSuffix(" has no room for the read: 0 reads are waiting"))
        }
        core.close()
    }

    @Test func `nodes that are gone are told, whatever they said before`() {
        cluster.readRoom = 0
        beginReads(1...1, milliseconds: 1_000)
        turn(milliseconds: 100)
        for node in cluster.addresses.indices { cluster.stop(node) }
        turn(milliseconds: 1_000)
        let results = told.withLock { $0 }
        guard results.count == 1,
            case .failure(.timedOut(_, mayHaveExecuted: false)) = results[0].result
        else {
            Issue.record("\(results)")
            return
        }
        core.close()
    }

    @Test func `closing ends the wait`() {
        cluster.readRoom = 0
        beginReads(1...3)
        turn(milliseconds: 5)
        #expect(cluster.loop.timerCount > 0)
        core.close()
        #expect(cluster.loop.timerCount == 0)
        #expect(told.withLock { $0.count } == 3)
        turn(milliseconds: 100)
        #expect(asked.count == 3)
    }

    @Test func `on another connection they go in their order, before those that came later`() {
        cluster.readRoom = 1
        cluster.readMilliseconds = 10_000
        beginReads(1...3)
        turn(milliseconds: 5)
        beginReads(4...5)
        turn(milliseconds: 1)
        #expect(asked == [1, 2, 3])
        cluster.readRoom = .max
        cluster.readMilliseconds = 0
        for connection in cluster.connections { connection.cut() }
        beginReads(6...6)
        turn(milliseconds: 500)
        // One node does not lead, and the next one does.
        #expect(asked == [1, 2, 3, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
        #expect(served == [1, 2, 3, 4, 5, 6])
        core.close()
    }

    @Test(arguments: [
        RequestError.unavailable(reason: "this node's disk is full", retryAfterMilliseconds: 30),
        .notLeader(node: nil, clientAddress: ""),
    ])
    func `what is refused for another reason is asked elsewhere at once`(_ refusal: RequestError) {
        cluster.readRefusals = [refusal]
        beginReads(1...1)
        turn(milliseconds: 500)
        #expect(served == [1])
        #expect(cluster.handshakes > 1)
        #expect(core.readsPutOff == 0)
        core.close()
    }

    @Test func `a node that serves no read for long is left, whatever else it answers`() {
        cluster.readRoom = 0
        beginReads(1...2)
        for number in UInt64(10)..<39 {
            beginWrite(number)
            begin(number + 100, read(number, .stale(maximalLagMilliseconds: 100)))
            turn(milliseconds: 100)
        }
        #expect(cluster.handshakes == 1)
        #expect(served.count == 58)
        turn(atMost: 1_500) { cluster.handshakes > 1 }
        #expect(cluster.handshakes > 1)
        cluster.readRoom = .max
        turn(milliseconds: 2_000)
        #expect(served.suffix(2) == [1, 2])
        core.close()
    }

    @Test func `a node that serves one of the reads, and slowly, is not left for the others`() {
        cluster.readRoom = 1
        cluster.readMilliseconds = 6_000
        beginReads(1...2)
        turn(milliseconds: 5_900)
        #expect(cluster.handshakes == 1)
        cluster.readMilliseconds = 0
        turn(milliseconds: 2_000)
        #expect(served == [1, 2])
        #expect(cluster.handshakes == 1)
        core.close()
    }

    @Test func `a refusal of long ago does not count`() {
        cluster.readRoom = 0
        beginReads(1...1, milliseconds: 100)
        turn(milliseconds: 10_000)
        #expect(told.withLock { $0.count } == 1)
        beginReads(2...2)
        turn(milliseconds: 5)
        #expect(asked.last == 2)
        cluster.readRoom = .max
        turn(milliseconds: 45)
        #expect(served == [2])
        #expect(cluster.handshakes == 1)
        core.close()
    }

    @Test func `one that is not wanted any more holds up nobody`() {
        cluster.readRoom = 0
        beginReads(1...3)
        turn(milliseconds: 5)
        core.cancel(1)
        core.cancel(3)
        cluster.readRoom = .max
        turn(milliseconds: 30)
        #expect(asked == [1, 2, 3, 2])
        #expect(served == [2])
        core.close()
    }
}
