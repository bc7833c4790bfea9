import Histories
import JSON
import Testing
import Torture

@Suite struct HistoryVerdictTests {
    /// A history of one register: written with 5, read, exchanged for 6, and ended; one of these not.
    private func history(
        read value: Int64, without missing: String? = nil
    ) -> History {
        let operations: [(function: String, arguments: [Datum], result: Datum)] = [
            ("write", [.integer(5)], .nothing), ("read", [], .integer(value)),
            ("cas", [.integer(5), .integer(6)], true),
        ]
        var events: [Event] = []
        func add(_ content: Event.Content) {
            events.append(Event(UInt64(events.count + 1), content))
        }
        for (number, operation) in operations.enumerated() {
            add(
                .invocation(
                    Invocation(
                        operation: number, client: 0, workload: "register",
                        function: operation.function, key: "r0", arguments: operation.arguments)))
            let isMissing = operation.function == missing
            add(
                .completion(
                    operation: number, isMissing ? .failed("no") : .done(operation.result)))
        }
        if missing != "end" {
            add(
                .observation(
                    Observation(
                        client: 4, workload: "register", function: "end", key: "reads",
                        value: .nothing)))
        }
        return History(seed: 7, title: "made up", events: events)
    }

    @Test func `a good history is clean`() throws {
        let verdict = HistoryVerdict(history(read: 5))
        #expect(verdict.isClean)
        #expect(verdict.operations == 3)
        #expect(
            verdict.reports.map(\.checker) == [
                "register: linearizable register", "commits: in the order of time",
                "leaders: one in a term",
            ])
        #expect(verdict.text.hasSuffix("verdict: clean\n"))
        #expect(try JSONParser.parse(verdict.json)["clean"] == .boolean(true))
    }

    /// A good history with one event more.
    private func history(endingIn content: Event.Content) -> History {
        var history = history(read: 5)
        history.events.append(Event(UInt64(history.events.count + 1), content))
        return history
    }

    @Test func `a workload that no checker knows is not passed over`() {
        let verdict = HistoryVerdict(
            history(
                endingIn: .observation(
                    Observation(
                        client: 0, workload: "foo", function: "end", key: "k", value: .nothing))))
        #expect(!verdict.isClean)
        #expect(verdict.text.contains("workload without a checker: foo\n"))
    }

    @Test func `what comes behind an end was not over there`() {
        let verdict = HistoryVerdict(
            history(
                endingIn: .invocation(
                    Invocation(
                        operation: 3, client: 0, workload: "register", function: "read",
                        key: "r0", arguments: []))))
        #expect(verdict.neverDone == ["register end"])
    }

    @Test func `what became of each workload's operations is told by workload`() throws {
        var events: [Event] = []
        let outcomes: [(workload: String, outcome: Outcome?)] = [
            ("set", .done(.nothing)), ("register", .done(.nothing)), ("register", .failed("no")),
            ("register", .unknown("cut")), ("register", nil), ("set", .unknown("cut")),
        ]
        for (number, each) in outcomes.enumerated() {
            let invocation = Invocation(
                operation: number, client: number, workload: each.workload, function: "write",
                key: "k", arguments: [.integer(1)])
            events.append(Event(UInt64(number), .invocation(invocation)))
            guard let outcome = each.outcome else { continue }
            events.append(
                Event(UInt64(number), .completion(operation: number, outcome)))
        }
        let told = Observation(
            client: 9, workload: "watch", function: "commit", key: "k", value: .nothing)
        events.append(Event(9, .observation(told)))
        let verdict = HistoryVerdict(History(seed: 1, title: "made up", events: events))
        #expect(verdict.tallies.map(\.workload) == ["register", "set", "watch"])
        #expect(verdict.tallies.map(\.done) == [1, 1, 0])
        #expect(verdict.tallies.map(\.failed) == [1, 0, 0])
        // What has no end in the history may have happened.
        #expect(verdict.tallies.map(\.unknown) == [2, 1, 0])
        #expect(verdict.tallies.map(\.observations) == [0, 0, 1])
        #expect(
            verdict.text.contains(
                """
                workload  operations  done  failed  unknown  observations
                register           4     1       1        2             0
                set                2     1       0        1             0
                watch              0     0       0        0             1
                """))
        guard case .array(let rows)? = try JSONParser.parse(verdict.json)["workloads"] else {
            Issue.record("no workloads in \(verdict.json)")
            return
        }
        #expect(rows.map { $0["unknown"] } == [.number(2), .number(1), .number(0)])
    }

    @Test func `a read of what nobody wrote is told`() throws {
        let verdict = HistoryVerdict(history(read: 6))
        #expect(!verdict.isClean)
        #expect(verdict.text.contains("finding: register: linearizable register: violation"))
        #expect(verdict.text.hasSuffix("verdict: FAILED\n"))
        #expect(try JSONParser.parse(verdict.json)["clean"] == .boolean(false))
    }

    @Test func `a history with nothing to check is not clean`() {
        let verdict = HistoryVerdict(History(seed: 1, title: "", events: [Event(1, .note("x"))]))
        #expect(!verdict.isClean)
        #expect(verdict.reports.isEmpty)
    }

    @Test(arguments: ["read", "cas", "end"])
    func `what a workload is to do and never did is told`(_ missing: String) {
        let verdict = HistoryVerdict(history(read: 5, without: missing))
        #expect(verdict.neverDone == ["register \(missing)"])
        for report in verdict.reports { #expect(report.isClean) }
        #expect(!verdict.isClean)
    }
}
