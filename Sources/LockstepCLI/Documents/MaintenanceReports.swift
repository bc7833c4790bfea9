package import JSON
package import Lockstep
import TextOutput
import Wording

/// What the checks of the nodes' logs found.
package struct VerificationRound {
    package let round: NodeRound<VerificationReport>

    package init(_ round: NodeRound<VerificationReport>) {
        self.round = round
    }

    package var text: String {
        round.answers.map { entry in
            switch entry.answer {
            case .success(let report):
                let head =
                    "\(entry.endpoint): \(Units.count(report.frames)) "
                    + "\(Words.noun("frame", for: report.frames)), "
                    + "\(Words.counted(report.segments, "segment")), "
                    + "\(Units.bytes(report.bytes)), "
                    + "\(Words.counted(report.problems.count, "problem"))\n"
                return head + report.problems.map { "  \($0)\n" }.joined()
            case .failure: return "\(entry.endpoint): not checked\n"
            }
        }.joined()
    }

    package var document: JSONValue {
        round.document { report in
            [
                JSONMember("segments", .number(report.segments)),
                JSONMember("frames", .number(report.frames)),
                JSONMember("bytes", .number(report.bytes)),
                JSONMember("problems", .array(report.problems.map { .string($0) })),
            ]
        }
    }

    /// How the command fails; nil where all logs were checked and are sound.
    package var failure: CommandFailure? {
        round.failure(
            hasFinding: round.successes.contains { !$0.answer.problems.isEmpty },
            missing: "no check of")
    }
}

/// How far the nodes' snapshots came.
package struct SnapshotRound {
    package let round: NodeRound<SnapshotReport>

    package init(_ round: NodeRound<SnapshotReport>) {
        self.round = round
    }

    package var text: String {
        var table = Table([
            .init("ENDPOINT"), .init("APPLIED", .right), .init("LOG FROM", .right),
            .init("TOOK", .right),
        ])
        for entry in round.answers {
            switch entry.answer {
            case .success(let report):
                table.append([
                    "\(entry.endpoint)", Units.count(report.appliedIndex),
                    Units.count(report.firstRetainedIndex), Units.duration(report.duration),
                ])
            case .failure: table.append(["\(entry.endpoint)", "none", "-", "-"])
            }
        }
        return table.text
    }

    package var document: JSONValue {
        round.document { report in
            [
                JSONMember("applied-index", .number(report.appliedIndex)),
                JSONMember("first-retained-index", .number(report.firstRetainedIndex)),
                JSONMember("duration-ms", .number(report.duration.milliseconds)),
            ]
        }
    }

    /// How the command fails; nil where all nodes made one.
    package var failure: CommandFailure? {
        round.failure(hasFinding: false, missing: "no snapshot of")
    }
}
