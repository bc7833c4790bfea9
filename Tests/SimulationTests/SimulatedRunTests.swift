import Simulation
import Testing

struct SimulatedRunTests {
    private static var short: RunSettings {
        var settings = RunSettings()
        settings.faultMilliseconds = 4_000
        return settings
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func `a cluster under faults comes to one state with all that was acknowledged`(seed: UInt64) {
        let verdict = SimulatedRun(seed: seed, settings: Self.short).run()
        #expect(verdict.violations.isEmpty, "seed \(seed)")
        #expect(verdict.counts.committed > 50, "seed \(seed)")
        #expect(verdict.coverage["trigger deliveries"] > 50, "seed \(seed)")
    }

    @Test
    func `the same seed gives the same timeline`() {
        let first = SimulatedRun(seed: 21, settings: Self.short, keepsTrace: true).run()
        let second = SimulatedRun(seed: 21, settings: Self.short).run()
        #expect(first.traceLines.count > 100)
        #expect(second.traceLines.isEmpty)
        #expect(first.traceDigest == second.traceDigest)
        #expect(first.steps == second.steps)
    }

    @Test(arguments: [1, 2])
    func `a cluster of few nodes gets on as well`(nodes: Int) {
        var settings = Self.short
        settings.founders = nodes
        let verdict = SimulatedRun(seed: 51, settings: settings).run()
        #expect(verdict.violations.isEmpty, "seed 51")
        #expect(verdict.counts.committed > 20, "seed 51")
    }

    @Test
    func `a run that does not end is one that must not be`() {
        var settings = Self.short
        settings.steps = 5_000
        let verdict = SimulatedRun(seed: 12, settings: settings).run()
        #expect(verdict.steps == 5_000)
        #expect(verdict.violations.first?.contains("the run does not end: 5000 steps") == true)
    }

    @Test
    func `the timeline tells when each fault begins, by its number, and when all are over`() {
        let verdict = SimulatedRun(seed: 21, settings: Self.short, keepsTrace: true).run()
        let numbers = verdict.traceLines.compactMap { line -> Int? in
            let words = line.split(separator: " ")
            guard words.count > 4, words[1] == "s", words[2] == "fault", words[4] == "begins:"
            else { return nil }
            return Int(words[3])
        }
        #expect(numbers.count > 1, "seed 21")
        #expect(Set(numbers).isSubset(of: verdict.schedule.entries.map(\.number)), "seed 21")
        #expect(verdict.traceLines.contains { $0.hasSuffix("faults are over: healing begins") })
    }

    @Test
    func `a violation is in the timeline, with its time`() throws {
        var settings = RunSettings()
        settings.disksLie = true
        let verdict = SimulatedRun(seed: 41, settings: settings, keepsTrace: true).run()
        let violation = try #require(verdict.violations.first)
        #expect(
            verdict.traceLines.contains { $0.contains(" s VIOLATION ") && $0.hasSuffix(violation) })
    }

    @Test
    func `a fault is told in plain words`() {
        let schedule = Schedule(seed: 5, hosts: 3, milliseconds: 200_000)
        for entry in schedule.entries {
            #expect(!"\(entry.fault)".contains("("), "\(entry.fault)")
            #expect(!"\(entry.fault)".contains("Simulation"), "\(entry.fault)")
        }
        let cut = Fault.partition([1], milliseconds: 300)
        #expect("\(cut)" == "partition of n1 from all others for 300 ms")
    }

    @Test
    func `another seed gives another timeline`() {
        let first = SimulatedRun(seed: 31, settings: Self.short).run()
        let second = SimulatedRun(seed: 32, settings: Self.short).run()
        #expect(first.traceDigest != second.traceDigest)
    }

    @Test(arguments: [41, 42] as [UInt64])
    func `disks that lie about syncs are found out by what is lost`(seed: UInt64) {
        var settings = RunSettings()
        settings.disksLie = true
        let verdict = SimulatedRun(seed: seed, settings: settings).run()
        let reasons = [
            "on disk and starts with", "has led in term", "refuses its data",
            "log that cannot be opened",
        ]
        #expect(
            verdict.violations.first.map { first in reasons.contains { first.contains($0) } }
                == true,
            "seed \(seed): \(verdict.violations.first ?? "nothing was found")")
    }

    @Test
    func `a schedule keeps the faults that are asked for, unchanged`() {
        let whole = Schedule(seed: 5, hosts: 3, milliseconds: 20_000)
        let part = whole.keeping([1, 3])
        #expect(part.entries == [whole.entries[1], whole.entries[3]])
    }
}
