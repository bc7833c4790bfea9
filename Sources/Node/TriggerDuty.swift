import Codec
import IOCore
import Identifiers
import KeyValue
import Logging
import Replication
import Transactions
import Triggers
import Wire

/// The leader's duty of running post-commit and on-rollback triggers.
///
/// Begins when this node leads and has applied up to the start of its term, ends when it steps down.
/// Cursors are replicated in batches, so a new leader repeats a bounded number of deliveries.
final class TriggerDuty {
    private let replica: Replica
    private let loop: any EventLoop
    private let processes: any ProcessRunner
    private let logger: Logger
    private let folder: String?
    private let feed: FeedReader
    private let stores: StoreRegistry

    private var runners: [String: TriggerRunner] = [:]
    private var running: [String: any RunningProcess] = [:]
    private var isLeading = false
    /// Work begun in one epoch is dropped in the next.
    private var epoch: UInt64 = 0
    private var isLoading = false
    private var mustLoad = false
    private var savedThrough: [String: LogIndex] = [:]
    private var isSaving = false
    private var lastSave = MonotonicTime.zero
    private var wakeAt: MonotonicTime?

    /// Deliveries after which a cursor is replicated, and the time after which it is anyway.
    private static let saveDeliveries = 128
    private static let saveMilliseconds: UInt64 = 500

    init(
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
    }

    func roleChanged(isLeader: Bool) {
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

    func stop() {
        isLeading = false
        epoch += 1
        end()
    }

    private func end() {
        for process in running.values {
            process.kill()
        }
        running = [:]
        runners = [:]
        savedThrough = [:]
        savedDeliveries = [:]
        announced = []
    }

    func stateReplaced() {
        mustLoad = true
    }

    /// More has been applied.
    func applied(touchedTriggers: Bool) {
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
            case .success(let triggers): take(triggers)
            case .failure: mustLoad = true
            }
        }
    }

    private func take(_ triggers: [RegisteredTrigger]) {
        var next: [String: TriggerRunner] = [:]
        for trigger in triggers where trigger.definition.kind != .preCommit {
            let name = trigger.definition.name
            if let present = runners[name], present.definition == trigger.definition,
                (present.suspension == nil) == (trigger.suspension == nil)
            {
                next[name] = present
            } else {
                next[name] = TriggerRunner(trigger)
                savedThrough[name] = trigger.deliveredThrough
                savedDeliveries[name] = nil
                // A suspension after this one is to be replicated like the first.
                if trigger.suspension == nil {
                    announced.remove(name)
                } else {
                    announced.insert(name)
                }
            }
        }
        for (name, process) in running where next[name] == nil {
            process.kill()
            running[name] = nil
        }
        runners = next
        pump()
    }

    // MARK: Deliveries

    private func pump() {
        guard isLeading else { return }
        for name in runners.keys.sorted() {
            advance(name)
        }
        saveIfDue()
    }

    private func advance(_ name: String) {
        guard running[name] == nil,
            let action = runners[name]?.next(
                applied: replica.appliedPosition.index, now: loop.now)
        else { return }
        switch action {
        case .idle: break
        case .wait(let time): wake(at: time)
        case .read(let index): read(name, from: index)
        case .run(let set): run(name, set)
        }
    }

    private func wake(at time: MonotonicTime) {
        if let wakeAt, wakeAt <= time, wakeAt > loop.now { return }
        wakeAt = time
        let back = LoopBound(self, to: loop)
        let begun = epoch
        _ = loop.schedule(at: time) {
            let duty = back.value
            duty.wakeAt = nil
            if duty.epoch == begun { duty.pump() }
        }
    }

    private func read(_ name: String, from index: LogIndex) {
        let begun = epoch
        let feed = feed
        replica.query(.local) { engine throws(EngineFailure) in
            let pinned = try engine.pin()
            defer { pinned.close() }
            return try feed.page(from: index, in: pinned)
        } done: { [weak self] result in
            guard let self, epoch == begun else { return }
            switch result {
            case .success(let page):
                runners[name]?.pageRead(
                    page.changeSets, through: page.through, firstRetained: page.firstRetained)
                announceSuspension(of: name)
            case .failure:
                runners[name]?.readFailed(now: loop.now)
            }
            advance(name)
        }
    }

    private func run(_ name: String, _ set: ChangeSet) {
        guard let runner = runners[name] else { return }
        guard let folder else {
            finished(name, failure: "this node has no folder of trigger programs configured")
            return
        }
        let begun = epoch
        let definition = runner.definition
        let request = ProcessRequest(
            executable: folder + "/" + definition.program, arguments: definition.arguments,
            environment: [
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LOCKSTEP_TRIGGER": name, "LOCKSTEP_INDEX": "\(set.index)",
            ],
            workingDirectory: folder, input: runner.document(for: set, stores: stores),
            timeoutMilliseconds: definition.timeoutMilliseconds)
        running[name] = processes.run(request) { [weak self] result in
            guard let self, epoch == begun else { return }
            running[name] = nil
            finished(name, failure: result.succeeded ? nil : Self.describe(result))
        }
    }

    private static func describe(_ result: ProcessResult) -> String {
        let said = String(decoding: result.errorOutput.prefix(200), as: UTF8.self)
            .split(whereSeparator: \.isNewline).joined(separator: " / ")
        return said.isEmpty ? "it \(result.ending)" : "it \(result.ending): \(said)"
    }

    private func finished(_ name: String, failure: String?) {
        runners[name]?.finished(failure: failure, now: loop.now)
        if let failure {
            logger.warning(
                "a trigger failed", metadata: ["trigger": "\(name)", "why": "\(failure)"])
        }
        announceSuspension(of: name)
        saveIfDue()
        advance(name)
    }

    private func announceSuspension(of name: String) {
        guard let reason = runners[name]?.suspension else { return }
        logger.error("trigger suspended", metadata: ["trigger": "\(name)", "why": "\(reason)"])
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
        let isDue = runners.contains { name, runner in
            runner.deliveredThrough - (savedThrough[name] ?? .zero) >= Self.saveDeliveries
                && running[name] == nil
        }
        guard isDue, loop.now.milliseconds(since: lastSave) >= 50 else { return }
        save()
    }

    /// Replicates the cursors that have moved because of deliveries.
    private func save() {
        guard !isSaving else { return }
        let moved = runners.values.filter { runner in
            runner.suspension != nil && !announced.contains(runner.definition.name)
                || runner.deliveredThrough > (savedThrough[runner.definition.name] ?? .zero)
                    && hasNews(runner)
        }
        guard !moved.isEmpty else { return }
        let cursors = moved.map(\.cursor).sorted { $0.trigger < $1.trigger }
        isSaving = true
        lastSave = loop.now
        let begun = epoch
        for runner in moved where runner.suspension != nil {
            announced.insert(runner.definition.name)
        }
        replica.propose(Record.triggerCursors(cursors).encoded()) { [weak self] result in
            guard let self, epoch == begun else { return }
            isSaving = false
            guard case .success = result else {
                for cursor in cursors where cursor.suspension != nil {
                    announced.remove(cursor.trigger)
                }
                return
            }
            for cursor in cursors {
                savedThrough[cursor.trigger] = cursor.deliveredThrough
                savedDeliveries[cursor.trigger] = runners[cursor.trigger]?.deliveries
            }
        }
    }

    private var announced: Set<String> = []
    private var savedDeliveries: [String: UInt64] = [:]

    /// A cursor that moved over nothing but other triggers' cursors is not worth a record, or each
    /// record would be followed by another.
    private func hasNews(_ runner: TriggerRunner) -> Bool {
        let name = runner.definition.name
        return runner.deliveries != savedDeliveries[name] ?? 0
            || runner.deliveredThrough - (savedThrough[name] ?? .zero) > 10_000
    }

    // MARK: Status

    private static func state(of runner: TriggerRunner) -> TriggerState {
        if let reason = runner.suspension {
            .suspended(reason)
        } else if let reason = runner.lastFailure {
            .failing(reason)
        } else {
            .running
        }
    }

    /// Every trigger that this leader runs; empty on others.
    func statuses() -> [TriggerStatus] {
        runners.values.sorted { $0.definition.name < $1.definition.name }.map { runner in
            let lag = replica.appliedPosition.index - runner.deliveredThrough
            return TriggerStatus(
                name: runner.definition.name, deliveredThrough: runner.deliveredThrough,
                lagRecords: UInt64(max(0, lag)),
                state: Self.state(of: runner))
        }
    }
}
