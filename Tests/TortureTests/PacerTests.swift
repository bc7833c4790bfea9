import Testing
import Torture

@Suite struct PacerTests {
    @Test func `turns are apart, whoever takes them`() async {
        let pacer = Pacer(operationsPerSecond: 500)
        let start = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<10 { await pacer.turn() } }
            }
        }
        // The first has no wait; a slow machine only makes it longer.
        #expect(ContinuousClock.now - start >= .milliseconds(2) * 39)
    }

    @Test func `a cancelled task has its turn at once`() async {
        let pacer = Pacer(operationsPerSecond: 1)
        await pacer.turn()
        let start = ContinuousClock.now
        let waiting = Task { for _ in 0..<3_600 { await pacer.turn() } }
        waiting.cancel()
        await waiting.value
        #expect(ContinuousClock.now - start < .seconds(3_600))
    }
}
