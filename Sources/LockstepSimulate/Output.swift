import ArgumentParser
import IOPosix

/// The standard output, whose failure ends the program with a code of its own.
typealias Output = StandardOutput

extension StandardOutput {
    /// Ends what has written to it.
    ///
    /// - Throws: `exitCode` where something could not be written, of which it tells.
    static func finish() throws {
        guard finish(as: "lockstep-simulate") else { throw ExitCode(exitCode) }
    }
}
