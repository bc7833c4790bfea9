import Node
import Testing

@Suite struct ByteBudgetTests {
    @Test func `nobody is over a bound that is just reached`() {
        var budget = ByteBudget(bound: 10)
        budget.note(1, 4)
        budget.note(2, 6)
        #expect(!budget.isExceeded)
        #expect(budget.largestOverBound == nil)
    }

    @Test func `the largest goes first, the lowest of equals, until the rest fits`() {
        var budget = ByteBudget(bound: 10)
        for (owner, bytes) in [(5, 6), (3, 7), (4, 7), (9, 1)] as [(UInt64, Int)] {
            budget.note(owner, bytes)
        }
        #expect(budget.total == 21)
        #expect(budget.largestOverBound == 3)
        budget.note(3, 0)
        #expect(budget.largestOverBound == 4)
        budget.note(4, 0)
        #expect(budget.total == 7)
        #expect(budget.largestOverBound == nil)
    }

    @Test func `what is noted again counts once`() {
        var budget = ByteBudget(bound: 10)
        for bytes in [3, 9, 5] { budget.note(1, bytes) }
        #expect(budget.total == 5)
    }
}
