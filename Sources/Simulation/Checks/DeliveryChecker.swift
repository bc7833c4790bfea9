package import Identifiers

/// Holds the trigger programs' runs to order: a leader delivers each commit behind the one before, and
/// leaves none out.
package final class DeliveryChecker {
    /// One term of leading by one process.
    private struct Reign: Hashable {
        let host: UInt64
        let start: Int
        let term: Term
    }

    private var last: [Reign: LogIndex] = [:]
    private var delivered: Set<LogIndex> = []
    /// The highest index that was ever delivered.
    private var highest = LogIndex.zero
    /// Committed as a client or a watch was told, and not delivered yet.
    private var awaited: Set<LogIndex> = []
    package private(set) var violations: [String] = [] {
        didSet { violations.dropFirst(oldValue.count).forEach(found) }
    }
    /// Called with each violation when it is found.
    var found: (String) -> Void = { _ in }
    private(set) var count = 0
    /// The trigger's own record: what comes before sets nothing off.
    package var since: LogIndex?
    /// How often the trigger was resumed where it had not been given what was trimmed.
    private(set) var gapsAccepted = 0
    /// Up to where a gap is accepted by resuming the trigger.
    private var acceptedThrough = LogIndex.zero
    /// The first record whose change set is retained.
    package var firstRetained: () -> LogIndex = { LogIndex(1) }

    package init() {}

    /// A client or a watch was told that an operation is at `index`.
    package func committed(_ index: LogIndex) {
        if !delivered.contains(index) { awaited.insert(index) }
    }

    /// Somebody resumes the trigger, which accepts every gap up to there, wherever that will be.
    package func resumes() {
        acceptedThrough = LogIndex(.max)
    }

    /// The trigger has been resumed, and gaps are accepted up to `index`.
    package func resumed(through index: LogIndex) {
        gapsAccepted += 1
        acceptedThrough = index
        awaited = awaited.filter { $0 > excused }
    }

    /// Nothing up to here need be delivered: it was trimmed, and the gap accepted.
    private var excused: LogIndex {
        guard acceptedThrough > .zero else { return .zero }
        return min(acceptedThrough, firstRetained().previous)
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
            if index < highest, index > excused {
                violations.append("n\(host) delivers \(index), which \(highest) has passed over")
            }
            highest = max(highest, index)
        }
        guard let since else { return }
        let needed = max(since, excused)
        guard let missed = awaited.filter({ $0 > needed && $0 < index }).min() else { return }
        violations.append("n\(host) delivers \(index) before \(missed) was ever delivered")
    }

    /// Where what was delivered in the end is not what `history` has committed, which is all of it behind
    /// `unknown`.
    package func differences(
        _ history: [ValueModel.Write], behind unknown: LogIndex = .zero
    ) -> [String] {
        let told = delivered.subtracting(history.map(\.index)).filter { $0 > unknown }
        let unfounded = told.sorted().map {
            "\($0) was delivered to a trigger, and no transaction was committed there"
        }
        guard let since else { return unfounded }
        let needed = max(since, excused)
        return unfounded
            + history.filter { $0.index > needed && !delivered.contains($0.index) }.map {
                "\($0.index) is committed, and was never delivered to a trigger"
            }
    }

    /// Whether each commit that a client or a watch knows of has been delivered.
    package var isComplete: Bool {
        guard let since else { return true }
        let needed = max(since, excused)
        return awaited.allSatisfy { $0 <= needed }
    }
}
