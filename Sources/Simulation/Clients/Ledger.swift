package import Identifiers

/// What the clients of a run were told, and what must follow from it.
package final class Ledger: @unchecked Sendable {
    /// What became of one operation, as its client knows it.
    package enum Fate: Sendable, Equatable {
        case underWay
        case committed(LogIndex)
        /// It was refused for good, and has left nothing behind.
        case aborted
        /// Its session was lost: it happened once or not at all.
        case unknown
    }

    package private(set) var fates: [String: Fate] = [:]
    package private(set) var violations: [String] = []
    package private(set) var counts = LedgerCounts()
    /// The highest index that any client was told of.
    package private(set) var highest = LogIndex.zero
    private var owners: [LogIndex: String] = [:]
    /// Called with the index of each operation as it is acknowledged.
    package var acknowledged: (LogIndex) -> Void = { _ in }

    package init() {}

    func began(_ operation: String) {
        precondition(fates[operation] == nil, "operation \(operation) begins twice")
        fates[operation] = .underWay
        counts.operations += 1
    }

    func ended(_ operation: String, _ fate: Fate) {
        if case .committed(let before)? = fates[operation], fate != .committed(before) {
            violations.append("\(operation) was committed at \(before) and is now \(fate)")
        }
        fates[operation] = fate
        switch fate {
        case .underWay:
            break
        case .committed(let index):
            counts.committed += 1
            if let other = owners.updateValue(operation, forKey: index), other != operation {
                violations.append("\(operation) and \(other) were both told index \(index)")
            }
            highest = max(highest, index)
            acknowledged(index)
        case .aborted:
            counts.aborted += 1
        case .unknown:
            counts.unknown += 1
        }
    }

    /// A change feed has told of an operation.
    func saw(_ operation: String, at index: LogIndex, by watcher: String) {
        switch fates[operation] {
        case .committed(let told) where told != index:
            violated("\(watcher) saw \(operation) at \(index), acknowledged at \(told)")
        case .aborted:
            violated("\(watcher) saw \(operation) at \(index), and it aborted")
        case nil:
            violated("\(watcher) saw \(operation) at \(index), which nobody asked for")
        case .committed, .underWay, .unknown:
            break
        }
    }

    /// A linearizable read that began when `floor` was the highest index told has seen the state at
    /// `applied`.
    func read(at applied: LogIndex, notBelow floor: LogIndex, by client: String) {
        counts.reads += 1
        guard applied < floor else { return }
        violations.append(
            "\(client) read the state at \(applied) after \(floor) had been acknowledged")
    }

    func violated(_ text: String) {
        violations.append(text)
    }
}

/// How many operations came to which end.
package struct LedgerCounts: Sendable {
    package var operations = 0
    package var committed = 0
    package var aborted = 0
    package var unknown = 0
    package var reads = 0
    package var retries = 0
    /// Answered requests that were sent once more.
    package var repeats = 0
    package var sessions = 0

    package init() {}
}

extension Ledger {
    func retried() {
        counts.retries += 1
    }

    func repeated() {
        counts.repeats += 1
    }

    func openedSession() {
        counts.sessions += 1
    }
}
