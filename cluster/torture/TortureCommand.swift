import ArgumentParser
import Glibc
import IOPosix
import Identifiers
import JSON
import Lockstep

/// Enters namespaces of its own, where the kernel allows it, before anything else is begun.
@main
enum TortureProgram {
    static func main() async {
        StandardDescriptors.hold()
        StandardOutput.takeNoSignal()
        do {
            try await run(TortureCommand.parseAsRoot())
        } catch {
            end(error)
        }
        end(nil)
    }

    /// Ends the program; what could not be written comes before all that there was to say.
    private static func end(_ error: (any Error)?) -> Never {
        let code = error.map { TortureCommand.exitCode(for: $0) } ?? .success
        if let error, code == .success {
            StandardOutput.write(TortureCommand.fullMessage(for: error))
        }
        guard StandardOutput.finish(as: "lockstep-torture") else { exit(StandardOutput.exitCode) }
        guard let error, code != .success else { exit(0) }
        TortureCommand.exit(withError: error)
    }

    private static func run(_ parsed: any ParsableCommand) async throws {
        guard let command = parsed as? TortureCommand else {
            var other = parsed
            try other.run()
            return
        }
        Interruption.install()
        if !Isolation.isInside {
            let ended = Leftovers.sweep()
            if command.clean, command.json {
                StandardOutput.write(
                    JSONValue.object([JSONMember("ended", .number(ended.count))]).indentedText)
            } else if command.clean || !ended.isEmpty {
                Files.writeError(
                    "lockstep-torture: \(ended.count) processes of dead runs ended\n")
            }
            if command.clean { return }
        }
        let code = Isolation.run(command.network ?? .automatic, folder: command.chosenFolder)
        if let code { exit(code) }
        try await command.run()
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
            kernel (see --lossy); disks that lie, of which it is known that writes are lost (see \
            --ignore-sync); more than one node at a time whose durable state is gone; machines \
            apart; who keeps a disk busy, since time in which it comes to no sync is not counted \
            against the cluster where a leader, progress, voters, changes of members, the ends of \
            nodes or equal digests are waited for.

            A RUN THAT IS INTERRUPTED, by SIGINT, SIGTERM, SIGQUIT or SIGHUP, asks nothing more of the cluster, ends \
            what it has started, and writes history and timeline. That takes a second or two; longer \
            where a disk holds a process in a sync, since no process ends before its sync does. In \
            namespaces all is ended by force after 30 seconds, with what the history has by then, and \
            no timeline.

            EXIT CODES
              0   the verdict is clean
              1   it is not, or the run was interrupted
              2   the run could not be made
              64  the command line is wrong
              74  the verdict cannot be written, such as to a full disk

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
    @Option(help: "Where lossydisk.c, undo.c and trouble.c are. (default: cluster/faults)")
    var faults: String?
    @Option(help: "Nodes, 1 to 9. (default: 3)")
    var nodes: Int?
    @Option(help: "Clients that write at the same time, 1 to 1000. (default: 8)")
    var clients: Int?
    @Option(
        help: """
            With --nemesis: how many operations a second all clients together may begin. (default: \
            as many as are answered)
            """)
    var rate: Int?
    @Option(
        help: "Where nodes listen: automatic, namespaces or loopback. (default: automatic)")
    var network: Isolation.Choice?
    @Option(
        help: """
            On loopback, node N listens at this port + 10 N, and at the next one; where connections \
            are to be broken, a proxy does at these + 5. (default: 28100)
            """)
    var basePort: Int?
    @Option(help: "How many processes to kill. (default: 200, with --pause none)")
    var kills: Int?
    @Option(help: "How often to pause the leader. (default: 0, with --pause 10)")
    var pauses: Int?
    @Option(
        help: "How often to hold the syncs of the leader's log for five seconds. (default: 0)")
    var stalls: Int?
    @Option(help: "The longest that faults happen. (default: 600)")
    var seconds: Int?
    @Option(
        help: """
            How long the cluster may be without progress while all nodes run, in seconds. (default: \
            30)
            """)
    var patience: Int?
    @Option(help: "What the random choices come from. (default: a random one, printed)")
    var seed: UInt64?
    @Option(help: "Faults, apart by commas: all, kinds, or the first word of some, such as disk.")
    var nemesis: String?
    @Option(
        help: """
            With --nemesis: what clients do besides the ledger of writes, apart by commas: \
            \(Workloads.names.joined(separator: ", ")); all, or none. (default: all)
            """)
    var workloads: String?
    @Option(
        help: "With --nemesis: the most faults at once, after each was alone. (default: 3)")
    var mostAtOnce: Int?
    @Flag(help: "Pause the leader instead of killing nodes.")
    var pause = false
    @Flag(help: "With each kill, tear or lose what the node had not synced.")
    var lossy = false
    @Flag(help: "With --lossy: disks that ignore syncs, so that writes must be lost.")
    var ignoreSync = false
    @Flag(help: "Succeed only if writes were found lost, or nodes refused their data.")
    var expectFailure = false
    @Flag(
        help: """
            Only end what runs have left that were killed; each run begins with this. Goes with \
            --json alone.
            """)
    var clean = false
    @Flag(help: "Print the verdict as JSON.")
    var json = false

    func validate() throws {
        if let objection { throw ValidationError(objection) }
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        let unavailable = MatrixRun.unavailable(kinds, isolated: Isolation.isInside)
        for fault in unavailable { say("not here: \(fault.kind.rawValue): \(fault.reason)") }
        guard kinds.isEmpty || unavailable.count < kinds.count else {
            say("cannot begin: none of these faults can be had here")
            throw ExitCode(2)
        }
        let cluster: TestCluster
        do throws(TortureFailure) {
            cluster = try await makeCluster(in: chosenFolder, seed: seed)
        } catch {
            say(Interruption.isRequested ? "interrupted" : "cannot begin: \(error)")
            throw ExitCode(Interruption.isRequested ? 1 : 2)
        }
        let closing = Task { await OpenClients.closeWhenInterrupted() }
        defer { closing.cancel() }
        let folder = cluster.plan.folder
        say("seed \(seed), network \(cluster.plan.network.name), folder \(folder)")
        let isAsWanted: Bool
        if kinds.isEmpty {
            let plan = KillRun.Plan(
                rounds: rounds, mode: mode, seconds: seconds ?? Self.standardSeconds,
                patience: longestSilence, clients: clients ?? Self.standardClients, seed: seed)
            var verdict = await KillRun(plan: plan, cluster: cluster).run()
            await cluster.end()
            if verdict.failure == nil, let reason = Interruption.reason { verdict.note(reason) }
            StandardOutput.write(json ? verdict.json : verdict.text)
            isAsWanted =
                expectFailure
                ? verdict.hasFoundLies && Interruption.reason == nil : verdict.isClean
            if expectFailure { say("the disks' lies were \(verdict.fateOfLies)") }
        } else {
            var verdict = await matrix(cluster, seed: seed)
            await cluster.end()
            if verdict.failure == nil, let reason = Interruption.reason { verdict.note(reason) }
            StandardOutput.write(json ? verdict.json : verdict.text)
            isAsWanted = verdict.isClean
        }
        // A signal from now on comes after the run.
        if isAsWanted, self.folder == nil, !StandardOutput.isBroken {
            await remove(folder)
        } else {
            say("logs and data are in \(folder)")
        }
        guard isAsWanted else { throw ExitCode(1) }
    }

    /// The folder of the run, whether it has been made or not.
    var chosenFolder: String {
        folder ?? "/tmp/lockstep-torture.\(Isolation.owner)"
    }

    /// The faults that the run is to have; none for kills and pauses alone.
    private var kinds: [FaultKind] {
        nemesis.flatMap(FaultKind.list) ?? []
    }

    private func matrix(_ cluster: TestCluster, seed: UInt64) async -> MatrixVerdict {
        let checked = (try? Workloads.named(workloads ?? "all")) ?? []
        let unavailable = MatrixRun.unavailable(kinds, isolated: Isolation.isInside)
        let possible = kinds.filter { kind in !unavailable.contains { $0.kind == kind } }
        let plan = MatrixRun.Plan(
            kinds: possible, workloads: checked, seconds: seconds ?? Self.standardSeconds,
            patience: longestSilence, clients: clients ?? Self.standardClients,
            mostAtOnce: mostAtOnce ?? 3, rate: rate, seed: seed)
        var verdict = await MatrixRun(plan: plan, cluster: cluster).run()
        verdict.unavailable = unavailable
        return verdict
    }

    private func say(_ text: String) {
        Files.writeError("lockstep-torture: \(text)\n")
    }

    /// Prepares the nodes in a folder that is made for them; where that fails, nothing of it is left.
    private func makeCluster(
        in folder: String, seed: UInt64
    ) async throws(TortureFailure) -> TestCluster {
        let daemon = try resolvedDaemon()
        try Files.makeFolder(folder, isNew: true)
        do throws(TortureFailure) {
            // Without links and turns: so the kernel names its files to what is put below a node.
            guard let place = Files.resolve(folder) else {
                throw TortureFailure("cannot find \(folder): \(Files.words(errno))")
            }
            let plan = try await plan(daemon: daemon, folder: place, seed: seed)
            do throws(TortureFailure) {
                return try await TestCluster(plan)
            } catch {
                await plan.network.end()
                throw error
            }
        } catch {
            await remove(folder)
            throw error
        }
    }

    /// Removes the folder of a run, or says where it is.
    private func remove(_ folder: String) async {
        do throws(TortureFailure) {
            try await Tool.run(
                "/bin/rm", ["-rf", "--one-file-system", folder], log: "/dev/null")
        } catch {
            say("what is left of the run is in \(folder): \(error)")
        }
    }

    private func resolvedDaemon() throws(TortureFailure) -> String {
        let program =
            daemon ?? Files.resolve("/proc/self/exe").map { own in
                own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/lockstepd"
            } ?? "lockstepd"
        guard let resolved = Files.resolve(program) else {
            throw TortureFailure("there is no \(program); build it, or name it with --daemon")
        }
        if let objection = Files.objection(toProgram: resolved) {
            throw TortureFailure("\(resolved) cannot be run: \(objection)")
        }
        return resolved
    }

    private func plan(
        daemon: String, folder: String, seed: UInt64
    ) async throws(TortureFailure) -> TestCluster.Plan {
        let fault: DiskFault = ignoreSync ? .ignoresSync : lossy ? .lossy : .none
        let nodes = nodes ?? Self.standardNodes
        let basePort = basePort ?? 28_100
        let spares = kinds.contains(.membership) ? 1 : 0
        if !Isolation.isInside {
            try NodeNetwork.reserve(basePort: basePort)
            try NodeNetwork.checkPorts(
                basePort: basePort, nodes: nodes + spares, areProxied: isProxied)
        }
        let network: NodeNetwork =
            Isolation.isInside
            ? .namespaces(
                try await NamespaceNetwork(folder: folder, nodes: nodes + spares, seed: seed))
            : .loopback(basePort: basePort, try proxy(basePort, nodes: nodes + spares, seed: seed))
        return TestCluster.Plan(
            daemon: daemon, folder: folder, nodes: nodes, spares: spares, network: network,
            fault: fault, hasTroubles: !kinds.isEmpty || rounds.stalls > 0,
            small: kinds.contains(.diskFull) && Isolation.isInside ? nodes : nil,
            faultSources: faults ?? "cluster/faults")
    }

    /// Whether a fault needs the connections carried on loopback.
    private var isProxied: Bool { kinds.contains(where: \.isOfNetwork) }

    /// What carries the connections on loopback; none where no fault needs it.
    private func proxy(
        _ basePort: Int, nodes: Int, seed: UInt64
    ) throws(TortureFailure) -> StreamProxy? {
        guard isProxied else { return nil }
        return try StreamProxy(NodeNetwork.routes(basePort: basePort, nodes: nodes), seed: seed)
    }

    /// What is to be done where no list of faults is given.
    var rounds: Nemesis.Rounds {
        Nemesis.Rounds(
            kills: pause ? 0 : kills ?? 200, pauses: pauses ?? (pause ? 10 : 0),
            stalls: stalls ?? 0)
    }

    static let standardNodes = 3
    private static let standardClients = 8
    private static let standardSeconds = 600

    private var longestSilence: Duration {
        .seconds(patience ?? 30)
    }

    private var mode: String {
        var words = pause ? ["pause"] : ["kill"]
        if rounds.stalls > 0 { words.append("stall") }
        if lossy { words.append("lossy") }
        if ignoreSync { words.append("ignore-sync") }
        return words.joined(separator: " ")
    }
}
