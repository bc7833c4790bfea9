package import JSON
package import Lockstep

/// What each of some nodes answered to one question, or why it did not, in their order.
package struct NodeRound<Answer> {
    package var answers: [(endpoint: Endpoint, answer: Result<Answer, CommandFailure>)] = []

    package init() {}

    /// Asks one node after the other, the others too where one gives no answer; on a terminal `title`
    /// and how many have answered are shown meanwhile.
    ///
    /// Throws what is neither an error of the client nor of a command.
    static func ask(
        _ nodes: [Endpoint], title: String, _ question: (Endpoint) async throws -> Answer
    ) async throws -> NodeRound {
        var round = NodeRound()
        let bar = ProgressReport(title, total: nodes.count)
        defer { bar.finish() }
        for node in nodes {
            bar.update(round.answers.count)
            do {
                round.answers.append((node, .success(try await question(node))))
            } catch {
                guard let failure = CommandFailure(error) else { throw error }
                round.answers.append((node, .failure(failure)))
            }
        }
        return round
    }

    /// The nodes that gave an answer.
    package var successes: [(endpoint: Endpoint, answer: Answer)] {
        answers.compactMap { entry in
            guard case .success(let answer) = entry.answer else { return nil }
            return (entry.endpoint, answer)
        }
    }

    package var isComplete: Bool {
        successes.count == answers.count
    }

    /// One object a node: what `fields` makes of its answer, or its error.
    package func document(_ fields: (Answer) -> [JSONMember]) -> JSONValue {
        .array(
            answers.map { entry in
                let endpoint = JSONMember("endpoint", .string("\(entry.endpoint)"))
                switch entry.answer {
                case .success(let answer): return .object([endpoint] + fields(answer))
                case .failure(let failure):
                    return .object([endpoint, JSONMember("error", .string(failure.text))])
                }
            })
    }

    /// How a command fails whose answers were these; nil if it does not.
    ///
    /// What was found counts for more than a node that is silent, so a finding makes it 1. Else the
    /// first silent node's code is that of the command. All silent nodes are named, each as what
    /// there is none of, such as "no digest of".
    package func failure(hasFinding: Bool, missing: String) -> CommandFailure? {
        var first: CommandFailure?
        var texts: [String] = []
        for entry in answers {
            guard case .failure(let failure) = entry.answer else { continue }
            first = first ?? failure
            texts.append("\(missing) \(entry.endpoint): \(failure.text)")
        }
        let text = texts.joined(separator: "\n")
        if hasFinding { return CommandFailure(.negative, text) }
        return first.map { CommandFailure($0.exit, text) }
    }
}
