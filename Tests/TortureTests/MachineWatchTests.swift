import IOCore
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

    @Test func `a round counts its rest and its sync, from its beginning to its end`() {
        let rounds = Locked(LateRounds())
        let start = ContinuousClock.now
        var now = start
        func withheld() -> Duration { rounds.withLock { $0.withheld(at: now) } }
        LateRounds.round(
            rounds, now: { now },
            rest: {
                now += .milliseconds(450)
                #expect(withheld() == .milliseconds(200))
            },
            sync: {
                now += .milliseconds(800)
                #expect(withheld() == .seconds(1))
            })
        now += .seconds(60)
        #expect(withheld() == .seconds(1))
        LateRounds.round(
            rounds, now: { now }, rest: { now += .milliseconds(20) },
            sync: { now += .milliseconds(50) })
        #expect(withheld() == .seconds(1))
    }
}
