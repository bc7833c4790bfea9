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

    package init() {}

    /// A client or a watch was told that an operation is at `index`.
    package func committed(_ index: LogIndex) {
        if !delivered.contains(index) { awaited.insert(index) }
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
            if index < highest {
                violations.append("n\(host) delivers \(index), which \(highest) has passed over")
            }
            highest = max(highest, index)
        }
        guard let since, let missed = awaited.filter({ $0 > since && $0 < index }).min() else {
            return
        }
        violations.append("n\(host) delivers \(index) before \(missed) was ever delivered")
    }

    /// Where what was delivered in the end is not what `history` has committed.
    package func differences(_ history: [ValueModel.Write]) -> [String] {
        let unfounded = delivered.subtracting(history.map(\.index)).sorted().map {
            "\($0) was delivered to a trigger, and no transaction was committed there"
        }
        guard let since else { return unfounded }
        return unfounded
            + history.filter { $0.index > since && !delivered.contains($0.index) }.map {
                "\($0.index) is committed, and was never delivered to a trigger"
            }
    }

    /// Whether each commit that a client or a watch knows of has been delivered.
    package var isComplete: Bool {
        guard let since else { return true }
        return awaited.allSatisfy { $0 <= since }
    }
}
