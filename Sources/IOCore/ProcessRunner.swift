/// Runs programs for the node, such as the receivers of trigger deliveries.
///
/// Every call and callback is on the loop. A simulation answers from a script instead.
package protocol ProcessRunner: AnyObject {
    /// Starts a program without a shell; `done` comes once, in a later turn, also when the program
    /// cannot be started.
    @discardableResult
    func run(
        _ request: ProcessRequest, done: @escaping (ProcessResult) -> Void
    ) -> any RunningProcess
}

/// A program between its start and its result.
package protocol RunningProcess: AnyObject {
    /// Kills it with all it has started; its result follows. One that has ended is left alone.
    func kill()
}

/// What to run, and the bounds it is held to.
package struct ProcessRequest: Sendable {
    /// The absolute path of the program.
    package var executable: String
    /// What the program gets behind its own name.
    package var arguments: [String]
    /// The whole environment; nothing is inherited.
    package var environment: [String: String]
    /// The absolute path of the directory it runs in; nil for the caller's own.
    package var workingDirectory: String?
    /// The bytes of its standard input, which ends behind them.
    package var input: [UInt8]
    /// Bytes kept of each of standard output and standard error; what follows is read and dropped.
    package var outputBoundBytes: Int
    /// After this time it is killed with all it has started.
    package var timeoutMilliseconds: UInt64

    package init(
        executable: String, arguments: [String] = [], environment: [String: String] = [:],
        workingDirectory: String? = nil, input: [UInt8] = [], outputBoundBytes: Int = 64 << 10,
        timeoutMilliseconds: UInt64
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.input = input
        self.outputBoundBytes = outputBoundBytes
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

/// How a program ended, and what it said.
package struct ProcessResult: Sendable, Equatable {
    package enum Ending: Sendable, Equatable, CustomStringConvertible {
        /// It returned this status, in `[0, 255]`.
        case exited(Int)
        /// This signal ended it.
        case signalled(Int)
        /// It was killed because its time was over.
        case timedOut(afterMilliseconds: UInt64)
        /// It never ran.
        case notStarted(String)

        package var description: String {
            switch self {
            case .exited(let status): "exited with status \(status)"
            case .signalled(let signal): "was ended by signal \(signal)"
            case .timedOut(let milliseconds): "was killed after \(milliseconds) ms"
            case .notStarted(let reason): "could not be started: \(reason)"
            }
        }
    }

    package var ending: Ending
    package var output: [UInt8]
    package var errorOutput: [UInt8]
    /// Whether either output was longer than the bound.
    package var outputWasCut: Bool

    package init(
        ending: Ending, output: [UInt8] = [], errorOutput: [UInt8] = [], outputWasCut: Bool = false
    ) {
        self.ending = ending
        self.output = output
        self.errorOutput = errorOutput
        self.outputWasCut = outputWasCut
    }

    /// Whether the program ran to its end and returned 0.
    package var succeeded: Bool {
        ending == .exited(0)
    }
}
