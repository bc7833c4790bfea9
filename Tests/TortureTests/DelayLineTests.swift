import Identifiers
import Testing
import Torture

@Suite struct DelayLineTests {
    @Test func `packets come out by their time, and in order at one time`() {
        var line = DelayLine<String>()
        for (packet, due) in [("c", 9), ("a", 3), ("b", 3), ("d", 12)] as [(String, UInt64)] {
            line.insert(packet, due: due)
        }
        #expect(line.nextDue == 3)
        #expect(line.take(by: 2) == nil)
        #expect(line.take(by: 10) == "a")
        #expect(line.take(by: 10) == "b")
        #expect(line.take(by: 10) == "c")
        #expect(line.take(by: 10) == nil)
        #expect(line.count == 1)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `any order goes in, the order of time comes out`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var line = DelayLine<UInt64>()
        let times = (0..<200).map { _ in UInt64.random(in: 0..<50, using: &generator) }
        for time in times { line.insert(time, due: time) }
        var out: [UInt64] = []
        while let next = line.take(by: .max) { out.append(next) }
        #expect(out == times.sorted(), "seed \(seed)")
    }
}
