import Identifiers
import JSON
import Stores
import Testing
import Transactions

struct WordingTests {
    @Test func `a change set is worded for people`() {
        let registry = StoreRegistry([ToyStore()])
        let set = ChangeSet(
            index: LogIndex(7), timeMilliseconds: 1_700_000_000_000,
            properties: [TransactionProperty(name: "by", value: Array("me".utf8))],
            changes: [
                Change(step: 0, store: ToyStore.id, key: "k", old: nil, new: [0x61]),
                Change(step: 1, store: .properties, key: "p", old: [0xFF], new: nil),
            ], abort: nil)
        #expect(
            registry.describe(set).text
                == #"{"index":7,"time":1700000000000,"properties":{"by":"me"},"changes":["#
                + #"{"step":0,"store":"store-119","key":"k","old":null,"new":"a"},"#
                + #"{"step":1,"store":"properties","key":"p","old":{"hex":"ff"},"new":null}]}"#)
    }

    @Test func `outcomes and transactions are worded for people`() {
        let registry = StoreRegistry([ToyStore()])
        let abort = Abort(step: 2, code: .outOfDate, message: "old")
        #expect(
            registry.describe(Outcome.aborted(index: LogIndex(3), abort)).text
                == #"{"aborted":{"index":3,"abort":{"code":"out-of-date","step":2,"message":"old"}}}"#
        )
        #expect(
            registry.describe(Outcome.committed(index: LogIndex(3), results: [[]])).text
                == #"{"committed":{"index":3,"results":[""]}}"#)
        let transaction = Transaction(
            steps: [ToyStore.put(0x61, 0x62), .abort(reason: "r")], completionMode: .grouped)
        #expect(
            registry.describe(transaction).text
                == #"{"completion-mode":"grouped","properties":{},"expectations":0,"steps":["#
                + #"{"store":"store-119","operation":{"kind":1,"body":"ab"}},{"abort":"r"}]}"#)
    }

    @Test func `every abort code has a name of its own`() {
        #expect(Set(AbortCode.allCases.map(\.name)).count == AbortCode.allCases.count)
    }
}
