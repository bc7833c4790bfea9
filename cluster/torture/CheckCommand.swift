import ArgumentParser
import Histories

/// Looks again at a history that a run has kept.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a history that was kept, with the checkers of the workloads in it.",
        discussion: """
            PROVED: what the clients of the history were told is as their checkers demand.

            With --json the verdict is JSON.

            NOT PROVED: what is no part of a history: the ledger of writes, the digests of the nodes, \
            and whether faults met something.

            EXIT CODES
              0   the verdict is clean
              1   it is not
              2   the file cannot be read, or is no history; the text says where
              64  the command line is wrong
            """)

    @Argument(help: "The file history.jsonl of a run.")
    var history: String
    /// Whose `--json` it is, wherever on the line it stands.
    @ParentCommand var whole: TortureCommand

    func run() throws {
        guard let text = Files.read(history) else {
            Files.writeError("lockstep-torture: cannot read \(history)\n")
            throw ExitCode(2)
        }
        let verdict: HistoryVerdict
        do throws(HistoryFailure) {
            verdict = HistoryVerdict(try HistoryReader.read(Array(text.utf8)))
        } catch {
            Files.writeError("lockstep-torture: \(history) is no history: \(error)\n")
            throw ExitCode(2)
        }
        print(whole.json ? verdict.json : verdict.text)
        guard verdict.isClean else { throw ExitCode(1) }
    }
}
