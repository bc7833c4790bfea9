import Glibc
package import Identifiers

/// Decides, from a seed, what a fault of a kind is done to; touches nothing.
package struct FaultChooser {
    /// What the choice depends on.
    package struct View {
        /// Voters of the beginning.
        var nodes: [Int]
        /// The one that is added and removed, if there is one.
        var spare: Int?
        var leader: Int?
        /// Nodes that another fault has in its hands.
        var busy: Set<Int>
        /// The node whose disk is small, if there is one.
        var small: Int?

        package init(
            nodes: [Int], spare: Int? = nil, leader: Int? = nil, busy: Set<Int> = [],
            small: Int? = nil
        ) {
            self.nodes = nodes
            self.spare = spare
            self.leader = leader
            self.busy = busy
            self.small = small
        }
    }

    private var generator: SeededGenerator

    package init(generator: SeededGenerator) {
        self.generator = generator
    }

    /// A fault of the kind; nil if there is no node that it can be done to at the moment.
    package mutating func trouble(_ kind: FaultKind, _ view: View) -> Trouble? {
        if kind.isOfNetwork { return links(kind, view).map { .links($0) } }
        let free = view.nodes.filter { !view.busy.contains($0) }.shuffled(using: &generator)
        guard let any = free.first else { return nil }
        let leader = view.leader.flatMap { free.contains($0) ? $0 : nil } ?? any
        let target = generator.chance(1, in: 2) ? leader : any
        switch kind {
        case .killOne: return .kill([any])
        case .killLeader: return .kill([leader])
        case .killAll: return view.busy.isEmpty ? .kill(view.nodes) : nil
        case .rollingRestart: return view.busy.isEmpty ? .restart(free) : nil
        case .pause: return .stop(target)
        case .slowNode:
            return .pulses(target, stopped: .milliseconds(160), running: .milliseconds(40))
        case .flappingNode:
            return .pulses(
                target, stopped: generator.milliseconds(in: 300...900),
                running: generator.milliseconds(in: 300...900))
        case .diskStall, .diskSlow, .diskWriteError, .diskSyncError:
            return .disk(target, disk(kind))
        case .diskReadError: return .unreadable(any, permille: 1_000)
        case .diskFull: return view.small.flatMap { free.contains($0) ? .fullDisk($0) : nil }
        case .clockForward, .clockBackward:
            let seconds = Int64(generator.oneOf([2, 60, 3_600, 86_400]))
            let nodes = generator.chance(1, in: 3) ? free : [target]
            return .clock(nodes, seconds: kind == .clockForward ? seconds : -seconds)
        case .clockRate:
            let nodes = generator.chance(1, in: 3) ? free : [target]
            return .clockRate(
                nodes, permille: generator.oneOf([250, 500, 900, 1_100, 2_000, 4_000]))
        case .transfer: return .transfer
        case .membership:
            return view.spare.map { .membership($0, again: generator.chance(1, in: 2)) }
        case .rottenLog: return .rot(any)
        case .wipedDisk: return .wipe(any)
        case .partitionHalves, .partitionMinority, .partitionOneWay, .partitionBridge,
            .partitionClients, .packetLoss, .packetDelay, .packetReorder:
            return nil
        }
    }

    private mutating func disk(_ kind: FaultKind) -> TroubleControl.Settings {
        var settings = TroubleControl.Settings()
        settings.permille = Int32(generator.oneOf([1_000, 1_000, 100]))
        if kind == .diskStall { settings.isStalled = true }
        if kind == .diskSlow {
            settings.delayMicroseconds = Int32.random(in: 5_000...50_000, using: &generator)
        }
        if kind == .diskWriteError { settings.writeError = EIO }
        if kind == .diskSyncError { settings.syncError = EIO }
        return settings
    }

    // MARK: - Links

    private mutating func links(_ kind: FaultKind, _ view: View) -> [Link: LinkCondition]? {
        let all = view.nodes + (view.spare.map { [$0] } ?? [])
        var order = view.nodes.shuffled(using: &generator)
        if let leader = view.leader, generator.chance(1, in: 2) {
            order.removeAll { $0 == leader }
            order.insert(leader, at: 0)
        }
        guard order.count > 1 else { return nil }
        let one = order[0]
        let others = all.filter { $0 != one }
        switch kind {
        case .partitionHalves:
            let group = Set(order.prefix(Int.random(in: 1..<order.count, using: &generator)))
            return cut(between: group, and: Set(all).subtracting(group))
        case .partitionMinority: return cut(between: [one], and: Set(others))
        case .partitionOneWay:
            let isDeaf = generator.chance(1, in: 2)
            let pairs = others.map { isDeaf ? Link(from: $0, to: one) : Link(from: one, to: $0) }
            return Dictionary(uniqueKeysWithValues: pairs.map { ($0, .cut) })
        case .partitionBridge:
            guard order.count > 2 else { return nil }
            // Followers alone say nothing to each other: where the leader is the bridge, nothing is cut.
            let bridge = order.last { $0 != view.leader } ?? one
            let rest = order.filter { $0 != bridge }
            let group = Set(rest.prefix(rest.count / 2))
            return cut(between: group, and: Set(all).subtracting(group).subtracting([bridge]))
        case .partitionClients:
            let node = view.leader ?? one
            return cut(between: [0], and: [node])
        case .packetLoss, .packetDelay, .packetReorder: return weather(kind, among: all)
        case .killOne, .killLeader, .killAll, .pause, .slowNode, .flappingNode, .rollingRestart,
            .diskStall, .diskSlow, .diskWriteError, .diskSyncError, .diskReadError, .diskFull,
            .clockForward, .clockBackward, .clockRate, .transfer, .membership, .rottenLog,
            .wipedDisk:
            return nil
        }
    }

    private func cut(between one: Set<Host>, and other: Set<Host>) -> [Link: LinkCondition] {
        var links: [Link: LinkCondition] = [:]
        for host in one {
            for peer in other {
                links[Link(from: host, to: peer)] = .cut
                links[Link(from: peer, to: host)] = .cut
            }
        }
        return links
    }

    /// One condition for all links between nodes.
    private mutating func weather(
        _ kind: FaultKind, among nodes: [Host]
    ) -> [Link: LinkCondition] {
        var condition = LinkCondition()
        if kind == .packetLoss {
            condition.lossPermille = Int.random(in: 50...330, using: &generator)
        } else if kind == .packetDelay {
            condition.delayMilliseconds = Int.random(in: 10...150, using: &generator)
            condition.jitterMilliseconds = Int.random(in: 0...50, using: &generator)
        } else {
            condition.jitterMilliseconds = Int.random(in: 5...40, using: &generator)
            condition.duplicationPermille = Int.random(in: 10...100, using: &generator)
            condition.mayReorder = true
        }
        var links: [Link: LinkCondition] = [:]
        for from in nodes {
            for to in nodes where from != to { links[Link(from: from, to: to)] = condition }
        }
        return links
    }
}

extension SeededGenerator {
    /// One of a few.
    mutating func oneOf(_ values: [Int]) -> Int {
        precondition(!values.isEmpty, "a choice of nothing")
        return values[Int.random(in: values.indices, using: &self)]
    }
}
