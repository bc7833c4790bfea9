package import Identifiers

/// When a leader has begun each of its rounds: whoever answers what was sent in one has followed it then.
package struct RoundTimes: Sendable {
    private var term = Term.zero
    private var begun: [(round: UInt64, time: MonotonicTime)] = []
    /// The newest round of the term in which something was sent.
    private var newest: UInt64 = 0

    /// Rounds that are kept, at the most, and how far apart; reads and records begin many more.
    private static let bound = 256
    private static let leastMilliseconds: UInt64 = 4

    package init() {}

    /// Something is sent in a round; what is sent later in it counts as sent now, and a round that
    /// follows at once as the one before.
    package mutating func sends(_ round: UInt64, in term: Term, at time: MonotonicTime) {
        if term != self.term {
            self.term = term
            begun = []
            newest = 0
        }
        newest = max(newest, round)
        if let last = begun.last,
            last.round >= round || time < last.time.advanced(milliseconds: Self.leastMilliseconds)
        {
            return
        }
        if begun.count >= Self.bound { begun.removeFirst(Self.bound / 4) }
        begun.append((round, time))
    }

    /// When a round has begun, or an earlier one of the term where it is not kept; nil where it is older
    /// than all that are, a second or more.
    ///
    /// Nil for one in which nothing was sent yet too: who answers that has not been asked.
    package func time(of round: UInt64, in term: Term) -> MonotonicTime? {
        guard term == self.term, round <= newest else { return nil }
        return begun.last { $0.round <= round }?.time
    }
}

/// As of when the state of a node is: the last moment of which it holds all that a leader had
/// committed then.
///
/// What was heard of a leader waits until it has been applied; each pair of a moment and an index is
/// true by itself, so that some may be forgotten where they are too many.
package struct Freshness: Sendable {
    /// The moment; nil where nothing that a leader has said is applied.
    package private(set) var asOf: MonotonicTime?
    /// What was heard and is not applied, in order.
    private var pending: [(time: MonotonicTime, commit: LogIndex)] = []
    private var appliedIndex = LogIndex.zero

    /// Moments that are kept, at the most.
    private static let bound = 128

    package init() {}

    /// A leader says that what is up to `commit` is committed; not less than it has said before.
    ///
    /// What is known of a later moment stays.
    package mutating func heard(_ commit: LogIndex, at time: MonotonicTime) {
        guard commit > appliedIndex else {
            asOf = max(asOf ?? time, time)
            pending = []
            return
        }
        if let last = pending.last, last.commit == commit || last.time > time {
            pending[pending.count - 1].time = max(last.time, time)
            return
        }
        if pending.count >= Self.bound {
            pending = pending.indices.filter { $0.isMultiple(of: 2) }.map { pending[$0] }
        }
        pending.append((time, commit))
    }

    /// Everything up to `index` is applied here.
    package mutating func applied(_ index: LogIndex) {
        guard index > appliedIndex else { return }
        appliedIndex = index
        let done = pending.prefix { $0.commit <= index }
        guard let last = done.last else { return }
        asOf = max(asOf ?? last.time, last.time)
        pending.removeFirst(done.count)
    }
}
