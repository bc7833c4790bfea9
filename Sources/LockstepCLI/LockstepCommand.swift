import ArgumentParser
import IOPosix
import JSON
import TextOutput
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The command line client of a cluster.
@main
struct LockstepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep",
        abstract: "Work with a Lockstep cluster.",
        discussion: """
            Every command but completion takes --endpoints HOST:PORT,… (or LOCKSTEP_ENDPOINTS; default \
            127.0.0.1:4710), --timeout SECONDS and --json. The leader is found from any node. With \
            --json a failure is one line on standard error: {"error": {"kind": WORD, "message": \
            TEXT, "outcome-known": true or false}}; what is told on standard output, such as an \
            aborted transaction, is not told again.

            EXIT CODES
              0   done
              1   aborted, refused, not found, or a difference was found; no transaction is half done
              2   the outcome is unknown: it may have happened; read the state to learn it
              64  the command line is wrong
              65  the input is malformed (place and reason are told), or too large
              66  the input cannot be read
              69  the cluster cannot be reached or has no leader; the transaction was not executed
              70  an error in this program, or nodes of another version
              74  the output cannot be written, such as by a reader that has gone (| head)
              75  busy or out of room; try later
              130 interrupted (SIGINT); what was under way may have happened

            An import of packages is many transactions: where it fails it tells how many are \
            committed, and goes on when it is run again.
            """,
        version: Release.version,
        subcommands: [
            StatusCommand.self, TransactionCommand.self, GetCommand.self, SetCommand.self,
            ListCommand.self, DeleteCommand.self, SCFCommand.self, ImportCommand.self,
            ExportCommand.self, WatchCommand.self, TriggerCommand.self, MemberCommand.self,
            TransferCommand.self,
            LogCommand.self, SnapshotCommand.self, DigestCommand.self, BenchCommand.self,
            CompletionCommand.self,
        ])

    static func main() async {
        StandardDescriptors.hold()
        // A reader that has gone is a failure of the write, with an exit code of its own.
        _ = signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        var isJSON = CommandLine.arguments.prefix { $0 != "--" }.contains("--json")
        do {
            try ArgumentReading.checkEncoding()
            // The parser would show the help of the command above.
            if words.first == "help", let hint = CommandHints.hint(on: words) {
                throw CommandFailure(.usage, hint)
            }
            var command = try parseAsRoot()
            // What these take as words may look like the option.
            if let taking = command as? SCFSetCommand { isJSON = taking.cluster.json }
            if let taking = command as? SCFAddValueCommand { isJSON = taking.cluster.json }
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard let failure = CommandFailure(error) ?? usage(error, isJSON) ?? unwritten(error)
            else {
                let hint =
                    ArgumentReading.hint(on: Self.message(for: error))
                    ?? (exitCode(for: error) == .validationFailure
                        ? CommandHints.hint(on: words) : nil)
                if let hint {
                    Streams.writeError("lockstep: \(hint)\n")
                }
                Self.exit(withError: error)
            }
            if !failure.text.isEmpty {
                Streams.writeError(
                    isJSON
                        ? failure.document.text + "\n"
                        : Table.visibleLines(failure.text).split(separator: "\n")
                            .map { "lockstep: \($0)\n" }.joined())
            }
            end(failure.exit)
        }
    }

    private static func end(_ status: CommandExit) -> Never {
        #if canImport(Glibc)
            Glibc.exit(status.rawValue)
        #elseif canImport(Musl)
            Musl.exit(status.rawValue)
        #else
            Darwin.exit(status.rawValue)
        #endif
    }
}

extension LockstepCommand {
    /// Ends with the help or the version where that was called for, or tells why it cannot be written.
    ///
    /// The parser would not look. Nil for any other error.
    private static func unwritten(_ error: any Error) -> CommandFailure? {
        guard exitCode(for: error) == .success else { return nil }
        let text = fullMessage(for: error) + "\n"
        guard let failure = Streams.write(Array(text.utf8), to: STDOUT_FILENO) else {
            end(.success)
        }
        return failure
    }

    /// A wrong command line as a failure, where it is to be told in JSON; nil for a call for help.
    private static func usage(_ error: any Error, _ isJSON: Bool) -> CommandFailure? {
        guard isJSON, exitCode(for: error) == .validationFailure else { return nil }
        return CommandFailure(.usage, message(for: error))
    }
}

/// The shells that command lines can be completed in.
package enum CompletingShell: String, CaseIterable, Sendable {
    case bash, zsh, fish

    /// What the shell is to read.
    package var script: String {
        let kind: CompletionShell =
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        return LockstepCommand.completionScript(for: kind) + "\n"
    }
}

extension CompletingShell: ExpressibleByArgument {}

/// Prints the script that completes command lines in a shell.
struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the completion script of a shell.")

    @Argument(help: "bash, zsh or fish.") var shell: CompletingShell

    func run() throws {
        try Streams.write(shell.script)
    }
}
