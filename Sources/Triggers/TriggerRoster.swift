package import Identifiers
package import Transactions

/// Names one runner of one trigger.
///
/// A trigger of the same name that is registered later has another number.
package struct RunnerID: Hashable, Sendable {
    package let name: String
    package let number: UInt64
}

/// The runners of all leader-run triggers, and how far their replicated cursors have come: a value.
///
/// Answers to a runner that is not on the roster any more are dropped, even if its name is there
/// again. Cursors are replicated in batches, so a new leader repeats a bounded number of deliveries.
package struct TriggerRoster: Sendable {
    fileprivate struct Entry: Sendable {
        let number: UInt64
        var runner: TriggerRunner
        /// The replicated cursor.
        var savedThrough: LogIndex
        /// Deliveries that the last save under way or done covers.
        var savedDeliveries: UInt64 = 0
        var announcement: Announcement
    }

    /// Whether the cluster knows that a runner is suspended.
    fileprivate enum Announcement: Sendable {
        case none
        case underWay
        case replicated
    }

    /// Deliveries after which cursors are saved without waiting for the next regular save.
    package static let saveDeliveries: UInt64 = 128
    /// Records without any change set after which a cursor is saved all the same.
    package static let saveRecords = 10_000

    private var entries: [String: Entry] = [:]
    private var lastNumber: UInt64 = 0

    package init() {}

    /// Who is on the roster, by name.
    package var identifiers: [RunnerID] {
        entries.map { RunnerID(name: $0, number: $1.number) }.sorted { $0.name < $1.name }
    }

    /// The runner of one number; nil if it is not on the roster any more.
    package subscript(_ identifier: RunnerID) -> TriggerRunner? {
        guard let entry = entries[identifier.name], entry.number == identifier.number else {
            return nil
        }
        return entry.runner
    }

    /// Takes the registered triggers as they are now: keeps the runners of those that are as before.
    package mutating func load(_ triggers: [RegisteredTrigger]) {
        var next: [String: Entry] = [:]
        for trigger in triggers where trigger.definition.kind != .preCommit {
            let name = trigger.definition.name
            if let present = entries[name], present.isOf(trigger) {
                next[name] = present
            } else {
                lastNumber += 1
                next[name] = Entry(
                    number: lastNumber, runner: TriggerRunner(trigger),
                    savedThrough: trigger.deliveredThrough,
                    announcement: trigger.suspension == nil ? .none : .replicated)
            }
        }
        entries = next
    }

    /// Forgets all runners; numbers go on.
    package mutating func clear() {
        entries = [:]
    }
}

// MARK: - Deliveries

extension TriggerRoster {
    /// What one runner does now; see `TriggerRunner.next`.
    package mutating func next(
        _ identifier: RunnerID, applied: LogIndex, now: MonotonicTime
    ) -> TriggerRunner.Action {
        change(identifier) { $0.next(applied: applied, now: now) } ?? .idle
    }

    package mutating func pageRead(
        _ identifier: RunnerID, _ sets: [ChangeSet], through: LogIndex, firstRetained: LogIndex
    ) {
        change(identifier) { $0.pageRead(sets, through: through, firstRetained: firstRetained) }
    }

    package mutating func readFailed(_ identifier: RunnerID, now: MonotonicTime) {
        change(identifier) { $0.readFailed(now: now) }
    }

    package mutating func finished(
        _ identifier: RunnerID, failure: String?, now: MonotonicTime
    ) {
        change(identifier) { $0.finished(failure: failure, now: now) }
    }

    @discardableResult
    private mutating func change<Answer>(
        _ identifier: RunnerID, _ body: (inout TriggerRunner) -> Answer
    ) -> Answer? {
        guard let place = entries.index(forKey: identifier.name),
            entries.values[place].number == identifier.number
        else { return nil }
        return body(&entries.values[place].runner)
    }
}

// MARK: - Cursors

extension TriggerRoster {
    /// What is proposed to be replicated.
    package struct Save: Hashable, Sendable {
        fileprivate let numbers: [String: UInt64]
        /// By name.
        package let cursors: [TriggerCursor]
    }

    /// Whether so much has been delivered since the last save that the next is not to wait.
    package var isSaveDue: Bool {
        entries.values.contains { $0.runner.deliveries - $0.savedDeliveries >= Self.saveDeliveries }
    }

    /// The cursors that are worth a record now; nil if none is.
    ///
    /// Call `saved` with what became of the record.
    package mutating func beginSave() -> Save? {
        let moved = entries.values.filter(\.isWorthSaving)
        guard !moved.isEmpty else { return nil }
        for entry in moved {
            let name = entry.runner.definition.name
            entries[name]?.savedDeliveries = entry.runner.deliveries
            if entry.runner.suspension != nil { entries[name]?.announcement = .underWay }
        }
        return Save(
            numbers: Dictionary(
                uniqueKeysWithValues: moved.map { ($0.runner.definition.name, $0.number) }),
            cursors: moved.map(\.runner.cursor).sorted { $0.trigger < $1.trigger })
    }

    /// Why a trigger is suspended as the cluster knows it: nil also while that is not replicated.
    package func replicatedSuspension(_ identifier: RunnerID) -> String? {
        guard let entry = entries[identifier.name], entry.number == identifier.number,
            entry.announcement == .replicated
        else { return nil }
        return entry.runner.suspension
    }

    /// Whether a trigger is suspended, and no save has told the cluster so.
    package var isAnnouncementDue: Bool {
        entries.values.contains { $0.runner.suspension != nil && $0.announcement == .none }
    }

    /// Takes note of what became of a save.
    package mutating func saved(_ save: Save, succeeded: Bool) {
        for cursor in save.cursors {
            guard let entry = entries[cursor.trigger], entry.number == save.numbers[cursor.trigger]
            else { continue }
            if succeeded { entries[cursor.trigger]?.savedThrough = cursor.deliveredThrough }
            if cursor.suspension != nil {
                entries[cursor.trigger]?.announcement = succeeded ? .replicated : .none
            }
        }
    }
}

extension TriggerRoster.Entry {
    /// Whether the cluster is to know of the cursor.
    ///
    /// A cursor that moved over nothing but other cursors is not worth a record, or each record
    /// would be followed by another. One that moved over change sets is, also those of no concern to
    /// the trigger: when they are trimmed, a new leader must not take them for undelivered.
    fileprivate var isWorthSaving: Bool {
        if runner.suspension != nil { return announcement == .none }
        guard runner.deliveredThrough > savedThrough else { return false }
        return runner.lastChangeSet > savedThrough
            || runner.deliveredThrough - savedThrough > TriggerRoster.saveRecords
    }

    /// Whether the runner is that of what is registered now.
    ///
    /// A trigger that was removed and added anew begins further on, and a suspension that the
    /// cluster knew of ends by being resumed; one that it does not know of yet stays.
    fileprivate func isOf(_ trigger: RegisteredTrigger) -> Bool {
        guard runner.definition == trigger.definition,
            trigger.deliveredThrough <= runner.deliveredThrough
        else { return false }
        if runner.suspension == nil { return trigger.suspension == nil }
        return trigger.suspension != nil || announcement != .replicated
    }
}
