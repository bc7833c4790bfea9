/// What the nemesis can do to a cluster.
package enum FaultKind: String, CaseIterable, Hashable {
    case partitionHalves = "partition-halves"
    case partitionMinority = "partition-minority"
    case partitionOneWay = "partition-one-way"
    case partitionBridge = "partition-bridge"
    case partitionClients = "partition-clients"
    case packetLoss = "packet-loss"
    case packetDelay = "packet-delay"
    case packetReorder = "packet-reorder"
    case killOne = "kill-one"
    case killLeader = "kill-leader"
    case killAll = "kill-all"
    case pause
    case slowNode = "slow-node"
    case flappingNode = "flapping-node"
    case rollingRestart = "rolling-restart"
    case diskStall = "disk-stall"
    case diskSlow = "disk-slow"
    case diskWriteError = "disk-write-error"
    case diskSyncError = "disk-sync-error"
    case diskReadError = "disk-read-error"
    case diskFull = "disk-full"
    case clockForward = "clock-forward"
    case clockBackward = "clock-backward"
    case clockRate = "clock-rate"
    case transfer
    case membership
    case rottenLog = "rotten-log"
    case wipedDisk = "wiped-disk"

    /// One line for the help and the docs.
    package var summary: String {
        switch self {
        case .partitionHalves: "two groups of nodes that do not hear each other"
        case .partitionMinority: "one node, often the leader, that hears no other"
        case .partitionOneWay: "one node that hears the others and is not heard, or the reverse"
        case .partitionBridge: "two groups that hear each other only through one node in both"
        case .partitionClients: "clients that do not reach the leader, which the nodes do"
        case .packetLoss: "up to a third of all packets between nodes lost"
        case .packetDelay: "packets between nodes delayed by up to 200 ms"
        case .packetReorder: "packets between nodes in another order, and some of them twice"
        case .killOne: "SIGKILL of a node"
        case .killLeader: "SIGKILL of the leader"
        case .killAll: "SIGKILL of all nodes at one moment"
        case .pause: "SIGSTOP of a node, the leader half of the time"
        case .slowNode: "a node that runs for a fifth of the time"
        case .flappingNode: "a node that stops and goes on, again and again"
        case .rollingRestart: "SIGTERM to one node after the other, each started again"
        case .diskStall: "a disk on which no call returns"
        case .diskSlow: "a disk whose writes and syncs take up to 50 ms longer"
        case .diskWriteError: "EIO on writes"
        case .diskSyncError: "EIO on syncs"
        case .diskReadError: "EIO on reads, from the start of a node on"
        case .diskFull: "a file system without room"
        case .clockForward: "wall clocks that jump ahead, and back in the end"
        case .clockBackward: "wall clocks that jump back, and ahead in the end"
        case .clockRate: "clocks that go at a quarter of their speed to four times of it"
        case .transfer: "leadership moved by command, again and again"
        case .membership: "a node added, promoted, removed, and sometimes added again"
        case .rottenLog: "flipped bytes in the log of a node that is down"
        case .wipedDisk: "a node that comes back with an empty data directory"
        }
    }

    /// Those that are done to what is sent: to packets, or to streams where there are no namespaces.
    package static let ofNetwork: Set<FaultKind> = [
        .partitionHalves, .partitionMinority, .partitionOneWay, .partitionBridge,
        .partitionClients, .packetLoss, .packetDelay, .packetReorder,
    ]

    /// Those that take something durable from a node, change who counts, or stop every node.
    ///
    /// At most one of them is under way, until its node is a sound voter again: more could take what
    /// the others do not hold.
    package static let exclusive: Set<FaultKind> = [
        .membership, .rottenLog, .wipedDisk, .killAll, .rollingRestart,
    ]

    /// Those that begin only with a whole cluster.
    package static let needingAllNodes: Set<FaultKind> = [.membership, .rollingRestart, .killAll]

    /// Those that leave no node for another kind, but for what is done to the network or by command.
    private static let ofAllNodes: Set<FaultKind> = [.rollingRestart, .killAll]

    /// Whether two of these kinds may be under way at once.
    package static func canMix(_ kinds: [FaultKind]) -> Bool {
        kinds.contains { second in
            !needingAllNodes.contains(second)
                && kinds.contains { first in
                    first != second && !(first.isExclusive && second.isExclusive)
                        && (!ofAllNodes.contains(first) || second.isOfNetwork
                            || second == .transfer)
                }
        }
    }

    package var isOfNetwork: Bool {
        Self.ofNetwork.contains(self)
    }

    package var isExclusive: Bool {
        Self.exclusive.contains(self)
    }

    /// Those that a list names: `all`, kinds, and the first word of some such as `disk`, apart by commas.
    package static func list(_ text: String) -> [FaultKind]? {
        var kinds: [FaultKind] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let found = allCases.filter {
                word == "all" || $0.rawValue == word || $0.rawValue.hasPrefix(word + "-")
            }
            guard !found.isEmpty else { return nil }
            for kind in found where !kinds.contains(kind) { kinds.append(kind) }
        }
        return kinds.isEmpty ? nil : kinds
    }
}
