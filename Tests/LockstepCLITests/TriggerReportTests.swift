import JSON
import Lockstep
import LockstepCLI
import Testing

@Suite struct TriggerReportTests {
    private let guardian = RegisteredTrigger(
        trigger: Trigger(
            name: "keep",
            action: .beforeCommit([
                .init(.noDeletion(keyPrefix: "svc:/web"), message: "no"),
                .init(.mostChanges(9), message: "too many"),
            ])),
        deliveredThrough: 0, suspension: nil)
    private let teller = RegisteredTrigger(
        trigger: Trigger(
            name: "tell", action: .afterCommit(program: "tell.sh", arguments: []),
            attemptLimit: 3),
        deliveredThrough: 6, suspension: nil)

    private func fields(_ report: TriggerReport, _ place: Int) -> JSONValue? {
        guard case .array(let rows) = report.document else { return nil }
        return rows[place]
    }

    @Test func `a failing trigger is shown as the leader sees it`() {
        let live = TriggerStatus(
            name: "tell", deliveredThrough: 24, lagRecords: 3, state: .failing("it exited with 1"))
        let report = TriggerReport([guardian, teller], leader: [live])
        let lines = report.text.split(separator: "\n")
        #expect(lines[1].hasSuffix("-    -  in-force"), "\(report.text)")
        #expect(lines[2].hasSuffix("24    3  failing: it exited with 1"), "\(report.text)")
        #expect(fields(report, 1)?["delivered-through"] == .number(24))
        #expect(fields(report, 1)?["lag-records"] == .number(3))
        #expect(fields(report, 1)?["state"] == .string("failing"))
        #expect(fields(report, 1)?["reason"] == .string("it exited with 1"))
        #expect(fields(report, 1)?["attempts"] == .number(3))
    }

    @Test func `without a leader what is replicated is shown, and no trigger is called running`() {
        let report = TriggerReport([teller], leader: nil)
        #expect(fields(report, 0)?["state"] == .string("unknown"))
        #expect(fields(report, 0)?["delivered-through"] == .number(6))
        let stopped = RegisteredTrigger(
            trigger: teller.trigger, deliveredThrough: 6, suspension: "3 runs failed")
        #expect(TriggerReport([stopped], leader: nil).text.contains("suspended: 3 runs failed"))
    }

    @Test func `conditions are told by the options that make them`() {
        let report = TriggerReport([guardian], leader: nil)
        #expect(
            fields(report, 0)?["conditions"]?.text
                == #"[{"demand":{"forbid-deletion":"svc:/web"},"message":"no"},"#
                + #"{"demand":{"most-changes":9},"message":"too many"}]"#)
    }
}
