import ArgumentParser
import Glibc
import Histories
import IOPosix

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
              1   it is not, or the history has nothing for a checker, as that of a run of kills
              2   the file cannot be read, or is no history; the text says where
              64  the command line is wrong
              74  the verdict cannot be written
            """)

    /// Such a file has some ten million operations, and takes several times the memory.
    private static let mostBytes = 2 << 30

    @Argument(help: "The file history.jsonl of a run.")
    var history: String
    /// Whose `--json` it is, wherever on the line it stands.
    @ParentCommand var whole: TortureCommand

    func validate() throws {
        if let other = whole.given.first ?? (whole.clean ? "clean" : nil) {
            throw ValidationError("check looks at a file, and goes without --\(other)")
        }
    }

    func run() throws {
        let verdict: HistoryVerdict
        do throws(HistoryFailure) {
            verdict = HistoryVerdict(try HistoryReader.read(try contents()))
        } catch {
            Files.writeError("lockstep-torture: \(history) is no history: \(error)\n")
            throw ExitCode(2)
        }
        StandardOutput.write(whole.json ? verdict.json : verdict.text)
        guard verdict.isClean else { throw ExitCode(1) }
    }

    /// The bytes of the file, whose first line is looked at before the rest is read.
    ///
    /// Ends the program where it cannot be read.
    private func contents() throws(HistoryFailure) -> [UInt8] {
        let bytes = try Files.readBytes(
            history, mostBytes: Self.mostBytes, lookBytes: HistoryReader.Limits().lineBytes
        ) { (bytes) throws(HistoryFailure) in
            try HistoryReader.checkFirstLine(bytes)
        }
        if let bytes { return bytes }
        Files.writeError("lockstep-torture: cannot read \(history): \(Files.words(errno))\n")
        Self.exit(withError: ExitCode(2))
    }
}
