import Identifiers
import Simulation
import Testing

struct DeliveryCheckerTests {
    private static func checker(_ delivered: [UInt64]) -> DeliveryChecker {
        let checker = DeliveryChecker()
        checker.since = LogIndex(4)
        for (place, index) in delivered.enumerated() {
            // Each by a process of its own, as after so many crashes.
            checker.ran(1, start: place, term: Term(2), LogIndex(index), succeeded: true)
        }
        return checker
    }

    private static let history = [3, 5, 6, 7].map {
        ValueModel.Write(index: LogIndex($0), operation: "c1-\($0)")
    }

    @Test
    func `a commit of which no client was told may not be left out`() {
        #expect(
            Self.checker([5, 7]).differences(Self.history) == [
                "6 is committed, and was never delivered to a trigger"
            ])
        #expect(Self.checker([5, 6, 7]).differences(Self.history).isEmpty)
    }

    @Test
    func `what another delivery has passed over is found when it comes later`() {
        #expect(
            Self.checker([5, 7, 6]).violations == ["n1 delivers 6, which 7 has passed over"])
        #expect(Self.checker([5, 6, 5, 6, 7]).violations.isEmpty)
    }

    @Test
    func `what is delivered and not committed is found`() {
        #expect(
            Self.checker([5, 6, 7, 8]).differences(Self.history) == [
                "8 was delivered to a trigger, and no transaction was committed there"
            ])
    }

    @Test
    func `what was trimmed need not be delivered behind a resumption, and the rest must`() {
        let checker = DeliveryChecker()
        checker.since = LogIndex(4)
        checker.firstRetained = { LogIndex(7) }
        for index in 5...8 as ClosedRange<UInt64> { checker.committed(LogIndex(index)) }
        checker.ran(1, start: 1, term: Term(2), LogIndex(5), succeeded: true)
        checker.resumes()
        checker.resumed(through: LogIndex(100))
        #expect(!checker.isComplete)
        checker.ran(1, start: 2, term: Term(2), LogIndex(7), succeeded: true)
        #expect(checker.violations.isEmpty)
        checker.committed(LogIndex(9))
        checker.ran(1, start: 2, term: Term(2), LogIndex(9), succeeded: true)
        #expect(checker.violations == ["n1 delivers 9 before 8 was ever delivered"])
    }
}
