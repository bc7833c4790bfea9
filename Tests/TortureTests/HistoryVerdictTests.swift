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
        #expect(verdict.reports.map(\.checker) == ["register: linearizable register"])
        #expect(verdict.text.hasSuffix("verdict: clean\n"))
        #expect(try JSONParser.parse(verdict.json)["clean"] == .boolean(true))
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
