package import Identifiers
package import Replication
import Transactions
package import Wire

/// How far one watch has come, and what of a page of the feed it is sent: a value.
package struct WatchProgress: Sendable {
    /// What a page comes to.
    package enum Step: Hashable, Sendable {
        /// Send this, in one answer; then there may be more.
        case deliver(through: LogIndex, [[UInt8]])
        /// Nothing is to be sent; there may be more behind the page.
        case proceed
        /// Nothing can be done until there is credit, or more has been applied.
        case wait
        /// The change sets wanted next are gone.
        case lost(firstRetained: LogIndex)
    }

    /// Bytes of change sets in one answer, unless one alone has more.
    package static let answerBytes = 1 << 20
    /// How long a client may be left without word of what was passed over.
    package static let silenceMilliseconds: UInt64 = 1_000

    private let request: WatchRequest
    /// Change sets in one answer, over which the client must refuse it, whatever credit it gave.
    private let answerRecords: Int
    /// The next index to look at.
    package private(set) var next: LogIndex
    /// Change sets were passed over that the client has not been told of.
    private var hasPassed = false
    private var lastAnswer: MonotonicTime

    /// Begins at `next`, of which the client has just been told; at most `answerRecords` change sets
    /// go into one answer, which are `Limits.watchBatchRecords`.
    package init(
        _ request: WatchRequest, next: LogIndex, answerRecords: Int, now: MonotonicTime
    ) {
        precondition(answerRecords > 0, "\(answerRecords) change sets in an answer")
        self.request = request
        self.answerRecords = answerRecords
        self.next = next
        lastAnswer = now
    }

    /// Takes a page that was read from `next` on, with credit for so many change sets.
    ///
    /// A client whose filter lets nothing through is told now and then how far it has come:
    /// otherwise it would go on, after a lost connection, from where history may be gone by then.
    package mutating func take(
        _ page: FeedReader.Page, credit: Int, now: MonotonicTime
    ) -> Step {
        guard next >= page.firstRetained else { return .lost(firstRetained: page.firstRetained) }
        let most = min(credit, answerRecords)
        var sets: [[UInt8]] = []
        var bytes = 0
        var through = page.through
        for set in page.changeSets {
            guard let wanted = request.filtered(set) else { continue }
            let encoded = wanted.encoded()
            guard sets.count < most, sets.isEmpty || bytes + encoded.count <= Self.answerBytes
            else {
                through = set.index.previous
                break
            }
            bytes += encoded.count
            sets.append(encoded)
        }
        guard through >= next else { return .wait }
        next = through.next
        hasPassed = hasPassed || page.changeSets.contains { $0.index <= through }
        let isDue = now.milliseconds(since: lastAnswer) >= Self.silenceMilliseconds
        guard !sets.isEmpty || (hasPassed && isDue) else { return .proceed }
        hasPassed = false
        lastAnswer = now
        return .deliver(through: through, sets)
    }
}
