import Client
import IOCore
import Identifiers
import Testing
import Transactions
import Wire

/// What becomes of reads that a leader has no room for.
struct PutOffTests {
    private let cluster: FakeCluster
    private let core: ClientCore
    private let served = Locked(0)

    init() throws {
        cluster = try FakeCluster()
        core = ClientCore(
            loop: cluster.loop, network: cluster.network,
            settings: ClientCore.Settings(endpoints: cluster.addresses, name: "test"),
            coding: RecordCoding())
    }

    private func begin(_ numbers: ClosedRange<UInt64>) {
        let read = Request.read(
            ReadRequest(store: .properties, kind: 1, body: [7], consistency: .linearizable))
        let served = served
        for number in numbers {
            core.begin(
                Call(
                    number: number, work: .repeatable(read),
                    deadline: cluster.loop.now.advanced(milliseconds: 60_000)
                ) { result in
                    if case .success = result { served.withLock { $0 += 1 } }
                })
        }
    }

    @Test func `reads without room wait on the connection that serves others`() {
        cluster.readsRefused = 4
        begin(1...6)
        for _ in 0..<25 { cluster.loop.advance(milliseconds: 1) }
        #expect(served.withLock { $0 } == 2)
        for _ in 0..<10 { cluster.loop.advance(milliseconds: 1) }
        #expect(served.withLock { $0 } == 6)
        #expect(cluster.handshakes == 1)
        core.close()
    }

    @Test func `a read that is refused again while nothing is served looks elsewhere`() {
        cluster.readsRefused = 2
        begin(1...1)
        for _ in 0..<50 { cluster.loop.advance(milliseconds: 1) }
        #expect(cluster.requests.count == 2)
        for _ in 0..<500 { cluster.loop.advance(milliseconds: 1) }
        #expect(served.withLock { $0 } == 1)
        #expect(cluster.handshakes > 1)
        core.close()
    }

    @Test func `a read that was put off and is not wanted any more is not sent again`() {
        cluster.readsRefused = 1
        begin(1...1)
        for _ in 0..<10 { cluster.loop.advance(milliseconds: 1) }
        core.cancel(1)
        for _ in 0..<100 { cluster.loop.advance(milliseconds: 1) }
        #expect(cluster.requests.count == 1)
        core.close()
    }
}
