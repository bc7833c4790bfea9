import ArgumentParser
import IOCore
import JSON
import Lockstep
import TextOutput

extension Workload.Values: ExpressibleByArgument {}

/// Measures how fast the cluster commits.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast the cluster commits, in a closed loop.",
        discussion: """
            Each client has a connection and a session of its own, and one transaction under way. A \
            transaction sets properties below svc:/lockstep/bench, which stay there. The first \
            second is not counted. The same seed makes the same transactions. --timeout bounds the \
            search for the leader; the last answers are awaited for 5 seconds.
            """)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @Option(help: "Clients at once, 1 to 4096.") var clients = 64
    @Option(help: ArgumentHelp("Bytes of a value, 1 to 4095.", valueName: "bytes"))
    var valueBytes = 128
    @Option(help: "Operations in a transaction, 1 to 1000.") var operations = 1
    @Option(help: "How long to measure, 0.1 to 3600.") var seconds: Double = 10
    @Option(help: "What the values are like: record (compresses) or random.")
    var values = Workload.Values.record
    @Option(help: "Property groups that each client writes to in turn.") var groups = 1_000
    @Option(help: "Seed of the values.") var seed: UInt64 = 1

    func validate() throws {
        guard (1...4_096).contains(clients) else {
            throw ValidationError("--clients must be from 1 to 4096.")
        }
        guard (1...4_095).contains(valueBytes) else {
            throw ValidationError("--value-bytes must be from 1 to 4095.")
        }
        guard (1...1_000).contains(operations), (1...1_000_000).contains(groups) else {
            throw ValidationError(
                "--operations must be from 1 to 1000, --groups from 1 to 1000000.")
        }
        guard (0.1...3_600).contains(seconds) else {
            throw ValidationError("--seconds must be from 0.1 to 3600.")
        }
    }

    func run() async throws {
        var workload = Workload()
        workload.operations = operations
        workload.valueBytes = valueBytes
        workload.values = values
        workload.groupsPerClient = groups
        workload.seed = seed
        // All are of about one size: where this one is too large, a node would refuse each of them.
        var random = workload.source(client: 0)
        try workload.transaction(client: 0, number: 0, random: &random).validate()
        let reports = try await cluster.withClient { client in await client.statusOfAllNodes() }
        // A node that was cut off may still name the leader of an earlier term.
        let known = reports.compactMap { try? $0.status.get() }
            .filter { Address($0.leaderClientAddress) != nil }
        guard let newest = known.max(by: { $0.term < $1.term }),
            let leader = Address(newest.leaderClientAddress)
        else {
            throw CommandFailure(
                .unavailable, "no leader is known; check --endpoints and that a majority runs")
        }
        var plan = BenchRun.Plan()
        plan.clients = clients
        plan.duration = .milliseconds(Int64(seconds * 1_000))
        plan.workload = workload
        let nodes = try cluster.nodes().compactMap { Address("\($0)") }
        let clock = Self.showingTime(of: plan.warmUp + plan.duration)
        let result = await BenchRun.run(plan, leader: leader, nodes: nodes)
        clock.cancel()
        await clock.value
        try show(result)
        if result.tally.committed == 0 {
            throw CommandFailure(
                .unavailable, "nothing was committed: \(result.tally.lastProblem ?? "no answer")")
        }
    }

    /// Shows on a terminal how much of `duration` is over, until it is cancelled.
    private static func showingTime(of duration: Duration) -> Task<Void, Never> {
        Task {
            let bar = ProgressReport(
                "bench, seconds", total: max(1, Int(duration.components.seconds)))
            defer { bar.finish() }
            let start = ContinuousClock.now
            while !Task.isCancelled {
                bar.update(Int((ContinuousClock.now - start).components.seconds))
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func show(_ result: BenchRun.Result) throws {
        let tally = result.tally
        let rate = Double(tally.committed) / max(result.duration / .seconds(1), 0.001)
        func duration(_ share: Double) -> Duration {
            .nanoseconds(Int64(clamping: tally.latencies.nanoseconds(atShare: share)))
        }
        let most = Duration.nanoseconds(Int64(clamping: tally.latencies.mostNanoseconds))
        var table = Table([.init(""), .init("", .right)])
        table.append(["transactions/s", Units.count(Int(rate.rounded()))])
        table.append(["operations/s", Units.count(Int((rate * Double(operations)).rounded()))])
        table.append(["p50", Units.duration(duration(0.5))])
        table.append(["p99", Units.duration(duration(0.99))])
        table.append(["max", Units.duration(most)])
        table.append(["committed", Units.count(tally.committed)])
        table.append(["aborted", Units.count(tally.aborted)])
        table.append(["sent again", Units.count(tally.retries)])
        let problem = tally.lastProblem.map { "last problem: \(Table.visible($0))\n" } ?? ""
        try cluster.show(
            [
                "clients": .number(clients), "value-bytes": .number(valueBytes),
                "operations": .number(operations), "values": .string(values.rawValue),
                "seed": .number(seed),
                "seconds": .number(result.duration / .seconds(1), decimals: 3),
                "committed": .number(tally.committed), "aborted": .number(tally.aborted),
                "retries": .number(tally.retries),
                "transactions-per-second": .number(rate, decimals: 1),
                "p50-us": .number(duration(0.5) / .microseconds(1), decimals: 1),
                "p99-us": .number(duration(0.99) / .microseconds(1), decimals: 1),
                "max-us": .number(most / .microseconds(1), decimals: 1),
                "last-problem": tally.lastProblem.map { .string($0) } ?? .null,
            ], text: table.text + problem)
    }
}
