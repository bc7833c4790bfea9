import Codec
import IOCore
import Identifiers
import WAL

/// A repair of the log under way: what is lost, who was asked, and what they said.
///
/// A value without effects: the replica asks it whom to ask next.
struct RepairState {
    /// What a peer said that could not help with the present range.
    enum Refusal: Hashable {
        case absent
        case compacted
        case silent
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
    var question: Question?
    /// While a job uses the log, nothing else is begun.
    var isBusy = false
    /// When the peers are asked again that could not help.
    var pausedUntil: MonotonicTime?
    /// Frames that were fetched and written.
    var fetched = 0
    private(set) var refusals: [NodeID: Refusal] = [:]
    /// Rounds in which nobody could help, since the last frame that came.
    private(set) var vainRounds = 0

    init(_ ranges: [DamagedRange], now: MonotonicTime) {
        self.ranges = ranges
        began = now
    }

    /// Takes over what damage is left; progress makes all peers worth asking again.
    mutating func update(_ left: [DamagedRange]) {
        guard left != ranges else { return }
        ranges = left
        refusals = [:]
        vainRounds = 0
        pausedUntil = nil
        question = nil
    }

    mutating func refused(_ node: NodeID, _ refusal: Refusal) {
        refusals[node] = refusal
        question = nil
    }

    /// Gives a question up that nobody has answered in time.
    mutating func expire(_ now: MonotonicTime) {
        guard let question, now >= question.deadline else { return }
        refused(question.node, .silent)
    }

    /// The first of `peers` that has not said no.
    func next(of peers: [NodeID]) -> NodeID? {
        peers.first { refusals[$0] == nil }
    }

    /// Nobody can help before `time`; tells a peer that has compacted what is lost.
    mutating func pause(until time: MonotonicTime) -> NodeID? {
        let holder = refusals.filter { $0.value == .compacted }.keys.min()
        refusals = [:]
        vainRounds += 1
        pausedUntil = time
        return holder
    }
}
