package import JSON
package import Lockstep
package import Properties

/// How a command ends; told in the help.
package enum CommandExit: Int32, Sendable {
    case success = 0
    /// Aborted, refused, not found, or a difference was found.
    case negative = 1
    case unknownOutcome = 2
    case usage = 64
    case malformedInput = 65
    case noInput = 66
    case unavailable = 69
    case software = 70
    case output = 74
    case temporary = 75

    /// The word for it in JSON.
    package var word: String {
        switch self {
        case .success: "success"
        case .negative: "negative"
        case .unknownOutcome: "unknown-outcome"
        case .usage: "usage"
        case .malformedInput: "malformed-input"
        case .noInput: "no-input"
        case .unavailable: "unavailable"
        case .software: "software"
        case .output: "output"
        case .temporary: "temporary"
        }
    }
}

/// Why a command failed: its exit code, and what to tell.
package struct CommandFailure: Error, Sendable, Equatable {
    package let exit: CommandExit
    /// What failed, where, and what to do; empty where everything is told already.
    package let text: String
    /// Whether nothing that was asked for may be in force unseen.
    package let isOutcomeKnown: Bool

    package init(_ exit: CommandExit, _ text: String) {
        self.exit = exit
        self.text = text
        isOutcomeKnown = exit != .unknownOutcome
    }

    /// That things that were named are not there; nil where all are.
    package init?(missing: [String]) {
        guard !missing.isEmpty else { return nil }
        self.init(.negative, missing.map { "there is no \($0)" }.joined(separator: "; "))
    }

    /// That a document lacks dependencies that its services have put at others; nil where none are.
    package init?(untold: [PropertyPath]) {
        guard !untold.isEmpty else { return nil }
        self.init(
            .negative,
            "the document is written, but without "
                + untold.map(\.description).joined(separator: ", ")
                + ": they are no longer what a dependent can say; export those services too")
    }

    /// The same failure of a part of the work, told as that of the whole.
    package func told(as text: String, isOutcomeKnown: Bool) -> CommandFailure {
        CommandFailure(exit: exit, text: text, isOutcomeKnown: isOutcomeKnown)
    }

    private init(exit: CommandExit, text: String, isOutcomeKnown: Bool) {
        self.exit = exit
        self.text = text
        self.isOutcomeKnown = isOutcomeKnown
    }

    /// The failure as a command with `--json` tells it.
    package var document: JSONValue {
        [
            "error": [
                "kind": .string(exit.word), "message": .string(text),
                "outcome-known": .boolean(isOutcomeKnown),
            ]
        ]
    }

    /// What an error of the client library means here; nil for errors of the argument parser.
    init?(_ error: any Error) {
        if let failure = error as? CommandFailure {
            self = failure
        } else if let failure = error as? LockstepError {
            self.init(failure)
        } else {
            return nil
        }
    }

    package init(_ error: LockstepError) {
        isOutcomeKnown = !error.mayHaveExecuted
        exit =
            switch error {
            case .aborted, .historyLost: .negative
            case .unavailable, .refused(.busy, _): .temporary
            case .refused: .negative
            case .outcomeUnknown: .unknownOutcome
            case .sessionLost(_, let maybe):
                maybe ? .unknownOutcome : .negative
            case .timedOut(_, let maybe), .cancelled(let maybe), .closed(let maybe):
                maybe ? .unknownOutcome : .unavailable
            case .unreachable: .unavailable
            case .tooLarge, .invalidArgument, .misuse: .malformedInput
            case .protocolViolation: .software
            }
        switch error {
        case .timedOut(let failure, let maybe) where !maybe:
            text =
                "no node has taken it in time, nothing was executed: \(failure); check --endpoints "
                + "and that a majority of the nodes runs"
        default:
            text = "\(error)"
        }
    }
}
