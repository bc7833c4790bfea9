import Lockstep
import Testing

@Suite struct TransactionLimitsTests {
    private func objection(_ transaction: Transaction) -> LockstepError? {
        do throws(LockstepError) {
            try transaction.validate()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a check and a submission refuse the same excess, before anything is sent`()
        async throws
    {
        var transaction = Transaction()
        for _ in 0..<10_000 { transaction.removeTrigger("t") }
        #expect(objection(transaction) == nil)
        transaction.removeTrigger("t")
        let expected = LockstepError.tooLarge("the steps are 10001, the most are 10000; split it")
        #expect(objection(transaction) == expected)

        let cluster = try FakeCluster()
        let harness = try ClientHarness(cluster)
        let excess = transaction
        await #expect(throws: expected) {
            try await harness.run { (client) throws(LockstepError) in
                try await client.submit(excess)
            }
        }
        #expect(cluster.handshakes == 0)
    }

    @Test func `each bound of a transaction has its words`() {
        var heavy = Transaction()
        heavy.append(store: .properties, kind: 1, body: [UInt8](repeating: 0, count: 2 << 20))
        var talkative = Transaction()
        talkative.abort(reason: String(repeating: "r", count: 4_097))
        var annotated = Transaction()
        for number in 0..<65 { annotated.setNote("note-\(number)", to: []) }
        var nameless = Transaction()
        nameless.setNote("", to: [])
        var watchful = Transaction()
        watchful.expectAbsent(store: .properties, key: [UInt8](repeating: 1, count: 4_097))
        #expect(
            objection(heavy)
                == .tooLarge(
                    "the transaction's bytes are 2097162, the most are 2097152; split it"))
        #expect(
            objection(talkative)
                == .tooLarge(
                    "step 0: the bytes of the reason are 4097, the most are 4096; split it"))
        #expect(objection(annotated) == .tooLarge("the notes are 65, the most are 64; split it"))
        #expect(objection(nameless) == .invalidArgument("a note has an empty name"))
        #expect(
            objection(watchful)
                == .tooLarge(
                    "expectation 0: the bytes of the key are 4097, the most are 4096; split it"))
    }
}
