import ArgumentParser
import LockstepSimulate
import Simulation
import Testing

/// That a failure can be had again by the command that is printed for it.
struct ReplayTests {
    /// What `line` asks for, as the shell would hand it over.
    private static func parsed(_ line: String) throws -> SimulateCommand {
        let words = line.split(separator: " ").dropFirst().map(String.init)
        return try SimulateCommand.parse(words + ["--quiet"])
    }

    @Test(arguments: [44, 45] as [UInt64])
    func `the printed command fails as the run did`(seed: UInt64) throws {
        var settings = RunSettings()
        settings.faultMilliseconds = 10_000
        settings.disksLie = true
        let verdict = SimulatedRun(seed: seed, settings: settings).run()
        let kept = verdict.schedule.entries.map(\.number)
        let line = ReplayLine.text(seed, settings, only: kept)
        let again = try Self.parsed(line).verdict(of: seed)
        #expect(!verdict.passed)
        #expect(again.violations == verdict.violations, "\(line)")
        #expect(again.traceDigest == verdict.traceDigest, "\(line)")
    }

    @Test
    func `every setting that is not the usual one is in the command`() throws {
        var settings = RunSettings()
        #expect(ReplayLine.text(7, settings) == "lockstep-simulate --seed 7")
        settings.faultMilliseconds = 4_000
        settings.founders = 5
        settings.disksLie = true
        settings.thinkMilliseconds = 300
        settings.isCalm = true
        let line = ReplayLine.text(7, settings, only: [])
        #expect(
            line == "lockstep-simulate --seed 7 --fault-seconds 4 --nodes 5 "
                + "--think-milliseconds 300 --calm --disks-lie --only none"
        )
        let command = try Self.parsed(line)
        #expect(command.settings.faultMilliseconds == 4_000)
        #expect(command.settings.founders == 5)
        #expect(command.settings.disksLie)
        #expect(command.settings.thinkMilliseconds == 300)
        #expect(command.settings.isCalm)
        #expect(try command.onlyNumbers == [])
    }

    @Test(arguments: [
        "--seed 7 --coverage", "--seed 7 --floor-faults 1", "--seed 7 --bound-seconds 9",
        "--seed 7 --seeds 2", "--seed 7 --only 999", "--seed 7 --only x", "--only 1",
        "--quiet", "--parallel 65", "--seed 7 --calm --only 1", "--calm --coverage",
        "--fault-seconds 4000", "--think-milliseconds 0", "--first 18446744073709551615 --seeds 2",
    ])
    func `options that do not go together are refused`(line: String) {
        #expect(throws: (any Error).self) {
            try SimulateCommand.parse(line.split(separator: " ").map(String.init))
        }
    }

    @Test
    func `a trap names the run that ran into it`() async throws {
        let result = try await #require(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) {
            UnderWay.install()
            UnderWay.begins("lockstep-simulate --seed 7", place: 0)
            preconditionFailure("planted")
        }
        let errors = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(errors.contains("under way: lockstep-simulate --seed 7\n"))
    }
}
