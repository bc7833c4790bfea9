import JSON
import Lockstep
import LockstepCLI
import Testing

@Suite struct CommandFailureTests {
    @Test func `everything that is missing is told`() {
        #expect(CommandFailure(missing: []) == nil)
        #expect(
            CommandFailure(missing: ["a", "b*"])
                == CommandFailure(.negative, "there is no a; there is no b*"))
    }

    @Test(
        arguments: [
            (.outcomeUnknown("x"), .unknownOutcome),
            (.timedOut(lastFailure: "x", mayHaveExecuted: true), .unknownOutcome),
            (.timedOut(lastFailure: "x", mayHaveExecuted: false), .unavailable),
            (.unreachable(Endpoint(host: "127.0.0.1", port: 1), "x"), .unavailable),
            (.unavailable("x"), .temporary),
            (.refused(.busy, "x"), .temporary),
            (.refused(.notFound, "x"), .negative),
            (.historyLost(firstRetained: 7), .negative),
            (.tooLarge("x"), .malformedInput),
            (.protocolViolation("x"), .software),
        ] as [(LockstepError, CommandExit)])
    func `an error that may have executed never looks like one that has not`(
        error: LockstepError, exit: CommandExit
    ) {
        #expect(CommandFailure(error).exit == exit)
        #expect(!CommandFailure(error).text.isEmpty)
    }

    @Test func `a failure in JSON says whether the outcome is known`() {
        func document(_ error: LockstepError) -> String {
            CommandFailure(error).document.text
        }
        #expect(
            document(.tooLarge("x"))
                == #"{"error":{"kind":"malformed-input","message":"too large: x","outcome-known":true}}"#
        )
        #expect(document(.protocolViolation("x")).hasSuffix(#""outcome-known":false}}"#))
        #expect(
            CommandFailure(.unknownOutcome, "x").document.text
                == #"{"error":{"kind":"unknown-outcome","message":"x","outcome-known":false}}"#)
    }

    @Test func `a number that is taken for an option is told where to be put`() {
        #expect(
            ArgumentReading.hint(on: "Unknown option '-5'")
                == "a value that begins with - is given behind --, such as: -- -5")
        #expect(ArgumentReading.hint(on: "Unknown option '--five'") == nil)
        #expect(ArgumentReading.hint(on: "Missing expected argument '<value>'") == nil)
    }

    @Test func `a refusal has no number of a step that nobody wrote`() {
        let failure = RepositoryFailure(
            .aborted(TransactionAbort(index: 1, step: 3, code: .vetoed, message: "too many")))
        #expect(failure.command == CommandFailure(.negative, "the cluster refuses it: too many"))
    }

    @Test func `a time-out tells what to check`() {
        let failure = CommandFailure(
            LockstepError.timedOut(lastFailure: "refused", mayHaveExecuted: false))
        #expect(
            failure.text
                == "no node has taken it in time, nothing was executed: refused; check --endpoints and"
                + " that a majority of the nodes runs")
    }
}
