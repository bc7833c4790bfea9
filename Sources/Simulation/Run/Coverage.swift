import WAL

/// How often each thing has happened that a run is to reach.
package struct Coverage: Sendable {
    package private(set) var counts: [String: Int] = [:]

    package init() {}

    /// What a set of runs has to meet; a quiet one proves nothing.
    ///
    /// Of the recovery table that is each row, with those that `DirectedRow` brings about.
    package static let wanted =
        Fault.kinds
        + RecoverySteps.names.map(\.name) + [
            "compactions", "conditions that failed", "conditions that held", "connections broken",
            "elections", "feeds trimmed", "failed changes of names and lengths",
            "gaps of a trigger accepted", "gaps of a trigger of aborts accepted", "messages lost",
            "messages reordered", "messages repeated", "names lost in a crash",
            "operations of the client library", "reads put off", "reads refused for a bound",
            "repairs", "requests repeated", "sessions expired", "sessions refused for a bound",
            "sessions without room for an outcome", "snapshot installs",
            "snapshots that a log goes beyond", "states compared",
            "slips of an identity", "slips of the register of segments",
            "start refused for its identity", "stops for a fault of the disk",
            "transactions refused for a bound",
            "unsynced writes that a process left", "trigger deliveries",
            "trigger deliveries of aborts", "truncations",
            "turns in a joint membership", "vetoes",
            "watches of what was told before", "watches refused for trimmed changes",
            "watches resumed",
        ]

    /// Runs in which a watch had lost what no client was told of, so that nobody can tell what was read.
    package static let unjudged = "runs whose reads were not judged"

    package mutating func count(_ name: String, _ times: Int = 1) {
        counts[name, default: 0] += times
    }

    package mutating func merge(_ other: Coverage) {
        for (name, times) in other.counts { count(name, times) }
    }

    package subscript(name: String) -> Int {
        counts[name] ?? 0
    }

    /// All counts by name.
    package var sorted: [(name: String, count: Int)] {
        counts.map { (name: $0.key, count: $0.value) }.sorted { $0.name < $1.name }
    }
}
