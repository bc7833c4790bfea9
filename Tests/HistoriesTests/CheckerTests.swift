import Histories
import Testing

/// Good and bad histories for the checkers that search for nothing.
@Suite struct CheckerTests {
    /// Whether there is just one finding, with `part` in its text.
    private func expect(
        _ report: CheckReport, finds part: String?, _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let texts = report.findings.map(\.text)
        guard let part else {
            #expect(texts == [], "\(name)", sourceLocation: sourceLocation)
            return
        }
        #expect(
            texts.count == 1 && texts.allSatisfy { $0.contains(part) }, "\(name): \(texts)",
            sourceLocation: sourceLocation)
        #expect(!report.isClean, sourceLocation: sourceLocation)
    }

    // MARK: - Sets

    private static let sets: [(String, [Drawn], String?)] = [
        (
            "reads see what was added, in any order",
            [
                Drawn(0...1, "add", [1]), Drawn(2...9, client: 1, "add", [2]),
                Drawn(3...4, "read", [], .done([2, 1])), Drawn(10...11, "read", [], .done([1, 2])),
            ], nil
        ),
        (
            "an unknown addition may be seen late, or never",
            [
                Drawn(0...1, "add", [1], .unknown("lost")),
                Drawn(2...3, "add", [2], .unknown("lost")),
                Drawn(4...5, "read", [], .done([])), Drawn(6...7, "read", [], .done([2])),
            ], nil
        ),
        ("lost", [Drawn(0...1, "add", [1]), Drawn(2...3, "read", [], .done([]))], "lost, 1"),
        (
            "seen and lost",
            [
                Drawn(0...9, "add", [1], .unknown("lost")), Drawn(1...2, "read", [], .done([1])),
                Drawn(3...4, "read", [], .done([])),
            ], "lost, 1"
        ),
        (
            "doubled", [Drawn(0...1, "add", [1]), Drawn(2...3, "read", [], .done([1, 1]))],
            "1 is twice"
        ),
        ("phantom", [Drawn(2...3, "read", [], .done([5]))], "nobody added 5"),
        (
            "failed but seen",
            [Drawn(0...1, "add", [1], .failed("no")), Drawn(2...3, "read", [], .done([1]))],
            "failed, but in"
        ),
        (
            "seen before it was added",
            [Drawn(0...1, "read", [], .done([1])), Drawn(2...3, "add", [1])], "read before"
        ),
        ("another operation", [Drawn(0...1, "drop", [1])], "no operation of a set"),
    ]

    @Test(arguments: sets)
    func `sets are judged`(_ name: String, _ drawn: [Drawn], _ finding: String?) {
        expect(SetChecker(workload: "w").check(History(drawn)), finds: finding, name)
    }

    // MARK: - Lists

    private static let lists: [(String, [Drawn], String?)] = [
        (
            "a list that grows",
            [
                Drawn(0...1, "read", [], .done([])), Drawn(2...8, "read", [], .done([1])),
                Drawn(3...9, "read", [], .done([1, 2])),
            ], nil
        ),
        (
            "two orders",
            [
                Drawn(0...1, "read", [], .done([2])), Drawn(2...3, "read", [], .done([1, 2])),
            ], "two orders"
        ),
        ("twice", [Drawn(0...1, "read", [], .done([1, 1]))], "twice in a list"),
        (
            "shorter", [Drawn(0...1, "read", [], .done([1])), Drawn(2...3, "read", [], .done([]))],
            "has become shorter"
        ),
    ]

    @Test(arguments: lists)
    func `the order of lists is judged`(_ name: String, _ drawn: [Drawn], _ finding: String?) {
        expect(AppendOrderChecker(workload: "w").check(History(drawn)), finds: finding, name)
    }

    // MARK: - Banks

    private static let banks: [(String, [Drawn], String?)] = [
        ("all is there", [Drawn(0...1, "read", [], .done([3, 7]))], nil),
        ("money lost", [Drawn(0...1, "read", [], .done([3, 6]))], "9 in all, not 10"),
        ("money made", [Drawn(0...1, "read", [], .done([5, 6]))], "11 in all, not 10"),
        ("a debt", [Drawn(0...1, "read", [], .done([-1, 11]))], "an account holds -1"),
        ("an account gone", [Drawn(0...1, "read", [], .done([10]))], "1 accounts, not 2"),
        (
            "a read that finds one missing",
            [Drawn(0...1, "read", [], .done(.text("account 1 is gone")))], "account 1 is gone"
        ),
        (
            "a transfer that finds one missing",
            [Drawn(0...1, "transfer", [0, 1, 2], .done(.text("account 1 is gone")))],
            "account 1 is gone"
        ),
    ]

    @Test(arguments: banks)
    func `banks are judged`(_ name: String, _ drawn: [Drawn], _ finding: String?) {
        let checker = BankChecker(workload: "w", balances: [5, 5])
        expect(checker.check(History(drawn)), finds: finding, name)
    }

    private static let transfers: [(String, [Drawn], String?)] = [
        (
            "transfers in order",
            [
                Drawn(0...1, "open", [5, 5]), Drawn(2...3, "transfer", [0, 1, 5]),
                Drawn(4...5, "read", [], .done([0, 10])),
                Drawn(6...7, "transfer", [0, 1, 1], .failed("too little")),
            ], nil
        ),
        (
            "an unknown transfer that was done",
            [
                Drawn(0...1, "open", [5, 5]),
                Drawn(2...3, "transfer", [0, 1, 5], .unknown("lost")),
                Drawn(4...5, "read", [], .done([5, 5])), Drawn(6...7, "read", [], .done([0, 10])),
            ], nil
        ),
        (
            "a transfer undone",
            [
                Drawn(0...1, "open", [5, 5]), Drawn(2...3, "transfer", [0, 1, 5]),
                Drawn(4...5, "read", [], .done([5, 5])),
            ], "no order"
        ),
        (
            "two transfers of the same money, as of a skew",
            [
                Drawn(0...1, "open", [5, 5]), Drawn(2...8, "transfer", [0, 1, 5]),
                Drawn(3...9, client: 1, "transfer", [0, 1, 5]),
            ], "no order"
        ),
    ]

    @Test(arguments: [(6, true), (5, false)])
    func `a transfer is refused only where there is too little`(amount: Int64, isRight: Bool) {
        let history = History([
            Drawn(0...1, "open", [5, 5]),
            Drawn(2...3, "transfer", [0, 1, .integer(amount)], .done(false)),
        ])
        #expect(LinearizabilityChecker(.bank, workload: "w").check(history).isClean == isRight)
    }

    @Test(arguments: transfers)
    func `transfers are judged`(_ name: String, _ drawn: [Drawn], _ finding: String?) {
        let report = LinearizabilityChecker(.bank, workload: "w").check(History(drawn))
        expect(report, finds: finding, name)
    }

    // MARK: - Groups

    private static let groups: [(String, [Drawn], String?)] = [
        (
            "updates in a chain, with one that came too late",
            [
                Drawn(0...1, "read", [], .done([1, 0, 0, 0])),
                Drawn(2...8, "update", [1, 0, 5], .done(7)),
                Drawn(3...9, client: 1, "update", [1, 0, 6], .done(false)),
                Drawn(10...11, "read", [], .done([7, 1, 5, 5])),
                Drawn(12...13, "update", [7, 1, 8], .done(9)),
            ], nil
        ),
        (
            "an unknown update that others met",
            [
                Drawn(0...1, "update", [1, 0, 5], .unknown("lost")),
                Drawn(2...3, "update", [1, 0, 6], .done(false)),
            ], nil
        ),
        (
            "a lost update: two from one version",
            [
                Drawn(0...1, "update", [1, 0, 5], .done(7)),
                Drawn(2...3, "update", [1, 0, 6], .done(9)),
            ], "two updates from version 1.0"
        ),
        (
            "refused without a reason", [Drawn(0...1, "update", [1, 0, 5], .done(false))],
            "refused, though"
        ),
        (
            "refused, and the reason came after",
            [
                Drawn(0...1, "update", [1, 0, 5], .done(false)),
                Drawn(2...3, "update", [1, 0, 6], .done(9)),
            ], "refused, though"
        ),
        (
            "half of an update", [Drawn(0...1, "read", [], .done([1, 0, 5, 4]))],
            "half of an update"
        ),
        (
            "an old version",
            [
                Drawn(0...1, "update", [1, 0, 4], .unknown("lost")),
                Drawn(2...3, "update", [6, 0, 5], .unknown("lost")),
                Drawn(4...5, "read", [], .done([7, 0, 5, 5])),
                Drawn(6...7, "read", [], .done([6, 0, 4, 4])),
            ], "version 7 was known"
        ),
        (
            "an update that is not there",
            [
                Drawn(0...1, "update", [1, 0, 5], .done(7)),
                Drawn(2...3, "read", [], .done([1, 0, 0, 0])),
            ], "version 7 was known"
        ),
        (
            "a group that is gone",
            [
                Drawn(0...1, "read", [], .done([7, 0, 5, 5])),
                Drawn(2...3, "read", [], .done(.nothing)),
            ], "version 7 was known"
        ),
        (
            "two contents",
            [
                Drawn(0...1, "read", [], .done([7, 0, 5, 5])),
                Drawn(2...3, "read", [], .done([7, 0, 6, 6])),
            ], "version 7.0 has two values"
        ),
        (
            "a refused update that was seen",
            [
                Drawn(0...1, "update", [1, 0, 5], .failed("no")),
                Drawn(2...3, "read", [], .done([7, 0, 5, 5])),
            ], "not done, but seen"
        ),
        (
            "another index than was told",
            [
                Drawn(0...1, "update", [1, 0, 5], .done(7)),
                Drawn(2...3, "read", [], .done([8, 0, 5, 5])),
            ], "done at 7, but seen as 8.0"
        ),
        (
            "an update that made a version with another content",
            [
                Drawn(0...1, "update", [1, 0, 5], .done(7)),
                Drawn(2...3, "read", [], .done([7, 0, 0, 0])),
            ], "5 was written as version 7, and another value is seen"
        ),
        (
            "a content that nobody wrote",
            [
                Drawn(0...1, "update", [1, 0, 5], .done(7)),
                Drawn(2...3, "read", [], .done([9, 0, 6, 6])),
            ], "nobody wrote what is seen"
        ),
        (
            "two versions of what nobody wrote",
            [
                Drawn(0...1, "read", [], .done([7, 0, 5, 5])),
                Drawn(2...3, "read", [], .done([8, 0, 6, 6])),
            ], "6 is seen as version 7.0 and as 8.0"
        ),
        (
            "one unknown update as two versions",
            [
                Drawn(0...1, "update", [1, 0, 5], .unknown("lost")),
                Drawn(2...3, "read", [], .done([7, 0, 5, 5])),
                Drawn(4...5, "read", [], .done([8, 0, 5, 5])),
            ], "5 is seen as version 7.0 and as 8.0"
        ),
        (
            "a version that does not grow", [Drawn(0...1, "update", [7, 0, 5], .done(7))],
            "does not grow"
        ),
        (
            "one that was read and does not grow",
            [
                Drawn(0...1, "update", [20, 0, 5], .unknown("lost")),
                Drawn(2...3, "read", [], .done([7, 0, 5, 5])),
            ], "does not grow"
        ),
        (
            "an unknown update that was read, and then lost",
            [
                Drawn(0...1, "read", [], .done([1, 0, 0, 0])),
                Drawn(2...3, "update", [1, 0, 5], .unknown("lost")),
                Drawn(4...5, "read", [], .done([7, 0, 5, 5])),
                Drawn(6...7, "update", [1, 0, 6], .done(9)),
            ], "two updates from version 1.0"
        ),
        (
            "two unknown updates from one version, both read",
            [
                Drawn(0...1, "update", [1, 0, 5], .unknown("lost")),
                Drawn(2...3, "update", [1, 0, 6], .unknown("lost")),
                Drawn(4...5, "read", [], .done([7, 0, 5, 5])),
                Drawn(6...7, "read", [], .done([9, 0, 6, 6])),
            ], "two updates from version 1.0"
        ),
        (
            "an update that another was before",
            [
                Drawn(0...9, "update", [1, 0, 5], .done(7)),
                Drawn(0...9, client: 1, "update", [7, 0, 6], .done(9)),
                Drawn(0...9, client: 2, "update", [3, 0, 8], .done(8)),
            ], "done at 8 from version 3.0, though there was one at 7"
        ),
        (
            "an update from what was old when it began",
            [
                Drawn(0...1, "update", [1, 0, 5], .done(7)),
                Drawn(2...3, "update", [6, 0, 6], .done(9)),
            ], "version 7 was known"
        ),
        (
            "an unknown update that was read, and another behind it",
            [
                Drawn(0...1, "update", [1, 0, 5], .unknown("lost")),
                Drawn(2...3, "read", [], .done([7, 0, 5, 5])),
                Drawn(4...5, "update", [7, 0, 6], .done(9)),
            ], nil
        ),
        (
            "refused, and the version is read again",
            [
                Drawn(0...1, "update", [1, 0, 5], .unknown("lost")),
                Drawn(2...3, "update", [1, 0, 6], .done(false)),
                Drawn(4...5, "read", [], .done([1, 0, 0, 0])),
            ], "version 2 was known"
        ),
    ]

    @Test(arguments: groups)
    func `groups under optimistic change are judged`(
        _ name: String, _ drawn: [Drawn], _ finding: String?
    ) {
        let texts = OptimisticChecker(workload: "w").check(History(drawn)).findings.map(\.text)
        // What is lost is often seen in more than one way.
        let isAsWanted = finding.map { part in texts.contains { $0.contains(part) } }
        #expect(isAsWanted ?? texts.isEmpty, "\(name): \(texts)")
    }
}
