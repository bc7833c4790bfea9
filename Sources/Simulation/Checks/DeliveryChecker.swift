import Identifiers

/// Holds the trigger programs' runs to order: a leader delivers each commit behind the one before, and
/// leaves none out.
final class DeliveryChecker {
    /// One term of leading by one process.
    private struct Reign: Hashable {
        let host: UInt64
        let start: Int
        let term: Term
    }

    private var last: [Reign: LogIndex] = [:]
    private var delivered: Set<LogIndex> = []
    /// Committed as a client knows, and not delivered yet.
    private var awaited: Set<LogIndex> = []
    private(set) var violations: [String] = []
    private(set) var count = 0
    /// The trigger's own record: what comes before sets nothing off.
    var since: LogIndex?

    /// A client was told that its operation is at `index`.
    func committed(_ index: LogIndex) {
        if !delivered.contains(index) { awaited.insert(index) }
    }

    /// A program has run to its end.
    func ran(_ host: SimulatedHost, term: Term, _ index: LogIndex, succeeded: Bool) {
        let reign = Reign(host: host.number, start: host.starts, term: term)
        if let before = last[reign], index < before || (index == before && succeeded) {
            violations.append("\(host.name) delivers \(index) behind \(before) in term \(term)")
        }
        guard succeeded else { return }
        last[reign] = index
        count += 1
        delivered.insert(index)
        awaited.remove(index)
        guard let since, let missed = awaited.filter({ $0 > since && $0 < index }).min() else {
            return
        }
        violations.append("\(host.name) delivers \(index) before \(missed) was ever delivered")
    }

    /// What was delivered, and is no commit of `history`.
    func unfounded(_ history: [ValueModel.Write]) -> [String] {
        delivered.subtracting(history.map(\.index)).sorted().map {
            "\($0) was delivered to a trigger, and no transaction was committed there"
        }
    }

    /// Whether each commit that a client knows of has been delivered.
    var isComplete: Bool {
        guard let since else { return true }
        return awaited.allSatisfy { $0 <= since }
    }
}
