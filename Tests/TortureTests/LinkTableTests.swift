import Testing
import Torture

@Suite struct LinkTableTests {
    private let there = Link(from: 1, to: 2)
    private let back = Link(from: 2, to: 1)

    private func condition(_ change: (inout LinkCondition) -> Void) -> LinkCondition {
        var condition = LinkCondition()
        change(&condition)
        return condition
    }

    @Test func `packets pass at once where nothing is wrong`() {
        var table = LinkTable(seed: 1)
        #expect(table.route(there, now: 7) == [7])
        #expect(table.counts.passed == 1)
    }

    @Test func `a cut is of one direction, and ends`() {
        var table = LinkTable(seed: 1)
        table.apply([there: .cut], fault: 3)
        #expect(table.route(there, now: 7).isEmpty)
        #expect(table.route(back, now: 7) == [7])
        table.heal(fault: 3)
        #expect(table.route(there, now: 8) == [8])
        #expect(table.counts.dropped == 1)
    }

    @Test func `two faults on one link add up, and end one by one`() {
        var table = LinkTable(seed: 1)
        table.apply([there: condition { $0.delayMilliseconds = 10 }], fault: 1)
        table.apply([there: condition { $0.delayMilliseconds = 5 }], fault: 2)
        #expect(table.route(there, now: 100) == [115])
        table.heal(fault: 1)
        #expect(table.route(there, now: 200) == [205])
        table.apply([there: .cut], fault: 4)
        #expect(table.route(there, now: 300).isEmpty)
    }

    @Test func `jitter overtakes only where packets may`() {
        for mayReorder in [false, true] {
            var table = LinkTable(seed: 5)
            let jitter = condition {
                $0.jitterMilliseconds = 100
                $0.mayReorder = mayReorder
            }
            table.apply([there: jitter], fault: 1)
            let due = (0..<50).flatMap { table.route(there, now: $0) }
            #expect(due.count == 50)
            #expect((due == due.sorted()) == !mayReorder)
        }
    }

    @Test func `about as many packets are lost and doubled as was asked for`() {
        var table = LinkTable(seed: 11)
        let bad = condition {
            $0.lossPermille = 250
            $0.duplicationPermille = 100
        }
        table.apply([there: bad], fault: 1)
        for now in 0..<10_000 { _ = table.route(there, now: UInt64(now)) }
        #expect((2_300...2_700).contains(table.counts.dropped))
        #expect((600...900).contains(table.counts.duplicated))
    }
}
