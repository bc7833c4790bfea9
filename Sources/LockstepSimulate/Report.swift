import JSON
import Simulation

/// Words verdicts for people and for programs.
enum Report {
    static func text(_ verdict: Verdict) -> String {
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
            lines += verdict.schedule.entries.map {
                "  fault \($0.number) at \($0.atMilliseconds) ms: \($0.fault)"
            }
        }
        return lines.joined(separator: "\n")
    }

    static func text(_ summary: Summary) -> String {
        var lines = summary.coverage.sorted.map { "\($0.count)\t\($0.name)" }
        lines.append(
            "\(summary.runs) runs, \(summary.failed.count) failed, \(summary.operations) operations, "
                + "\(summary.committed) committed, \(summary.unknown) unknown; a core-minute: "
                + "\(summary.perMinute(summary.nodeSeconds)) node-seconds, "
                + "\(summary.perMinute(Double(summary.committed))) committed, "
                + "\(summary.perMinute(Double(summary.faults))) faults")
        return lines.joined(separator: "\n")
    }

    static func json(_ verdict: Verdict) -> String {
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
        return JSONValue.object(members).text
    }
}
