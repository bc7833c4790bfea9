extension Fault: CustomStringConvertible {
    /// What goes wrong, for people.
    package var description: String {
        switch self {
        case .crash, .crashAll, .crashMidway, .pause, .slow, .clockRate, .wallClock, .wallJumps,
            .failingPrograms:
            ofProcess
        case .partition, .deafness, .clog, .reset, .harm, .flapping, .split, .client:
            ofNetwork
        case .diskStall, .diskFull, .diskFailure, .rot, .workerStall, .slip, .wipe:
            ofDisk
        case .leaderCut, .transfer, .membership, .added, .removal:
            ofMembers
        }
    }

    private var ofProcess: String {
        switch self {
        case .crash(let host, let down): "crash of n\(host), down for \(down) ms"
        case .crashAll(let down): "crash of all, down for \(down) ms"
        case .crashMidway(let host, let moment, let doings, let down):
            "\(moment.rawValue), of n\(host) or who comes to it, after \(doings) doings, "
                + "down for \(down) ms"
        case .pause(let host, let time): "pause of n\(host) for \(time) ms"
        case .slow(let host, let factor, let time):
            "n\(host) is \(factor) times as slow for \(time) ms"
        case .clockRate(let host, let perMille, let time):
            "n\(host)'s clock runs at \(perMille) thousandths for \(time) ms"
        case .wallClock(let host, let offset): "n\(host)'s wall clock is off by \(offset) ms"
        case .wallJumps(let host, let time): "n\(host)'s wall clock jumps for \(time) ms"
        case .failingPrograms(let host, let perMille, let time):
            "\(perMille) thousandths of \(host.map { "n\($0)" } ?? "every node")'s trigger programs "
                + "fail for \(time) ms"
        default: kind
        }
    }

    private var ofNetwork: String {
        switch self {
        case .partition(let hosts, let time):
            "partition of \(Self.names(hosts)) from all others for \(time) ms"
        case .deafness(let from, let to, let time):
            "nothing from n\(from) reaches n\(to) for \(time) ms"
        case .clog(let from, let to, let delay, let time):
            "what n\(from) sends to n\(to) is \(delay) ms late for \(time) ms"
        case .reset(let one, let other): "connections of n\(one) and n\(other) break"
        case .harm(let perMille, let time):
            "\(perMille) thousandths of messages are lost, as many repeated and reordered, "
                + "for \(time) ms"
        case .flapping(let host, let times, let time):
            "n\(host) cannot be reached \(times) times, each for \(time) ms"
        case .split(let one, let other, let time):
            "split of \(Self.names([one, other])) from the other members for \(time) ms"
        case .client(let place, let fault, let time):
            "\(fault.rawValue), the one at place \(place), for \(time) ms"
        default: kind
        }
    }

    private var ofDisk: String {
        switch self {
        case .diskStall(let host, let time): "n\(host)'s disk stands still for \(time) ms"
        case .diskFull(let host, let time): "n\(host)'s disk is full for \(time) ms"
        case .diskFailure(let host, let access, let down):
            "each \(access.rawValue) of n\(host)'s disk fails, for \(down) ms"
        case .rot(let host, let rot, let down): "\(rot.rawValue) of n\(host), down for \(down) ms"
        case .workerStall(let host, let worker, let time):
            "worker \(worker) of n\(host) stands still for \(time) ms"
        case .slip(let host, let slip, let down):
            "\(slip.rawValue) of n\(host), later down for \(down) ms"
        case .wipe(let host, let down): "n\(host)'s disk is wiped, down for \(down) ms"
        default: kind
        }
    }

    private var ofMembers: String {
        switch self {
        case .leaderCut(let cut):
            "\(kind), for \(cut.milliseconds) ms" + (cut.isStalled ? ", its disk stalled" : "")
                + (cut.changesMembers ? ", and members change" : "")
        case .transfer: "the leader is to hand over"
        case .membership: "the next change of the spare host's membership"
        case .added(let added, let time): "\(added.rawValue), for \(time) ms"
        case .removal(let host, let ofLeader):
            ofLeader ? "removal of the leader" : "removal of n\(host)"
        default: kind
        }
    }

    private static func names(_ hosts: [UInt64]) -> String {
        hosts.map { "n\($0)" }.joined(separator: " and ")
    }
}
