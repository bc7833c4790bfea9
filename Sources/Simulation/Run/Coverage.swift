/// How often each thing has happened that a run is to reach.
package struct Coverage: Sendable {
    package private(set) var counts: [String: Int] = [:]

    package init() {}

    /// What a set of runs has to meet; a quiet one proves nothing.
    package static let wanted =
        Fault.kinds + [
            "compactions", "conditions that failed", "conditions that held", "connections broken",
            "damage ended by a snapshot", "damage filled by appends", "doubtful frames proved",
            "elections", "frames kept of a rotten envelope", "messages lost",
            "messages reordered", "messages repeated", "names lost in a crash",
            "nobody could help", "operations of the client library", "repair by digest",
            "repair by the leader", "repairs", "requests repeated",
            "rot below the engine passed over", "rot in applied records flushed away",
            "snapshot installs", "states compared", "stops for a fault of the disk",
            "torn group cut off", "trigger deliveries", "truncations",
            "turns in a joint membership", "watches resumed",
        ]

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
