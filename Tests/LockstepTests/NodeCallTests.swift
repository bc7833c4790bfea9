import Client
import IOCore
import Identifiers
import Testing
import Transactions
import Wire

/// What becomes of a call for one named node that breaks off.
struct NodeCallTests {
    private let cluster: FakeCluster
    private let core: ClientCore

    init() throws {
        cluster = try FakeCluster()
        core = ClientCore(
            loop: cluster.loop, network: cluster.network,
            settings: ClientCore.Settings(endpoints: cluster.addresses, name: "test"),
            coding: RecordCoding())
    }

    /// The failure of `work` at the node of `place`.
    private func failure(of work: Call.Work, at place: Int = 0) -> CallFailure? {
        let told = Locked<Result<Response, CallFailure>?>(nil)
        let deadline = cluster.loop.now.advanced(milliseconds: 60_000)
        let call = Call(number: 1, work: work, deadline: deadline) { result in
            told.withLock { $0 = result }
        }
        core.begin(call, at: cluster.addresses[place])
        while cluster.loop.now < deadline {
            cluster.loop.advance(milliseconds: 1)
            if case .failure(let failure) = told.withLock({ $0 }) { return failure }
        }
        return nil
    }

    private let change = Request.memberAdd(NodeID(4), peerAddress: "h:1", clientAddress: "h:2")

    @Test func `a change that was sent may have happened where the connection breaks`() {
        cluster.mishaps = [.lost]
        let broken = failure(of: .once(change))
        guard case .outcomeUnknown(let text) = broken else {
            Issue.record("\(String(describing: broken))")
            return
        }
        #expect(text.contains("\(cluster.addresses[0])"))
        #expect(broken?.mayHaveExecuted == true)
        #expect(cluster.requests.count == 1, "it is not made again")
    }

    @Test func `a change that was never sent has not happened`() {
        cluster.stop(0)
        let failed = failure(of: .once(change))
        guard case .unreachable(cluster.addresses[0], _) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(failed?.mayHaveExecuted == false)
    }

    @Test func `a question that was sent leaves nothing unknown`() {
        cluster.mishaps = [.lost]
        let failed = failure(of: .repeatable(change))
        guard case .unreachable(cluster.addresses[0], _) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(failed?.mayHaveExecuted == false)
    }

    @Test func `a node that does not answer is no longer the way to the leader`() {
        cluster.leader = 1
        let told = Locked(0)
        func ask(_ number: UInt64) {
            let deadline = cluster.loop.now.advanced(milliseconds: 60_000)
            core.begin(
                Call(number: number, work: .repeatable(.status), deadline: deadline) { result in
                    if case .success = result { told.withLock { $0 += 1 } }
                })
        }
        ask(1)
        for _ in 0..<100 { cluster.loop.advance(milliseconds: 1) }
        #expect(told.withLock { $0 } == 1)
        cluster.silentNodes = [0]
        ask(2)
        for _ in 0..<250 { cluster.loop.advance(milliseconds: 1) }
        #expect(told.withLock { $0 } == 1)
        core.avoid(cluster.addresses[1])
        for _ in 0..<250 { cluster.loop.advance(milliseconds: 1) }
        #expect(told.withLock { $0 } == 1, "the way leads over another node")
        core.avoid(cluster.addresses[0])
        for _ in 0..<250 { cluster.loop.advance(milliseconds: 1) }
        #expect(told.withLock { $0 } == 2)
    }

    @Test func `a node that is avoided while nobody asks is not asked next`() throws {
        let cluster = try FakeCluster()
        cluster.leader = 1
        let core = ClientCore(
            loop: cluster.loop, network: cluster.network,
            settings: ClientCore.Settings(
                endpoints: Array(cluster.addresses.prefix(2)), name: "test"),
            coding: RecordCoding())
        for (number, place) in [(1, 0), (2, 1), (3, 0)] as [(UInt64, Int)] {
            let told = Locked(false)
            let deadline = cluster.loop.now.advanced(milliseconds: 60_000)
            core.begin(
                Call(number: number, work: .repeatable(.status), deadline: deadline) { result in
                    if case .success = result { told.withLock { $0 = true } }
                })
            for _ in 0..<100 { cluster.loop.advance(milliseconds: 1) }
            #expect(told.withLock { $0 }, "call \(number)")
            cluster.silentNodes = [place]
            core.avoid(cluster.addresses[place])
            for _ in 0..<10 { cluster.loop.advance(milliseconds: 1) }
        }
    }
}
