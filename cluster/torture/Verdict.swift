import JSON
import TextOutput

/// What a run has found, as a table or as JSON.
struct Verdict {
    var seed: UInt64
    var mode: String
    /// What the run was to do.
    var planned = Nemesis.Rounds()
    var tally = Nemesis.Tally()
    var ledger: Ledger.State
    var findings: Verification.Findings?
    var damage = TestCluster.Damage()
    var unexpectedEndings: [String] = []
    /// Nodes whose writes the lossy layer has never seen.
    var unwatched: [Int] = []
    /// Whether what nodes had not synced was to be taken back.
    var isLossy = false
    /// How long the machine held everything up.
    var withheld = Duration.zero
    var failure: String?

    private var operations: Int {
        ledger.writes.reduce(0) { $0 + $1.count }
    }

    private var unknown: Int {
        ledger.writes.joined().count { write in
            switch write.fate {
            case .unknown, .underway: true
            case .acknowledged, .refused: false
            }
        }
    }

    /// Whether the lies of a disk were found out, in one of two ways: acknowledged writes are gone, or
    /// nodes have refused their data at the start, when their log held less than their store.
    var hasFoundLies: Bool {
        unwatched.isEmpty
            && (!(findings?.lost.isEmpty ?? true)
                || unexpectedEndings.contains { $0.hasSuffix(TestCluster.refusalEnding) })
    }

    /// What became of the disks' lies, in words.
    var fateOfLies: String {
        if !unwatched.isEmpty { return "not told: nodes have written past the layer that lies" }
        return hasFoundLies ? "found out, as they had to be" : "not noticed"
    }

    var isClean: Bool {
        failure == nil && (findings?.isClean ?? false) && unexpectedEndings.isEmpty
            && tally.staleReads == 0 && ledger.staleReads.isEmpty && ledger.acknowledged > 0
            && shortfalls.isEmpty && unwatched.isEmpty
    }

    /// What the run was to do and did not come to, in words.
    private var shortfalls: [String] {
        let done = tally.rounds
        let rounds = [
            ("kills", done.kills, planned.kills), ("pauses", done.pauses, planned.pauses),
            ("stalls", done.stalls, planned.stalls),
        ].filter { $0.1 < $0.2 }.map { "\($0.1) of \($0.2) \($0.0)" }
        // Most kills meet a write that is under way.
        let isIdle = isLossy && damage.writes == 0 && done.kills >= Self.killsWithDamage
        return rounds + (isIdle ? ["0 unsynced writes to take back in \(done.kills) kills"] : [])
    }

    /// So many kills of a lossy run have something to take back.
    private static let killsWithDamage = 20

    private var rows: [(name: String, value: Int)] {
        [
            ("kills", tally.rounds.kills), ("leader kills", tally.leaderKills),
            ("kills of all at once", tally.wholeKills), ("pauses", tally.rounds.pauses),
            ("stalls of the leader's log", tally.rounds.stalls),
            ("failovers seen", tally.failovers), ("writes", operations),
            ("acknowledged", ledger.acknowledged), ("unknown", unknown),
            ("unknown, executed", findings?.unknownExecuted ?? 0),
            ("reads", ledger.reads), ("failed reads", ledger.failedReads),
            ("reads through a paused leader, fresh", tally.freshReads),
            ("reads through a paused leader, refused", tally.refusedReads),
            ("pauses whose read had no answer", tally.unansweredReads),
            ("reads through a stalled leader, fresh", tally.stall.freshReads),
            ("reads through a stalled leader, refused", tally.stall.refusedReads),
            ("writes while a log was stalled", tally.stall.writes),
            (
                "longest time to another leader in a stall, ms",
                milliseconds(tally.stall.longestSuccession)
            ),
            ("unsynced writes taken back", damage.writes),
            ("sectors taken back", damage.sectors),
            ("change sets", findings?.feedLength ?? 0),
            ("seen before the feed let go of them", findings?.seenEarlier ?? 0),
            ("longest time without acknowledgement, ms", milliseconds(ledger.longestSilence)),
            ("longest recovery, ms", milliseconds(tally.longestRecovery)),
            ("held up by the machine, ms", milliseconds(withheld)),
        ]
    }

    /// What must be nothing.
    private var faults: [(name: String, cases: [String])] {
        let stale =
            (0..<tally.staleReads).map { "through an old leader, case \($0)" } + ledger.staleReads
        return [
            ("lost", findings?.lost ?? []), ("twice", findings?.twice ?? []),
            ("executed though refused", findings?.executedThoughRefused ?? []),
            ("misplaced", findings?.misplaced ?? []),
            ("wrong final values", findings?.wrongValues ?? []),
            ("nodes that differ", findings?.differingNodes ?? []), ("stale reads", stale),
            ("acknowledged and never looked for", findings?.unseen ?? []),
            ("nodes that ended on their own", unexpectedEndings),
            ("rounds not reached", shortfalls),
            ("nodes that wrote past the lossy disk", unwatched.map { "node \($0)" }),
        ]
    }

    /// What was counted, and what must be nothing.
    var totals: [(name: String, value: String)] {
        [("seed", "\(seed)"), ("mode", mode)] + rows.map { ($0.name, "\($0.value)") }
            + faults.map { fault in
                let isKnown = findings != nil || !fault.cases.isEmpty
                return (fault.name, isKnown ? "\(fault.cases.count)" : "not checked")
            }
    }

    /// Notes why the run could not go on.
    mutating func note(_ reason: TortureFailure?) {
        guard let reason else { return }
        failure = (failure.map { $0 + "; " } ?? "") + reason.description
    }

    private func milliseconds(_ duration: Duration) -> Int {
        Int(duration / .milliseconds(1))
    }

    var text: String {
        var table = Table([.init(""), .init("", .right)])
        for total in totals { table.append([total.name, total.value]) }
        var text = table.text
        for fault in faults {
            for each in fault.cases.prefix(10) { text += "\(fault.name): \(each)\n" }
        }
        for complaint in ledger.complaints.prefix(10) { text += "note: \(complaint)\n" }
        if let failure { text += "failure: \(failure)\n" }
        return text + (isClean ? "verdict: clean\n" : "verdict: FAILED\n")
    }

    var json: String {
        func list(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }
        var members = [
            JSONMember("seed", .number(seed)), JSONMember("mode", .string(mode)),
            JSONMember("clean", .boolean(isClean)),
            JSONMember("failure", failure.map { .string($0) } ?? .null),
            JSONMember("verified", .boolean(findings != nil)),
        ]
        members += rows.map { JSONMember(JSONMember.key(of: $0.name), .number($0.value)) }
        members += faults.map { JSONMember(JSONMember.key(of: $0.name), list($0.cases)) }
        members.append(JSONMember("complaints", list(ledger.complaints)))
        return JSONValue.object(members).indentedText
    }
}
