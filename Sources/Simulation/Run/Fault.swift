import Identifiers

/// Something that goes wrong in a run; hosts are numbered from 1.
package enum Fault: Sendable, Hashable {
    /// The process ends, and starts again after so long.
    case crash(UInt64, downMilliseconds: UInt64)
    /// Every process ends at the same moment.
    case crashAll(downMilliseconds: UInt64)
    /// The process ends in the middle of what it does, so many of its doings on; of `.repair` and
    /// `.install`, whichever process comes to it next.
    case crashMidway(UInt64, Moment, doings: Int, downMilliseconds: UInt64)
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
    /// The host cannot be reached, can, cannot, each for so long.
    case flapping(UInt64, times: UInt64, milliseconds: UInt64)
    /// Everything on the host takes so many times as long.
    case slow(UInt64, factor: UInt64, milliseconds: UInt64)
    case diskStall(UInt64, milliseconds: UInt64)
    case diskFull(UInt64, milliseconds: UInt64)
    /// Writes, syncs or reads fail, which ends the process; it starts again after so long.
    case diskFailure(UInt64, Access, downMilliseconds: UInt64)
    /// Bits of the log rot, or sectors are lost; but for `.running`, `.sectorsRunning` and `.unapplied` the
    /// process ends before, and starts again after so long.
    case rot(UInt64, Rot, downMilliseconds: UInt64)
    /// One of the workers that apply, read and maintain does nothing for so long.
    case workerStall(UInt64, worker: Int, milliseconds: UInt64)
    /// One write or read of the log goes wrong without a word; some time later the process ends,
    /// and it starts again after so long.
    case slip(UInt64, DiskSlip, downMilliseconds: UInt64)
    /// The process ends, and its data directory is lost.
    case wipe(UInt64, downMilliseconds: UInt64)
    /// The monotonic clock runs at so many thousandths of the world's.
    case clockRate(UInt64, perMille: UInt64, milliseconds: UInt64)
    case wallClock(UInt64, offsetMilliseconds: Int64)
    /// The wall clock jumps hither and thither, by hours.
    case wallJumps(UInt64, milliseconds: UInt64)
    /// Trigger programs of one host, or of all, fail so often.
    case failingPrograms(UInt64?, perMille: UInt64, milliseconds: UInt64)
    /// The leader cannot reach the other hosts, nor be reached, and is asked for what it cannot do.
    case leaderCut(LeaderCut)
    /// The leader is told to hand over.
    case transfer
    /// The spare host becomes a learner, then a voter, then nobody: one step each time.
    case membership
    /// The spare host is at fault while it is a member.
    case added(Added, milliseconds: UInt64)
    /// A founder, or whoever of them leads, is removed with its data, and added again as a new node.
    case removal(UInt64, ofLeader: Bool)
    /// The two hosts cannot reach two or three others that are members, nor be reached by them.
    case split(UInt64, UInt64, milliseconds: UInt64)
    /// What a client and the hosts send each other; the client by its place.
    case client(Int, ClientLinkFault, milliseconds: UInt64)

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
        case .diskFailure(_, let access, _): "failing \(access)"
        case .slip(_, let slip, _): slip.rawValue
        case .crashMidway(_, let moment, _, _): moment.rawValue
        case .flapping: "flapping link"
        case .slow: "slow node"
        case .wallJumps: "jumping wall clock"
        case .rot(_, let rot, _): rot.rawValue
        case .workerStall: "stalled worker"
        case .wipe: "wiped disk"
        case .clockRate: "clock rate"
        case .wallClock: "wall clock"
        case .failingPrograms: "failing programs"
        case .leaderCut(let cut): cut.ending.rawValue
        case .transfer: "transfer"
        case .membership: "membership change"
        case .added(let added, _): added.rawValue
        case .removal(_, let ofLeader): ofLeader ? "leader removed" : "founder removed"
        case .split: "split"
        case .client(_, let fault, _): fault.rawValue
        }
    }

    /// Whether the kind is counted where it has met something, and not when it begins: a disk may be
    /// left alone meanwhile, there may be nothing that can rot, nobody to be split from, or no leader
    /// to carry a change of members through.
    var isCountedWhenMet: Bool {
        switch self {
        case .diskFull, .diskFailure, .slip, .rot, .split, .membership, .removal: true
        case .leaderCut(let cut): cut.ending == .compacted
        default: false
        }
    }

    /// All kinds, sorted.
    package static let kinds =
        ([
            "clock rate", "clogged link", "connection reset", "crash", "crash of all",
            "failing programs", "failing read", "failing sync", "failing write", "flapping link",
            "founder removed", "full disk", "harmed messages", "jumping wall clock",
            "leader removed", "membership change", "one-way partition", "partition", "pause",
            "slow node", "split in two and three", "split in two and two", "stalled disk",
            "stalled worker", "transfer", "wall clock", "wiped disk",
        ] + LeaderCut.Ending.allCases.map(\.rawValue) + Rot.allCases.map(\.rawValue)
        + DiskSlip.allCases.map(\.rawValue) + Added.allCases.map(\.rawValue)
        + ClientLinkFault.allCases.map(\.rawValue)
        + Moment.allCases.map(\.rawValue)).sorted()

    /// What a process is at when it ends in the middle of it.
    package enum Moment: String, Sendable, CaseIterable {
        case anyTime = "crash midway"
        case start = "crash in a start"
        case repair = "crash in a repair"
        case install = "crash in an install"
    }

    /// Where bits of a log rot.
    package enum Rot: String, Sendable, CaseIterable {
        /// In the first half of each segment, header included.
        case anywhere = "rotten log"
        /// In groups of which the engine holds nothing.
        case unflushed = "rot above the engine"
        /// In the last frames, behind which nothing but a vote has been written.
        case end = "rot at the log's end"
        /// While the process runs.
        case running = "rot under a running process"
        /// The same, in what is not applied, because nothing is applied for a while.
        case unapplied = "rot in what waits to be applied"
        /// In what the engine does not hold and no other node has in its log any more.
        case compacted = "rot in what the others have compacted"
        /// Sectors cannot be read until they are written again.
        case sectors = "unreadable sectors"
        /// The same, while the process runs.
        case sectorsRunning = "unreadable sectors under a running process"
        /// Bits, or a sector, of the identity or of the register of segments.
        case beside = "rot beside the log"
    }

    /// What is done to a member that was added.
    package enum Added: String, Sendable, CaseIterable {
        case crash = "crash of an added member"
        case cut = "added member cut off"
        case pause = "pause of an added member"
        case stall = "stalled disk of an added member"
    }

    /// What is done to the links between a client and all hosts.
    package enum ClientLinkFault: String, Sendable, CaseIterable {
        /// Nothing arrives, either way.
        case cut = "client cut off"
        /// Requests arrive, and of the answers none: their connections break in the end.
        case unanswered = "client without answers"
        case late = "late client links"
        case reset = "client links reset"
    }

    package enum Access: String, Sendable, CaseIterable {
        case write, sync, read
    }
}

/// How a leader is cut off, and what comes of it.
package struct LeaderCut: Sendable, Hashable {
    package enum Ending: String, Sendable, CaseIterable {
        /// Its connections break, with all that was sent to it meanwhile.
        case quiet = "leader cut off"
        /// Messages are lost, repeated and reordered when the leader can be reached again.
        case harm = "leader back among harmed messages"
        /// Its process ends, and what it alone has rots; who leads now reaches it after the others.
        case rot = "rot in what a leader alone had"
        /// As soon as another one leads, that one is cut off in its place.
        case next = "leaders cut off in turn"
        /// It comes back when another leader has compacted what it would need, with more to itself
        /// than that leader's log has by then: the snapshot meets a longer log of another term.
        case compacted = "leader back behind a compaction"
    }

    package let milliseconds: UInt64
    /// Whether its disk stands still until a little after.
    package let isStalled: Bool
    package let changesMembers: Bool
    package let ending: Ending

    /// The cut that these two lengths of time give.
    init(short: UInt64, long: UInt64) {
        milliseconds = 300 + short * 3
        ending = Ending.allCases[Int(long / 6) % Ending.allCases.count]
        isStalled = long % 2 == 0 && ending != .rot
        changesMembers = long % 3 == 0
    }
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
        let processes = processFaults(one, using: &random)
        var network: [(Int, Fault)] = []
        if hosts > 1 {
            let other = 1 + (one + random.next() % UInt64(hosts - 1)) % UInt64(hosts)
            network = networkFaults(one, other, using: &random)
        }
        let weights =
            processes + network + diskFaults(one, using: &random)
            + memberFaults(one, hosts: hosts, using: &random)
        var place = Int(random.next() % UInt64(weights.reduce(0) { $0 + $1.0 }))
        for (weight, fault) in weights {
            place -= weight
            if place < 0 { return fault }
        }
        preconditionFailure("no fault was chosen")
    }

    /// A short and a long time in milliseconds.
    private static func times(using random: inout SeededGenerator) -> (UInt64, UInt64) {
        (
            UInt64.random(in: 20...400, using: &random),
            UInt64.random(in: 200...3_000, using: &random)
        )
    }

    private static func processFaults(
        _ one: UInt64, using random: inout SeededGenerator
    ) -> [(Int, Fault)] {
        let (short, long) = times(using: &random)
        let doings = Int(random.next() % 40)
        // Some programs of one node, or all of every node, for what they tell of it is away.
        let programs: Fault =
            short % 4 == 0
            ? .failingPrograms(one, perMille: 300, milliseconds: long)
            : .failingPrograms(nil, perMille: 1_000, milliseconds: 2_000 + 2 * long)
        return [
            (6, .crash(one, downMilliseconds: long)),
            (2, .crashAll(downMilliseconds: short)),
            (8, .crashMidway(one, .anyTime, doings: doings * 5, downMilliseconds: short)),
            (4, .crashMidway(one, .start, doings: doings, downMilliseconds: short)),
            (4, .crashMidway(one, .repair, doings: doings, downMilliseconds: short)),
            (4, .crashMidway(one, .install, doings: doings, downMilliseconds: short)),
            (5, .pause(one, milliseconds: long)),
            (3, .slow(one, factor: 10 + short / 4, milliseconds: long)),
            (3, .clockRate(one, perMille: 900 + short / 2, milliseconds: long)),
            (1, .wallClock(one, offsetMilliseconds: Int64(long) * 10_000 - 15_000_000)),
            (2, .wallJumps(one, milliseconds: long)),
            (2, programs),
        ]
    }

    private static func networkFaults(
        _ one: UInt64, _ other: UInt64, using random: inout SeededGenerator
    ) -> [(Int, Fault)] {
        let (short, long) = times(using: &random)
        return [
            (6, .partition([one], milliseconds: long)),
            (6, .deafness(one, other, milliseconds: long)),
            (3, .flapping(one, times: 2 + short % 8, milliseconds: short)),
            (5, .clog(one, other, delayMilliseconds: short, milliseconds: long)),
            (5, .reset(one, other)),
            (5, .harm(perMille: 1 + short / 2, milliseconds: long)),
            (8, .leaderCut(LeaderCut(short: short, long: long))),
        ]
    }

    private static func memberFaults(
        _ one: UInt64, hosts: Int, using random: inout SeededGenerator
    ) -> [(Int, Fault)] {
        let (short, long) = times(using: &random)
        let other = 1 + random.next() % UInt64(hosts + 1)
        let added = random.pick(Fault.Added.allCases)
        let link = random.pick(Fault.ClientLinkFault.allCases)
        return [
            (4, .transfer), (6, .membership),
            (8, .added(added, milliseconds: added == .crash ? short : long)),
            (3, .removal(one, ofLeader: long % 2 == 0)),
            (6, .split(one, other, milliseconds: long)),
            (6, .client(Int(short), link, milliseconds: long)),
        ]
    }

    private static func diskFaults(
        _ one: UInt64, using random: inout SeededGenerator
    ) -> [(Int, Fault)] {
        let (short, long) = times(using: &random)
        return [
            (4, .diskStall(one, milliseconds: long)),
            (3, .diskFull(one, milliseconds: long)),
            (3, .diskFailure(one, random.pick([.write, .sync, .read]), downMilliseconds: long)),
            (2, .rot(one, .anywhere, downMilliseconds: short)),
            (4, .rot(one, .unflushed, downMilliseconds: short)),
            (3, .rot(one, .end, downMilliseconds: short)),
            (2, .rot(one, .running, downMilliseconds: short)),
            (3, .rot(one, .unapplied, downMilliseconds: short)),
            (3, .rot(one, .compacted, downMilliseconds: short)),
            (3, .rot(one, .sectors, downMilliseconds: short)),
            (2, .rot(one, .sectorsRunning, downMilliseconds: short)),
            (3, .rot(one, .beside, downMilliseconds: short)),
            (3, .workerStall(one, worker: 1 + Int(short % 3), milliseconds: long / 2)),
            (2, .slip(one, .lostWrite, downMilliseconds: short)),
            (2, .slip(one, .misdirectedWrite, downMilliseconds: short)),
            (2, .slip(one, .misdirectedRead, downMilliseconds: short)),
            (2, .slip(one, .staleRead, downMilliseconds: short)),
            (3, .wipe(one, downMilliseconds: long)),
        ]
    }
}
