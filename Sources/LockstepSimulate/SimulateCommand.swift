package import ArgumentParser
import Glibc
import IOCore
import IOPosix
package import Simulation

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

            A run that a precondition of the code ends, or that SIGINT or SIGTERM interrupts, is \
            named on the standard error as a command. With --json the last line is an object \
            "summary" with the counters.

            Exit codes: 0 all runs passed; 1 a run failed, too few were made, or too little was \
            covered; 64 usage; that of the signal where a precondition did not hold.
            """)

    @Option(help: "Run this seed alone, and print its timeline.")
    var seed: UInt64?

    @Option(help: "How many seeds to run. (default: 20)")
    var seeds: Int?

    @Option(help: "The first of them; 0 takes one from the clock. (default: 1)")
    var first: UInt64?

    @Option(help: "Run the seeds that this file lists, each with its options on a line.")
    var kept: String?

    @Option(help: "Of the one seed's faults these alone, by number, apart by commas; or none.")
    var only: String?

    @Option(help: "Seconds of simulated time with faults, 3600 at the most. (default: 20)")
    var faultSeconds: UInt64?

    @Option(
        help: """
            Milliseconds that a client pauses for at the most between two operations. (default: 40, \
            and 120 for each of those that the library's client has under way)
            """)
    var thinkMilliseconds: UInt64?

    @Flag(help: "Runs without any fault, to measure with.")
    var calm = false

    @Option(help: "Nodes of the cluster, from 1 to 7. (default: 3, and 4 by luck)")
    var nodes: Int?

    @Option(help: "Runs at a time, 64 at most; 0 takes one for each core. (default: 0)")
    var parallel: Int?

    @Flag(help: "Every disk says that syncs are done, and does none; such runs must fail.")
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

    @Option(help: "Look so long for the fewest faults of the first failing seed; 0: not at all.")
    var shrinkSeconds = 60

    @Flag(help: "With one seed: the verdict without the timeline.")
    var quiet = false

    @Flag(help: "Fail unless every kind of fault and of recovery has been met.")
    var coverage = false

    @Flag(help: "Write one JSON object for each run, and one for all.")
    var json = false

    /// Below it triggers fall behind for longer than the clients' last minute; above, clients have no
    /// answers in the time after the last fault.
    private static let thinkRange: ClosedRange<UInt64> = 5...10_000
    /// A run of an hour takes a gigabyte or more.
    private static let mostFaultSeconds: UInt64 = 3_600

    package init() {}

    package func validate() throws {
        guard (seeds ?? 1) > 0, (1...7).contains(nodes ?? 3), boundSeconds >= 0,
            (1...Self.mostFaultSeconds).contains(faultSeconds ?? 1),
            thinkMilliseconds.map(Self.thinkRange.contains) ?? true
        else {
            throw ValidationError(
                "seeds must be above 0, nodes from 1 to 7, seconds with faults from 1 to "
                    + "\(Self.mostFaultSeconds), and a pause from \(Self.thinkRange.lowerBound) to "
                    + "\(Self.thinkRange.upperBound) ms")
        }
        guard !(first ?? 1).addingReportingOverflow(UInt64(seeds ?? 20)).overflow else {
            throw ValidationError("--first is so high that the seeds behind it have no number")
        }
        guard !calm || !coverage && floorFaults == 0 else {
            throw ValidationError("--calm has no faults: --coverage and --floor-faults want some")
        }
        guard (0...UnderWay.most).contains(parallel ?? 0), (atLeast ?? 0) >= 0, shrinkSeconds >= 0
        else {
            throw ValidationError(
                "--parallel is 0 to 64; --at-least and --shrink-seconds are not negative")
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
            return
        }
        let ofRanges =
            kept != nil || seeds != nil || first != nil || parallel != nil || atLeast != nil
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
            return try only.split(separator: ",").map { part in
                guard let number = Int(part) else {
                    throw ValidationError("\(part) is no number of a fault")
                }
                return number
            }
        }
    }

    package func run() throws {
        UnderWay.install()
        if let seed {
            let verdict = try verdict(of: seed)
            for line in verdict.traceLines { print(line) }
            print(json ? Report.json(verdict) : Report.text(verdict))
            if !verdict.passed { throw ExitCode(1) }
        } else {
            let report = try runMany()
            print(json ? Report.json(report) : Report.text(report))
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
            let file = try PosixFileSystem().open(path, .readOnly)
            defer { file.close() }
            let bytes = try file.read(at: 0, count: try file.size())
            return try KeptSeeds(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ValidationError("\(path): \(message(for: error))")
        }
    }

    private func runMany() throws -> RangeReport {
        let runs = try range()
        let start = runs.run(0).seed
        let asked = runs.count
        let progress = Progress(total: asked)
        var summary = runs.run(workers: parallel ?? 0) { verdict in
            defer { progress.advance() }
            if json {
                print(Report.json(verdict))
                // Who reads them is to see the last one too, should the next run trap.
                fflush(nil)
            } else if !verdict.passed {
                progress.clear()
                print(Report.text(verdict))
                fflush(nil)
            }
        }
        progress.clear()
        if coverage { summary.addDirected() }
        var report = RangeReport(first: start, asked: asked, summary: summary)
        report.complaints = complaints(of: summary, asked: asked)
        if let worst = summary.failures.first, shrinkSeconds > 0,
            let failed = (0..<asked).lazy.map(runs.run).first(where: { $0.seed == worst.seed })
        {
            report.shortest = shortest(worst, failed.settings)
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
        if coverage, !summary.missing.isEmpty {
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

    private func shortest(_ worst: Verdict, _ settings: RunSettings) -> String {
        let shrinker = Shrinker(bound: .seconds(shrinkSeconds)) { numbers in
            UnderWay.begins(ReplayLine.text(worst.seed, settings, only: numbers), place: 0)
            defer { UnderWay.ends(place: 0) }
            return SimulatedRun(seed: worst.seed, settings: settings, only: numbers).run()
        }
        let found = shrinker.shrink(worst)
        return ReplayLine.text(worst.seed, settings, only: found.only)
            + (found.isCutShort ? "  # perhaps not the shortest: out of time" : "")
    }
}
