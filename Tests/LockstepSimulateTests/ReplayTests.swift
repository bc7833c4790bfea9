import ArgumentParser
import Glibc
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
        let line = ReplayLine.text(7, settings, only: [])
        #expect(
            line == "lockstep-simulate --seed 7 --fault-seconds 4 --nodes 5 "
                + "--think-milliseconds 300 --disks-lie --only none"
        )
        let command = try Self.parsed(line)
        #expect(command.settings.faultMilliseconds == 4_000)
        #expect(command.settings.founders == 5)
        #expect(command.settings.disksLie)
        #expect(command.settings.thinkMilliseconds == 300)
        #expect(try command.onlyNumbers == [])
        settings.disksLie = false
        settings.isCalm = true
        #expect(try Self.parsed(ReplayLine.text(7, settings)).settings.isCalm)
    }

    @Test(arguments: [
        "--seed 7 --coverage", "--seed 7 --floor-faults 1", "--seed 7 --bound-seconds 9",
        "--seed 7 --seeds 2", "--seed 7 --only 999", "--seed 7 --only x", "--only 1",
        "--quiet", "--parallel 65", "--seed 7 --calm --only 1", "--calm --coverage",
        "--calm --disks-lie", "--seed 7 --only ,", "--seed 7 --only 1,1", "--seed 7 --only 1,",
        "--fault-seconds 4000", "--think-milliseconds 0",
        "--seed 7 --shrink-seconds 3", "--shrink-seconds=-1", "--floor-faults=-1", "--nodes 8",
        "--first 18446744073709551615 --seeds 2",
    ])
    func `options that do not go together are refused`(line: String) {
        #expect(throws: (any Error).self) {
            try SimulateCommand.parse(line.split(separator: " ").map(String.init))
        }
    }

    @Test(arguments: [
        ("--nodes 8", "--nodes must be 1 to 7"), ("--seeds 0", "--seeds must be 1 to 2147483647"),
        ("--shrink-seconds=-1", "--shrink-seconds must be 0 to"),
        ("--floor-faults=-1", "--floor-faults must be 0 to"),
        ("--think-milliseconds 4", "--think-milliseconds must be 5 to 10000"),
    ])
    func `a number out of its range is told with it`(line: String, reason: String) {
        let error = #expect(throws: (any Error).self) {
            try SimulateCommand.parse(line.split(separator: " ").map(String.init))
        }
        #expect(error.map { SimulateCommand.message(for: $0).contains(reason) } ?? false)
    }

    @Test
    func `output that is not taken is an error`() async {
        await #expect(processExitsWith: .exitCode(74)) {
            let full = unsafe open("/dev/full", O_WRONLY)
            try #require(dup2(full, STDOUT_FILENO) == STDOUT_FILENO)
            SimulateCommand.main(["--seed", "7", "--fault-seconds", "1", "--quiet"])
        }
        await #expect(processExitsWith: .exitCode(74)) {
            let full = unsafe open("/dev/full", O_WRONLY)
            try #require(dup2(full, STDOUT_FILENO) == STDOUT_FILENO)
            SimulateCommand.main(["--help"])
        }
    }

    @Test
    func `an option that is there twice is refused`() async {
        await #expect(processExitsWith: .exitCode(64)) {
            SimulateCommand.main(["--seed", "1", "--seed=2"])
        }
    }

    @Test
    func `one run is ended by the first signal`() async throws {
        let byTerm = try await #require(
            processExitsWith: .signal(SIGTERM), observing: [\.standardErrorContent]
        ) { Self.interruptOne(by: SIGTERM) }
        let byHangUp = try await #require(
            processExitsWith: .signal(SIGHUP), observing: [\.standardErrorContent]
        ) { Self.interruptOne(by: SIGHUP) }
        for result in [byTerm, byHangUp] {
            let errors = String(decoding: result.standardErrorContent, as: UTF8.self)
            #expect(errors.contains("under way: lockstep-simulate --seed 7\n"))
        }
    }

    private static func interruptOne(by number: Int32) -> Never {
        _ = signal(SIGHUP, SIG_DFL)
        UnderWay.install(one: true)
        UnderWay.begins("lockstep-simulate --seed 7", place: 0)
        // Threads that run tests take no signals; another one does.
        alarm(60)
        kill(getpid(), number)
        while true { pause() }
    }

    @Test
    func `a hang-up that was ignored stays ignored`() async {
        await #expect(processExitsWith: .success) {
            _ = signal(SIGHUP, SIG_IGN)
            UnderWay.install(one: true)
            let left = unsafe unsafeBitCast(signal(SIGHUP, SIG_DFL), to: Int.self)
            let ignored = unsafe unsafeBitCast(SIG_IGN, to: Int.self)
            #expect(left == ignored)
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
