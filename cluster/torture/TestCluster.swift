import Glibc
import Identifiers
import Lockstep

/// What a run puts below its nodes' logs.
enum DiskFault {
    case none
    /// What was not synced is torn or lost with the process.
    case lossy
    /// As well, a sync does nothing.
    case ignoresSync
}

/// The daemons of a run, and their folders.
final class TestCluster {
    struct Plan {
        var daemon: String
        var folder: String
        /// The members of the new cluster.
        var nodes: Int
        /// Nodes that are no members and not running at first.
        var spares = 0
        var network: NodeNetwork
        var fault: DiskFault
        /// Whether disks can fail and clocks jump at run time.
        var hasTroubles = false
        /// The node whose data are on a small file system of their own, if there is one.
        var small: Int?
        /// Where lossydisk.c, undo.c and trouble.c are.
        var faultSources: String
    }

    /// What became of unsynced writes.
    struct Damage {
        var writes = 0
        var sectors = 0
    }

    let plan: Plan
    private var processes: [Int: ChildProcess] = [:]
    private(set) var damage = Damage()
    /// The nodes of which something was found in their journal.
    private var journalled: Set<Int> = []
    /// Nodes that ended without having been told to, in words.
    private(set) var unexpectedEndings: [String] = []
    /// Nodes that a fault may make end on their own, and how often they did.
    private var mayEnd: Set<Int> = []
    /// How long a node may still end of what it met while its disk was bad; good for one ending.
    private var pardons: [Int: Patience] = [:]
    private static let pardonTime = Duration.seconds(10)
    private(set) var provokedEndings = 0
    /// Of each node, its bad disk and its wrong clock; empty where the plan wants none.
    private(set) var troubles: [Int: TroubleControl] = [:]
    private let machine: MachineWatch
    /// How the ending reads of a node that has found its data not to be what it wrote (`EX_DATAERR`).
    static let refusalEnding = "exit code 65"
    /// How the ending reads of a node whose disk has failed, or failed at the start (`EX_IOERR`,
    /// `EX_CANTCREAT`).
    private static let diskEndings: Set = ["exit code 74", "exit code 73"]

    init(_ plan: Plan) async throws(TortureFailure) {
        self.plan = plan
        machine = MachineWatch(folder: plan.folder)
        for node in 1...(plan.nodes + plan.spares) {
            try Files.makeFolder(folder(node))
            try Files.makeFolder(folder(node) + "/data")
            try Files.makeFolder(programFolder(node))
            try Files.write(settings(of: node), to: folder(node) + "/lockstep.yaml")
            try Files.write("", to: journal(node))
            if plan.hasTroubles {
                troubles[node] = try TroubleControl(path: "\(plan.folder)/\(node).trouble")
            }
        }
        try await compileFaults()
        try Interruption.check()
        // Last of what may fail, so that nothing that is mounted is left.
        if let small = plan.small { try await mountSmallDisk(small) }
        machine.begin()
    }

    /// The members of the beginning; a run ends with these.
    var nodes: ClosedRange<Int> {
        1...plan.nodes
    }

    /// The one that is added and removed; nil if there is none.
    var spare: Int? {
        plan.spares > 0 ? plan.nodes + 1 : nil
    }

    var endpoints: [Endpoint] {
        nodes.map(endpoint)
    }

    func endpoint(_ node: Int) -> Endpoint {
        plan.network.clientEndpoint(node)
    }

    /// A client of all nodes of the beginning.
    func client(name: String) throws(TortureFailure) -> LockstepClient {
        var configuration = ClientConfiguration(endpoints: endpoints)
        configuration.name = name
        return try OpenClients.open(configuration)
    }

    func folder(_ node: Int) -> String {
        "\(plan.folder)/\(node)"
    }

    /// Where the programs of triggers are, and what they leave.
    func programFolder(_ node: Int) -> String {
        folder(node) + "/programs"
    }

    func dataFolder(_ node: Int) -> String {
        folder(node) + "/data"
    }

    func journal(_ node: Int) -> String {
        "\(plan.folder)/\(node).journal"
    }

    private func settings(of node: Int) -> String {
        func address(_ endpoint: Endpoint) -> String {
            "\(endpoint.host):\(endpoint.port)"
        }
        var text = """
            node: \(node)
            cluster: torture-\(Isolation.owner)
            data: \(dataFolder(node))
            peer:
              listen: \(address(plan.network.peerListener(node)))
              advertise: \(address(plan.network.peerEndpoint(node)))
            client:
              listen: \(address(plan.network.clientListener(node)))
              advertise: \(address(plan.network.clientEndpoint(node)))
            triggers:
              programs: \(programFolder(node))
            metrics:
              listen: "off"
            timers:
              election: 300ms
              heartbeat: 60ms
            limits:
              cache: 64MiB

            """
        guard nodes.contains(node) else {
            return text + "join: \(address(endpoint(1)))\n"
        }
        text += "members:\n"
        for member in nodes {
            text += "  - id: \(member)\n"
            text += "    peer: \(address(plan.network.peerEndpoint(member)))\n"
            text += "    client: \(address(endpoint(member)))\n"
        }
        return text
    }

    // MARK: - Processes

    func start(_ node: Int) throws(TortureFailure) {
        guard !isRunning(node) else { return }
        var words = plan.network.prefix(node)
        words += ["PATH=/usr/bin:/bin", "\(Leftovers.variable)=\(Isolation.owner)"]
        if let path = unsafe getenv("LD_LIBRARY_PATH") {
            words.append(unsafe "LD_LIBRARY_PATH=" + String(cString: path))
        }
        var libraries: [String] = []
        if plan.hasTroubles, let trouble = troubles[node] {
            libraries.append(plan.folder + "/trouble.so")
            words += ["TROUBLE_FOLDER=" + dataFolder(node), "TROUBLE_CONTROL=" + trouble.path]
        }
        if plan.fault != .none {
            libraries.append(plan.folder + "/lossydisk.so")
            // Compared with what the kernel calls the file.
            words.append("LOSSYDISK_FOLDER=" + dataFolder(node) + "/log")
            words.append("LOSSYDISK_JOURNAL=" + journal(node))
        }
        if plan.fault == .ignoresSync { words.append("LOSSYDISK_IGNORE=1") }
        if !libraries.isEmpty { words.append("LD_PRELOAD=" + libraries.joined(separator: " ")) }
        words += [plan.daemon, "--configuration", folder(node) + "/lockstep.yaml"]
        let process = try ChildProcess(
            words[0], Array(words.dropFirst()), environment: [:], log: folder(node) + "/log")
        processes[node] = process
        if case .loopback(_, let proxy?) = plan.network {
            proxy.note(node, runsAs: process.identifier)
        }
    }

    func isRunning(_ node: Int) -> Bool {
        processes[node]?.isRunning ?? false
    }

    /// How long each running process, by its number, was ready to run without a processor, in its
    /// first thread, which has its loop (the second field of */proc/PID/schedstat*).
    var processorWaits: [Int32: Duration] {
        var waits: [Int32: Duration] = [:]
        for process in processes.values where process.isRunning {
            let fields = Files.read("/proc/\(process.identifier)/schedstat")?.split(separator: " ")
            guard let fields, fields.count > 1, let nanoseconds = Int64(fields[1]) else { continue }
            waits[process.identifier] = .nanoseconds(nanoseconds)
        }
        return waits
    }

    /// How long the machine itself held everything up, since the nodes were prepared.
    var withheld: Duration {
        machine.withheld
    }

    /// Nodes that are not running.
    var stopped: [Int] {
        nodes.filter { !isRunning($0) }
    }

    /// Notes, and starts again, nodes that have ended on their own; not for a run that is interrupted.
    func restartFallen() throws(TortureFailure) {
        if Interruption.isRequested { return }
        for node in stopped {
            noteEnding(node)
            try start(node)
        }
    }

    /// Starts nodes again that have ended of what they met while their disks were bad, and which are
    /// well again; for every wait of a run with faults, since others may need them to go on.
    func restartPardoned() throws(TortureFailure) {
        // One that was killed on purpose has no process left here, and stays down.
        for node in stopped
        where pardons[node] != nil && processes[node] != nil && !mayEnd.contains(node) {
            noteEnding(node)
            try start(node)
        }
    }

    /// Notes a node that has ended without having been told to.
    private func noteEnding(_ node: Int) {
        guard let process = processes[node], !process.isRunning else { return }
        processes[node] = nil
        let isPardoned = pardons.removeValue(forKey: node).map { !$0.isOver } ?? false
        if mayEnd.contains(node) || isPardoned, Self.diskEndings.contains(process.ending) {
            provokedEndings += 1
        } else {
            unexpectedEndings.append("node \(node): \(process.ending)")
        }
    }

    /// From now on a node may end on its own, or must not again.
    ///
    /// One that still runs may be about to end of what it has met, and is given some seconds for that.
    func setMayEnd(_ node: Int, _ mayEnd: Bool) {
        if mayEnd {
            self.mayEnd.insert(node)
        } else {
            noteEnding(node)
            guard self.mayEnd.remove(node) != nil else { return }
            pardons[node] = isRunning(node) ? Patience(Self.pardonTime, self) : nil
        }
    }

    /// Asks a node to end, kills it where it does not do so in time, and notes it if it did not end
    /// with success.
    func terminate(_ node: Int, patience: Duration) async {
        noteEnding(node)
        guard let process = processes[node] else { return }
        process.send(SIGTERM)
        let time = Patience(patience, self)
        while process.isRunning, !time.isOver, !Interruption.isRequested {
            do { try await Task.sleep(for: .milliseconds(5)) } catch { break }
        }
        let hasEnded = !process.isRunning
        await process.end()
        processes[node] = nil
        if Interruption.isRequested { return }
        if !hasEnded {
            unexpectedEndings.append("node \(node): still ran \(patience) after SIGTERM")
        } else if process.status != 0 {
            unexpectedEndings.append("node \(node): \(process.ending) after SIGTERM")
        }
    }

    /// Sends a signal; false if the node does not run.
    @discardableResult
    func signal(_ node: Int, _ number: Int32) -> Bool {
        processes[node]?.send(number) ?? false
    }

    /// Kills nodes at one moment, then takes their unsynced writes back where the run does that.
    func kill(_ nodes: [Int], using generator: inout SeededGenerator) async throws(TortureFailure) {
        for node in nodes {
            noteEnding(node)
            pardons[node] = nil
            signal(node, SIGKILL)
        }
        for node in nodes {
            await processes[node]?.end()
            processes[node] = nil
            if plan.fault != .none { try await undo(node, using: &generator) }
        }
    }

    /// Kills all that still runs.
    func end() async {
        for process in processes.values { process.send(SIGKILL) }
        for process in processes.values { await process.end() }
        processes = [:]
        pardons = [:]
        machine.end()
        if let small = plan.small { await keepSmallDisk(small) }
        await plan.network.end()
    }

    // MARK: - Disk faults

    /// Makes durable what was written so far by disks that ignore syncs, as a cache that drains.
    func drainDiskCaches() {
        for node in nodes {
            noteJournal(node)
            Files.empty(journal(node))
        }
    }

    /// Nodes whose writes the layer below their log has never seen, in a run that takes writes back:
    /// nothing can have been taken back of theirs.
    var unwatched: [Int] {
        guard plan.fault != .none else { return [] }
        for node in nodes { noteJournal(node) }
        return nodes.filter { !journalled.contains($0) }
    }

    private func noteJournal(_ node: Int) {
        if Files.size(journal(node)) ?? 0 > 0 { journalled.insert(node) }
    }

    private func compileFaults() async throws(TortureFailure) {
        let sources = plan.faultSources
        func compile(_ name: String) async throws(TortureFailure) {
            guard Files.resolve("\(sources)/\(name).c") != nil else {
                throw TortureFailure(
                    "there is no \(name).c in \(sources); name its folder with --faults")
            }
            try await run(
                "/usr/bin/cc",
                ["-O2", "-shared", "-fPIC", "-o", "\(plan.folder)/\(name).so"]
                    + ["\(sources)/\(name).c", "-ldl", "-lpthread"])
        }
        // At these the loader divides a list of libraries.
        if plan.hasTroubles || plan.fault != .none, plan.folder.contains(where: " :".contains) {
            throw TortureFailure(
                "\(plan.folder) has a space or a colon, and no library there can be preloaded; "
                    + "name another folder with --folder")
        }
        if plan.hasTroubles { try await compile("trouble") }
        guard plan.fault != .none else { return }
        try await compile("lossydisk")
        try await run("/usr/bin/cc", ["-O2", "-o", plan.folder + "/undo", sources + "/undo.c"])
    }

    private func undo(
        _ node: Int, using generator: inout SeededGenerator
    ) async throws(TortureFailure) {
        let log = folder(node) + "/data/log"
        noteJournal(node)
        guard Files.resolve(log) != nil else { return }
        let isWhole = plan.fault == .ignoresSync || generator.chance(1, in: 2)
        let text = try await run(
            plan.folder + "/undo",
            [journal(node), log, isWhole ? "all" : "torn", "\(generator.next())"])
        for word in text.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=")
            guard parts.count == 2, let number = Int(parts[1]) else { continue }
            if parts[0] == "writes" { damage.writes += number }
            if parts[0] == "sectors" { damage.sectors += number }
        }
    }

    @discardableResult
    private func run(_ path: String, _ arguments: [String]) async throws(TortureFailure) -> String {
        try await Tool.run(path, arguments, in: plan.folder)
    }
}
