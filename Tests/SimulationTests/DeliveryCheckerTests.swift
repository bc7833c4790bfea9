import Identifiers
import Simulation
import Testing
import Triggers

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

    private static let history = [3, 5, 6, 7].map { LogIndex($0) }

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
    func `what nobody was told of may be delivered where a watch was not told, and only there`() {
        let checker = Self.checker([5, 6, 7, 8, 9])
        let lost = [LogIndex(6)..<LogIndex(7), LogIndex(9)..<LogIndex(11)]
        #expect(
            checker.differences([Self.history[1], Self.history[3]], but: lost) == [
                "8 was delivered to a trigger, and no transaction was committed there"
            ])
    }

    /// The leader of term 2 has come to a state that says this, and its runner to `runner`.
    private static func leads(
        _ checker: DeliveryChecker, delivered: UInt64, isSuspended: Bool = false,
        accepted: UInt64 = 0, retained: UInt64, runner: UInt64? = nil
    ) {
        checker.leads(
            term: Term(2), deliveredThrough: LogIndex(delivered),
            isSuspended: isSuspended, gapAcceptedThrough: LogIndex(accepted),
            firstRetained: LogIndex(retained), runnerThrough: runner.map { LogIndex($0) })
    }

    /// A checker whose clients know of 5 to 12, of which one leader has delivered these.
    private static func told(_ delivered: [UInt64]) -> DeliveryChecker {
        let checker = DeliveryChecker()
        checker.since = LogIndex(4)
        for index in 5...12 as ClosedRange<UInt64> { checker.ended(LogIndex(index)) }
        run(checker, delivered)
        return checker
    }

    private static func run(_ checker: DeliveryChecker, _ indices: [UInt64]) {
        for index in indices {
            checker.ran(1, start: 1, term: Term(2), LogIndex(index), succeeded: true)
        }
    }

    private static let all = (5...12 as ClosedRange<UInt64>).map {
        LogIndex($0)
    }

    @Test
    func `what was trimmed need not be delivered behind a resumption, and the rest must`() {
        let checker = Self.told([5])
        Self.leads(checker, delivered: 5, isSuspended: true, retained: 7)
        Self.leads(checker, delivered: 5, accepted: 100, retained: 7)
        #expect(!checker.isComplete)
        #expect(checker.gapsAccepted == 1)
        Self.run(checker, [7, 8, 9, 11])
        #expect(checker.violations == ["n1 delivers 11 before 10 was ever delivered"])
        Self.run(checker, [12])
        #expect(
            checker.differences(Self.all) == [
                "10 is committed, and was never delivered to a trigger"
            ])
    }

    @Test
    func `nothing is excused for a trigger that is suspended, which must go on in the end`() {
        let checker = Self.told([5])
        Self.leads(checker, delivered: 5, isSuspended: true, retained: 7)
        #expect(checker.gapsAccepted == 0)
        #expect(checker.differences(Self.all).contains { $0.hasPrefix("6 ") })
        Self.run(checker, [7])
        #expect(checker.violations == ["n1 delivers 7 before 6 was ever delivered"])
        let other = Self.told(Array(5...12))
        #expect(other.isComplete)
        Self.leads(other, delivered: 12, isSuspended: true, retained: 14)
        #expect(!other.isComplete)
        // One that led before does not know of it any more.
        other.leads(
            term: Term(1), deliveredThrough: LogIndex(12), isSuspended: false,
            gapAcceptedThrough: .zero, firstRetained: LogIndex(1), runnerThrough: nil)
        #expect(!other.isComplete)
        Self.leads(other, delivered: 12, accepted: 20, retained: 14)
        #expect(other.isComplete)
    }

    @Test(arguments: [nil, "why"] as [String?])
    func `a trigger that is suspended or gone in the end is found`(suspension: String?) {
        let trigger = RegisteredTrigger(
            definition: TriggerDefinition(name: "audit", kind: .postCommit),
            deliveredThrough: LogIndex(12), suspension: suspension)
        #expect(
            DeliveryChecker.objections(inTheEnd: trigger)
                == (suspension == nil ? [] : ["the trigger is suspended in the end: why"]))
        #expect(
            DeliveryChecker.objections(inTheEnd: nil) == ["the trigger is gone in the end"])
    }

    @Test
    func `a gap that is accepted later excuses nothing that was passed over before`() {
        let checker = DeliveryChecker()
        checker.since = LogIndex(4)
        // 6 is retained when it is passed over, and nobody is told of it before it is trimmed.
        Self.run(checker, [5, 7])
        Self.leads(checker, delivered: 5, accepted: 100, retained: 7)
        Self.leads(checker, delivered: 7, accepted: 100, retained: 10)
        Self.run(checker, [10, 11, 12])
        #expect(
            checker.differences(Self.all) == [
                "6 is committed, and was never delivered to a trigger"
            ])
    }

    @Test
    func `a gap from an old cursor on excuses nothing that a former leader has passed over`() {
        let checker = DeliveryChecker()
        checker.since = LogIndex(4)
        Self.run(checker, [5, 7, 8])
        // The next leader knows of 5 alone.
        checker.leads(
            term: Term(3), deliveredThrough: LogIndex(5), isSuspended: false,
            gapAcceptedThrough: LogIndex(100), firstRetained: LogIndex(10), runnerThrough: nil)
        for index in [10, 11, 12] as [UInt64] {
            checker.ran(2, start: 1, term: Term(3), LogIndex(index), succeeded: true)
        }
        #expect(checker.violations.isEmpty)
        #expect(
            checker.differences(Self.all) == [
                "6 is committed, and was never delivered to a trigger"
            ])
    }

    @Test
    func `what a runner was behind before a gap was accepted is not excused by it`() {
        let checker = DeliveryChecker()
        checker.since = LogIndex(4)
        Self.run(checker, [5])
        Self.leads(checker, delivered: 5, accepted: 100, retained: 1, runner: 6)
        // Here it has passed over up to 9 already, as it may.
        Self.leads(checker, delivered: 5, accepted: 100, retained: 10, runner: 9)
        Self.run(checker, [10, 11, 12])
        #expect(
            checker.differences(Self.all) == [
                "6 is committed, and was never delivered to a trigger"
            ])
    }

    @Test
    func `a resumption accepts no gap behind its own record`() {
        let checker = Self.told([5])
        Self.leads(checker, delivered: 5, accepted: 8, retained: 8)
        Self.leads(checker, delivered: 5, accepted: 8, retained: 11)
        #expect(checker.gapsAccepted == 1)
        Self.run(checker, [11, 12])
        #expect(checker.violations.first == "n1 delivers 11 before 9 was ever delivered")
        #expect(checker.differences(Self.all).map { $0.prefix(2) } == ["9 ", "10"])
    }
}
