import Lockstep
import LockstepCLI
import Testing

@Suite struct ImportTallyTests {
    @Test func `an import that fails half-way tells what is committed`() {
        var tally = ImportTally(packages: 9)
        tally.committed = 4
        #expect(tally.failure == nil)
        tally.cause = CommandFailure(.unavailable, "bash: no node answers")
        #expect(
            tally.failure?.text
                == "bash: no node answers; 4 of 9 packages are committed; run it again to go on, "
                + "which leaves those as they are")
        #expect(tally.failure?.exit == .unavailable)
        #expect(tally.failure?.isOutcomeKnown == true)
    }

    @Test func `packages whose fate is unknown make the outcome unknown`() {
        var tally = ImportTally(packages: 9)
        tally.committed = 4
        tally.unknown = 2
        tally.cause = CommandFailure(.negative, "bash: aborted")
        #expect(
            tally.failure?.text.contains("4 of 9 packages are committed, and 2 more may be") == true
        )
        #expect(tally.failure?.isOutcomeKnown == false)
        #expect(tally.failure?.exit == .negative)
    }
}
