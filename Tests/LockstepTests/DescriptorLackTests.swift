import Client
import IOCore
import Identifiers
import Testing
import Transactions
import Wire

/// What becomes of calls whose connection this process has no descriptor for.
struct DescriptorLackTests {
    private let cluster: FakeCluster
    private let core: ClientCore

    init() throws {
        cluster = try FakeCluster()
        core = ClientCore(
            loop: cluster.loop, network: cluster.network,
            settings: ClientCore.Settings(endpoints: cluster.addresses, name: "test"),
            coding: RecordCoding())
    }

    private typealias Told = Locked<Result<Response, CallFailure>?>

    private func begin(_ number: UInt64, _ work: Call.Work, at node: Address? = nil) -> Told {
        let told = Told(nil)
        let deadline = cluster.loop.now.advanced(milliseconds: 60_000)
        let call = Call(number: number, work: work, deadline: deadline) { result in
            told.withLock { $0 = result }
        }
        if let node { core.begin(call, at: node) } else { core.begin(call) }
        return told
    }

    private func turn(milliseconds: Int) {
        for _ in 0..<milliseconds { cluster.loop.advance(milliseconds: 1) }
    }

    private func failure(_ told: Told) -> CallFailure? {
        if case .failure(let failure) = told.withLock({ $0 }) { failure } else { nil }
    }

    private func isUnavailable(_ told: Told) -> Bool {
        if case .unavailable(let text) = failure(told) {
            text.contains("Too many open files")
        } else {
            false
        }
    }

    private var submission: Call.Work {
        let transaction = Transactions.Transaction(steps: [])
        return .submission(
            transaction: RecordCoding().encode(transaction), wantsChanges: false)
    }

    @Test func `what was never sent fails at once, and nothing of it happens later`() {
        cluster.network.isLacking = true
        let asked = begin(1, .repeatable(.status))
        let submitted = begin(2, submission)
        let named = begin(3, .repeatable(.status), at: cluster.addresses[1])
        turn(milliseconds: 10)
        #expect(isUnavailable(asked))
        #expect(isUnavailable(submitted))
        #expect(isUnavailable(named))
        cluster.network.isLacking = false
        let next = begin(4, .repeatable(.status))
        turn(milliseconds: 100)
        #expect(throws: Never.self) { try next.withLock { $0 }?.get() }
        #expect(next.withLock { $0 } != nil)
        #expect(cluster.requests == [.status])
    }

    @Test func `what was sent learns its fate where a descriptor comes in time`() {
        cluster.mishaps = [.executedUnanswered]
        cluster.meanwhile = { [network = cluster.network] in network.isLacking = true }
        let told = begin(1, submission)
        turn(milliseconds: 500)
        #expect(told.withLock { $0 } == nil)
        cluster.network.isLacking = false
        turn(milliseconds: 1_000)
        guard case .success(.outcome) = told.withLock({ $0 }) else {
            Issue.record("\(String(describing: told.withLock { $0 }))")
            return
        }
    }

    @Test func `what was sent has an unknown outcome after a second without a descriptor`() {
        cluster.mishaps = [.executedUnanswered]
        cluster.meanwhile = { [network = cluster.network] in network.isLacking = true }
        let told = begin(1, submission)
        turn(milliseconds: 900)
        #expect(told.withLock { $0 } == nil)
        turn(milliseconds: 2_000)
        guard case .outcomeUnknown = failure(told) else {
            Issue.record("\(String(describing: told.withLock { $0 }))")
            return
        }
    }
}
