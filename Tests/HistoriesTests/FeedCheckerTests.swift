import Histories
import Testing

/// Good and bad histories of watches, triggers and sessions.
@Suite struct FeedCheckerTests {
    /// Commits, and what was observed after them; the first of it before them where that is wanted.
    private func history(
        _ commits: [(Int64, Outcome)], _ seen: [(Int, String, Datum)], function: String = "commit",
        isBegunBefore: Bool = false
    ) -> History {
        let recorder = HistoryRecorder(seed: 0, title: "drawn", now: { 0 })
        var seen = seen[...]
        if isBegunBefore, let (client, function, value) = seen.popFirst() {
            recorder.observe(
                Observation(
                    client: client, workload: "w", function: function, key: "k", value: value))
        }
        for (id, outcome) in commits {
            let number = recorder.invoke(
                client: 0, workload: "w", function: function, key: "k", arguments: [.integer(id)])
            if let number { recorder.complete(number, outcome) }
        }
        for (client, function, value) in seen {
            recorder.observe(
                Observation(
                    client: client, workload: "w", function: function, key: "k", value: value))
        }
        return recorder.history
    }

    private func expect(
        _ report: CheckReport, finds part: String?, _ name: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let texts = report.findings.map(\.text)
        let isAsWanted = part.map { part in
            texts.count == 1 && texts.allSatisfy { $0.contains(part) }
        }
        #expect(isAsWanted ?? texts.isEmpty, "\(name): \(texts)", sourceLocation: sourceLocation)
    }

    private static let commits: [(Int64, Outcome)] = [
        (1, .done(10)), (2, .unknown("lost")), (3, .failed("no")), (4, .done(40)),
    ]

    // MARK: - Watches

    private static let watches: [(String, [(Int, String, Datum)], String?)] = [
        (
            "all in order, resumed, with what is not ours between",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "see", [15, .nothing]),
                (1, "start", 16), (1, "see", [20, 2]), (1, "see", [40, 4]), (1, "end", 40),
            ], nil
        ),
        (
            "what was before the start may be missing",
            [(1, "start", 11), (1, "see", [40, 4]), (1, "end", 40)], nil
        ),
        (
            "answered behind the end", [(1, "start", 5), (1, "see", [10, 1]), (1, "end", 39)],
            "behind the end, 39"
        ),
        (
            "an end before what was seen",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "see", [40, 4]), (1, "see", [42, 2]),
                (1, "end", 41),
            ], "ended at 41, after 42"
        ),
        (
            "seen behind the end",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "see", [40, 4]), (1, "end", 40),
                (1, "see", [41, .nothing]),
            ], "41 came after the end, 40"
        ),
        (
            "a start that is no index",
            [
                (1, "start", 5), (1, "start", .integer(.min)), (1, "see", [10, 1]),
                (1, "see", [40, 4]), (1, "end", 40),
            ], "no observation of a watcher: start"
        ),
        (
            "an index that is none",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "see", [40, 4]), (1, "end", 40),
                (1, "see", [.integer(.max), .nothing]),
            ], "no observation of a watcher: see"
        ),
        (
            "a commit missing",
            [(1, "start", 5), (1, "see", [40, 4]), (1, "end", 40)], "did not see #0"
        ),
        (
            "out of order",
            [(1, "start", 5), (1, "see", [40, 4]), (1, "see", [10, 1]), (1, "end", 40)],
            "10 came after 40"
        ),
        (
            "repeated after a resumption",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "start", 11),
                (1, "see", [10, .nothing]), (1, "see", [40, 4]), (1, "end", 40),
            ], "10 came after 10"
        ),
        (
            "resumed with a gap",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "start", 12), (1, "see", [40, 4]),
                (1, "end", 40),
            ], "resumed at 12, after 10"
        ),
        (
            "twice",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "see", [20, 2]), (1, "see", [21, 2]),
                (1, "see", [40, 4]), (1, "end", 40),
            ], "2 came twice"
        ),
        (
            "at another index",
            [(1, "start", 5), (1, "see", [10, 1]), (1, "see", [41, 4]), (1, "end", 41)],
            "saw at 41"
        ),
        (
            "failed, but seen",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "see", [30, 3]), (1, "see", [40, 4]),
                (1, "end", 40),
            ], "saw #2"
        ),
        (
            "from nowhere",
            [
                (1, "start", 5), (1, "see", [10, 1]), (1, "see", [40, 4]), (1, "see", [50, 9]),
                (1, "end", 50),
            ], "saw 9, which nobody committed"
        ),
        ("no end", [(1, "start", 5), (1, "see", [10, 1])], "did not come to the end"),
        ("no start", [(1, "end", 40)], "did not tell where it began"),
        ("no watcher", [], "nobody watched"),
    ]

    @Test(arguments: watches)
    func `watches are judged`(
        _ name: String, _ seen: [(Int, String, Datum)], _ finding: String?
    ) {
        let report = FeedChecker(workload: "w").check(history(Self.commits, seen))
        expect(report, finds: finding, name)
    }

    @Test func `what was begun after a start has no index before it`() {
        let seen: [(Int, String, Datum)] = [
            (1, "start", 11), (1, "see", [40, 4]), (1, "end", 40),
        ]
        let report = FeedChecker(workload: "w").check(
            history(Self.commits, seen, isBegunBefore: true))
        expect(report, finds: "with an index before 11", "watch")
        let deliveries: [(Int, String, Datum)] = [
            (0, "from", 10), (1, "deliver", [10, "a", 1]), (1, "deliver", [40, "b", 4]),
            (0, "end", 40),
        ]
        let other = DeliveryChecker(workload: "w").check(
            history(Self.commits, deliveries, isBegunBefore: true))
        expect(other, finds: "with an index before 11", "trigger")
    }

    // MARK: - Triggers

    private static let deliveries: [(String, [(Int, String, Datum)], String?)] = [
        (
            "by two nodes, with repeats",
            [
                (0, "from", 5), (1, "deliver", [10, "t/10", 1]), (2, "deliver", [10, "t/10", 1]),
                (2, "deliver", [20, "t/20", 2]), (2, "deliver", [20, "t/20", 2]),
                (1, "deliver", [40, "t/40", 4]), (0, "end", 40),
            ], nil
        ),
        (
            "never delivered", [(0, "from", 5), (1, "deliver", [10, "t/10", 1]), (0, "end", 40)],
            "never delivered"
        ),
        (
            "out of order",
            [
                (0, "from", 5), (1, "deliver", [40, "t/40", 4]), (1, "deliver", [10, "t/10", 1]),
                (0, "end", 40),
            ], "node 1 delivered 10 after 40"
        ),
        (
            "one key for two commits",
            [
                (0, "from", 5), (1, "deliver", [10, "t", 1]), (1, "deliver", [40, "t", 4]),
                (0, "end", 40),
            ], "the key \"t\" stands for 10 and for 40"
        ),
        (
            "two keys for one commit",
            [
                (0, "from", 5), (1, "deliver", [10, "a", 1]), (1, "deliver", [10, "b", 1]),
                (1, "deliver", [40, "c", 4]), (0, "end", 40),
            ], "10 has two keys"
        ),
        (
            "failed, but delivered",
            [
                (0, "from", 5), (1, "deliver", [10, "a", 1]), (1, "deliver", [30, "b", 3]),
                (1, "deliver", [40, "c", 4]), (0, "end", 40),
            ], "delivered, though it failed"
        ),
        (
            "no end", [(0, "from", 5), (1, "deliver", [10, "a", 1])], "not all was delivered"
        ),
        (
            "answered behind the end",
            [(0, "from", 5), (1, "deliver", [10, "a", 1]), (0, "end", 39)],
            "behind the end, 39"
        ),
    ]

    @Test(arguments: deliveries)
    func `deliveries are judged`(
        _ name: String, _ seen: [(Int, String, Datum)], _ finding: String?
    ) {
        let report = DeliveryChecker(workload: "w").check(history(Self.commits, seen))
        expect(report, finds: finding, name)
    }

    // MARK: - Sessions

    private static let sessions: [(String, Outcome, [(Int, String, Datum)], String?)] = [
        (
            "answered alike, done once", .done([[10, "d"], [10, "d"]]),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "end", 40)], nil
        ),
        (
            "unknown and done", .unknown("lost"),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "end", 40)], nil
        ),
        (
            "done twice", .unknown("lost"),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "see", [20, 1]), (0, "end", 40)],
            "done at [10, 20]"
        ),
        (
            "two answers", .done([[10, "d"], [10, "e"]]),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "end", 40)],
            "2 different answers"
        ),
        (
            "answered, not done", .done([[10, "d"]]), [(0, "start", 5), (0, "end", 40)],
            "answered 10, but done at []"
        ),
        (
            "failed, but done", .failed("no"),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "end", 40)],
            "failed, but done"
        ),
        (
            "no end", .done([[10, "d"]]), [(0, "start", 5), (0, "see", [10, 1])],
            "not read from the beginning to the end"
        ),
        (
            "answered behind the end", .done([[50, "d"]]), [(0, "start", 5), (0, "end", 40)],
            "behind the end, 40"
        ),
        (
            "no answers", .done("d"), [(0, "start", 5), (0, "see", [10, 1]), (0, "end", 40)],
            "no list of answers"
        ),
        ("no start", .done([[10, "d"]]), [(0, "end", 40)], "not read from the beginning"),
        (
            "an effect out of order", .done([[10, "d"]]),
            [
                (0, "start", 5), (0, "see", [12, .nothing]), (0, "see", [10, 1]), (0, "end", 40),
            ], "10 came after 12"
        ),
        (
            "a gap", .done([[10, "d"]]),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "start", 20), (0, "end", 40)],
            "resumed at 20, after 10"
        ),
        (
            "two watchers", .done([[10, "d"]]),
            [(0, "start", 5), (0, "see", [10, 1]), (1, "start", 5), (0, "end", 40)],
            "2 watchers"
        ),
        (
            "a stranger's effect", .done([[10, "d"]]),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "see", [20, 9]), (0, "end", 40)],
            "9 was done, which nobody submitted"
        ),
        (
            "what is no observation", .done([[10, "d"]]),
            [(0, "start", 5), (0, "see", [10, 1]), (0, "look", 1), (0, "end", 40)],
            "no observation of a watcher: look"
        ),
    ]

    @Test(arguments: sessions)
    func `retries are judged`(
        _ name: String, _ outcome: Outcome, _ seen: [(Int, String, Datum)], _ finding: String?
    ) {
        let report = SessionChecker(workload: "w").check(
            history([(1, outcome)], seen, function: "submit"))
        expect(report, finds: finding, name)
    }
}
