import Client
import Identifiers
import SCF
import Testing
import Wire

struct AttemptsTests {
    private let unsent = CallFailure.sessionLost(acknowledgedThrough: .zero, mayHaveExecuted: false)
    private let perhaps = CallFailure.sessionLost(acknowledgedThrough: .zero, mayHaveExecuted: true)

    @Test func `what was refused for now is tried again after ever longer pauses`() {
        var now = MonotonicTime.zero
        var attempts = Attempts(until: now.advanced(milliseconds: 5_000))
        var pauses: [UInt64] = []
        while let pause = attempts.pause(
            after: .refused(.busy, "full"), isQuestion: false, at: now)
        {
            pauses.append(pause)
            now = now.advanced(milliseconds: pause)
        }
        #expect(pauses == [20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000])
    }

    @Test func `what may have happened is told at once, and a question asked again`() {
        func pause(_ failure: CallFailure, isQuestion: Bool) -> UInt64? {
            var attempts = Attempts(until: MonotonicTime.zero.advanced(milliseconds: 5_000))
            return attempts.pause(after: failure, isQuestion: isQuestion, at: .zero)
        }
        #expect(pause(unsent, isQuestion: false) == 20)
        #expect(pause(perhaps, isQuestion: false) == nil)
        #expect(pause(perhaps, isQuestion: true) == 20)
        #expect(pause(.outcomeUnknown("gone"), isQuestion: false) == nil)
        #expect(pause(.outcomeUnknown("gone"), isQuestion: true) == 20)
        for told: CallFailure in [
            .refused(.wrongState, ""), .refused(.invalidArgument, ""), .tooLarge(""),
            .timedOut(lastFailure: "", mayHaveExecuted: false), .protocolViolation(""),
        ] {
            #expect(pause(told, isQuestion: true) == nil)
        }
    }

    @Test func `what the process lacks is waited for a second at the most`() {
        var now = MonotonicTime.zero
        var attempts = Attempts(until: now.advanced(milliseconds: 5_000))
        var pauses: [UInt64] = []
        while let pause = attempts.pause(
            after: .unavailable("no descriptor"), isQuestion: false, at: now)
        {
            pauses.append(pause)
            now = now.advanced(milliseconds: pause)
        }
        #expect(pauses == [20, 40, 80, 160, 320, 380])
    }
}
