import Glibc
import Lockstep

/// What a run puts below its nodes' logs.
enum DiskFault {
    case none
    /// What was not synced is torn or lost with the process.
    case lossy
    /// As well, a sync does nothing.
    case ignoresSync
}

/// The daemons of a run on loopback, and their folders.
final class TestCluster {
    struct Plan {
        var daemon: String
        var folder: String
        var nodes: Int
        var basePort: Int
        var fault: DiskFault
        /// Where lossydisk.c and undo.c are.
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
    /// Nodes that ended without having been told to, in words.
    private(set) var unexpectedEndings: [String] = []
    /// How the ending reads of a node that has found its data not to be what it wrote (`EX_DATAERR`).
    static let refusalEnding = "exit code 65"

    init(_ plan: Plan) async throws(TortureFailure) {
        self.plan = plan
        try Files.makeFolder(plan.folder, isNew: true)
        for node in 1...plan.nodes {
            try Files.makeFolder(folder(node))
            try Files.makeFolder(folder(node) + "/data")
            try Files.write(settings(of: node), to: folder(node) + "/lockstep.yaml")
            try Files.write("", to: journal(node))
        }
        if plan.fault != .none { try await compileFaults() }
    }

    var nodes: ClosedRange<Int> {
        1...plan.nodes
    }

    var endpoints: [Endpoint] {
        nodes.map(endpoint)
    }

    func endpoint(_ node: Int) -> Endpoint {
        Endpoint(host: "127.0.0.1", port: UInt16(plan.basePort + 10 * node))
    }

    private func folder(_ node: Int) -> String {
        "\(plan.folder)/\(node)"
    }

    private func journal(_ node: Int) -> String {
        "\(plan.folder)/\(node).journal"
    }

    private func settings(of node: Int) -> String {
        func address(_ node: Int, _ offset: Int) -> String {
            "127.0.0.1:\(plan.basePort + 10 * node + offset)"
        }
        var text = """
            node: \(node)
            cluster: torture
            data: \(folder(node))/data
            peer:
              listen: \(address(node, 1))
            client:
              listen: \(address(node, 0))
            metrics:
              listen: "off"
            timers:
              election: 300ms
              heartbeat: 60ms
            limits:
              cache: 64MiB
            members:

            """
        for member in nodes {
            text += "  - id: \(member)\n    peer: \(address(member, 1))\n"
            text += "    client: \(address(member, 0))\n"
        }
        return text
    }

    // MARK: - Processes

    func start(_ node: Int) throws(TortureFailure) {
        guard !isRunning(node) else { return }
        var environment = ["PATH": "/usr/bin:/bin"]
        if let path = unsafe getenv("LD_LIBRARY_PATH") {
            environment["LD_LIBRARY_PATH"] = unsafe String(cString: path)
        }
        if plan.fault != .none {
            environment["LD_PRELOAD"] = plan.folder + "/lossydisk.so"
            environment["LOSSYDISK_FOLDER"] = folder(node) + "/data/log"
            environment["LOSSYDISK_JOURNAL"] = journal(node)
        }
        if plan.fault == .ignoresSync { environment["LOSSYDISK_IGNORE"] = "1" }
        processes[node] = try ChildProcess(
            plan.daemon, ["--configuration", folder(node) + "/lockstep.yaml"],
            environment: environment, log: folder(node) + "/log")
    }

    func isRunning(_ node: Int) -> Bool {
        processes[node]?.isRunning ?? false
    }

    /// Nodes that are not running.
    var stopped: [Int] {
        nodes.filter { !isRunning($0) }
    }

    /// Notes, and starts again, nodes that have ended on their own.
    func restartFallen() throws(TortureFailure) {
        for node in stopped {
            if let process = processes[node] {
                unexpectedEndings.append("node \(node): \(process.ending)")
            }
            try start(node)
        }
    }

    func signal(_ node: Int, _ number: Int32) {
        processes[node]?.send(number)
    }

    /// Kills nodes at one moment, then takes their unsynced writes back where the run does that.
    func kill(_ nodes: [Int], using generator: inout SeededGenerator) async throws(TortureFailure) {
        for node in nodes {
            if let process = processes[node], !process.isRunning {
                unexpectedEndings.append("node \(node): \(process.ending)")
            }
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
        for process in processes.values {
            await process.end()
        }
        processes = [:]
    }

    /// Removes the folder of the run.
    func removeFolder() async {
        _ = try? await run("/bin/rm", ["-rf", "--one-file-system", plan.folder])
    }

    // MARK: - Disk faults

    /// Makes durable what was written so far by disks that ignore syncs, as a cache that drains.
    func drainDiskCaches() {
        for node in nodes { Files.empty(journal(node)) }
    }

    private func compileFaults() async throws(TortureFailure) {
        let sources = plan.faultSources
        try await run(
            "/usr/bin/cc",
            ["-O2", "-shared", "-fPIC", "-o", plan.folder + "/lossydisk.so"]
                + [sources + "/lossydisk.c", "-ldl", "-lpthread"])
        try await run("/usr/bin/cc", ["-O2", "-o", plan.folder + "/undo", sources + "/undo.c"])
    }

    private func undo(
        _ node: Int, using generator: inout SeededGenerator
    ) async throws(TortureFailure) {
        let log = folder(node) + "/data/log"
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

    /// Runs a program to its end and returns what it wrote; fails if it did.
    @discardableResult
    private func run(_ path: String, _ arguments: [String]) async throws(TortureFailure) -> String {
        let output = plan.folder + "/tool.log"
        try Files.write("", to: output)
        let process = try ChildProcess(
            path, arguments, environment: ["PATH": "/usr/bin:/bin"], log: output)
        while process.isRunning {
            do { try await Task.sleep(for: .milliseconds(2)) } catch { await process.end() }
        }
        let text = Files.read(output) ?? ""
        guard process.status == 0 else {
            throw TortureFailure("\(path) failed, \(process.ending): \(text)")
        }
        return text
    }
}
