import Glibc
import IOCore
package import Simulation

/// What came of many runs.
package struct Summary: Sendable {
    /// A run that must not be.
    struct Failure {
        let verdict: Verdict
        let settings: RunSettings

        /// The command that makes the run again.
        var command: String { ReplayLine.text(verdict.seed, settings) }
    }

    var runs = 0
    /// The runs that must not be, by seed.
    var failures: [Failure] = []
    var coverage = Coverage()
    /// What is wrong with schedules that were brought about by hand.
    var objections: [String] = []
    var operations = 0
    var committed = 0
    var unknown = 0
    var nodeSeconds = 0.0
    /// Seconds that processors have worked for it.
    var seconds = 0.0

    package init() {}

    /// The seeds of runs that must not be, ascending.
    var failed: [UInt64] { failures.map(\.verdict.seed) }

    /// Faults that were brought about.
    var faults: Int {
        Fault.kinds.reduce(0) { $0 + coverage[$1] }
    }

    /// What so much in all is for each minute that a core has worked.
    func perMinute(_ amount: Double) -> Int {
        Int(amount * 60 / max(seconds, 0.001))
    }

    /// What every set of runs is to meet, and these have not.
    var missing: [String] {
        Coverage.wanted.filter { coverage[$0] == 0 }
    }

    /// Brings about every row of the recovery table that random runs hardly come to, until the end is asked
    /// for.
    mutating func addDirected() {
        for row in DirectedRow.allCases where SimulateCommand.mayGoOn {
            let found = row.run()
            objections += found
            if found.isEmpty { coverage.count(row.rawValue) }
        }
    }

    /// Adds what a run that was made with these settings came to.
    package mutating func add(_ verdict: Verdict, _ settings: RunSettings) {
        runs += 1
        if !verdict.passed {
            failures.append(Failure(verdict: verdict, settings: settings))
            failures.sort { ($0.verdict.seed, $0.command) < ($1.verdict.seed, $1.command) }
        }
        coverage.merge(verdict.coverage)
        operations += verdict.counts.operations
        committed += verdict.counts.committed
        unknown += verdict.counts.unknown
        nodeSeconds += verdict.nodeSeconds
    }
}

/// Seeds, each its own run, some at a time; a signal lets no more begin.
struct SeedRange {
    let count: Int
    /// The seed at a place, and what its run is to be like.
    let run: @Sendable (Int) -> KeptSeeds.Entry
    /// Whether no run begins once one has failed.
    let endsAtFailure: Bool
    /// No run begins after so many seconds of the wall clock; 0 for no bound.
    let boundSeconds: Int

    /// Runs them all; `told` hears of each verdict and the command of its run, on one thread at a time.
    func run(workers wanted: Int, told: @escaping @Sendable (Verdict, String) -> Void) -> Summary {
        let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let workers = min(wanted > 0 ? wanted : cores, UnderWay.most)
        let next = Locked(0)
        let summary = Locked(Summary())
        let begun = Self.seconds()
        let start = ContinuousClock.now
        let threads = (0..<workers).map { number in
            JoinableThread(name: "run-\(number)") {
                while true {
                    let place = next.withLock { place in
                        defer { place += 1 }
                        return place
                    }
                    let isLate =
                        boundSeconds > 0
                        && ContinuousClock.now - start >= .seconds(boundSeconds)
                    guard place < count, !isLate, SimulateCommand.mayGoOn,
                        !endsAtFailure || summary.withLock({ $0.failures.isEmpty })
                    else { return }
                    let next = run(place)
                    let command = ReplayLine.text(next.seed, next.settings)
                    UnderWay.begins(command, place: number)
                    let verdict = SimulatedRun(seed: next.seed, settings: next.settings).run()
                    UnderWay.ends(place: number)
                    summary.withLock { summary in
                        summary.add(verdict, next.settings)
                        told(verdict, command)
                    }
                }
            }
        }
        threads.forEach { $0.join() }
        return summary.withLock { summary in
            summary.seconds = Self.seconds() - begun
            return summary
        }
    }

    private static func seconds() -> Double {
        var time = timespec()
        let status = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        precondition(status == 0, "clock_gettime: \(errno)")
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
