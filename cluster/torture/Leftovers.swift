import Glibc

/// Nodes of runs on loopback whose harness was killed before it could end them.
///
/// Each process of a run has a variable that names the run's owner by number and start, so no process
/// of a run that goes on, or of anybody else, is ever taken for one. What runs in another namespace of
/// processes is left alone: its owner's number is one of there.
enum Leftovers {
    static let variable = "TORTURE_RUN"

    /// Ends what dead runs have left; returns the numbers of the processes that it has ended.
    static func sweep() -> [pid_t] {
        guard let own = Files.link("/proc/self/ns/pid") else { return [] }
        var ended: [pid_t] = []
        for number in Files.names(in: "/proc").compactMap({ pid_t($0) }) {
            guard Files.link("/proc/\(number)/ns/pid") == own, let owner = owner(of: number),
                !isAlive(owner)
            else { continue }
            if kill(number, SIGKILL) == 0 { ended.append(number) }
        }
        return ended
    }

    private static func owner(of process: pid_t) -> Substring? {
        let prefix = variable + "="
        return Files.read("/proc/\(process)/environ")?
            .split(separator: "\0").first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count)
    }

    /// Whether the process that `Isolation.owner` named still runs.
    private static func isAlive(_ owner: Substring) -> Bool {
        let parts = owner.split(separator: ".")
        guard parts.count == 2, let number = pid_t(parts[0]) else { return true }
        return ChildProcess.startTime(of: number) == String(parts[1])
    }
}
