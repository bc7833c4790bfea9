/// One fault, with all that was decided about it.
package enum Trouble {
    case links([Link: LinkCondition])
    case kill([Int])
    /// SIGSTOP until the end.
    case stop(Int)
    /// SIGSTOP and SIGCONT in turns.
    case pulses(Int, stopped: Duration, running: Duration)
    /// Each node in its turn.
    case restart([Int])
    case disk(Int, TroubleControl.Settings)
    /// The node is killed and meets the errors when it starts.
    case unreadable(Int, permille: Int32)
    case fullDisk(Int)
    case clock([Int], seconds: Int64)
    /// How far the clocks of these nodes go in a thousand seconds.
    case clockRate([Int], permille: Int)
    case transfer
    case membership(Int, again: Bool)
    case rot(Int)
    case wipe(Int)

    /// Nodes that no other fault than one of the network may touch meanwhile.
    package var nodes: [Int] {
        switch self {
        case .links(let links):
            Set(links.keys.flatMap { [$0.from, $0.to] }).subtracting([0]).sorted()
        case .kill(let nodes), .restart(let nodes), .clock(let nodes, _), .clockRate(let nodes, _):
            nodes.sorted()
        case .stop(let node), .pulses(let node, _, _), .disk(let node, _),
            .unreadable(let node, _), .fullDisk(let node), .membership(let node, _),
            .rot(let node), .wipe(let node):
            [node]
        case .transfer: []
        }
    }

    package var details: String {
        switch self {
        case .links(let links):
            Self.words(links)
        case .kill, .stop, .rot, .wipe, .fullDisk, .transfer: ""
        case .pulses(_, let stopped, let running): "\(stopped) stopped, \(running) running"
        case .restart(let nodes): "in the order \(nodes)"
        case .disk(_, let settings): settings.words
        case .unreadable(_, let permille): "\(permille) of 1000 reads"
        case .clock(_, let seconds): "\(seconds) s"
        case .clockRate(_, let permille): "\(permille) of 1000"
        case .membership(_, let again): again ? "twice" : "once"
        }
    }

    private static func words(_ links: [Link: LinkCondition]) -> String {
        let one = links.values.first ?? LinkCondition()
        let names = links.keys.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
            .map { "\($0.from)→\($0.to)" }.joined(separator: " ")
        var words: [String] = []
        if one.isCut { words.append("cut") }
        if one.lossPermille > 0 { words.append("loss \(one.lossPermille)‰") }
        if one.delayMilliseconds > 0 { words.append("delay \(one.delayMilliseconds) ms") }
        if one.jitterMilliseconds > 0 { words.append("jitter \(one.jitterMilliseconds) ms") }
        if one.duplicationPermille > 0 { words.append("twice \(one.duplicationPermille)‰") }
        if one.mayReorder { words.append("reordered") }
        return words.joined(separator: ", ") + ": " + names
    }
}

extension TroubleControl.Settings {
    /// What is wrong, in words.
    var words: String {
        var words: [String] = []
        if isStalled { words.append("stalled") }
        if isLogSyncStalled { words.append("syncs of the log stalled") }
        if delayMicroseconds > 0 { words.append("\(delayMicroseconds) µs slower") }
        if writeError != 0 { words.append("writes fail") }
        if syncError != 0 { words.append("syncs fail") }
        if readError != 0 { words.append("reads fail") }
        if permille < 1_000 { words.append("\(permille)‰") }
        return words.joined(separator: ", ")
    }
}
