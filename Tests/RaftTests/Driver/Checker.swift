import Identifiers
import Raft

/// Holds every step against what Raft promises (*Raft §5, figure 3*); collects what is broken.
struct Checker {
    private(set) var failures: [String] = []
    private var leaders: [Term: NodeID] = [:]
    /// What the cluster has applied, the longest sequence seen, each with its first applier's term.
    private(set) var agreed: [(frame: FrameDescriptor, term: Term)] = []
    private var seen: [NodeID: (term: Term, commit: LogIndex)] = [:]

    private mutating func require(_ holds: Bool, _ text: @autoclosure () -> String) {
        if !holds { failures.append(text()) }
    }

    mutating func forget(_ node: NodeID) {
        seen[node] = nil
    }

    /// Election safety, and leader completeness.
    mutating func leads(_ node: ClusterNode, _ term: Term) {
        let name = node.identifier
        let other = leaders[term] ?? name
        require(other == name, "term \(term) has two leaders, \(other) and \(name)")
        leaders[term] = name
        let history = node.history
        for (place, entry) in agreed.enumerated() where entry.term < term {
            guard place < history.count, history[place] == entry.frame else {
                require(false, "leader \(name) of term \(term) lacks \(entry.frame)")
                return
            }
        }
    }

    /// State-machine safety: what nodes apply are prefixes of one sequence.
    mutating func applied(_ node: ClusterNode, through index: LogIndex) {
        let name = node.identifier
        let applied = node.disk.applied
        require(
            applied.last?.lastIndex == index,
            "node \(name) was to apply up to \(index) and holds up to \(applied.count) frames")
        let common = min(applied.count, agreed.count)
        require(
            applied.prefix(common).elementsEqual(agreed.prefix(common).map(\.frame)),
            "node \(name) has applied something else, up to \(index)")
        if node.disk.last < index, node.disk.compacted.index < index {
            require(false, "node \(name) applies \(index) before it is on its disk")
        }
        let term = node.core?.term ?? .zero
        for frame in applied.dropFirst(common) { agreed.append((frame, term)) }
    }

    /// What is applied can be read.
    mutating func reads(_ frames: [FrameDescriptor], _ node: ClusterNode) {
        for frame in frames where node.disk.rotten.contains(frame.firstIndex) {
            require(false, "node \(node.identifier) applies \(frame), which it cannot read")
        }
    }

    /// Term and commit never go back while a node runs.
    mutating func stepped(_ node: ClusterNode) {
        guard let core = node.core else { return }
        if let before = seen[node.identifier] {
            require(
                core.term >= before.term && core.commitIndex >= before.commit,
                "node \(node.identifier) went back from \(before)")
        }
        seen[node.identifier] = (core.term, core.commitIndex)
        require(
            core.lastPosition.index == (node.log.last?.lastIndex ?? node.disk.compacted.index)
                || node.receiving == nil && node.disk.compacted.index > core.compacted.index,
            "node \(node.identifier) thinks its log ends at \(core.lastPosition)")
    }

    /// A promise leaves only when it is on disk.
    mutating func leaves(_ message: Message, _ node: ClusterNode, to: NodeID) {
        let state = node.disk.hardState
        switch message.body {
        case .voteResponse(let response) where response.granted && !response.isPreVote:
            require(
                state.term > message.term || state.term == message.term && state.vote == to,
                "node \(node.identifier) votes for \(to) before its disk knows")
            require(
                node.core?.isDamaged == false,
                "node \(node.identifier) votes for \(to) with a damaged log")
        case .voteRequest(let request) where !request.isPreVote:
            require(
                state.term >= message.term, "node \(node.identifier) asks for votes too early")
        case .appendResponse(let response):
            if case .matched(let index) = response.result {
                require(
                    node.disk.readableEnd >= index,
                    "node \(node.identifier) acknowledges \(index), has "
                        + "\(node.disk.readableEnd) on disk")
                require(
                    index == .zero || state.term >= message.term,
                    "node \(node.identifier) acknowledges in a term its disk does not know")
            }
        case .voteRequest, .voteResponse, .appendRequest, .snapshotRequest, .snapshotResponse,
            .snapshotNeeded, .timeoutNow, .readIndexRequest, .readIndexResponse:
            break
        }
    }

    /// Log matching: where two logs hold the same frame, all before it is the same.
    mutating func compareLogs(_ nodes: [ClusterNode]) {
        let logs = nodes.filter(\.isUp).map { ($0.identifier, $0.history) }
        for (place, left) in logs.enumerated() {
            for right in logs[(place + 1)...] {
                var isSame = true
                for (one, other) in zip(left.1, right.1) {
                    if one == other, isSame { continue }
                    isSame = false
                    require(
                        one.lastIndex != other.lastIndex || one.term != other.term,
                        "logs of \(left.0) and \(right.0) part before \(one)")
                }
            }
        }
    }
}
