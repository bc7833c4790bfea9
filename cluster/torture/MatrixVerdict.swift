import Histories
import JSON
import TextOutput

/// What a run of the fault harness has found, as tables or as JSON.
struct MatrixVerdict {
    struct FaultRow {
        var kind: FaultKind
        var row: FaultRun.Row
        var met: Int
    }

    var seed: UInt64
    var network: String
    var seconds = 0
    var ledger: Ledger.State
    var findings: Verification.Findings?
    /// What became of the operations of the checked workloads, and what their checkers say.
    var tallies: [WorkloadTally] = []
    var reports: [CheckReport] = []
    /// What a workload was to do and never did, so that a checker had nothing to look at.
    var neverDone: [String] = []
    var faults: [FaultRow] = []
    /// Kinds that the run was to have and that met nothing.
    var unmet: [FaultKind] = []
    /// Kinds that the run did not come to, for want of time or because it was given up.
    var unreached: [FaultKind] = []
    /// Kinds that cannot be had here, and why.
    var unavailable: [(kind: FaultKind, reason: String)] = []
    /// The most faults that were under way at one moment.
    var mostAtOnce = 0
    /// Whether there were to be several at once, and were not.
    var isUnmixed = false
    var failovers = 0
    var longestSilence = Duration.zero
    var provokedEndings = 0
    /// How long the machine held everything up.
    var withheld = Duration.zero
    var unexpectedEndings: [String] = []
    var failure: String?

    private var writes: [Ledger.Write] {
        Array(ledger.writes.joined())
    }

    private var rows: [(name: String, value: Int)] {
        let unknown = writes.count { write in
            switch write.fate {
            case .unknown, .underway: true
            case .acknowledged, .refused: false
            }
        }
        let refused = writes.count { if case .refused = $0.fate { true } else { false } }
        return [
            ("seconds", seconds), ("writes", writes.count), ("acknowledged", ledger.acknowledged),
            ("refused", refused), ("unknown", unknown),
            ("unknown, executed", findings?.unknownExecuted ?? 0),
            ("reads", ledger.reads), ("failed reads", ledger.failedReads),
            ("operations of other workloads", tallies.total(\.operations)),
            ("operations of other workloads, done", tallies.total(\.done)),
            ("operations of other workloads, failed", tallies.total(\.failed)),
            ("operations of other workloads, unknown", tallies.total(\.unknown)),
            ("change sets", findings?.feedLength ?? 0),
            ("seen before the feed let go of them", findings?.seenEarlier ?? 0),
            ("most faults at once", mostAtOnce),
            ("failovers", failovers),
            ("longest time without an answer, ms", milliseconds(longestSilence)),
            ("nodes that a bad disk has stopped", provokedEndings),
            ("held up by the machine, ms", milliseconds(withheld)),
        ]
    }

    /// What must be nothing, with the cases.
    private var objections: [(name: String, cases: [String])] {
        [
            ("lost", findings?.lost ?? []), ("twice", findings?.twice ?? []),
            ("executed though refused", findings?.executedThoughRefused ?? []),
            ("misplaced", findings?.misplaced ?? []),
            ("wrong final values", findings?.wrongValues ?? []),
            ("nodes that differ", findings?.differingNodes ?? []),
            ("stale reads", ledger.staleReads),
            ("acknowledged and never looked for", findings?.unseen ?? []),
            ("findings of checkers", reports.findingTexts), ("never done", neverDone),
            ("nodes that ended on their own", unexpectedEndings),
            ("faults that met nothing", unmet.map(\.rawValue)),
            ("faults not reached", unreached.map(\.rawValue)),
            ("several at once", isUnmixed ? ["never more than \(mostAtOnce)"] : []),
        ]
    }

    var isClean: Bool {
        failure == nil && findings != nil && ledger.acknowledged > 0
            && objections.allSatisfy(\.cases.isEmpty)
    }

    /// Notes why the run could not go on.
    mutating func note(_ reason: TortureFailure) {
        failure = (failure.map { $0 + "; " } ?? "") + reason.description
    }

    private func milliseconds(_ duration: Duration) -> Int {
        Int(duration / .milliseconds(1))
    }

    var text: String {
        var table = Table([
            .init("fault"), .init("times", .right), .init("met", .right),
            .init("silence ms", .right), .init("recovery ms", .right),
        ])
        for fault in faults {
            table.append([
                fault.kind.rawValue, "\(fault.row.times)", "\(fault.met)",
                "\(milliseconds(fault.row.silence))", "\(milliseconds(fault.row.recovery))",
            ])
        }
        for fault in unavailable { table.append([fault.kind.rawValue, "not here", "", "", ""]) }
        var text = table.text + "\n" + reports.table + tallies.table
        var totals = Table([.init(""), .init("", .right)])
        for row in self.totals { totals.append([row.name, row.value]) }
        text += totals.text
        for fault in unavailable { text += "not here: \(fault.kind.rawValue): \(fault.reason)\n" }
        for objection in objections {
            for each in objection.cases.prefix(10) { text += "\(objection.name): \(each)\n" }
        }
        for complaint in ledger.complaints.prefix(5) { text += "note: \(complaint)\n" }
        if let failure { text += "failure: \(failure)\n" }
        let missing = unavailable.map(\.kind.rawValue).joined(separator: ", ")
        let limit = missing.isEmpty ? "" : ", without \(missing), which cannot be had here"
        return text + "verdict: \(isClean ? "clean" : "FAILED")\(limit)\n"
    }

    /// What was counted, and what must be nothing.
    var totals: [(name: String, value: String)] {
        var totals = [("seed", "\(seed)"), ("network", network)]
        totals += rows.map { ($0.name, "\($0.value)") }
        totals += objections.map { objection in
            let isKnown = findings != nil || !objection.cases.isEmpty
            return (objection.name, isKnown ? "\(objection.cases.count)" : "not checked")
        }
        return totals.map { (name: $0.0, value: $0.1) }
    }

    var json: String {
        func list(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }
        var members = [
            JSONMember("seed", .number(seed)), JSONMember("network", .string(network)),
            JSONMember("clean", .boolean(isClean)),
            JSONMember("failure", failure.map { .string($0) } ?? .null),
            JSONMember("verified", .boolean(findings != nil)),
            JSONMember(
                "faults",
                .array(
                    faults.map { fault in
                        .object([
                            JSONMember("kind", .string(fault.kind.rawValue)),
                            JSONMember("times", .number(fault.row.times)),
                            JSONMember("met", .number(fault.met)),
                            JSONMember("silence_ms", .number(milliseconds(fault.row.silence))),
                            JSONMember("recovery_ms", .number(milliseconds(fault.row.recovery))),
                        ])
                    })),
            JSONMember("checkers", reports.json), JSONMember("workloads", tallies.json),
            JSONMember("unavailable", list(unavailable.map(\.kind.rawValue))),
        ]
        members += rows.map { JSONMember(JSONMember.key(of: $0.name), .number($0.value)) }
        members += objections.map { JSONMember(JSONMember.key(of: $0.name), list($0.cases)) }
        members.append(JSONMember("complaints", list(ledger.complaints)))
        return JSONValue.object(members).indentedText
    }
}
