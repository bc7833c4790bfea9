package import Identifiers

/// What a leader knows of one other node.
package struct Progress: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// Where the logs agree is being found: one message at a time.
        case probe(isWaiting: Bool)
        /// Frames are sent ahead of the answers.
        case replicate
        /// The node needs what was compacted away; this chunk is under way since then, and is sent
        /// once more after a pause.
        case snapshot(chunk: UInt64, sentAt: MonotonicTime, pauseMilliseconds: UInt64)
    }

    package let node: NodeID
    /// The node's log equals ours, durably, up to here.
    package internal(set) var match = LogIndex.zero
    /// The next record to send; a frame begins there.
    package internal(set) var next: LogIndex
    package internal(set) var state = State.probe(isWaiting: false)
    /// Whether it was heard of since the last check of the quorum.
    package internal(set) var isRecentlyActive = true
    /// When the node was heard of last, or a snapshot for it was begun.
    var lastHeard = MonotonicTime.zero
    /// The highest round of reads that it has confirmed.
    var confirmedRound: UInt64 = 0
    /// Whether the node asked for a snapshot, so that having the log is no reason to end it.
    var needsSnapshot = false
    /// The round in which the node was asked again, because its log seemed to end before `match`.
    var doubtedInRound: UInt64?
    /// Frames sent and not answered: the last index and the bytes of each message.
    private var inflight: [(last: LogIndex, bytes: Int)] = []
    private var inflightHead = 0
    package private(set) var inflightBytes = 0

    init(node: NodeID, next: LogIndex) {
        self.node = node
        self.next = next
    }

    var inflightCount: Int {
        inflight.count - inflightHead
    }

    mutating func heard(_ now: MonotonicTime) {
        isRecentlyActive = true
        lastHeard = now
    }

    mutating func sent(through index: LogIndex, bytes: Int) {
        inflight.append((index, bytes))
        inflightBytes += bytes
        next = index.next
    }

    /// The node has everything up to `index`; whether that is news.
    mutating func matched(_ index: LogIndex) -> Bool {
        while inflightHead < inflight.count, inflight[inflightHead].last <= index {
            inflightBytes -= inflight[inflightHead].bytes
            inflightHead += 1
        }
        if inflightHead == inflight.count {
            inflight.removeAll(keepingCapacity: true)
            inflightHead = 0
        } else if inflightHead > 256 {
            inflight.removeFirst(inflightHead)
            inflightHead = 0
        }
        let isNews = index > match
        match = max(match, index)
        next = max(next, match.next)
        return isNews
    }

    mutating func become(_ state: State, next: LogIndex) {
        self.state = state
        self.next = max(next, match.next)
        needsSnapshot = false
        inflight.removeAll(keepingCapacity: true)
        inflightHead = 0
        inflightBytes = 0
    }

    package static func == (left: Progress, right: Progress) -> Bool {
        left.node == right.node && left.match == right.match && left.next == right.next
            && left.state == right.state
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(node)
        hasher.combine(match)
    }
}
