package import JSON
package import Lockstep
import TextOutput

extension LogFramesReport {
    /// One row a frame; the same for a log that is read in place.
    package var table: String {
        var table = Table([
            .init("FIRST", .right), .init("RECORDS", .right), .init("TERM", .right), .init("KIND"),
            .init("STORED", .right), .init("RAW", .right), .init("DIGEST"),
        ])
        for frame in frames {
            table.append([
                "\(frame.firstIndex)", "\(frame.records)", "\(frame.term)", frame.kind,
                Units.bytes(frame.storedBytes), Units.bytes(frame.rawBytes), frame.digest,
            ])
        }
        return table.text
    }

    /// What `--json` tells of the log and of each of the frames.
    package var members: [JSONMember] {
        [
            JSONMember("node", .number(node)), JSONMember("term", .number(term)),
            JSONMember("first-index", .number(firstIndex)),
            JSONMember("last-index", .number(lastIndex)),
            JSONMember(
                "frames",
                .array(
                    frames.map { frame in
                        [
                            "first-index": .number(frame.firstIndex),
                            "records": .number(frame.records), "term": .number(frame.term),
                            "kind": .string(frame.kind),
                            "stored-bytes": .number(frame.storedBytes),
                            "raw-bytes": .number(frame.rawBytes), "digest": .string(frame.digest),
                        ]
                    })),
        ]
    }
}

/// The frames of the nodes' logs.
package struct LogFramesRound {
    package let round: NodeRound<LogFramesReport>

    package init(_ round: NodeRound<LogFramesReport>) {
        self.round = round
    }

    package var text: String {
        round.answers.map { entry in
            switch entry.answer {
            case .success(let report):
                "\(entry.endpoint): node \(report.node), term \(report.term), records "
                    + "\(report.firstIndex) to \(report.lastIndex)\n" + report.table
            case .failure: "\(entry.endpoint): no answer\n"
            }
        }.joined(separator: "\n")
    }

    package var document: JSONValue {
        round.document(\.members)
    }

    /// How the command fails; nil where all nodes answered.
    package var failure: CommandFailure? {
        round.failure(hasFinding: false, missing: "no frames of")
    }
}
