import Testing
import Torture

@Suite struct MachineWatchTests {
    @Test func `what holds a round up is withheld, while it lasts and behind it`() {
        let start = ContinuousClock.now
        var rounds = LateRounds()
        #expect(rounds.withheld(at: start) == .zero)
        rounds.begin(at: start)
        #expect(rounds.withheld(at: start + .milliseconds(250)) == .zero)
        #expect(rounds.withheld(at: start + .milliseconds(1_250)) == .seconds(1))
        rounds.end(at: start + .milliseconds(2_250))
        #expect(rounds.withheld(at: start + .seconds(9)) == .seconds(2))
        rounds.begin(at: start + .seconds(9))
        rounds.end(at: start + .milliseconds(9_100))
        #expect(rounds.withheld(at: start + .seconds(20)) == .seconds(2))
        rounds.begin(at: start + .seconds(20))
        #expect(rounds.withheld(at: start + .milliseconds(20_350)) == .milliseconds(2_100))
    }
}
