package import JSON
package import Lockstep
import TextOutput

/// The digests of the nodes' states at one index, side by side.
package struct DigestReport {
    /// The leader's.
    package let mark: StateDigest
    /// Each node's digest at the mark's index, or why there is none.
    package var answers: [(endpoint: Endpoint, digest: Result<String, CommandFailure>)] = []

    package init(mark: StateDigest) {
        self.mark = mark
    }

    private var areEqual: Bool {
        answers.allSatisfy { (try? $0.digest.get()) ?? mark.digest == mark.digest }
    }

    private var failures: [(endpoint: Endpoint, failure: CommandFailure)] {
        answers.compactMap { answer in
            if case .failure(let failure) = answer.digest {
                (answer.endpoint, failure)
            } else {
                nil
            }
        }
    }

    package var text: String {
        var table = Table([.init("ENDPOINT"), .init("INDEX", .right), .init("DIGEST")])
        table.append(["leader", "\(mark.index)", mark.digest])
        for answer in answers {
            switch answer.digest {
            case .success(let digest):
                table.append(["\(answer.endpoint)", "\(mark.index)", digest])
            case .failure: table.append(["\(answer.endpoint)", "-", "none"])
            }
        }
        guard areEqual else { return table.text + "THEY DIFFER\n" }
        return table.text + (failures.isEmpty ? "all are equal\n" : "those shown are equal\n")
    }

    package var document: JSONValue {
        [
            "equal": .boolean(areEqual), "complete": .boolean(failures.isEmpty),
            "nodes": .array(
                answers.map { answer in
                    switch answer.digest {
                    case .success(let digest):
                        [
                            "endpoint": .string("\(answer.endpoint)"),
                            "index": .number(mark.index), "digest": .string(digest),
                        ]
                    case .failure(let failure):
                        [
                            "endpoint": .string("\(answer.endpoint)"),
                            "error": .string(failure.text),
                        ]
                    }
                }),
        ]
    }

    /// How the command fails; nil where all nodes have given the same.
    ///
    /// A difference counts for more than a node that is silent.
    package var failure: CommandFailure? {
        let texts = failures.map { "no digest of \($0.endpoint): \($0.failure.text)" }
        guard areEqual else { return CommandFailure(.negative, texts.joined(separator: "\n")) }
        guard let first = failures.first else { return nil }
        return CommandFailure(first.failure.exit, texts.joined(separator: "\n"))
    }
}
