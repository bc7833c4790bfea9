import ArgumentParser
import LockstepSimulate
import Simulation
import Testing

struct ReportTests {
    private static var verdict: Verdict {
        Verdict(seed: 5, schedule: Schedule(seed: 5, hosts: 3, milliseconds: 20_000))
    }

    @Test(arguments: ["", "--at-least 2"])
    func `fewer runs than were asked for are not enough`(options: String) throws {
        let command = try SimulateCommand.parse(
            ["--seeds", "3"] + options.split(separator: " ").map(String.init))
        var summary = Summary()
        summary.add(Self.verdict, RunSettings())
        summary.add(Self.verdict, RunSettings())
        let complaints = command.complaints(of: summary, asked: 3)
        #expect(complaints.isEmpty == !options.isEmpty, "\(complaints)")
    }

    @Test
    func `a quiet run cannot pass the gate`() throws {
        let command = try SimulateCommand.parse(["--seeds", "1", "--coverage"])
        var settings = RunSettings()
        settings.faultMilliseconds = 1_000
        let verdict = SimulatedRun(seed: 5, settings: settings, only: []).run()
        #expect(verdict.violations.isEmpty, "seed 5")
        var summary = Summary()
        summary.add(verdict, settings)
        let complaints = command.complaints(of: summary, asked: 1)
        let missed = try #require(complaints.first { $0.hasPrefix("never met: ") })
        for kind in Fault.kinds + ["repairs", "sessions expired"] {
            #expect(missed.contains(kind))
        }
        #expect(!missed.contains("elections"))
    }

    @Test
    func `one object has what all runs came to`() {
        var failed = Self.verdict
        failed.violations = ["n1 has lost 17"]
        var summary = Summary()
        summary.add(failed, RunSettings())
        var report = RangeReport(first: 5, asked: 1, summary: summary)
        report.complaints = ["too slow: 1 faults a core-minute, and 2 is the floor"]
        report.shortest = "lockstep-simulate --seed 5 --only none"
        let text = Report.json(report)
        let start = #"{"summary":{"passed":false,"first":5,"asked":1,"runs":1,"failed":[5]"#
        #expect(text.hasPrefix(start), "\(text)")
        #expect(text.contains(#""shortest":"lockstep-simulate --seed 5 --only none""#))
        #expect(text.contains(#""node-seconds":"#) && text.contains(#","core-seconds":"#))
        #expect(Report.json(failed, command: "").contains(#""schedule":[{"number":0,"at-ms":"#))
    }

    @Test
    func `two runs of one seed are told apart by their options`() {
        var lying = RunSettings()
        lying.disksLie = true
        var failed = Self.verdict
        failed.violations = ["n1 has lost 17"]
        var summary = Summary()
        summary.add(Self.verdict, RunSettings())
        summary.add(failed, lying)
        let line = "lockstep-simulate --seed 5 --disks-lie"
        let report = RangeReport(first: 5, asked: 2, summary: summary)
        #expect(Report.text(report).hasSuffix("\nfailed: 5: \(line)"))
        #expect(Report.json(report).contains(#""failed":[5],"failed-commands":["\#(line)"]"#))
        #expect(Report.text(failed, command: line).contains("\n  run: \(line)\n"))
        #expect(Report.json(failed, command: line).contains(#""command":"\#(line)""#))
    }
}
