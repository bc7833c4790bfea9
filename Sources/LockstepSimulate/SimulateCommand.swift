import ArgumentParser
import Glibc
import Simulation

#if PLANTED_BUGS
    import Identifiers

    extension PlantedBug: ExpressibleByArgument {}
#endif

/// Runs whole clusters in one process, on worlds made from seeds, and says which must not be.
@main
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
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

            Exit codes: 0 all runs passed; 1 a run failed, or too little was covered; 64 usage.
            """)

    @Option(help: "Run this seed alone, and print its timeline.")
    var seed: UInt64?

    @Option(help: "How many seeds to run.")
    var seeds = 20

    @Option(help: "The first of them; 0 takes one from the clock.")
    var first: UInt64 = 1

    @Option(help: "Of the one seed's faults these alone, by number, apart by commas.")
    var only: String?

    @Option(help: "Seconds of simulated time with faults.")
    var faultSeconds: UInt64 = 20

    @Option(help: "Nodes of the cluster, from 1 to 7.")
    var nodes = 3

    @Option(help: "Runs at a time; 0 takes one for each core.")
    var parallel = 0

    #if PLANTED_BUGS
        @Option(help: "The mistake that all nodes make.")
        var planted: PlantedBug?
    #endif

    @Option(help: "Begin no run after so many seconds; 0: no bound.")
    var boundSeconds = 0

    @Option(help: "Fail below so many node-seconds a core-minute.")
    var floorNodeSeconds = 0

    @Option(help: "Fail below so many committed transactions a core-minute.")
    var floorCommitted = 0

    @Option(help: "Fail below so many faults a core-minute.")
    var floorFaults = 0

    @Flag(help: "Begin no run once one has failed.")
    var endAtFailure = false

    @Flag(help: "With one seed: the verdict without the timeline.")
    var quiet = false

    @Flag(help: "Fail unless every kind of fault and of recovery has been met.")
    var coverage = false

    @Flag(help: "Write one JSON object for each run.")
    var json = false

    func validate() throws {
        guard seeds > 0, (1...7).contains(nodes), faultSeconds > 0, parallel >= 0,
            boundSeconds >= 0
        else {
            throw ValidationError("seeds and seconds must be above 0, nodes from 1 to 7")
        }
        guard only == nil || seed != nil else {
            throw ValidationError("--only needs --seed")
        }
    }

    func run() throws {
        var settings = RunSettings()
        #if PLANTED_BUGS
            settings.planted = planted
        #endif
        settings.founders = nodes
        settings.faultMilliseconds = faultSeconds * 1_000
        if let seed {
            try runOne(seed, settings)
        } else {
            try runMany(settings)
        }
    }

    private func runOne(_ seed: UInt64, _ settings: RunSettings) throws {
        var numbers: [Int]?
        if let only {
            numbers = try only.split(separator: ",").map { part in
                guard let number = Int(part) else {
                    throw ValidationError("\(part) is no number of a fault")
                }
                return number
            }
        }
        let verdict = SimulatedRun(
            seed: seed, settings: settings, only: numbers, keepsTrace: !quiet
        ).run()
        for line in verdict.traceLines { print(line) }
        print(json ? Report.json(verdict) : Report.text(verdict))
        if !verdict.passed { throw ExitCode(1) }
    }

    private func runMany(_ settings: RunSettings) throws {
        let start = first == 0 ? UInt64.random(in: 1...1 << 40) : first
        let runs = SeedRange(
            first: start, count: seeds, settings: settings, endsAtFailure: endAtFailure,
            boundSeconds: boundSeconds)
        let progress = Progress(total: seeds)
        let summary = runs.run(workers: parallel) { verdict in
            defer { progress.advance() }
            if json {
                print(Report.json(verdict))
                // Who reads them is to see the last one too, should the next run trap.
                fflush(nil)
            } else if !verdict.passed {
                progress.clear()
                print(Report.text(verdict))
            }
        }
        progress.clear()
        if !json {
            print(Report.text(summary))
            for seed in summary.failed { print("failed: \(seed)") }
        }
        var isGood = summary.failed.isEmpty
        if coverage, !summary.missing.isEmpty {
            print("never met: \(summary.missing.joined(separator: ", "))")
            isGood = false
        }
        let floors = [
            (summary.perMinute(summary.nodeSeconds), floorNodeSeconds, "node-seconds"),
            (summary.perMinute(Double(summary.committed)), floorCommitted, "committed"),
            (summary.perMinute(Double(summary.faults)), floorFaults, "faults"),
        ]
        for (found, floor, name) in floors where found < floor {
            print("too slow: \(found) \(name) a core-minute, and \(floor) is the floor")
            isGood = false
        }
        if !json, let worst = summary.failed.first {
            let shrunk = Shrinker(settings: settings).shrink(worst)
            print("shortest: lockstep-simulate --seed \(worst) --only \(shrunk)")
        }
        if !isGood { throw ExitCode(1) }
    }
}
