import Codec
import Digests
import Identifiers
import KeyValue
import Stores
import Testing
import Transactions

struct ExecutorTests {
    /// An overlay with an executor, and the index of the next record.
    private struct Bench {
        var view = Overlay(over: MemoryEngine())
        var executor: Executor
        var index = LogIndex(1)

        init(commitGuard: (any CommitGuard)? = nil, limits: Limits = .standard) {
            executor = Executor(
                stores: StoreRegistry([ToyStore()]), commitGuard: commitGuard, limits: limits)
        }

        mutating func run(
            _ steps: [Step], expecting expectations: [Transactions.Expectation] = []
        ) throws -> Execution {
            defer { index = index.next }
            view.version = index
            return try executor.execute(
                Transaction(
                    steps: steps, expectations: expectations,
                    properties: [TransactionProperty(name: "by", value: [1])]),
                index: index, timeMilliseconds: 1_000, in: &view)
        }

        func rows() throws -> [[UInt8]: Row] {
            var rows: [[UInt8]: Row] = [:]
            try view.scan(KeyRange(prefix: []), reverse: false) { key, row in
                rows[key] = row
                return true
            }
            return rows
        }
    }

    private func abort(of execution: Execution) throws -> Abort {
        guard case .aborted(_, let abort) = execution.outcome else {
            throw Abort(step: nil, code: .requested, message: "it committed")
        }
        #expect(execution.changeSet?.abort == abort)
        #expect(execution.changeSet?.changes.isEmpty == true)
        return abort
    }

    @Test func `all steps happen, in order, with a result and changes each`() throws {
        var bench = Bench()
        let execution = try bench.run([ToyStore.put(1, 10), ToyStore.put(1, 11)])
        #expect(execution.outcome == .committed(index: LogIndex(1), results: [[0], [1]]))
        #expect(
            execution.changeSet
                == ChangeSet(
                    index: LogIndex(1), timeMilliseconds: 1_000,
                    properties: [TransactionProperty(name: "by", value: [1])],
                    changes: [
                        Change(step: 0, store: ToyStore.id, key: "k1", old: nil, new: [10]),
                        Change(step: 1, store: ToyStore.id, key: "k1", old: [10], new: [11]),
                    ], abort: nil))
        #expect(try bench.rows() == [[0x77, 1]: Row(version: LogIndex(1), value: [11])])
    }

    @Test func `a failed step undoes the steps before it and what it wrote itself`() throws {
        var bench = Bench()
        _ = try bench.run([ToyStore.put(1, 10)])
        let before = try bench.rows()
        let execution = try bench.run([
            ToyStore.put(1, 20), ToyStore.step(2, [1]), ToyStore.step(3, [4]),
        ])
        #expect(
            try abort(of: execution)
                == Abort(step: 2, code: .notFound, message: "toy failure"))
        #expect(try bench.rows() == before)
    }

    @Test func `a transaction without changes leaves nothing for the feed`() throws {
        var bench = Bench()
        let execution = try bench.run([])
        #expect(execution.outcome == .committed(index: LogIndex(1), results: []))
        #expect(execution.changeSet == nil)
    }

    @Test func `an abort step undoes everything`() throws {
        var bench = Bench()
        let execution = try bench.run([ToyStore.put(1, 1), .abort(reason: "stop here")])
        #expect(
            try abort(of: execution) == Abort(step: 1, code: .requested, message: "stop here"))
        #expect(try bench.rows().isEmpty)
    }

    @Test func `a store that is not there aborts`() throws {
        var bench = Bench()
        let step = Step.operation(
            Operation(store: StoreID(rawValue: 0x66), kind: 1, body: [1]))
        let found = try abort(of: try bench.run([ToyStore.put(1, 1), step]))
        #expect(found.code == .unknownStore)
        #expect(found.step == 1)
        #expect(try bench.rows().isEmpty)
        #expect(throws: Abort.self) { try bench.executor.validate(Transaction(steps: [step])) }
    }

    @Test func `a failing engine throws instead of aborting`() throws {
        var bench = Bench()
        #expect(throws: EngineFailure.self) { try bench.run([ToyStore.step(6, [1])]) }
    }

    @Test func `expectations on versions and absence hold or abort`() throws {
        var bench = Bench()
        _ = try bench.run([ToyStore.put(1, 10)])
        func expect(_ expectation: Transactions.Expectation) throws -> AbortCode? {
            guard case .aborted(_, let abort) = try bench.run([], expecting: [expectation]).outcome
            else { return nil }
            return abort.code
        }
        let id = ToyStore.id
        #expect(try expect(.keyAtVersion(store: id, key: [1], version: LogIndex(1))) == nil)
        #expect(
            try expect(.keyAtVersion(store: id, key: [1], version: LogIndex(2)))
                == .expectationFailed)
        #expect(
            try expect(.keyAtVersion(store: id, key: [2], version: LogIndex(1)))
                == .expectationFailed)
        #expect(try expect(.keyAbsent(store: id, key: [2])) == nil)
        #expect(try expect(.keyAbsent(store: id, key: [1])) == .expectationFailed)
    }

    @Test func `an expectation on rows of no store is refused, whatever they hold`() throws {
        var bench = Bench()
        for byte in [0x00, 0x01, 0x02, 0x0F, 0xFE] as [UInt8] {
            let store = StoreID(rawValue: byte)
            let all: [Transactions.Expectation] = [
                .keyAtVersion(store: store, key: [1], version: LogIndex(1)),
                .keyAbsent(store: store, key: [1]),
                .rangeDigest(store: store, lower: [], upper: [], digest: .zero),
            ]
            for expectation in all {
                guard
                    case .aborted(_, let abort) = try bench.run([], expecting: [expectation])
                        .outcome
                else {
                    Issue.record("\(expectation) was looked at")
                    continue
                }
                #expect(abort.code == .unknownStore)
            }
        }
    }

    @Test func `a range digest sees keys and versions of its range alone`() throws {
        var bench = Bench()
        _ = try bench.run([ToyStore.put(1, 10), ToyStore.put(5, 50)])
        let range = KeyRange(lower: [0x77, 0], upper: [0x77, 5])
        let digest = try #require(try RangeDigest.compute(range, mostRows: 9, in: bench.view))
            .digest
        let expectation = Transactions.Expectation.rangeDigest(
            store: ToyStore.id, lower: [0], upper: [5], digest: digest)
        func holds() throws -> Bool {
            if case .committed = try bench.run([], expecting: [expectation]).outcome {
                true
            } else {
                false
            }
        }
        #expect(try holds())
        _ = try bench.run([ToyStore.put(5, 51)])
        #expect(try holds())
        _ = try bench.run([ToyStore.put(1, 10)])
        #expect(try !holds(), "the row has a new version")
    }

    @Test func `the range digests of a transaction have one bound together`() throws {
        var limits = Limits.standard
        limits.expectationsPerTransaction = 1
        #expect(limits.digestedRowsPerTransaction == 10)
        limits.expectationsPerTransaction = 2
        var bench = Bench(limits: limits)
        for keys in [UInt8(0)..<7, 7..<14] {
            _ = try bench.run(keys.map { ToyStore.put($0, 1) })
        }
        let all = KeyRange(prefix: [0x77])
        #expect(try RangeDigest.compute(all, mostRows: 13, in: bench.view) == nil)
        let found = try #require(try RangeDigest.compute(all, mostRows: 14, in: bench.view))
        #expect(found.rows == 14)
        let one = Transactions.Expectation.rangeDigest(
            store: ToyStore.id, lower: [], upper: [], digest: found.digest)
        guard case .committed = try bench.run([], expecting: [one]).outcome else {
            Issue.record("14 rows of 20 are refused")
            return
        }
        let refusal = try abort(of: try bench.run([], expecting: [one, one]))
        #expect(refusal.code == .expectationFailed)
        #expect(refusal.message.contains("over 20 rows"), "\(refusal.message)")
    }

    @Test func `a range digest is the SHA-256 of its documented bytes`() throws {
        var bench = Bench()
        _ = try bench.run([ToyStore.put(1, 10), ToyStore.put(2, 20)])
        let digester = Digester()
        digester.update([1, 1, 1, 1, 2, 1])
        let found = try RangeDigest.compute(
            KeyRange(prefix: [0x77]), mostRows: 2, in: bench.view)?.digest
        #expect(found == digester.finishBits128())
        let toTheEnd = Transactions.Expectation.rangeDigest(
            store: ToyStore.id, lower: [], upper: [], digest: try #require(found))
        guard case .committed = try bench.run([], expecting: [toTheEnd]).outcome else {
            Issue.record("an empty upper end is not the store's end")
            return
        }
    }

    @Test func `limits are checked again at apply`() throws {
        var limits = Limits()
        limits.operationsPerTransaction = 100
        limits.transactionBytes = 1_000
        var bench = Bench(limits: limits)
        let many = Array(repeating: ToyStore.put(1, 1), count: 101)
        #expect(try abort(of: try bench.run(many)).code == .limitExceeded)
        #expect(try abort(of: try bench.run([ToyStore.step(4, [4])])).code == .limitExceeded)
        #expect(try abort(of: try bench.run([ToyStore.step(5, [4])])).code == .limitExceeded)
        #expect(try bench.rows().isEmpty)
        #expect(throws: Abort.self) {
            try bench.executor.validate(Transaction(steps: many))
        }
    }

    @Test func `the guard sees the state before and after, and its veto undoes the steps`() throws {
        let log = ToyGuard.Log()
        var bench = Bench(commitGuard: ToyGuard(forbidden: "k2", log: log))
        _ = try bench.run([ToyStore.put(1, 10)])
        let found = try abort(of: try bench.run([ToyStore.put(1, 11), ToyStore.put(2, 0)]))
        #expect(found == Abort(step: nil, code: .vetoed, message: "k2 is forbidden"))
        #expect(
            log.entries == ["prepare []", "review [10]", "prepare [10]", "review [11]"])
        #expect(try bench.rows() == [[0x77, 1]: Row(version: LogIndex(1), value: [10])])
        bench.executor.stateReplaced()
        #expect(log.entries.last == "forget")
    }

    @Test func `a long message is cut at a character`() throws {
        var bench = Bench()
        let reason = "a" + String(repeating: "é", count: 5_000)
        let found = try abort(of: try bench.run([.abort(reason: reason)]))
        #expect(found.message.utf8.count == 8_191)
        #expect(reason.hasPrefix(found.message))
    }

    @Test func `validation asks each store`() throws {
        let executor = Executor(stores: StoreRegistry([ToyStore()]))
        try executor.validate(Transaction(steps: [ToyStore.put(1, 1), .abort(reason: "")]))
        #expect(throws: Abort(step: 1, code: .malformed, message: "empty body")) {
            try executor.validate(
                Transaction(steps: [ToyStore.put(1, 1), ToyStore.step(1, [])]))
        }
    }
}
