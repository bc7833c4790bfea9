import Histories
import Testing

/// Histories that everybody agrees about.
@Suite struct LinearizabilityCheckerTests {
    private func findings(
        _ type: LinearizabilityChecker.DataType, _ drawn: [Drawn]
    ) -> [Finding] {
        LinearizabilityChecker(type, workload: "w").check(History(drawn)).findings
    }

    // MARK: - Registers

    private static let goodRegisters: [(String, [Drawn])] = [
        ("nothing at all", []),
        ("a read of what nobody wrote", [Drawn(0...1, "read", [], .done(.nothing))]),
        (
            "a read during a write sees the new value",
            [Drawn(0...9, "write", [1]), Drawn(2...3, client: 1, "read", [], .done(1))]
        ),
        (
            "a read during a write sees the old value",
            [Drawn(0...9, "write", [1]), Drawn(2...3, client: 1, "read", [], .done(.nothing))]
        ),
        (
            "reads of two writes under way, in the order that was not that of their starts",
            [
                Drawn(0...9, "write", [1]), Drawn(1...8, client: 1, "write", [2]),
                Drawn(2...3, client: 2, "read", [], .done(2)),
                Drawn(4...5, client: 2, "read", [], .done(1)),
            ]
        ),
        (
            "an unknown write that happened long after",
            [
                Drawn(0...1, "write", [1], .unknown("lost")), Drawn(2...3, "write", [2]),
                Drawn(4...5, "read", [], .done(2)), Drawn(6...7, "read", [], .done(1)),
            ]
        ),
        (
            "an unknown write that never happened",
            [
                Drawn(0...1, "write", [1]), Drawn(2...3, "write", [2], .unknown("lost")),
                Drawn(4...5, "read", [], .done(1)),
            ]
        ),
        (
            "a chain of compare-and-sets",
            [
                Drawn(0...1, "cas", [.nothing, 1], .done(true)),
                Drawn(2...3, "cas", [2, 3], .done(false)),
                Drawn(4...5, "cas", [1, 2], .done(true)), Drawn(6...7, "read", [], .done(2)),
            ]
        ),
        (
            "an unknown read",
            [Drawn(0...1, "write", [1]), Drawn(2...3, "read", [], .unknown("lost"))]
        ),
    ]

    @Test(arguments: goodRegisters)
    func `a good register is accepted`(_ name: String, _ drawn: [Drawn]) {
        #expect(findings(.register, drawn) == [], "\(name)")
    }

    private static let badRegisters: [(String, [Drawn])] = [
        (
            "a stale read",
            [
                Drawn(0...1, "write", [1]), Drawn(2...3, "write", [2]),
                Drawn(4...5, client: 1, "read", [], .done(1)),
            ]
        ),
        (
            "a read of nothing after a write",
            [Drawn(0...1, "write", [1]), Drawn(2...3, client: 1, "read", [], .done(.nothing))]
        ),
        (
            "a read of what was written later",
            [Drawn(0...1, "read", [], .done(1)), Drawn(2...3, "write", [1])]
        ),
        (
            "a dirty read, of a write that failed",
            [
                Drawn(0...5, "write", [1], .failed("aborted")),
                Drawn(2...3, client: 1, "read", [], .done(1)),
            ]
        ),
        (
            "a value from nowhere",
            [Drawn(0...1, "write", [1]), Drawn(2...3, "read", [], .done(7))]
        ),
        (
            "two reads that go back while the write is under way",
            [
                Drawn(0...9, "write", [1]), Drawn(2...3, client: 1, "read", [], .done(1)),
                Drawn(4...5, client: 2, "read", [], .done(.nothing)),
            ]
        ),
        (
            "a split brain: two compare-and-sets from the same value are done",
            [
                Drawn(0...1, "write", [0]), Drawn(2...7, client: 1, "cas", [0, 1], .done(true)),
                Drawn(3...8, client: 2, "cas", [0, 2], .done(true)),
            ]
        ),
        (
            "a lost update: a done compare-and-set is not there",
            [
                Drawn(0...1, "write", [0]), Drawn(2...3, client: 1, "cas", [0, 1], .done(true)),
                Drawn(4...5, client: 2, "read", [], .done(0)),
            ]
        ),
        (
            "a compare-and-set refused though the value was there all the time",
            [Drawn(0...1, "write", [0]), Drawn(2...3, "cas", [0, 1], .done(false))]
        ),
        (
            "an unknown write that was seen, unseen and seen again",
            [
                Drawn(0...1, "write", [1]), Drawn(2...3, "write", [2], .unknown("lost")),
                Drawn(4...5, "read", [], .done(2)), Drawn(6...7, "write", [3]),
                Drawn(8...9, "read", [], .done(2)),
            ]
        ),
        (
            "an unknown write seen before it was asked for",
            [
                Drawn(0...1, "write", [1]), Drawn(2...3, "read", [], .done(2)),
                Drawn(4...5, "write", [2], .unknown("lost")),
            ]
        ),
        (
            "a skew: two compare-and-sets and a read that fit in no order",
            [
                Drawn(0...1, "write", [0]), Drawn(2...9, client: 1, "cas", [0, 1], .done(true)),
                Drawn(3...8, client: 2, "cas", [1, 0], .done(true)),
                Drawn(10...11, client: 3, "read", [], .done(1)),
            ]
        ),
        ("an operation that a register does not have", [Drawn(0...1, "append", [1])]),
        ("a compare-and-set without an answer", [Drawn(0...1, "cas", [0, 1], .done(.nothing))]),
    ]

    @Test(arguments: badRegisters)
    func `a bad register is found out`(_ name: String, _ drawn: [Drawn]) {
        let found = findings(.register, drawn)
        #expect(found.map(\.gravity) == [.violation], "\(name)")
    }

    @Test func `a finding tells the operation that has no place`() {
        let found = findings(
            .register,
            [
                Drawn(0...1_000_000, "write", [1]), Drawn(2_000_000...3_000_000, "write", [2]),
                Drawn(4_000_000...5_000_000, client: 1, "read", [], .done(1)),
            ])
        #expect(found.map(\.operations) == [[2]])
        #expect(
            found.first?.text
                == "no order of the operations at k explains their results: after at most 2 of 3, "
                + "with \"a value that nobody read\", there is no place for #2 read() at k by client "
                + "1, 0.004 to 0.005 s: done, 1")
    }

    @Test func `keys are looked at each for itself`() {
        let found = findings(
            .register,
            [
                Drawn(0...1, "write", [1], key: "a"), Drawn(2...3, "write", [2], key: "b"),
                Drawn(4...5, "read", [], .done(1), key: "a"),
                Drawn(6...7, "read", [], .done(1), key: "b"),
            ])
        #expect(found.map(\.operations) == [[3]])
    }

    // MARK: - Counters

    private static let goodCounters: [(String, [Drawn])] = [
        (
            "sums with and without results",
            [
                Drawn(0...1, "add", [2]), Drawn(2...3, "add", [-5], .done(-3)),
                Drawn(4...5, "read", [], .done(-3)),
            ]
        ),
        (
            "one of twenty unknown additions happened",
            (0..<20).map { Drawn($0...40 + $0, client: Int($0), "add", [1], .unknown("lost")) }
                + [Drawn(90...91, "read", [], .done(1))]
        ),
    ]

    @Test(arguments: goodCounters)
    func `a good counter is accepted`(_ name: String, _ drawn: [Drawn]) {
        #expect(findings(.counter, drawn) == [], "\(name)")
    }

    private static let badCounters: [(String, [Drawn])] = [
        (
            "a lost addition",
            [
                Drawn(0...1, "add", [1]), Drawn(2...3, "add", [1]),
                Drawn(4...5, "read", [], .done(1)),
            ]
        ),
        ("an addition done twice", [Drawn(0...1, "add", [1]), Drawn(2...3, "read", [], .done(2))]),
        (
            "an addition done though it failed",
            [Drawn(0...1, "add", [1], .failed("no")), Drawn(2...3, "read", [], .done(1))]
        ),
        (
            "two additions with the same result",
            [Drawn(0...5, "add", [1], .done(1)), Drawn(2...7, client: 1, "add", [1], .done(1))]
        ),
        (
            "more than twenty unknown additions could make",
            (0..<20).map { Drawn($0...40 + $0, client: Int($0), "add", [1], .unknown("lost")) }
                + [Drawn(90...91, "read", [], .done(21))]
        ),
        ("a counter that is no number", [Drawn(0...1, "read", [], .done("one"))]),
    ]

    @Test(arguments: badCounters)
    func `a bad counter is found out`(_ name: String, _ drawn: [Drawn]) {
        #expect(findings(.counter, drawn).map(\.gravity) == [.violation], "\(name)")
    }

    // MARK: - Lists

    private static let goodLists: [(String, [Drawn])] = [
        (
            "appends under way in either order",
            [
                Drawn(0...5, "append", [1]), Drawn(1...6, client: 1, "append", [2]),
                Drawn(7...8, "read", [], .done([2, 1])), Drawn(9...10, "append", [3]),
                Drawn(11...12, "read", [], .done([2, 1, 3])),
            ]
        ),
        (
            "an unknown append that nobody saw, and one that came late",
            [
                Drawn(0...1, "append", [1], .unknown("lost")),
                Drawn(2...3, "append", [2], .unknown("lost")), Drawn(4...5, "append", [3]),
                Drawn(6...7, "read", [], .done([3])), Drawn(8...9, "read", [], .done([3, 2])),
            ]
        ),
    ]

    @Test(arguments: goodLists)
    func `a good list is accepted`(_ name: String, _ drawn: [Drawn]) {
        #expect(findings(.list, drawn) == [], "\(name)")
    }

    private static let badLists: [(String, [Drawn])] = [
        (
            "a lost append",
            [
                Drawn(0...1, "append", [1]), Drawn(2...3, "append", [2]),
                Drawn(4...5, "read", [], .done([2])),
            ]
        ),
        (
            "an append done twice",
            [Drawn(0...1, "append", [1]), Drawn(2...3, "read", [], .done([1, 1]))]
        ),
        (
            "two orders",
            [
                Drawn(0...5, "append", [1]), Drawn(1...6, client: 1, "append", [2]),
                Drawn(7...8, "read", [], .done([2, 1])), Drawn(9...10, "read", [], .done([1, 2])),
            ]
        ),
        (
            "an order against time",
            [
                Drawn(0...1, "append", [1]), Drawn(2...3, "append", [2]),
                Drawn(4...5, "read", [], .done([2, 1])),
            ]
        ),
        (
            "a read that does not see what another has seen",
            [
                Drawn(0...9, "append", [1]), Drawn(2...3, client: 1, "read", [], .done([1])),
                Drawn(4...5, client: 2, "read", [], .done([])),
            ]
        ),
        (
            "an append that failed and is there",
            [Drawn(0...1, "append", [1], .failed("no")), Drawn(2...3, "read", [], .done([1]))]
        ),
    ]

    @Test(arguments: badLists)
    func `a bad list is found out`(_ name: String, _ drawn: [Drawn]) {
        #expect(findings(.list, drawn).map(\.gravity) == [.violation], "\(name)")
    }

    // MARK: - Bounds

    /// Writes all under way at once, with reads that fit but for the last: hard, as is known.
    private var hard: History {
        var drawn: [Drawn] = []
        for client in 0..<24 {
            drawn.append(
                Drawn(
                    UInt64(client)...UInt64(5_000 + client), client: client, "write",
                    [.integer(Int64(client))]))
            drawn.append(
                Drawn(
                    UInt64(100 + client * 2)...UInt64(6_000 + client), client: 100 + client, "read",
                    [], .done(.integer(Int64(client)))))
        }
        drawn.append(Drawn(9_000...9_001, "read", [], .done("never")))
        return History(drawn)
    }

    @Test func `what takes too much memory is not decided, and says so`() {
        let budget = SearchBudget(time: .seconds(600), memoBytes: 1 << 20)
        let report = LinearizabilityChecker(.register, workload: "w").check(hard, budget: budget)
        #expect(report.findings.map(\.gravity) == [.undecided])
        #expect(report.findings.first?.text.hasPrefix("not decided: k with 49 operations") == true)
        #expect(!report.isClean)
    }

    @Test(arguments: [(10, true), (10_000, false)])
    func `states count to the memory that may be taken`(accounts: Int, isDecided: Bool) {
        let open = Drawn(0...1, "open", [Datum](repeating: 1, count: accounts))
        let transfers = (1...40).map { number in
            Drawn(UInt64(2 * number)...UInt64(2 * number + 1), "transfer", [0, 1, 0])
        }
        let budget = SearchBudget(time: .seconds(600), memoBytes: 1 << 20)
        let report = LinearizabilityChecker(.bank, workload: "w")
            .check(History([open] + transfers), budget: budget)
        #expect(report.isClean == isDecided)
    }

    @Test func `what takes too long is not decided, and says so`() {
        let budget = SearchBudget(time: .zero)
        let report = LinearizabilityChecker(.register, workload: "w").check(hard, budget: budget)
        #expect(report.findings.map(\.gravity) == [.undecided])
    }
}
