import Glibc

/// A process that we started and have not reaped; until then its number cannot mean another one.
final class ChildProcess {
    let identifier: pid_t
    private let startTime: String
    private(set) var status: Int32?

    /// Starts a program in a process group of its own, with just this environment; what it writes
    /// is appended to `log`, or goes where our own output goes if that is nil.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], log: String?
    ) throws(TortureFailure) {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let log {
            unsafe posix_spawn_file_actions_addopen(
                &actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        var settings =
            unsafe environment.sorted { $0.key < $1.key }
            .map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            unsafe (words + settings).forEach { unsafe free($0) }
        }
        var number: pid_t = 0
        let code = unsafe posix_spawn(&number, path, &actions, &attributes, &words, &settings)
        guard code == 0 else {
            throw TortureFailure("cannot start \(path): \(Files.words(code))")
        }
        identifier = number
        startTime = Self.startTime(of: number) ?? ""
    }

    /// Whether it runs; reaps it if it has ended.
    var isRunning: Bool {
        guard status == nil else { return false }
        var word: Int32 = 0
        let result = unsafe waitpid(identifier, &word, WNOHANG)
        if result == 0 { return true }
        status = result == identifier ? word : -1
        return false
    }

    /// Sends a signal if the process still is the one that was started; false if it is not.
    @discardableResult
    func send(_ signal: Int32) -> Bool {
        guard isRunning, Self.startTime(of: identifier) == startTime else { return false }
        return kill(identifier, signal) == 0
    }

    /// Kills it, and waits until nothing of it runs any more.
    func end() async {
        send(SIGKILL)
        while isRunning {
            do { try await Task.sleep(for: .milliseconds(2)) } catch { sched_yield() }
        }
    }

    /// How it ended, in words.
    var ending: String {
        guard let status else { return "runs" }
        let signal = status & 0x7f
        return signal == 0 ? "exit code \((status >> 8) & 0xff)" : "signal \(signal)"
    }

    /// The processes that a process has started and that still are there.
    static func children(of process: pid_t) -> [pid_t] {
        Files.names(in: "/proc").compactMap { pid_t($0) }.filter { number in
            statFields(number).map { $0.count > 1 && $0[1] == "\(process)" } ?? false
        }
    }

    /// Clock ticks since boot at its start; nil if there is no such process.
    static func startTime(of process: pid_t) -> String? {
        statFields(process).flatMap { $0.count > 19 ? $0[19] : nil }
    }

    /// The fields of /proc/N/stat from the third on, which stand behind the name.
    private static func statFields(_ process: pid_t) -> [String]? {
        guard let text = Files.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")")
        else { return nil }
        return text[text.index(after: end)...].split(separator: " ").map(String.init)
    }
}
