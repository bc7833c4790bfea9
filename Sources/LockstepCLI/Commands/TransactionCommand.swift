import ArgumentParser
import JSON
import Lockstep
import TextOutput
import Wording

/// Submits one transaction from a JSON document.
struct TransactionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "txn",
        abstract: "Submit a transaction given as a JSON document.",
        discussion: TransactionDocument.schema)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions

    @Flag(help: "Read and check the document and the limits, and submit nothing.")
    var check = false

    @Argument(help: "The document's file, or - for the standard input.")
    var file = "-"

    func run() async throws {
        var transaction = try read()
        transaction.wantsChanges = true
        if check {
            try transaction.validate()
            try cluster.show(
                ["steps": .number(transaction.stepCount)],
                text: "the document is right: \(Words.counted(transaction.stepCount, "step"))\n")
            return
        }
        let outcome = try await cluster.withClient { client in
            try await client.submit(transaction)
        }
        try show(outcome)
    }

    private func read() throws -> Transaction {
        let bytes = try Streams.read(file, limitBytes: 16 << 20)
        let name = file == "-" ? "standard input" : file
        do {
            return try TransactionDocument.read(try JSONParser.parse(bytes))
        } catch {
            throw CommandFailure(.malformedInput, "\(name): \(error)")
        }
    }

    private func show(_ outcome: TransactionOutcome) throws {
        switch outcome {
        case .committed(let commit):
            let changes = commit.changes
            try cluster.show(
                [
                    "outcome": "committed", "index": .number(commit.index),
                    "time-ms": changes.map { .number($0.timeMilliseconds) } ?? .null,
                    "changes": .array(changes?.changes.map(\.document) ?? []),
                ],
                text: "committed at index \(commit.index)\n" + (changes?.table ?? ""))
        case .aborted(let abort):
            try cluster.show(
                ["outcome": "aborted", "abort": abort.document],
                text: "aborted at index \(abort.index) (\(abort.code)): "
                    + Table.visible("\(abort)") + "\n")
            throw CommandFailure(.negative, "")
        }
    }
}
