package import Codec
package import IOCore
import Identifiers
import KeyValue
package import Logging
package import Replication
package import Stores
import Transactions
import Triggers
import Wire

/// The leader's duty of running post-commit and on-rollback triggers.
///
/// Begins when this node leads and has applied up to the start of its term, ends when it steps down.
/// Cursors are replicated in batches, so a new leader repeats a bounded number of deliveries.
package final class TriggerDuty {
    private let replica: Replica
    private let loop: any EventLoop
    private let processes: any ProcessRunner
    private let logger: Logger
    private let folder: String?
    private let feed: FeedReader
    private let stores: StoreRegistry

    private var roster = TriggerRoster()
    private var running: [RunnerID: any RunningProcess] = [:]
    /// Runs that wait until a program may be started, the oldest first.
    private var waiting: [(runner: RunnerID, set: ChangeSet)] = []
    private let programLimit: Int
    /// Programs that have been killed and have not ended yet, of former leaderships too.
    private var dying: Set<UInt64> = []
    /// Each run has a number of its own.
    private var runNumbers: [RunnerID: UInt64] = [:]
    private var lastRun: UInt64 = 0
    private var isLeading = false
    /// Work begun in one epoch is dropped in the next.
    private var epoch: UInt64 = 0
    private var isLoading = false
    private var mustLoad = false
    private var isSaving = false
    private var lastSave = MonotonicTime.zero
    private var wakeAt: MonotonicTime?

    /// Bytes of rows that one runner reads at once, and a row more: it keeps them all, decoded, while
    /// its program runs, and there may be as many runners as triggers.
    private static let pageBytes = 256 << 10
    /// The time after which cursors are replicated, and that between two saves at least.
    private static let saveMilliseconds: UInt64 = 500
    private static let leastSaveMilliseconds: UInt64 = 50

    package init(
        replica: Replica, loop: any EventLoop, processes: any ProcessRunner, logger: Logger,
        folder: String?, limits: Limits, stores: StoreRegistry
    ) {
        self.replica = replica
        self.loop = loop
        self.processes = processes
        self.logger = logger
        self.folder = folder
        self.stores = stores
        feed = FeedReader(limits: limits)
        programLimit = limits.triggerPrograms
    }

    package func roleChanged(isLeader: Bool) {
        guard isLeader != isLeading else { return }
        isLeading = isLeader
        epoch += 1
        isLoading = false
        isSaving = false
        if isLeader {
            mustLoad = true
            scheduleSave()
        } else {
            end()
        }
    }

    package func stop() {
        isLeading = false
        epoch += 1
        end()
    }

    private func end() {
        roster.identifiers.forEach(kill)
        waiting = []
        wakeAt = nil
        roster.clear()
    }

    /// Kills the program of a runner, which counts until it has ended.
    private func kill(_ identifier: RunnerID) {
        guard let process = running.removeValue(forKey: identifier) else { return }
        if let number = runNumbers.removeValue(forKey: identifier) { dying.insert(number) }
        process.kill()
    }

    func stateReplaced() {
        mustLoad = true
    }

    /// More has been applied.
    package func applied(touchedTriggers: Bool) {
        guard isLeading else { return }
        if touchedTriggers { mustLoad = true }
        if mustLoad {
            load()
        } else {
            pump()
        }
    }

    // MARK: Definitions

    private func load() {
        guard !isLoading else { return }
        isLoading = true
        mustLoad = false
        let begun = epoch
        // Linearizable: nothing is delivered before the first record of this term is applied.
        replica.query(.linearizable) { engine throws(EngineFailure) in
            try TriggerStore.list(in: engine)
        } done: { [weak self] result in
            guard let self, epoch == begun else { return }
            isLoading = false
            switch result {
            case .success(let triggers):
                take(triggers)
                if mustLoad { load() }
            case .failure: mustLoad = true
            }
        }
    }

    private func take(_ triggers: [RegisteredTrigger]) {
        roster.load(triggers)
        let gone = running.keys.filter { roster[$0] == nil }
        // Never in the order of a table, which is another one in each process.
        for identifier in gone.sorted(by: { ($0.name, $0.number) < ($1.name, $1.number) }) {
            kill(identifier)
        }
        waiting.removeAll { roster[$0.runner] == nil }
        runWaiting()
        pump()
    }

    // MARK: Deliveries

    /// Whether the roster is that of what has been applied; if not, nothing goes on.
    private var isCurrent: Bool {
        isLeading && !isLoading && !mustLoad
    }

    private func pump() {
        guard isCurrent else { return }
        for identifier in roster.identifiers {
            advance(identifier)
        }
        saveIfDue()
    }

    private func advance(_ identifier: RunnerID) {
        guard isCurrent, running[identifier] == nil else { return }
        let action = roster.next(
            identifier, applied: replica.appliedPosition.index, now: loop.now)
        switch action {
        case .idle: break
        case .wait(let time): wake(at: time)
        case .read(let index): read(identifier, from: index)
        case .run(let set): run(identifier, set)
        }
    }

    private func wake(at time: MonotonicTime) {
        if let wakeAt, wakeAt <= time, wakeAt > loop.now { return }
        wakeAt = time
        let back = LoopBound(self, to: loop)
        let begun = epoch
        _ = loop.schedule(at: time) {
            let duty = back.value
            // One of another epoch's must not be taken for this one's.
            guard duty.epoch == begun else { return }
            duty.wakeAt = nil
            duty.pump()
        }
    }

    private func read(_ identifier: RunnerID, from index: LogIndex) {
        let begun = epoch
        let feed = feed
        replica.query(.local) { engine throws(EngineFailure) in
            let pinned = try engine.pin()
            defer { pinned.close() }
            return try feed.page(from: index, byteLimit: Self.pageBytes, in: pinned)
        } done: { [weak self] result in
            guard let self, epoch == begun else { return }
            switch result {
            case .success(let page): pageRead(identifier, page)
            case .failure: roster.readFailed(identifier, now: loop.now)
            }
            advance(identifier)
        }
    }

    private func pageRead(_ identifier: RunnerID, _ page: FeedReader.Page) {
        // The engine may be ahead of what this duty has been told, such as that a trigger is gone.
        let known = replica.appliedPosition.index
        roster.pageRead(
            identifier, page.changeSets.filter { $0.index <= known },
            through: min(page.through, known), firstRetained: page.firstRetained)
        announceSuspension(of: identifier)
    }

    private func run(_ identifier: RunnerID, _ set: ChangeSet) {
        guard let runner = roster[identifier] else { return }
        guard let folder else {
            finished(identifier, failure: "this node has no folder of trigger programs configured")
            return
        }
        guard mayRun else {
            waiting.append((identifier, set))
            return
        }
        let begun = epoch
        let definition = runner.definition
        let request = ProcessRequest(
            executable: folder + "/" + definition.program, arguments: definition.arguments,
            environment: [
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LOCKSTEP_TRIGGER": identifier.name, "LOCKSTEP_INDEX": "\(set.index)",
            ],
            workingDirectory: folder, input: runner.document(for: set, stores: stores),
            timeoutMilliseconds: definition.timeoutMilliseconds)
        lastRun += 1
        let number = lastRun
        runNumbers[identifier] = number
        running[identifier] = processes.run(request) { [weak self] result in
            guard let self else { return }
            if dying.remove(number) != nil { return runWaiting() }
            guard epoch == begun else { return }
            running[identifier] = nil
            runNumbers[identifier] = nil
            // Those that wait come before the next run of this one.
            runWaiting()
            finished(identifier, failure: result.succeeded ? nil : Self.describe(result))
        }
    }

    private var mayRun: Bool {
        running.count + dying.count < programLimit
    }

    /// Starts programs that have waited, as many as there may be.
    private func runWaiting() {
        guard isCurrent else { return }
        while mayRun, !waiting.isEmpty {
            let next = waiting.removeFirst()
            run(next.runner, next.set)
        }
    }

    private static func describe(_ result: ProcessResult) -> String {
        let said = String(decoding: result.errorOutput.prefix(200), as: UTF8.self)
            .split(whereSeparator: \.isNewline).joined(separator: " / ")
        return said.isEmpty ? "it \(result.ending)" : "it \(result.ending): \(said)"
    }

    private func finished(_ identifier: RunnerID, failure: String?) {
        guard roster[identifier] != nil else { return }
        roster.finished(identifier, failure: failure, now: loop.now)
        if let failure {
            logger.warning(
                "a trigger failed",
                metadata: ["trigger": "\(identifier.name)", "why": "\(failure)"])
        }
        announceSuspension(of: identifier)
        saveIfDue()
        advance(identifier)
    }

    private func announceSuspension(of identifier: RunnerID) {
        guard let reason = roster[identifier]?.suspension else { return }
        logger.error(
            "trigger suspended",
            metadata: ["trigger": "\(identifier.name)", "why": "\(reason)"])
        save()
    }

    // MARK: Cursors

    private func scheduleSave() {
        let back = LoopBound(self, to: loop)
        let begun = epoch
        _ = loop.schedule(at: loop.now.advanced(milliseconds: Self.saveMilliseconds)) {
            let duty = back.value
            guard duty.epoch == begun, duty.isLeading else { return }
            if duty.mustLoad { duty.load() }
            duty.save()
            duty.scheduleSave()
        }
    }

    private func saveIfDue() {
        guard roster.isSaveDue,
            loop.now.milliseconds(since: lastSave) >= Self.leastSaveMilliseconds
        else { return }
        save()
    }

    /// Replicates the cursors that are worth it.
    private func save() {
        guard isCurrent, !isSaving, let save = roster.beginSave() else { return }
        isSaving = true
        lastSave = loop.now
        let begun = epoch
        replica.propose(Record.triggerCursors(save.cursors).encoded()) { [weak self] result in
            guard let self, epoch == begun else { return }
            isSaving = false
            if case .success = result {
                roster.saved(save, succeeded: true)
                // A suspension met while this save was under way.
                if roster.isAnnouncementDue { self.save() }
            } else {
                roster.saved(save, succeeded: false)
            }
        }
    }

    // MARK: Status

    /// Suspended is what can be resumed: not before the cluster knows of it.
    private func state(of identifier: RunnerID, _ runner: TriggerRunner) -> TriggerState {
        if let reason = roster.replicatedSuspension(identifier) {
            .suspended(reason)
        } else if let reason = runner.lastFailure ?? runner.suspension {
            .failing(reason)
        } else {
            .running
        }
    }

    /// Every trigger that this leader runs; empty on others.
    func statuses() -> [TriggerStatus] {
        roster.identifiers.compactMap { identifier in
            guard let runner = roster[identifier] else { return nil }
            let lag = replica.appliedPosition.index - runner.deliveredThrough
            return TriggerStatus(
                name: runner.definition.name, deliveredThrough: runner.deliveredThrough,
                lagRecords: UInt64(max(0, lag)),
                state: state(of: identifier, runner))
        }
    }
}
