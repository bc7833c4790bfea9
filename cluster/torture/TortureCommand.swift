import ArgumentParser
import Glibc
import Identifiers
import Lockstep

/// Enters namespaces of its own, where the kernel allows it, before anything else is begun.
@main
enum TortureProgram {
    static func main() async {
        let parsed: any ParsableCommand
        do {
            parsed = try TortureCommand.parseAsRoot()
        } catch {
            TortureCommand.exit(withError: error)
        }
        guard let command = parsed as? TortureCommand else {
            var other = parsed
            do { try other.run() } catch { TortureCommand.exit(withError: error) }
            return
        }
        Interruption.install()
        if !Isolation.isInside {
            let ended = Leftovers.sweep()
            if command.clean || !ended.isEmpty {
                Files.writeError(
                    "lockstep-torture: \(ended.count) processes of dead runs ended\n")
            }
            if command.clean { return }
        }
        if let code = Isolation.run(command.network) { exit(code) }
        await TortureCommand.main()
    }
}

extension Isolation.Choice: ExpressibleByArgument {}

/// Breaks real nodes under load, and checks that what clients were told holds.
struct TortureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lockstep-torture",
        abstract:
            "Break a live cluster in every way there is, and check what its clients were told.",
        discussion: """
            Starts a cluster in a new folder, each node in a network namespace of its own where the \
            kernel allows that and on loopback elsewhere (the run says which), and stops all of it \
            at the end. Without --nemesis it kills nodes, or with --pause pauses the leader, and with \
            --stalls holds the syncs of its log; a run that does less of that than it was told to is \
            not clean. With --nemesis each fault of the list happens by itself, and then several at once until the \
            time is over.

            PROVED, of this run: no write that was acknowledged is lost, done twice or at another \
            place than told; none that was refused was done; no read through a leader was stale; \
            what the workloads saw is linearizable, in order and complete, as their checkers say; \
            all nodes hold the same in the end; the cluster went on within --patience once all was \
            well; and every fault asked for has met a packet, a call or a process.

            NOT PROVED: what other schedules do, for the seed decides what is done to whom and not \
            how processes run; a power cut, since what a killed process has written stays in the \
            kernel (see --lossy); disks that lie, machines apart, and more than one node at a time \
            whose durable state is gone.

            EXIT CODES
              0   the verdict is clean
              1   it is not, or the run was interrupted
              2   the run could not be made
              64  the command line is wrong

            FAULTS
            """ + faultList,
        subcommands: [CheckCommand.self])

    /// Name and summary of each fault, a line each.
    private static var faultList: String {
        let width = FaultKind.allCases.map(\.rawValue.count).max() ?? 0
        return FaultKind.allCases.map { kind in
            let gap = String(repeating: " ", count: width + 2 - kind.rawValue.count)
            return "\n  \(kind.rawValue)\(gap)\(kind.summary)"
        }.joined()
    }

    @Option(help: "The daemon's program. (default: lockstepd beside this program)")
    var daemon: String?
    @Option(help: "A folder that is not there yet. (default: one in /tmp, removed if clean)")
    var folder: String?
    @Option(help: "Where lossydisk.c and undo.c are.")
    var faults = "cluster/faults"
    @Option(help: "Nodes, 1 to 9.")
    var nodes = 3
    @Option(help: "Clients that write at the same time, 1 to 1000.")
    var clients = 8
    @Option(
        help: """
            With --nemesis: how many operations a second all clients together may begin. (default: \
            as many as are answered)
            """)
    var rate: Int?
    @Option(help: "Where nodes listen: automatic, namespaces or loopback.")
    var network = Isolation.Choice.automatic
    @Option(
        help: """
            On loopback, node N listens at this port + 10 N, and at the next one; where connections \
            are to be broken, a proxy does at these + 5.
            """)
    var basePort = 28_100
    @Option(help: "How many processes to kill.")
    var kills = 200
    @Option(help: "How often to pause the leader. (default: 0, with --pause 10)")
    var pauses: Int?
    @Option(help: "How often to hold the syncs of the leader's log for five seconds.")
    var stalls = 0
    @Option(help: "The longest that faults happen.")
    var seconds = 600
    @Option(help: "How long the cluster may be without progress while all nodes run, in seconds.")
    var patience = 30
    @Option(help: "What the random choices come from. (default: a random one, printed)")
    var seed: UInt64?
    @Option(help: "Faults, apart by commas: all, kinds, or beginnings of kinds such as disk.")
    var nemesis: String?
    @Option(
        help: """
            With --nemesis: what clients do besides the ledger of writes, apart by commas: \
            \(Workloads.names.joined(separator: ", ")); all, or none.
            """)
    var workloads = "all"
    @Option(help: "With --nemesis: the most faults at once, after each was alone.")
    var mostAtOnce = 3
    @Flag(help: "Pause the leader instead of killing nodes.")
    var pause = false
    @Flag(help: "With each kill, tear or lose what the node had not synced.")
    var lossy = false
    @Flag(help: "With --lossy: disks that ignore syncs, so that writes must be lost.")
    var ignoreSync = false
    @Flag(help: "Succeed only if writes were found lost, or nodes refused their data.")
    var expectFailure = false
    @Flag(help: "Only end what runs have left that were killed; each run begins with this.")
    var clean = false
    @Flag(help: "Print the verdict as JSON.")
    var json = false

    func validate() throws {
        guard (1...9).contains(nodes) else { throw ValidationError("--nodes must be 1 to 9") }
        guard (1...1_000).contains(clients) else {
            throw ValidationError("--clients must be 1 to 1000")
        }
        guard (1_024...65_000).contains(basePort) else {
            throw ValidationError("--base-port must be 1024 to 65000")
        }
        guard kills >= 0, seconds > 0, patience > 0, pauses ?? 0 >= 0, stalls >= 0 else {
            throw ValidationError("counts and times must not be negative")
        }
        if let nemesis, FaultKind.list(nemesis) == nil {
            throw ValidationError("--nemesis \(nemesis): no such fault; --help lists them")
        }
        do throws(TortureFailure) {
            if workloads != "none" { _ = try Workloads.named(workloads) }
        } catch {
            throw ValidationError("--workloads: \(error)")
        }
        if nemesis != nil, pause || lossy {
            throw ValidationError("--nemesis goes without --pause and --lossy")
        }
        if stalls > 0, nemesis != nil || lossy {
            throw ValidationError("--stalls goes without --nemesis and --lossy")
        }
        guard rate ?? 1 > 0 else { throw ValidationError("--rate must be at least 1") }
        if rate != nil, nemesis == nil { throw ValidationError("--rate goes with --nemesis") }
        if ignoreSync, !lossy { throw ValidationError("--ignore-sync goes with --lossy") }
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        let folder = folder ?? "/tmp/lockstep-torture.\(Isolation.owner)"
        let unavailable = MatrixRun.unavailable(kinds, isolated: Isolation.isInside)
        for fault in unavailable { say("not here: \(fault.kind.rawValue): \(fault.reason)") }
        guard kinds.isEmpty || unavailable.count < kinds.count else {
            say("cannot begin: none of these faults can be had here")
            throw ExitCode(2)
        }
        let cluster: TestCluster
        do throws(TortureFailure) {
            cluster = try await TestCluster(try await plan(folder: folder, seed: seed))
        } catch {
            say("cannot begin: \(error)")
            throw ExitCode(2)
        }
        say("seed \(seed), network \(cluster.plan.network.name), folder \(folder)")
        let isAsWanted: Bool
        if kinds.isEmpty {
            let plan = KillRun.Plan(
                rounds: rounds, mode: mode, seconds: seconds, patience: .seconds(patience),
                clients: clients, seed: seed)
            let verdict = await KillRun(plan: plan, cluster: cluster).run()
            await cluster.end()
            print(json ? verdict.json : verdict.text)
            isAsWanted = expectFailure ? verdict.hasFoundLies : verdict.isClean
            if expectFailure {
                let isNoticed = isAsWanted ? "found out, as they had to be" : "not noticed"
                say("the disks' lies were \(isNoticed)")
            }
        } else {
            let verdict = await matrix(cluster, seed: seed)
            await cluster.end()
            print(json ? verdict.json : verdict.text)
            isAsWanted = verdict.isClean
        }
        // What is said beside the tables goes another way, and is not to stand in their midst.
        fflush(nil)
        if isAsWanted, self.folder == nil, !Interruption.isRequested {
            _ = try? await Tool.run("/bin/rm", ["-rf", "--one-file-system", folder], in: "/tmp")
        } else {
            say("logs and data are in \(folder)")
        }
        guard isAsWanted else { throw ExitCode(1) }
    }

    /// The faults that the run is to have; none for kills and pauses alone.
    private var kinds: [FaultKind] {
        nemesis.flatMap(FaultKind.list) ?? []
    }

    private func matrix(_ cluster: TestCluster, seed: UInt64) async -> MatrixVerdict {
        let checked = workloads == "none" ? [] : (try? Workloads.named(workloads)) ?? []
        let unavailable = MatrixRun.unavailable(kinds, isolated: Isolation.isInside)
        let possible = kinds.filter { kind in !unavailable.contains { $0.kind == kind } }
        let plan = MatrixRun.Plan(
            kinds: possible, workloads: checked, seconds: seconds, patience: .seconds(patience),
            clients: clients, mostAtOnce: mostAtOnce, rate: rate, seed: seed)
        var verdict = await MatrixRun(plan: plan, cluster: cluster).run()
        verdict.unavailable = unavailable
        return verdict
    }

    private func say(_ text: String) {
        Files.writeError("lockstep-torture: \(text)\n")
    }

    private func plan(folder: String, seed: UInt64) async throws(TortureFailure) -> TestCluster.Plan
    {
        let program =
            daemon ?? Files.resolve("/proc/self/exe").map { own in
                own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/lockstepd"
            } ?? "lockstepd"
        guard let resolved = Files.resolve(program) else {
            throw TortureFailure("there is no \(program); build it, or name it with --daemon")
        }
        let fault: DiskFault = ignoreSync ? .ignoresSync : lossy ? .lossy : .none
        try Files.makeFolder(folder, isNew: true)
        let spares = kinds.contains(.membership) ? 1 : 0
        let network: NodeNetwork =
            Isolation.isInside
            ? .namespaces(
                try await NamespaceNetwork(folder: folder, nodes: nodes + spares, seed: seed))
            : .loopback(basePort: basePort, try proxy(nodes: nodes + spares, seed: seed))
        return TestCluster.Plan(
            daemon: resolved, folder: folder, nodes: nodes, spares: spares, network: network,
            fault: fault, hasTroubles: !kinds.isEmpty || stalls > 0,
            small: kinds.contains(.diskFull) && Isolation.isInside ? nodes : nil,
            faultSources: faults)
    }

    /// What carries the connections on loopback; none where no fault needs it.
    private func proxy(nodes: Int, seed: UInt64) throws(TortureFailure) -> StreamProxy? {
        guard kinds.contains(where: \.isOfNetwork) else { return nil }
        return try StreamProxy(NodeNetwork.routes(basePort: basePort, nodes: nodes), seed: seed)
    }

    /// What is to be done where no list of faults is given.
    private var rounds: Nemesis.Rounds {
        Nemesis.Rounds(
            kills: pause ? 0 : kills, pauses: pauses ?? (pause ? 10 : 0), stalls: stalls)
    }

    private var mode: String {
        var words = pause ? ["pause"] : ["kill"]
        if stalls > 0 { words.append("stall") }
        if lossy { words.append("lossy") }
        if ignoreSync { words.append("ignore-sync") }
        return words.joined(separator: " ")
    }
}
