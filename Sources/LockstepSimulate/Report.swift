import JSON
package import Simulation

/// Words verdicts for people and for programs.
package enum Report {
    /// What the run that `command` makes came to, for people.
    package static func text(_ verdict: Verdict, command: String) -> String {
        let counts = verdict.counts
        var lines = [
            "seed \(verdict.seed): \(verdict.passed ? "passed" : "FAILED"), "
                + "\(counts.operations) operations, \(counts.committed) committed, "
                + "\(counts.aborted) aborted, \(counts.unknown) unknown, "
                + "\(counts.reads) reads, \(verdict.steps) steps, timeline "
                + "\(verdict.traceDigest)"
        ]
        lines += verdict.violations.map { "  \($0)" }
        if !verdict.passed {
            lines.append("  run: \(command)")
            lines += verdict.schedule.entries.map {
                "  fault \($0.number) at \($0.atMilliseconds) ms: \($0.fault)"
            }
        }
        return lines.joined(separator: "\n")
    }

    package static func text(_ range: RangeReport) -> String {
        let summary = range.summary
        var lines = summary.coverage.sorted.map { "\($0.count)\t\($0.name)" }
        lines.append(
            "\(summary.runs) of \(range.asked) runs, \(summary.failures.count) failed, "
                + "\(summary.operations) operations, "
                + "\(summary.committed) committed, \(summary.unknown) unknown; a core-minute: "
                + "\(summary.perMinute(summary.nodeSeconds)) node-seconds, "
                + "\(summary.perMinute(Double(summary.committed))) committed, "
                + "\(summary.perMinute(Double(summary.faults))) faults")
        lines += summary.failures.map { "failed: \($0.verdict.seed): \($0.command)" }
        lines += range.complaints
        if let shortest = range.shortest { lines.append("shortest: \(shortest)") }
        return lines.joined(separator: "\n")
    }

    /// The same as one object.
    package static func json(_ verdict: Verdict, command: String) -> String {
        let counts = verdict.counts
        var members: [JSONMember] = [
            JSONMember("seed", .exact(verdict.seed)),
            JSONMember("passed", .boolean(verdict.passed)),
            JSONMember("violations", .array(verdict.violations.map(JSONValue.string))),
        ]
        let numbers: [(String, Int)] = [
            ("operations", counts.operations), ("committed", counts.committed),
            ("aborted", counts.aborted), ("unknown", counts.unknown), ("reads", counts.reads),
        ]
        members += numbers.map { JSONMember($0.0, .number($0.1)) }
        members.append(JSONMember("steps", .exact(verdict.steps)))
        members.append(JSONMember("timeline", .string("\(verdict.traceDigest)")))
        members.append(JSONMember("command", .string(command)))
        if !verdict.passed {
            members.append(
                JSONMember("schedule", .array(verdict.schedule.entries.map(Self.value))))
        }
        return JSONValue.object(members).text
    }

    private static func value(_ entry: Schedule.Entry) -> JSONValue {
        [
            "number": .number(entry.number), "at-ms": .exact(entry.atMilliseconds),
            "fault": .string("\(entry.fault)"),
        ]
    }

    /// One object under the name `summary`, which no run's object has.
    package static func json(_ range: RangeReport) -> String {
        let summary = range.summary
        let counts = summary.coverage.sorted.map { JSONMember($0.name, .number($0.count)) }
        let object: JSONValue = [
            "passed": .boolean(range.isGood), "first": .exact(range.first),
            "asked": .number(range.asked), "runs": .number(summary.runs),
            "failed": .array(summary.failed.map(JSONValue.exact)),
            "failed-commands": .array(summary.failures.map { .string($0.command) }),
            "complaints": .array(range.complaints.map(JSONValue.string)),
            "shortest": range.shortest.map(JSONValue.string) ?? .null,
            "operations": .number(summary.operations), "committed": .number(summary.committed),
            "unknown": .number(summary.unknown), "faults": .number(summary.faults),
            "node-seconds": .number(summary.nodeSeconds, decimals: 1),
            "core-seconds": .number(summary.seconds, decimals: 1),
            "coverage": .object(counts),
        ]
        return JSONValue.object([JSONMember("summary", object)]).text
    }
}

/// What a range of seeds came to, and what is wrong with it.
package struct RangeReport {
    let first: UInt64
    let asked: Int
    let summary: Summary
    /// What is wrong besides the runs that failed.
    package var complaints: [String] = []
    /// The command that fails as the first failing seed does, with the fewest faults.
    package var shortest: String?

    package init(first: UInt64, asked: Int, summary: Summary) {
        self.first = first
        self.asked = asked
        self.summary = summary
    }

    var isGood: Bool { summary.failures.isEmpty && complaints.isEmpty }
}
