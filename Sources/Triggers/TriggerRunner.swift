package import Identifiers
import JSON
package import Stores
package import Transactions
import Wording

/// The deliveries of one leader-run trigger: a value that says what to do next.
///
/// In log order, one at a time, at least once; a failing program is tried again with growing waits
/// until the change set has lost its place in the feed, or the definition's limit of attempts is
/// reached, which suspends the trigger.
package struct TriggerRunner: Sendable {
    package enum Action: Hashable, Sendable {
        /// Read the feed from here, then call `pageRead`.
        case read(from: LogIndex)
        /// Run the program with this change set, then call `finished`.
        case run(ChangeSet)
        /// Ask again at this time.
        case wait(until: MonotonicTime)
        /// Ask again when more has been applied.
        case idle
    }

    private enum Phase: Sendable {
        case ready
        case reading
        case running
        case failed(until: MonotonicTime)
        case suspended
    }

    package let definition: TriggerDefinition
    /// All change sets up to here are delivered or are none of this trigger's.
    package private(set) var deliveredThrough: LogIndex
    package private(set) var suspension: String?
    package private(set) var lastFailure: String?
    package private(set) var deliveries: UInt64 = 0
    /// The last change set that was read, whether it is delivered, to be delivered or of no concern.
    package private(set) var lastChangeSet = LogIndex.zero
    private var phase = Phase.ready
    private var pending: [ChangeSet] = []
    /// The page that `pending` came from reaches to here.
    private var pageThrough: LogIndex
    private var attempts: UInt64 = 0
    private let gapAcceptedThrough: LogIndex

    private static let firstWaitMilliseconds: UInt64 = 100
    private static let longestWaitMilliseconds: UInt64 = 60_000

    package init(_ trigger: RegisteredTrigger) {
        definition = trigger.definition
        deliveredThrough = trigger.deliveredThrough
        suspension = trigger.suspension
        gapAcceptedThrough = trigger.gapAcceptedThrough
        pageThrough = trigger.deliveredThrough
        phase = trigger.suspension == nil ? .ready : .suspended
    }

    /// Change sets kept in memory.
    package var heldChangeSets: Int { pending.count }

    /// What to do now, with everything up to `applied` in the feed.
    package mutating func next(applied: LogIndex, now: MonotonicTime) -> Action {
        switch phase {
        case .reading, .running, .suspended:
            return .idle
        case .failed(let until):
            guard now >= until else { return .wait(until: until) }
            // The feed says whether the change set is still there to be delivered.
            phase = .reading
            return .read(from: deliveredThrough.next)
        case .ready:
            if let first = pending.first {
                // What lies before it is of no concern, however long the program fails at it.
                deliveredThrough = max(deliveredThrough, first.index.previous)
                phase = .running
                return .run(first)
            }
            deliveredThrough = max(deliveredThrough, pageThrough)
            guard deliveredThrough < applied else { return .idle }
            phase = .reading
            return .read(from: deliveredThrough.next)
        }
    }

    /// A page of the feed from where `next` asked; `firstRetained` is where the feed begins.
    package mutating func pageRead(
        _ sets: [ChangeSet], through: LogIndex, firstRetained: LogIndex
    ) {
        guard case .reading = phase else { return }
        guard deliveredThrough.next >= firstRetained else {
            if firstRetained.previous <= gapAcceptedThrough {
                deliveredThrough = firstRetained.previous
                pageThrough = deliveredThrough
                phase = .ready
                return
            }
            suspend(
                "change sets \(deliveredThrough.next) to \(firstRetained.previous) were trimmed "
                    + "before they were delivered"
                    + (lastFailure.map { "; the last failure: \($0)" } ?? ""))
            return
        }
        phase = .ready
        pending = sets.filter(definition.wants)
        lastChangeSet = max(lastChangeSet, sets.last?.index ?? .zero)
        pageThrough = max(through, deliveredThrough)
    }

    /// The page could not be read; try later.
    package mutating func readFailed(now: MonotonicTime) {
        guard case .reading = phase else { return }
        phase = .failed(until: now.advanced(milliseconds: Self.firstWaitMilliseconds))
    }

    /// The program has ended; `failure` says why it counts as failed.
    package mutating func finished(failure: String?, now: MonotonicTime) {
        guard case .running = phase, let done = pending.first else { return }
        #if PLANTED_BUGS
            let failure = PlantedBug.failedDeliverySkipped.isActive ? nil : failure
        #endif
        guard let failure else {
            pending.removeFirst()
            deliveredThrough = done.index
            deliveries += 1
            attempts = 0
            lastFailure = nil
            phase = .ready
            return
        }
        lastFailure = failure
        let wait = min(
            Self.firstWaitMilliseconds << min(attempts, 10), Self.longestWaitMilliseconds)
        attempts += 1
        if definition.attemptLimit > 0, attempts >= definition.attemptLimit {
            let runs = Words.counted(attempts, "run")
            suspend("\(runs) for change set \(done.index) failed; the last: \(failure)")
            return
        }
        // It is read again: many that fail would keep many pages.
        pending = []
        pageThrough = deliveredThrough
        phase = .failed(until: now.advanced(milliseconds: wait))
    }

    private mutating func suspend(_ reason: String) {
        suspension = Self.cut(reason, toBytes: TriggerCursor.suspensionBytes)
        pending = []
        phase = .suspended
    }

    /// The start of `text` that fits, in whole Unicode scalars.
    private static func cut(_ text: String, toBytes limit: Int) -> String {
        var bytes = 0
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            guard bytes <= limit else { break }
            kept.append(scalar)
        }
        return String(kept)
    }

    /// The cursor to replicate.
    package var cursor: TriggerCursor {
        #if PLANTED_BUGS
            let deliveredThrough =
                PlantedBug.cursorBeforeEffect.isActive
                ? max(self.deliveredThrough, pending.first?.index ?? .zero) : self.deliveredThrough
        #endif
        return TriggerCursor(
            trigger: definition.name, deliveredThrough: deliveredThrough, suspension: suspension)
    }
}

extension TriggerRunner {
    /// The document a program gets on standard input, one line: the trigger, the key by which a
    /// receiver drops repeats, and the change set with the changes that the filter lets through.
    ///
    /// A transaction is one delivery, as it has happened as a whole, and each has an index of its
    /// own: the ordinal counts deliveries of one index and is 0.
    package func document(for set: ChangeSet, stores: StoreRegistry) -> [UInt8] {
        let matching = ChangeSet(
            index: set.index, timeMilliseconds: set.timeMilliseconds, properties: set.properties,
            changes: set.changes.filter(definition.matches), abort: set.abort)
        let document = JSONValue.object([
            .init("trigger", .string(definition.name)),
            .init("key", .string("\(definition.name)/\(set.index)/0")),
            .init("ordinal", .exact(0)),
            .init("transaction", stores.describe(matching)),
        ])
        return document.utf8 + [0x0A]
    }
}
