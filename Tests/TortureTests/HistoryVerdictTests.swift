import Histories
import JSON
import Testing
import Torture

@Suite struct HistoryVerdictTests {
    /// A history of one register: written with 5, then read.
    private func history(read value: Int64) -> History {
        func invocation(_ number: Int, _ function: String, _ arguments: [Datum]) -> Event.Content {
            .invocation(
                Invocation(
                    operation: number, client: 0, workload: "register", function: function,
                    key: "r0", arguments: arguments))
        }
        return History(
            seed: 7, title: "made up",
            events: [
                Event(1, invocation(0, "write", [.integer(5)])),
                Event(2, .completion(operation: 0, .done(.nothing))),
                Event(3, invocation(1, "read", [])),
                Event(4, .completion(operation: 1, .done(.integer(value)))),
            ])
    }

    @Test func `a good history is clean`() throws {
        let verdict = HistoryVerdict(history(read: 5))
        #expect(verdict.isClean)
        #expect(verdict.operations == 2)
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

    @Test func `what was asked for often and never done is told`() {
        var made = history(read: 5)
        for number in 2..<12 {
            made.events.append(
                Event(
                    UInt64(number * 2 + 1),
                    .invocation(
                        Invocation(
                            operation: number, client: 0, workload: "register", function: "cas",
                            key: "r0", arguments: [.integer(5), .integer(Int64(number + 10))]))))
            made.events.append(
                Event(UInt64(number * 2 + 2), .completion(operation: number, .failed("no"))))
        }
        let verdict = HistoryVerdict(made)
        #expect(verdict.neverDone == ["register cas"])
        #expect(!verdict.isClean)
    }
}
