package import Histories
import JSON
import TextOutput

/// What the checkers say of one history, and what is in it; looks at nothing else.
///
/// The ledger of writes is no part of a history, nor are the nodes' digests.
package struct HistoryVerdict: Sendable {
    private let history: History
    package let reports: [CheckReport]
    /// What a workload is to do and never did, its functions and its end: a checker had nothing to look
    /// at, or nothing behind the last result.
    package let neverDone: [String]
    /// What became of the operations, by workload.
    package let tallies: [WorkloadTally]
    /// Workloads that no checker knows.
    package let strangers: [String]
    private var faults = 0
    private var leaders = 0

    /// Runs the checkers of all workloads that the history has something of.
    package init(_ history: History) {
        self.init(history, nil)
    }

    /// Runs the checkers of these workloads; of all that the history has something of, for nil.
    init(_ history: History, _ workloads: [any CheckedWorkload]?) {
        self.history = history
        tallies = WorkloadTally.tallies(of: history)
        let names = Set(tallies.map(\.workload))
        var happened: Set<String> = []
        for operation in history.operations {
            guard case .done = operation.outcome else { continue }
            happened.insert("\(operation.invocation.workload) \(operation.invocation.function)")
        }
        for event in history.events {
            switch event.content {
            case .observation(let observation):
                if observation.function == "end" { happened.insert("\(observation.workload) end") }
            case .invocation(let call):
                // What comes behind an end was not over there.
                happened.remove("\(call.workload) end")
            case .faultBegin: faults += 1
            case .leader: leaders += 1
            case .completion, .faultEnd, .note: break
            }
        }
        strangers = names.subtracting(Workloads.names).sorted()
        let checked = workloads ?? Workloads.all.filter { names.contains($0.name) }
        neverDone = checked.flatMap { workload in
            (workload.functions + ["end"]).map { "\(workload.name) \($0)" }
        }.filter { !happened.contains($0) }
        reports = WorkloadRun.check(history, checked)
    }

    package var operations: Int {
        tallies.total(\.operations)
    }

    /// Whether there was something to look at, and all of it was as promised.
    package var isClean: Bool {
        !reports.isEmpty && reports.allSatisfy(\.isClean) && neverDone.isEmpty
            && strangers.isEmpty
    }

    private var rows: [(name: String, value: Int)] {
        [
            ("seconds", Int(history.duration / 1_000_000_000)), ("operations", operations),
            ("done", tallies.total(\.done)), ("failed", tallies.total(\.failed)),
            ("unknown", tallies.total(\.unknown)),
            ("observations", tallies.total(\.observations)), ("faults", faults),
            ("leaders seen", leaders),
            ("findings of checkers", reports.findingTexts.count),
            ("never done", neverDone.count), ("workloads without a checker", strangers.count),
            ("bytes of a last line that was cut off", history.cutBytes),
        ]
    }

    package var text: String {
        var totals = Table([.init(""), .init("", .right)])
        totals.append(["seed", "\(history.seed)"])
        for row in rows { totals.append([row.name, "\(row.value)"]) }
        var text = reports.table + tallies.table + totals.text
        for finding in reports.findingTexts.prefix(10) { text += "finding: \(finding)\n" }
        for name in neverDone.prefix(10) { text += "never done: \(name)\n" }
        for name in strangers.prefix(10) { text += "workload without a checker: \(name)\n" }
        if reports.isEmpty { text += "nothing in it is of a workload with a checker\n" }
        return text + (isClean ? "verdict: clean\n" : "verdict: FAILED\n")
    }

    package var json: String {
        var members = [
            JSONMember("seed", .number(history.seed)), JSONMember("title", .string(history.title)),
            JSONMember("clean", .boolean(isClean)), JSONMember("checkers", reports.json),
            JSONMember("workloads", tallies.json),
        ]
        members += rows.map { JSONMember(JSONMember.key(of: $0.name), .number($0.value)) }
        members.append(
            JSONMember("finding_texts", .array(reports.findingTexts.map { .string($0) })))
        members.append(
            JSONMember("never_done_names", .array(neverDone.map { .string($0) })))
        return JSONValue.object(members).indentedText
    }
}
