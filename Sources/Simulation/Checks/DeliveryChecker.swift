package import Identifiers
package import Triggers

/// Holds the runs of one trigger's program to order: a leader delivers each transaction that concerns it
/// behind the one before, and leaves none out.
package final class DeliveryChecker {
    /// One term of leading by one process.
    private struct Reign: Hashable {
        let host: UInt64
        let start: Int
        let term: Term
    }

    private var last: [Reign: LogIndex] = [:]
    /// How far any leader's runner had come, at the last look at one.
    private var passed = LogIndex.zero
    private var delivered: Set<LogIndex> = []
    /// The highest index that was ever delivered.
    package private(set) var highest = LogIndex.zero
    /// Ended as a client or a watch was told, and not delivered yet.
    private var awaited: Set<LogIndex> = []
    package private(set) var violations: [String] = [] {
        didSet { violations.dropFirst(oldValue.count).forEach(found) }
    }
    /// Called with each violation when it is found.
    var found: (String) -> Void = { _ in }
    private(set) var count = 0
    /// The trigger's own record: what comes before sets nothing off.
    package var since: LogIndex?
    /// Resumptions behind which something that was trimmed could be passed over.
    package private(set) var gapsAccepted = 0
    /// The newest of these resumptions.
    private var accepted = LogIndex.zero
    /// What need not be delivered: it was trimmed when a runner behind a resumption had not come to it.
    private var gaps: [Range<LogIndex>] = []
    /// What the leader of the newest term said of the trigger last.
    private var newest: (term: Term, isSuspended: Bool)?

    /// How transactions end that concern the trigger.
    private let ending: String

    package init(ending: String = "committed") {
        self.ending = ending
    }

    /// A client or a watch was told that a transaction which concerns the trigger has ended at `index`.
    package func ended(_ index: LogIndex) {
        if !delivered.contains(index), !isExcused(index) { awaited.insert(index) }
    }

    /// A leader's state says this of the trigger, and that changes from `firstRetained` on are retained.
    ///
    /// Call it for each state that a leader has come to, before its next turn: what its runner may pass
    /// over is what is trimmed, up to the record that has resumed the trigger, behind the cursor of
    /// that state and all that any runner was behind before: up to there each commit was delivered, or
    /// excused when it was passed over. Where its own runner has come to by now, `runnerThrough`, may lie
    /// behind this very gap already, and counts from the next state on.
    package func leads(
        term: Term, deliveredThrough: LogIndex, isSuspended: Bool, gapAcceptedThrough: LogIndex,
        firstRetained: LogIndex, runnerThrough: LogIndex?
    ) {
        if term >= newest?.term ?? .zero { newest = (term, isSuspended) }
        let first = max(deliveredThrough, highest, passed).next
        defer { passed = max(passed, runnerThrough ?? .zero) }
        let end = min(firstRetained, gapAcceptedThrough.next)
        guard !isSuspended, first < end else { return }
        if gapAcceptedThrough > accepted {
            accepted = gapAcceptedThrough
            gapsAccepted += 1
        }
        let gap = first..<end
        guard !gaps.contains(where: { $0.clamped(to: gap) == gap }) else { return }
        gaps.append(gap)
        awaited = awaited.filter { !gap.contains($0) }
    }

    private func isExcused(_ index: LogIndex) -> Bool {
        gaps.contains { $0.contains(index) }
    }

    /// A program has run to its end.
    func ran(_ host: SimulatedHost, term: Term, _ index: LogIndex, succeeded: Bool) {
        ran(host.number, start: host.starts, term: term, index, succeeded: succeeded)
    }

    /// The same of the host of this number, in its process number `start`.
    package func ran(
        _ host: UInt64, start: Int, term: Term, _ index: LogIndex, succeeded: Bool
    ) {
        let reign = Reign(host: host, start: start, term: term)
        if let before = last[reign], index < before || (index == before && succeeded) {
            violations.append("n\(host) delivers \(index) behind \(before) in term \(term)")
        }
        guard succeeded else { return }
        last[reign] = index
        count += 1
        awaited.remove(index)
        if delivered.insert(index).inserted {
            // Whoever passed over it did so before anybody was told that it is committed.
            if index < highest, !isExcused(index) {
                violations.append("n\(host) delivers \(index), which \(highest) has passed over")
            }
            highest = max(highest, index)
        }
        guard let since else { return }
        guard let missed = awaited.filter({ $0 > since && $0 < index }).min() else { return }
        violations.append("n\(host) delivers \(index) before \(missed) was ever delivered")
    }

    /// Where what was delivered in the end is not what has ended at `history`, which is all of it but for
    /// what may be in `unknown`.
    package func differences(
        _ history: [LogIndex], but unknown: [Range<LogIndex>] = []
    ) -> [String] {
        let told = delivered.subtracting(history).filter { index in
            !unknown.contains { $0.contains(index) }
        }
        let unfounded = told.sorted().map {
            "\($0) was delivered to a trigger, and no transaction was \(ending) there"
        }
        guard let since else { return unfounded }
        let missed = history.filter {
            $0 > since && !delivered.contains($0) && !isExcused($0)
        }
        return unfounded
            + missed.map { "\($0) is \(ending), and was never delivered to a trigger" }
    }

    /// What is wrong with the trigger as a leader's state has it in the end, whether changes are trimmed or
    /// not: nobody resumes it any more, and what comes behind the last known commit is awaited by nobody.
    package static func objections(inTheEnd trigger: RegisteredTrigger?) -> [String] {
        guard let trigger else { return ["the trigger is gone in the end"] }
        return trigger.suspension.map { ["the trigger is suspended in the end: \($0)"] } ?? []
    }

    /// Whether each transaction that a client or a watch knows of has been delivered, and the trigger goes on.
    package var isComplete: Bool {
        guard let since else { return true }
        return newest?.isSuspended != true && awaited.allSatisfy { $0 <= since }
    }
}
