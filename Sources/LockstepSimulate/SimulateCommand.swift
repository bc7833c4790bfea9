package import ArgumentParser
import Glibc
import IOCore
import IOPosix
package import Simulation
import Wire

#if PLANTED_BUGS
    import Identifiers

    extension PlantedBug: ExpressibleByArgument {}
#endif

/// Runs whole clusters in one process, on worlds made from seeds, and says which must not be.
@main
package struct SimulateCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "lockstep-simulate",
        abstract: "Run whole clusters on simulated disks, networks and clocks.",
        discussion: """
            Each seed gives one run: a cluster of the production code, clients, and faults. After \
            the last fault the cluster must come to one state, with each acknowledged transaction \
            in it once. The same seed and program give the same run, to the byte of its timeline.

            What it proves: under the faults of its atlas (lost, late and doubled messages, cut \
            links, crashes between any two doings, torn and failing writes, rot and accesses gone \
            astray on one disk at a time, wiped disks, clocks that go wrong, changes of members) \
            none of these runs lost, doubled or reordered what a client was told, and each \
            recovered. What it does not: that other seeds would pass; anything of the kernel, \
            libuv, OpenSSL and RocksDB, in whose place simple models stand; two disks wrong at \
            once; a node that lies. The article Simulation has the tables.

            A run that a precondition of the code ends, or that SIGINT, SIGTERM or SIGHUP \
            interrupts, is named on the standard error as a command. With --seed such a signal ends \
            the program. With many seeds the first lets those end that are under way, which takes \
            as long as they do, and begins no other: the range has failed; a second SIGINT, \
            or a second SIGTERM, ends the program. \
            With --json and many seeds the last line is an object "summary" with the counters.

            A file for --kept has a run on each line, by the options --seed, --fault-seconds, \
            --nodes, --think-milliseconds, --calm and --disks-lie; what follows a # is a comment, \
            and a line may be empty:

            --seed 24 --fault-seconds 10  # what it has once shown

            Exit codes: 0 all runs passed; 1 a run failed, too few were made, or too little was \
            covered; 64 usage; 74 the output cannot be written, such as by a reader that has gone; \
            that of the signal where a precondition did not hold or a signal has ended the program \
            (129 for SIGHUP, 130 for SIGINT, 143 for SIGTERM, as shells tell it).
            """,
        version: Release.version)

    @Option(help: "Run this seed alone, and print its timeline.")
    var seed: UInt64?

    @Option(help: "How many seeds to run. (default: 20)")
    var seeds: Int?

    @Option(help: "The first of them; 0 takes one from the clock. (default: 1)")
    var first: UInt64?

    @Option(help: "Run the seeds that this file lists, as is said above.")
    var kept: String?

    @Option(help: "Of the one seed's faults these alone, by number, apart by commas; or none.")
    var only: String?

    @Option(help: "Seconds of simulated time with faults, 3600 at the most. (default: 20)")
    var faultSeconds: UInt64?

    @Option(
        help: """
            Milliseconds that a client pauses for at the most between two operations, 5 to 10000. \
            (default: 40, and 120 for each of those that the library's client has under way)
            """)
    var thinkMilliseconds: UInt64?

    @Flag(help: "Runs without any fault, to measure with.")
    var calm = false

    @Option(help: "Nodes of the cluster, from 1 to 7. (default: 3, and 4 by luck)")
    var nodes: Int?

    @Option(help: "Runs at a time, 64 at most; 0 takes one for each core. (default: 0)")
    var parallel: Int?

    @Flag(
        help: """
            Every disk says that syncs are done, and does none: what a crash takes must make a run fail.
            """)
    var disksLie = false

    #if PLANTED_BUGS
        @Option(help: "The mistake that all nodes make.")
        var planted: PlantedBug?
    #endif

    @Option(help: "Begin no run after so many seconds; 0: no bound.")
    var boundSeconds = 0

    @Option(help: "Fail with fewer runs than this made. (default: as many as --seeds)")
    var atLeast: Int?

    @Option(help: "Fail below so many node-seconds a core-minute.")
    var floorNodeSeconds = 0

    @Option(help: "Fail below so many committed transactions a core-minute.")
    var floorCommitted = 0

    @Option(help: "Fail below so many faults a core-minute.")
    var floorFaults = 0

    @Flag(help: "Begin no run once one has failed.")
    var endAtFailure = false

    @Option(
        help: """
            Look so many seconds for the fewest faults of the first failing seed; 0: not at all. \
            (default: 60)
            """)
    var shrinkSeconds: Int?

    @Flag(help: "With one seed: the verdict without the timeline.")
    var quiet = false

    @Flag(help: "Fail unless every kind of fault and of recovery has been met.")
    var coverage = false

    @Flag(help: "Write one JSON object for each run, without a timeline, and one for many.")
    var json = false

    /// Below it triggers fall behind for longer than the clients' last minute; above, clients have no
    /// answers in the time after the last fault.
    private static let thinkRange: ClosedRange<UInt64> = 5...10_000
    /// A run of an hour takes a gigabyte or more.
    private static let mostFaultSeconds: UInt64 = 3_600
    private static let mostKeptBytes = 16 << 20

    package init() {}

    package func validate() throws {
        if let objection = numbers { throw ValidationError(objection) }
        guard !(first ?? 1).addingReportingOverflow(UInt64(seeds ?? 20)).overflow else {
            throw ValidationError("--first is so high that the seeds behind it have no number")
        }
        guard !calm || !coverage && floorFaults == 0 else {
            throw ValidationError("--calm has no faults: --coverage and --floor-faults want some")
        }
        guard !calm || !disksLie else {
            throw ValidationError("--calm has no faults: without a crash no disk is found to lie")
        }
        guard let seed else {
            guard only == nil, !quiet else {
                throw ValidationError("--only and --quiet need --seed")
            }
            let isOfEach =
                seeds != nil || first != nil || nodes != nil || faultSeconds != nil
                || thinkMilliseconds != nil || calm
            guard kept == nil || !isOfEach && !disksLie && !plants else {
                throw ValidationError("--kept has the seeds and their options in its file")
            }
            guard (atLeast ?? 0) <= (kept == nil ? seeds ?? 20 : .max) else {
                throw ValidationError("--at-least wants more runs than there are seeds")
            }
            return
        }
        let ofRanges =
            kept != nil || seeds != nil || first != nil || parallel != nil || atLeast != nil
            || shrinkSeconds != nil
        let floors = max(floorNodeSeconds, floorCommitted, floorFaults, boundSeconds)
        guard !ofRanges, floors == 0, !endAtFailure, !coverage else {
            throw ValidationError("--seed runs one seed: counts, bounds and floors are for many")
        }
        guard try !calm || onlyNumbers?.isEmpty != false else {
            throw ValidationError("--calm has no faults to choose from by --only")
        }
        var settings = settings
        settings.vary(by: seed)
        let known = Schedule(
            seed: seed, hosts: settings.founders, milliseconds: settings.faultMilliseconds
        ).entries.map(\.number)
        if let missing = try onlyNumbers?.first(where: { !known.contains($0) }) {
            throw ValidationError("seed \(seed) has \(known.count) faults, and no \(missing)")
        }
    }

    /// The first number that is out of its range, in words.
    private var numbers: String? {
        let any = 0...UInt64(Int32.max)
        let bounds: [(String, UInt64?, ClosedRange<UInt64>)] = [
            ("seeds", seeds.map(Self.unsigned), 1...any.upperBound),
            ("nodes", nodes.map(Self.unsigned), 1...7),
            ("fault-seconds", faultSeconds, 1...Self.mostFaultSeconds),
            ("think-milliseconds", thinkMilliseconds, Self.thinkRange),
            ("parallel", parallel.map(Self.unsigned), 0...UInt64(UnderWay.most)),
            ("bound-seconds", Self.unsigned(boundSeconds), any),
            ("at-least", atLeast.map(Self.unsigned), any),
            ("shrink-seconds", shrinkSeconds.map(Self.unsigned), any),
            ("floor-node-seconds", Self.unsigned(floorNodeSeconds), any),
            ("floor-committed", Self.unsigned(floorCommitted), any),
            ("floor-faults", Self.unsigned(floorFaults), any),
        ]
        return bounds.first { !$0.2.contains($0.1 ?? $0.2.lowerBound) }.map { name, _, range in
            "--\(name) must be \(range.lowerBound) to \(range.upperBound)"
        }
    }

    /// The number, and one out of every range for what is below 0.
    private static func unsigned(_ number: Int) -> UInt64 {
        UInt64(exactly: number) ?? .max
    }

    /// Whether all nodes are to make a mistake.
    private var plants: Bool {
        #if PLANTED_BUGS
            planted != nil
        #else
            false
        #endif
    }

    /// What the runs are to be like.
    package var settings: RunSettings {
        var settings = RunSettings()
        #if PLANTED_BUGS
            settings.planted = planted
        #endif
        if let nodes {
            settings.founders = nodes
            settings.keepsFounders = true
        }
        settings.disksLie = disksLie
        settings.thinkMilliseconds = thinkMilliseconds
        settings.isCalm = calm
        if let faultSeconds { settings.faultMilliseconds = faultSeconds * 1_000 }
        return settings
    }

    /// The numbers that `--only` names; nil without it.
    package var onlyNumbers: [Int]? {
        get throws {
            guard let only else { return nil }
            guard only != ReplayLine.noFaults else { return [] }
            let parts = only.split(separator: ",", omittingEmptySubsequences: false)
            let numbers = try parts.map { part in
                guard let number = Int(part) else {
                    throw ValidationError("\"\(part)\" is no number of a fault")
                }
                return number
            }
            guard Set(numbers).count == numbers.count else {
                throw ValidationError("--only \(only) names a fault twice")
            }
            return numbers
        }
    }

    /// Runs what the words of the command line ask for, and ends the process.
    package static func main() {
        StandardDescriptors.hold()
        main(Array(CommandLine.arguments.dropFirst()))
    }

    package static func main(_ words: [String]?) {
        Output.takeNoSignal()
        do {
            if let twice = repeated(in: words ?? []) {
                throw ValidationError("\(twice) is there twice")
            }
            var command = try parseAsRoot(words)
            try command.run()
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            guard code == .success else { exit(withError: error) }
            Output.write(text)
            do { try Output.finish() } catch { exit(withError: error) }
        }
    }

    /// The options among the words of a command line, without their values.
    static func options(in words: [String]) -> [Substring] {
        words.filter { $0.hasPrefix("--") }.map { $0.prefix { $0 != "=" } }
    }

    /// An option that is there more than once, of which the last alone would count.
    static func repeated(in words: [String]) -> Substring? {
        var seen: Set<Substring> = []
        return options(in: words).first { !seen.insert($0).inserted }
    }

    package func run() throws {
        // Before a signal is only noted: what it is read from may be a pipe that nobody writes to.
        let runs = try seed == nil ? range() : nil
        UnderWay.install(one: seed != nil)
        if let seed {
            let verdict = try verdict(of: seed)
            Output.write(verdict.traceLines)
            let line = ReplayLine.text(seed, settings, only: try onlyNumbers)
            Output.write(
                json ? Report.json(verdict, command: line) : Report.text(verdict, command: line))
            try Output.finish()
            if !verdict.passed { throw ExitCode(1) }
        } else if let runs {
            let report = runMany(runs)
            Output.write(json ? Report.json(report) : Report.text(report))
            try Output.finish()
            if !report.isGood { throw ExitCode(1) }
        }
    }

    /// The one seed's run.
    package func verdict(of seed: UInt64) throws -> Verdict {
        let numbers = try onlyNumbers
        UnderWay.begins(ReplayLine.text(seed, settings, only: numbers), place: 0)
        defer { UnderWay.ends(place: 0) }
        return SimulatedRun(
            seed: seed, settings: settings, only: numbers, keepsTrace: !quiet && !json
        ).run()
    }

    /// The runs that are asked for: those of a file, or one seed behind the other.
    private func range() throws -> SeedRange {
        if let kept {
            let entries = try Self.kept(in: kept).entries
            return SeedRange(
                count: entries.count, run: { entries[$0] }, endsAtFailure: endAtFailure,
                boundSeconds: boundSeconds)
        }
        let start = first == 0 ? UInt64.random(in: 1...1 << 40) : first ?? 1
        let settings = settings
        return SeedRange(
            count: seeds ?? 20,
            run: { KeptSeeds.Entry(seed: start + UInt64($0), settings: settings) },
            endsAtFailure: endAtFailure, boundSeconds: boundSeconds)
    }

    private static func kept(in path: String) throws -> KeptSeeds {
        do {
            let bytes = try PosixFileSystem().readStream(path, limitBytes: mostKeptBytes)
            return try KeptSeeds(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ValidationError("\(path): \(message(for: error))")
        }
    }

    /// Whether further runs may begin: nobody has asked for the end, and somebody reads.
    static var mayGoOn: Bool { !UnderWay.isEndWanted && !Output.isBroken }

    private func runMany(_ runs: SeedRange) -> RangeReport {
        let start = runs.run(0).seed
        let asked = runs.count
        let progress = Progress(total: asked)
        var summary = runs.run(workers: parallel ?? 0) { verdict, command in
            defer { progress.advance() }
            if json {
                Output.write(Report.json(verdict, command: command))
            } else if !verdict.passed {
                progress.clear()
                Output.write(Report.text(verdict, command: command))
            }
        }
        progress.clear()
        if coverage { summary.addDirected() }
        var report = RangeReport(first: start, asked: asked, summary: summary)
        report.complaints = complaints(of: summary, asked: asked)
        let seconds = shrinkSeconds ?? 60
        if let worst = summary.failures.first, seconds > 0, Self.mayGoOn {
            report.shortest = shortest(worst.verdict, worst.settings, within: .seconds(seconds))
        }
        return report
    }

    /// What is wrong with a range besides the runs that failed.
    package func complaints(of summary: Summary, asked: Int) -> [String] {
        var complaints = summary.objections
        let least = atLeast ?? asked
        if summary.runs < least, !endAtFailure || summary.failures.isEmpty {
            complaints.append("too few: \(summary.runs) runs were made, and \(least) are needed")
        }
        if UnderWay.isEndWanted { complaints.append("ended early, by a signal") }
        if coverage, Self.mayGoOn, !summary.missing.isEmpty {
            complaints.append("never met: \(summary.missing.joined(separator: ", "))")
        }
        let unjudged = summary.coverage[Coverage.unjudged]
        if coverage, unjudged * 20 > summary.runs {
            complaints.append("\(unjudged) \(Coverage.unjudged), of one in twenty at the most")
        }
        let floors = [
            (summary.perMinute(summary.nodeSeconds), floorNodeSeconds, "node-seconds"),
            (summary.perMinute(Double(summary.committed)), floorCommitted, "committed"),
            (summary.perMinute(Double(summary.faults)), floorFaults, "faults"),
        ]
        for (found, floor, name) in floors where found < floor {
            complaints.append(
                "too slow: \(found) \(name) a core-minute, and \(floor) is the floor")
        }
        return complaints
    }

    private func shortest(
        _ worst: Verdict, _ settings: RunSettings, within bound: Duration
    ) -> String {
        let shrinker = Shrinker(bound: bound, mayGoOn: { Self.mayGoOn }) { numbers in
            UnderWay.begins(ReplayLine.text(worst.seed, settings, only: numbers), place: 0)
            defer { UnderWay.ends(place: 0) }
            return SimulatedRun(seed: worst.seed, settings: settings, only: numbers).run()
        }
        let found = shrinker.shrink(worst)
        return ReplayLine.text(worst.seed, settings, only: found.only)
            + (found.isCutShort ? "  # perhaps not the shortest: ended before" : "")
    }
}
