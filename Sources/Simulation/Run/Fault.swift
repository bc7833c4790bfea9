/// Something that goes wrong in a run; hosts are numbered from 1.
package enum Fault: Sendable, Hashable {
    /// The process ends, and starts again after so long.
    case crash(UInt64, downMilliseconds: UInt64)
    /// Every process ends at the same moment.
    case crashAll(downMilliseconds: UInt64)
    case pause(UInt64, milliseconds: UInt64)
    /// The hosts of the set cannot reach the others, nor be reached.
    case partition([UInt64], milliseconds: UInt64)
    /// What the first sends does not reach the second.
    case deafness(UInt64, UInt64, milliseconds: UInt64)
    /// What the first sends to the second is late by so much.
    case clog(UInt64, UInt64, delayMilliseconds: UInt64, milliseconds: UInt64)
    /// Connections between the two break.
    case reset(UInt64, UInt64)
    /// Messages between peers are lost, repeated and reordered.
    case harm(perMille: UInt64, milliseconds: UInt64)
    case diskStall(UInt64, milliseconds: UInt64)
    case diskFull(UInt64, milliseconds: UInt64)
    /// A write or a sync fails, which ends the process; it starts again after so long.
    case diskFailure(UInt64, isSync: Bool, downMilliseconds: UInt64)
    /// The process ends, and bits of its log rot before it starts again.
    case rot(UInt64, downMilliseconds: UInt64)
    /// The process ends, and its data directory is lost.
    case wipe(UInt64, downMilliseconds: UInt64)
    /// The monotonic clock runs at so many thousandths of the world's.
    case clockRate(UInt64, perMille: UInt64, milliseconds: UInt64)
    case wallClock(UInt64, offsetMilliseconds: Int64)
    /// Trigger programs fail so often.
    case failingPrograms(UInt64, perMille: UInt64, milliseconds: UInt64)
    /// The leader is told to hand over.
    case transfer
    /// The spare host becomes a learner, then a voter, then nobody: one step each time.
    case membership

    /// The kind, for coverage.
    package var kind: String {
        switch self {
        case .crash: "crash"
        case .crashAll: "crash of all"
        case .pause: "pause"
        case .partition: "partition"
        case .deafness: "one-way partition"
        case .clog: "clogged link"
        case .reset: "connection reset"
        case .harm: "harmed messages"
        case .diskStall: "stalled disk"
        case .diskFull: "full disk"
        case .diskFailure(_, let isSync, _): isSync ? "failing sync" : "failing write"
        case .rot: "rotten log"
        case .wipe: "wiped disk"
        case .clockRate: "clock rate"
        case .wallClock: "wall clock"
        case .failingPrograms: "failing programs"
        case .transfer: "transfer"
        case .membership: "membership change"
        }
    }

    /// All kinds, sorted.
    package static let kinds = [
        "clock rate", "clogged link", "connection reset", "crash", "crash of all",
        "failing programs", "failing sync", "failing write", "full disk", "harmed messages",
        "membership change", "one-way partition", "partition", "pause", "rotten log",
        "stalled disk", "transfer",
        "wall clock", "wiped disk",
    ]
}

/// The faults of one run: when each begins, in milliseconds of the safety phase.
package struct Schedule: Sendable {
    package struct Entry: Sendable, Hashable {
        /// Its place in the schedule that the seed gives.
        package let number: Int
        package let atMilliseconds: UInt64
        package let fault: Fault
    }

    package private(set) var entries: [Entry] = []

    /// The schedule that a seed gives for a cluster of `hosts`.
    package init(seed: UInt64, hosts: Int, milliseconds: UInt64) {
        // A stream of its own: leaving a fault out changes no other one.
        var random = SeededGenerator(seed: seed ^ 0x5EED_FA17_5EED_FA17)
        // Some runs are rough, some nearly calm.
        let meanPause = random.pick([250, 500, 1_000, 2_000] as [UInt64])
        var time: UInt64 = 0
        while true {
            time += UInt64.random(in: 0...2 * meanPause, using: &random)
            guard time < milliseconds else { break }
            let fault = Self.fault(hosts: hosts, using: &random)
            entries.append(Entry(number: entries.count, atMilliseconds: time, fault: fault))
        }
    }

    /// The same with the entries of these numbers alone.
    package func keeping(_ numbers: [Int]) -> Schedule {
        var kept = self
        kept.entries = entries.filter { numbers.contains($0.number) }
        return kept
    }

    private static func fault(hosts: Int, using random: inout SeededGenerator) -> Fault {
        let one = 1 + random.next() % UInt64(hosts)
        let other = 1 + (one + random.next() % UInt64(hosts - 1)) % UInt64(hosts)
        let short = UInt64.random(in: 20...400, using: &random)
        let long = UInt64.random(in: 200...3_000, using: &random)
        let weights: [(Int, Fault)] = [
            (12, .crash(one, downMilliseconds: long)),
            (2, .crashAll(downMilliseconds: short)),
            (6, .pause(one, milliseconds: long)),
            (6, .partition([one], milliseconds: long)),
            (6, .deafness(one, other, milliseconds: long)),
            (5, .clog(one, other, delayMilliseconds: short, milliseconds: long)),
            (5, .reset(one, other)),
            (5, .harm(perMille: 1 + short / 2, milliseconds: long)),
            (4, .diskStall(one, milliseconds: long)),
            (3, .diskFull(one, milliseconds: long)),
            (2, .diskFailure(one, isSync: short % 2 == 0, downMilliseconds: long)),
            (5, .rot(one, downMilliseconds: short)),
            (2, .wipe(one, downMilliseconds: long)),
            (3, .clockRate(one, perMille: 900 + short / 2, milliseconds: long)),
            (2, .wallClock(one, offsetMilliseconds: Int64(long) * 10_000 - 15_000_000)),
            (2, .failingPrograms(one, perMille: 300, milliseconds: long)),
            (4, .transfer),
            (4, .membership),
        ]
        var place = Int(random.next() % UInt64(weights.reduce(0) { $0 + $1.0 }))
        for (weight, fault) in weights {
            place -= weight
            if place < 0 { return fault }
        }
        preconditionFailure("no fault was chosen")
    }
}
