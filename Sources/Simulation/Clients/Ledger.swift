import Codec
package import Identifiers
package import Transactions

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
    package private(set) var violations: [String] = [] {
        didSet { violations.dropFirst(oldValue.count).forEach(found) }
    }
    /// Called with each violation when it is found.
    var found: (String) -> Void = { _ in }
    package private(set) var counts = LedgerCounts()
    /// The highest index that any client was told of.
    package private(set) var highest = LogIndex.zero
    /// The highest index that an answer rests on: a commit, an abort, or a read that is linearizable.
    ///
    /// What begins from now on must see it.
    package private(set) var floor = LogIndex.zero
    private var owners: [LogIndex: String] = [:]
    /// The operations that write, by name.
    private(set) var writes: [String: ClientWrite] = [:]
    /// The index of the newest writer of each group that a client was told of.
    private var versions: [Int: LogIndex] = [:]
    private(set) var readsMade: [ValueModel.Read] = []
    /// Conditions that were said not to hold.
    private(set) var failedConditions: [ValueModel.Condition] = []
    /// Called with the index of each operation as it is acknowledged.
    package var acknowledged: (LogIndex) -> Void = { _ in }
    /// Where a feed has told that each operation aborted.
    private var abortsSeen: [String: LogIndex] = [:]
    /// Called with the index of each abort that a client is told of.
    package var aborted: (LogIndex) -> Void = { _ in }
    /// Called with the index that an answer rests on, whatever the answer is.
    package var answered: (LogIndex) -> Void = { _ in }

    /// The highest index that some node has applied.
    package var highestApplied: () -> LogIndex = { .zero }
    /// The last of these at which there were as many sessions as there may be, by what nodes have told.
    package var sessionsFullThrough: () -> LogIndex = { .zero }

    package init() {}

    func began(_ write: ClientWrite) {
        precondition(fates[write.name] == nil, "operation \(write.name) begins twice")
        fates[write.name] = .underWay
        writes[write.name] = write
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
            floor = max(floor, index)
            for group in writes[operation]?.groups ?? [] {
                versions[group] = max(versions[group] ?? .zero, index)
            }
            acknowledged(index)
            answered(index)
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

    /// A change feed has told that an operation aborted, a client's or one of who injects faults.
    func sawAbort(of operation: String, at index: LogIndex, by watcher: String) {
        guard let fate = fates[operation] else { return }
        if case .committed(let told) = fate {
            violated("\(watcher) saw \(operation) abort at \(index), acknowledged at \(told)")
        }
        if let before = abortsSeen.updateValue(index, forKey: operation), before != index {
            violated("\(watcher) saw \(operation) abort at \(before) and at \(index)")
        }
    }

    /// A read has seen the state at its index.
    ///
    /// One that is linearizable may not have seen an older one than the floor was when it `began`; nil
    /// for a read that may be stale.
    package func read(_ read: ValueModel.Read, began: LogIndex?) {
        counts.reads += 1
        readsMade.append(read)
        answered(read.applied)
        guard let began else { return }
        let (applied, client) = (read.applied, read.client)
        if applied < began {
            violations.append(
                "\(client) read the state at \(applied) after \(began) had been acknowledged")
        }
        floor = max(floor, applied)
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
    /// Of those, what a trigger has forbidden.
    package var vetoed = 0
    package var unknown = 0
    package var reads = 0
    package var retries = 0
    /// Answered requests that were sent once more.
    package var repeats = 0
    package var sessions = 0
    /// Sessions that their clients have found to be expired.
    package var expired = 0
    /// Operations that a leader has refused for the bound of what is under way.
    package var refusedProposals = 0
    package var refusedReads = 0
    /// Sessions that were not opened for the bound of all.
    package var refusedSessions = 0
    /// Operations that waited until outcomes were acknowledged.
    package var fullSessions = 0

    package init() {}
}

extension Ledger {
    /// What a client may want of a group: that it is as somebody has been told.
    func condition(of group: Int) -> ClientWrite.Condition {
        versions[group].map(ClientWrite.Condition.at) ?? .absent
    }

    /// An operation was aborted at `index`, because its condition did not hold.
    func conditionFailed(_ write: ClientWrite, at index: LogIndex) {
        guard let condition = Self.model(write, at: index, held: false) else {
            return violated("\(write.name) had no condition, and it did not hold at \(index)")
        }
        failedConditions.append(condition)
    }

    private static func model(
        _ write: ClientWrite, at index: LogIndex, held: Bool
    ) -> ValueModel.Condition? {
        guard let condition = write.condition, let group = write.groups.first else { return nil }
        let version: LogIndex? =
            switch condition {
            case .absent: nil
            case .at(let version): version
            }
        return ValueModel.Condition(
            operation: write.name, group: group, version: version, index: index, held: held)
    }

    /// Conditional operations whose clients were told that they are committed.
    var conditionsHeld: Int {
        writes.values.count { write in
            guard write.condition != nil, case .committed? = fates[write.name] else { return false }
            return true
        }
    }

    /// What must have stood at each index, by the commits of `history` in their order.
    func model(_ history: [ValueModel.Write]) -> ValueModel {
        var model = ValueModel()
        for commit in history {
            guard let write = writes[commit.operation] else { continue }
            model.committed(commit.operation, groups: write.groups, at: commit.index)
        }
        return model
    }

    /// What is wrong with what clients were answered, if the commits are those of `history`.
    func judge(_ history: [ValueModel.Write]) -> [String] {
        let model = model(history)
        let conditions =
            failedConditions
            + history.compactMap { commit in
                writes[commit.operation].flatMap {
                    Self.model($0, at: commit.index, held: true)
                }
            }
        return readsMade.compactMap(model.violation(of:))
            + conditions.compactMap(model.violation(of:))
    }

    /// A client was given `reply` to a read of a group, which says to be of the state at `applied`.
    func read(
        _ group: Int, _ reply: [UInt8], at applied: LogIndex, began: LogIndex?,
        by client: String
    ) {
        do throws(DecodingFailure) {
            let value = try ClientOperation.value(of: reply)
            read(
                ValueModel.Read(client: client, group: group, applied: applied, value: value),
                began: began)
        } catch {
            violated("\(client) got a reply that cannot be read: \(error)")
        }
    }

    /// What an outcome means for the operation; what must not be is noted.
    package func fate(of write: ClientWrite, _ outcome: Outcome) -> Fate {
        switch outcome {
        case .committed(let index, let results):
            if write.aborts || write.isForbidden {
                violated("\(write.name) must abort, and committed at \(index)")
            }
            if results.count != write.groups.count {
                violated("\(write.name) committed at \(index) with \(results.count) results")
            }
            return .committed(index)
        case .aborted(let index, let abort):
            floor = max(floor, index)
            answered(index)
            aborted(index)
            switch abort.code {
            case .requested
            where write.aborts && abort.step == write.groups.count
                && abort.message == ClientOperation.abortReason:
                break
            case .vetoed where write.isForbidden && abort.step == nil:
                counts.vetoed += 1
            case .expectationFailed where abort.step == nil:
                conditionFailed(write, at: index)
            default:
                violated("\(write.name) aborted: \(abort)")
            }
            return .aborted
        }
    }

    func retried() {
        counts.retries += 1
    }

    func repeated() {
        counts.repeats += 1
    }

    func sessionExpired() {
        counts.expired += 1
    }

    /// A node has refused something for now, with these words.
    func refused(_ reason: String) {
        if reason.contains("too many transactions under way") { counts.refusedProposals += 1 }
        if reason.contains("reads are waiting") { counts.refusedReads += 1 }
    }

    /// A client is refused a session because there are as many as there may be, and had asked for it when
    /// `applied` was the highest index that was applied.
    ///
    /// The record that opens one is behind that, and refused by what was applied right before it.
    package func refusedSession(_ client: String, asked applied: LogIndex) {
        counts.refusedSessions += 1
        if sessionsFullThrough() < applied {
            violated("\(client) is refused a session, and there is room")
        }
    }

    func foundFull() {
        counts.fullSessions += 1
    }

    func openedSession() {
        counts.sessions += 1
    }
}
