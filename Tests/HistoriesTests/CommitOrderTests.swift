import Histories
import Testing

/// Checkers of whole histories, and what operations that are watched must be.
struct CommitOrderTests {
    private static let orders: [(String, [Drawn], String?)] = [
        (
            "one behind the other, and two at a time either way",
            [
                Drawn(0...1, "commit", [1], .done(10)),
                Drawn(2...8, "commit", [2], .done(20)),
                Drawn(3...9, client: 1, "update", [1, 0, 5], .done(15)),
                Drawn(10...11, "submit", [3], .done([[21, "d"], [21, "d"]])),
                Drawn(12...13, "update", [1, 0, 5], .done(false)),
                Drawn(12...13, client: 1, "commit", [4], .unknown("lost")),
            ], nil
        ),
        (
            "against time",
            [
                Drawn(0...1, "commit", [1], .done(20)), Drawn(2...3, "commit", [2], .done(15)),
            ], "at 20, and later one at 15"
        ),
        (
            "against time, over workloads",
            [
                Drawn(0...1, "submit", [1], .done([[20, "d"]])),
                Drawn(2...9, "update", [1, 0, 5], .done(15)),
                Drawn(3...4, client: 1, "commit", [2], .done(30)),
            ], "at 20, and later one at 15"
        ),
        (
            "two at one index",
            [
                Drawn(0...1, "commit", [1], .done(20)),
                Drawn(0...1, client: 1, "commit", [2], .done(20)),
            ], "both at 20"
        ),
    ]

    @Test(arguments: orders)
    func `indexes are held to the order of time`(
        _ name: String, _ drawn: [Drawn], _ finding: String?
    ) {
        let texts = CommitOrderChecker().check(History(drawn)).findings.map(\.text)
        #expect(texts.count == (finding == nil ? 0 : 1), "\(name): \(texts)")
        #expect(texts.allSatisfy { $0.contains(finding ?? "?") }, "\(name): \(texts)")
    }

    @Test func `two leaders of one term are found, of two terms not`() {
        func check(_ leaders: [(node: Int, term: UInt64)]) -> [String] {
            let recorder = HistoryRecorder(seed: 1, title: "", now: { 0 })
            for leader in leaders { recorder.noteLeader(node: leader.node, term: leader.term) }
            return LeaderChecker().check(recorder.history).findings.map(\.text)
        }
        #expect(check([(1, 3), (2, 4), (1, 5)]) == [])
        #expect(check([(1, 3), (2, 4), (3, 4), (2, 4)]) == ["in term 4 nodes [2, 3] have led"])
        #expect(check([(1, 5), (2, 6), (3, 5)]) == ["in term 5 nodes [1, 3] have led"])
    }

    @Test(arguments: [true, false])
    func `nothing is seen before it was asked for`(isLate: Bool) {
        func isClean(
            _ function: String, _ result: Datum, _ first: (String, Datum), _ seen: (String, Datum),
            _ check: (History) -> CheckReport
        ) -> Bool {
            var history = History([Drawn(0...1, function, [1], .done(result))])
            func tell(_ told: (String, Datum), at place: Int) {
                let observation = Observation(
                    client: 7, workload: "w", function: told.0, key: "k", value: told.1)
                history.events.insert(Event(0, .observation(observation)), at: place)
            }
            tell(("end", 40), at: 2)
            tell(seen, at: isLate ? 2 : 0)
            tell(first, at: 0)
            return check(history).isClean
        }
        let see: (String, Datum) = ("see", [10, 1])
        #expect(
            isClean("commit", 10, ("start", 1), see, FeedChecker(workload: "w").check) == isLate)
        #expect(
            isClean(
                "commit", 10, ("from", 1), ("deliver", [10, "a", 1]),
                DeliveryChecker(workload: "w").check) == isLate)
        #expect(
            isClean(
                "submit", [[10, "d"]], ("start", 1), see, SessionChecker(workload: "w").check)
                == isLate)
    }

    @Test(arguments: [
        ("its index is missing", [Drawn(0...1, "commit", [1], .done(.nothing))]),
        ("no commit with a name", [Drawn(0...1, "look", [1], .done(10))]),
        ("no commit with a name", [Drawn(0...1, "commit", [], .done(10))]),
        (
            "have one name",
            [
                Drawn(0...1, "commit", [1], .unknown("lost")),
                Drawn(2...3, "commit", [1], .unknown("lost")),
            ]
        ),
    ])
    func `what is watched is a commit with a name and an index`(_ part: String, _ drawn: [Drawn]) {
        func check(_ first: (String, Datum), _ check: (History) -> CheckReport) -> CheckReport {
            var history = History(drawn)
            for (function, value) in [first, ("end", 40)] as [(String, Datum)] {
                let told = Observation(
                    client: 7, workload: "w", function: function, key: "k", value: value)
                let place = function == "end" ? history.events.count : 0
                history.events.insert(Event(0, .observation(told)), at: place)
            }
            return check(history)
        }
        for report in [
            check(("start", 1), FeedChecker(workload: "w").check),
            check(("from", 0), DeliveryChecker(workload: "w").check),
        ] {
            #expect(report.findings.count == 1)
            #expect(report.findings.allSatisfy { $0.text.contains(part) }, "\(report.findings)")
        }
    }
}
