import Identifiers
import Simulation
import Testing
import Transactions

/// The indices that a ledger has told of.
private final class Told {
    var indices: [LogIndex] = []
}

struct LedgerTests {
    private static func read(_ client: String, at index: UInt64) -> ValueModel.Read {
        ValueModel.Read(client: client, group: 0, applied: LogIndex(index), value: nil)
    }

    @Test
    func `a read may not go back behind a read that was answered before it began`() {
        let ledger = Ledger()
        ledger.read(Self.read("c1", at: 10), began: ledger.floor)
        #expect(ledger.violations.isEmpty)
        ledger.read(Self.read("c2", at: 9), began: ledger.floor)
        #expect(ledger.violations == ["c2 read the state at 9 after 10 had been acknowledged"])
    }

    @Test
    func `a stale read binds nobody, and nothing binds it`() {
        let ledger = Ledger()
        ledger.read(Self.read("c1", at: 10), began: nil)
        ledger.read(Self.read("c2", at: 9), began: ledger.floor)
        ledger.read(Self.read("c3", at: 8), began: nil)
        #expect(ledger.violations.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a veto comes where it was asked for alone, and nothing else does`(isForbidden: Bool) {
        let ledger = Ledger()
        let write = ClientWrite(name: "c1-1", groups: [0], isForbidden: isForbidden)
        let veto = Abort(step: nil, code: .vetoed, message: "trigger guardian: must stay as it is")
        _ = ledger.fate(of: write, .aborted(index: LogIndex(10), veto))
        #expect(ledger.violations.isEmpty == isForbidden)
        #expect(ledger.counts.vetoed == (isForbidden ? 1 : 0))
        let before = ledger.violations.count
        _ = ledger.fate(of: write, .committed(index: LogIndex(11), results: [[]]))
        #expect((ledger.violations.count == before) == !isForbidden)
    }

    @Test
    func `each answer names the index that it rests on`() {
        let ledger = Ledger()
        let told = Told()
        ledger.answered = { told.indices.append($0) }
        let write = ClientWrite(name: "c1-1", groups: [0], aborts: true)
        let abort = Abort(step: 1, code: .requested, message: "as wanted")
        _ = ledger.fate(of: write, .aborted(index: LogIndex(10), abort))
        ledger.read(Self.read("c2", at: 11), began: ledger.floor)
        ledger.read(Self.read("c3", at: 9), began: nil)
        #expect(told.indices == [10, 11, 9].map { LogIndex($0) })
    }

    @Test
    func `a read may not go back behind an abort that was answered before it began`() {
        let ledger = Ledger()
        let write = ClientWrite(name: "c1-1", groups: [0], aborts: true)
        let abort = Abort(step: 1, code: .requested, message: "as wanted")
        _ = ledger.fate(of: write, .aborted(index: LogIndex(10), abort))
        ledger.read(Self.read("c2", at: 9), began: ledger.floor)
        #expect(ledger.violations == ["c2 read the state at 9 after 10 had been acknowledged"])
    }

    @Test(arguments: [0, 9, 10, 11] as [UInt64])
    func `a session is refused where all were taken since it was asked for`(full: UInt64) {
        let ledger = Ledger()
        ledger.sessionsFullThrough = { LogIndex(full) }
        ledger.refusedSession("c1", asked: LogIndex(10))
        let wrong = full >= 10 ? [] : ["c1 is refused a session, and there is room"]
        #expect(ledger.violations == wrong)
        #expect(ledger.counts.refusedSessions == 1)
    }
}
