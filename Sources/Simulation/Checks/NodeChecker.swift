import Codec
package import Identifiers
import Raft
import Replication
import Transactions

/// Looks at every node at the end of each of its turns, and says what must not be.
///
/// What a host's disk has promised outlives its process: a vote's term, a record acknowledged.
package final class NodeChecker: @unchecked Sendable {
    /// What was seen of one host.
    private struct Seen {
        var incarnation: UInt64 = 0
        var start = 0
        var term = Term.zero
        /// The last term that it led in: only a vote on its disk can have made it the leader.
        var ledTerm = Term.zero
        var commit = LogIndex.zero
        var applied = LogIndex.zero
        var durable = LogIndex.zero
        var compacted = LogIndex.zero
        var role = Role.follower
    }

    package private(set) var violations: [String] = []
    package private(set) var coverage = Coverage()
    private var seen: [UInt64: Seen] = [:]
    private var leaders: [Term: UInt64] = [:]
    private var digests: [LogIndex: ChainDigest] = [:]
    /// The highest index that some node has called committed.
    package private(set) var highestCommit = LogIndex.zero

    package init() {}

    /// A process has started: what its disk held must be there.
    func started(_ host: SimulatedHost, mayHaveLost: Bool) {
        guard let replica = host.replica else { return }
        let report = replica.report()
        var now = Seen()
        now.incarnation = host.incarnation
        now.start = host.starts
        if let before = seen[host.number], before.incarnation == host.incarnation {
            if report.term < before.ledTerm {
                violated(host, "has led in term \(before.ledTerm) and starts in \(report.term)")
            }
            // What was not committed may have been overwritten since.
            let promised = min(before.durable, highestCommit)
            if report.durable < promised, !mayHaveLost {
                violated(host, "had \(promised) on disk and starts with \(report.durable)")
            }
        }
        now.term = report.term
        now.ledTerm = report.term
        now.durable = report.durable
        seen[host.number] = now
    }

    func turnEnded(_ host: SimulatedHost) {
        guard let replica = host.replica else { return }
        let report = replica.report()
        var state = seen[host.number] ?? Seen()
        check(host, report, state)
        note(host, report, state)
        state.term = report.term
        if report.role == .leader { state.ledTerm = report.term }
        state.commit = report.commit
        state.applied = report.position.index
        state.durable = report.durable
        state.compacted = report.compacted
        state.role = report.role
        seen[host.number] = state
        highestCommit = max(highestCommit, report.commit)
    }

    private func check(_ host: SimulatedHost, _ report: ReplicaReport, _ before: Seen) {
        if report.term < before.term {
            violated(host, "goes from term \(before.term) back to \(report.term)")
        }
        if report.commit < before.commit {
            violated(host, "goes from commit \(before.commit) back to \(report.commit)")
        }
        if report.position.index < before.applied {
            violated(host, "goes from applied \(before.applied) back to \(report.position.index)")
        }
        let order = [report.flushed, report.position.index, report.commit]
        if order != order.sorted() {
            violated(host, "flushed, applied and committed \(order)")
        }
        if report.role == .leader {
            let other = leaders[report.term] ?? host.number
            if other != host.number {
                violated(host, "leads in term \(report.term), as n\(other) does")
            }
            leaders[report.term] = host.number
        }
        if report.position.index > before.applied {
            let known = digests[report.position.index] ?? report.position.digest
            if known != report.position.digest {
                violated(
                    host,
                    "has applied \(report.position.index) with \(report.position.digest), "
                        + "another with \(known)")
            }
            digests[report.position.index] = report.position.digest
        }
    }

    private func note(_ host: SimulatedHost, _ report: ReplicaReport, _ before: Seen) {
        if report.role == .leader, before.role != .leader { coverage.count("elections") }
        if report.compacted > before.compacted { coverage.count("compactions") }
        if report.isRepairing { coverage.count("turns under repair") }
        if !report.membership.outgoing.isEmpty { coverage.count("turns in a joint membership") }
    }

    /// How many hosts have `index` on disk, as far as they have said; a process that has ended keeps
    /// what it had.
    func holders(of index: LogIndex) -> Int {
        seen.values.count { $0.durable >= index }
    }

    func forget(_ host: SimulatedHost) {
        seen[host.number] = nil
    }

    func violated(_ host: SimulatedHost, _ text: String) {
        violations.append("\(host.name) \(text)")
    }
}
