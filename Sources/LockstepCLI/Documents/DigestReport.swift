package import JSON
package import Lockstep
import TextOutput

/// The digests of the nodes' states at one index, side by side.
package struct DigestReport {
    /// The leader's.
    package let mark: StateDigest
    /// Each node's digest at the mark's index, or why there is none.
    package let round: NodeRound<String>

    package init(mark: StateDigest, round: NodeRound<String>) {
        self.mark = mark
        self.round = round
    }

    private var areEqual: Bool {
        round.successes.allSatisfy { $0.answer == mark.digest }
    }

    package var text: String {
        var table = Table([.init("ENDPOINT"), .init("INDEX", .right), .init("DIGEST")])
        table.append(["leader", "\(mark.index)", mark.digest])
        for entry in round.answers {
            switch entry.answer {
            case .success(let digest):
                table.append(["\(entry.endpoint)", "\(mark.index)", digest])
            case .failure: table.append(["\(entry.endpoint)", "-", "none"])
            }
        }
        guard areEqual else { return table.text + "THEY DIFFER\n" }
        return table.text + (round.isComplete ? "all are equal\n" : "those shown are equal\n")
    }

    package var document: JSONValue {
        [
            "equal": .boolean(areEqual), "complete": .boolean(round.isComplete),
            "nodes": round.document { digest in
                [
                    JSONMember("index", .number(mark.index)),
                    JSONMember("digest", .string(digest)),
                ]
            },
        ]
    }

    /// How the command fails; nil where all nodes have given the same.
    package var failure: CommandFailure? {
        round.failure(hasFinding: !areEqual, missing: "no digest of")
    }
}
