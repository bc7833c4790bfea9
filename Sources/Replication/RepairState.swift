import Codec
import IOCore
import Identifiers
import WAL

/// A repair of the log under way: what is lost, who was asked, and what they said.
///
/// A value without effects: the replica asks it whom to ask next.
struct RepairState {
    /// What a peer said that could not help with a range.
    enum Refusal: Hashable {
        case absent
        case compacted
    }

    /// A question that waits for its answer.
    struct Question: Hashable {
        let node: NodeID
        let nonce: UInt64
        let range: DamagedRange
        let deadline: MonotonicTime
    }

    /// The damage that stands in the way, lowest first.
    var ranges: [DamagedRange]
    let began: MonotonicTime
    /// Nodes that may help, besides those that are known for members: hidden records name them.
    let helpers: [NodeID]
    var question: Question?
    /// While a job uses the log, nothing else is begun.
    var isBusy = false
    /// Nothing is missing any more; no frames are taken until what was hidden counts again.
    var isEnding = false
    /// When the peers are asked again that could not help.
    var pausedUntil: MonotonicTime?
    /// Frames that were fetched and written.
    var fetched = 0
    /// What cannot be written, on a full disk say, is tried again and again.
    var throttle = LogThrottle(burst: 2, periodMilliseconds: 30_000)
    /// What was said about each range, named by its last index.
    private var refusals: [LogIndex: [NodeID: Refusal]] = [:]
    /// Who does not answer, whatever is asked.
    private var silent: Set<NodeID> = []
    /// Rounds in which nobody could help, since the last frame that came.
    private(set) var vainRounds = 0

    init(_ ranges: [DamagedRange], helpers: [NodeID] = [], now: MonotonicTime) {
        self.ranges = ranges
        self.helpers = helpers
        began = now
    }

    /// How many places it keeps something of.
    var places: Int { max(ranges.count, refusals.count) }

    /// Of how many nodes it keeps something: the most of what they said of one place, of who is silent,
    /// and of who may help.
    var nodes: Int {
        max(helpers.count, silent.count, refusals.values.lazy.map(\.count).max() ?? 0)
    }

    /// Takes over what damage is left; progress makes all peers worth asking again.
    mutating func update(_ left: [DamagedRange]) {
        guard left != ranges else { return }
        ranges = left
        refusals = [:]
        silent = []
        vainRounds = 0
        pausedUntil = nil
        question = nil
    }

    /// `node` cannot help with `range`.
    mutating func refused(_ node: NodeID, _ range: DamagedRange, _ refusal: Refusal) {
        refusals[range.last, default: [:]][node] = refusal
        question = nil
    }

    /// `node` cannot be reached, or does not answer.
    mutating func heardNothing(of node: NodeID) {
        silent.insert(node)
        question = nil
    }

    /// Gives a question up that nobody has answered in time.
    mutating func expire(_ now: MonotonicTime) {
        guard let question, now >= question.deadline else { return }
        heardNothing(of: question.node)
    }

    /// The first of `peers` that has not said no to `range`.
    func next(of peers: [NodeID], for range: DamagedRange) -> NodeID? {
        peers.first { !silent.contains($0) && refusals[range.last]?[$0] == nil }
    }

    /// Nobody can help before `time`; tells a peer that has compacted what is lost.
    mutating func pause(until time: MonotonicTime) -> NodeID? {
        let holder = refusals.values.flatMap(\.self).filter { $0.value == .compacted }.map(\.key)
            .min()
        refusals = [:]
        silent = []
        vainRounds += 1
        pausedUntil = time
        return holder
    }
}
