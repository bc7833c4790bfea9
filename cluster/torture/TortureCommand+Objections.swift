import ArgumentParser
import Lockstep

/// What is wrong with the arguments of a run, in words; nil where a run can begin with them.
package func objection(toArguments arguments: [String]) -> String? {
    do {
        _ = try TortureCommand.parseAsRoot(arguments)
        return nil
    } catch {
        return TortureCommand.message(for: error)
    }
}

/// Options that cannot be, alone or together: what a run would not heed, or could not judge, is refused,
/// so that nobody takes its verdict for one of what was asked for.
///
/// Where something is, which not every run needs, may be told to all: `--faults`, and `--base-port` where
/// it is open whether there are namespaces.
extension TortureCommand {
    /// The first thing that is wrong; nil if nothing is.
    var objection: String? {
        cleaning ?? numbers ?? names ?? nemesisAlone ?? together
    }

    /// The options that were given with a value, or set.
    var given: [String] {
        [
            ("daemon", daemon != nil), ("folder", folder != nil), ("faults", faults != nil),
            ("nodes", nodes != nil), ("clients", clients != nil), ("rate", rate != nil),
            ("network", network != nil), ("base-port", basePort != nil),
            ("kills", kills != nil), ("pauses", pauses != nil), ("stalls", stalls != nil),
            ("seconds", seconds != nil), ("patience", patience != nil), ("seed", seed != nil),
            ("nemesis", nemesis != nil), ("workloads", workloads != nil),
            ("most-at-once", mostAtOnce != nil), ("pause", pause), ("lossy", lossy),
            ("ignore-sync", ignoreSync), ("expect-failure", expectFailure),
        ].filter(\.1).map(\.0)
    }

    private var cleaning: String? {
        guard clean, let other = given.first else { return nil }
        return "--clean begins no run, and goes without --\(other)"
    }

    private var numbers: String? {
        // The longest make no time that a clock could not have.
        let bounds: [(String, Int?, ClosedRange<Int>)] = [
            ("nodes", nodes, 1...9), ("clients", clients, 1...1_000),
            ("rate", rate, 1...1_000_000), ("base-port", basePort, 1_024...65_000),
            ("kills", kills, 0...1_000_000), ("pauses", pauses, 0...1_000_000),
            ("stalls", stalls, 0...1_000_000), ("seconds", seconds, 1...1_000_000),
            ("patience", patience, 1...86_400), ("most-at-once", mostAtOnce, 1...100),
        ]
        return bounds.first { !$0.2.contains($0.1 ?? $0.2.lowerBound) }.map { name, _, range in
            "--\(name) must be \(range.lowerBound) to \(range.upperBound)"
        }
    }

    private var names: String? {
        for (name, value) in [("daemon", daemon), ("folder", folder), ("faults", faults)] {
            if value?.isEmpty ?? false { return "--\(name) wants a name" }
        }
        if let nemesis, FaultKind.list(nemesis) == nil {
            return "--nemesis \(nemesis): no such fault; --help lists them"
        }
        do throws(TortureFailure) {
            _ = try Workloads.named(workloads ?? "all")
        } catch {
            return "--workloads: \(error)"
        }
        return nil
    }

    private var nemesisAlone: String? {
        let isList = nemesis != nil
        let others: Set =
            isList
            ? ["kills", "pauses", "stalls", "pause", "lossy", "ignore-sync", "expect-failure"]
            : ["rate", "workloads", "most-at-once"]
        guard let other = given.first(where: others.contains) else { return nil }
        return isList
            ? "--nemesis goes without --\(other)" : "--\(other) goes with --nemesis alone"
    }

    private var together: String? {
        if network == .namespaces, basePort != nil {
            return "--base-port is of loopback, and goes without --network namespaces"
        }
        // Of two, one that is wiped is no minority, and two groups have no bridge.
        if nemesis != nil, nodes ?? Self.standardNodes < 3 {
            return "--nemesis goes with 3 nodes or more"
        }
        guard nemesis == nil else { return nil }
        let rounds = rounds
        if pause, kills != nil { return "--pause is instead of kills, and goes without --kills" }
        guard rounds.kills + rounds.pauses + rounds.stalls > 0 else {
            return "there is nothing to do: --kills, --pauses and --stalls are 0"
        }
        if rounds.stalls > 0, lossy { return "--stalls goes without --lossy" }
        if lossy, rounds.kills == 0 { return "--lossy goes with kills, and there are none" }
        if ignoreSync, !lossy { return "--ignore-sync goes with --lossy" }
        if expectFailure, !lossy { return "--expect-failure goes with --lossy" }
        if rounds.pauses + rounds.stalls > 0, nodes ?? Self.standardNodes < 3 {
            return "--pauses and --stalls go with 3 nodes or more, for the others have to go on"
        }
        return nil
    }
}
