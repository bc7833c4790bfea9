import Glibc

/// Runs the harness in namespaces of its own for network, mounts and processes.
///
/// The kernel then ends with the harness whatever it has started: each process, device, address and
/// mount, also when it is killed itself.
enum Isolation {
    /// Which network the run is to have.
    enum Choice: String, CaseIterable {
        /// Namespaces where the kernel allows them, else loopback.
        case automatic
        case namespaces
        case loopback
    }

    /// Set for the harness inside: process number and start of the one that waits outside.
    private static let ownerVariable = "TORTURE_OWNER"
    /// How long the harness inside may take to end what it does once it is told to.
    private static let endSeconds = 30

    /// Whether this process is the one inside.
    static var isInside: Bool {
        unsafe getenv(ownerVariable) != nil
    }

    /// What names this run to others: the number and the start of the process that a person sees.
    static var owner: String {
        if let given = unsafe getenv(ownerVariable) { return unsafe String(cString: given) }
        return "\(getpid()).\(ChildProcess.startTime(of: getpid()) ?? "0")"
    }

    /// The words that begin a command in new namespaces; nil where the kernel does not allow them, or
    /// offers no TUN device.
    private static func words() -> [String]? {
        let common = [
            "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        ]
        let probe = [
            "/bin/sh", "-c", "exec 3<>/dev/net/tun && test -x /usr/bin/nsenter && ip link",
        ]
        for user in [[], ["--user", "--map-root-user"]] {
            let words = ["/usr/bin/unshare"] + user + common
            guard
                let process = try? ChildProcess(
                    words[0], Array(words.dropFirst()) + probe, environment: path, log: "/dev/null")
            else { continue }
            while process.isRunning { usleep(2_000) }
            if process.status == 0 { return words }
        }
        return nil
    }

    private static let path = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Runs this program again inside, with the same arguments, and waits for it; returns its exit
    /// code, or nil if the run is to be on loopback, here.
    ///
    /// The run makes `folder` inside.
    ///
    /// Blocks the main thread, on purpose: the kernel kills what is inside when the thread ends that
    /// has started it.
    static func run(_ choice: Choice, folder: String) -> Int32? {
        guard choice != .loopback, !isInside else { return nil }
        guard let words = words() else {
            if choice == .automatic { return nil }
            Files.writeError("lockstep-torture: no namespaces may be made here\n")
            return 2
        }
        guard !Interruption.isRequested else { return 1 }
        guard let program = Files.resolve("/proc/self/exe") else { return nil }
        var environment = path
        environment[ownerVariable] = owner
        for name in ["LD_LIBRARY_PATH", "HOME", "TMPDIR", "NO_COLOR", "TERM"] {
            guard let value = unsafe getenv(name) else { continue }
            environment[name] = unsafe String(cString: value)
        }
        let command =
            ["--pdeathsig", "KILL"] + words + [program] + CommandLine.arguments.dropFirst()
        guard
            let process = try? ChildProcess(
                "/usr/bin/setpriv", command, environment: environment, log: nil)
        else {
            Files.writeError("lockstep-torture: setpriv cannot be started\n")
            return 2
        }
        return wait(for: process, folder: folder)
    }

    private static func wait(for process: ChildProcess, folder: String) -> Int32 {
        var deadline: ContinuousClock.Instant?
        var next = ContinuousClock.now
        while process.isRunning {
            usleep(10_000)
            let now = ContinuousClock.now
            guard Interruption.isRequested, next <= now else { continue }
            let limit = deadline ?? now + .seconds(endSeconds)
            deadline = limit
            if limit < now { process.send(SIGKILL) }
            // Again and again, since the first process of a namespace is not sent a signal for which it
            // has no handler yet.
            for child in ChildProcess.children(of: process.identifier) { kill(child, SIGTERM) }
            next = now + .milliseconds(100)
        }
        let status = process.status ?? -1
        if let deadline, deadline < .now, status & 0x7f == SIGKILL {
            Files.writeError(
                "lockstep-torture: ended by force, \(endSeconds) s after the signal; logs and data "
                    + "are in \(folder)\n")
            return 1
        }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}
