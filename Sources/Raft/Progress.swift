package import Identifiers

/// What a leader knows of one peer's log, and what is on the way to it.
struct Progress: Sendable {
    enum State: Hashable, Sendable {
        /// The peer's log is not known to match at `next`: one request at a time.
        case probe(isSent: Bool)
        /// Requests are pipelined, `next` is optimistic.
        case replicate
        /// The log no longer holds what the peer lacks: chunk by chunk, one at a time.
        case snapshot(chunk: UInt64, sentAt: MonotonicTime, isLost: Bool)
    }

    let node: NodeID
    /// The log matches up to here and is durable there; the end of a frame.
    var match = LogIndex.zero
    /// The first index to send next; the start of a frame.
    var next: LogIndex
    var state = State.probe(isSent: false)
    /// The last time any answer of this term came.
    var heardAt: MonotonicTime
    /// The highest read nonce that it has echoed.
    var readNonce: UInt64 = 0
    /// The commit index that it has been told, as far as its log reaches.
    var sentCommit = LogIndex.zero

    private struct Append: Sendable {
        let last: LogIndex
        let bytes: Int
    }

    private var inflight = Queue<Append>()
    private(set) var inflightBytes = 0

    init(node: NodeID, next: LogIndex, now: MonotonicTime) {
        self.node = node
        self.next = next
        heardAt = now
    }

    var isInSnapshot: Bool {
        if case .snapshot = state { true } else { false }
    }

    func maySend(_ settings: Settings) -> Bool {
        switch state {
        case .probe(let isSent): !isSent
        case .replicate:
            inflight.count < settings.inflightAppends && inflightBytes < settings.inflightBytes
        case .snapshot: false
        }
    }

    /// A request with the frames up to `last` was sent.
    mutating func sent(through last: LogIndex, bytes: Int) {
        switch state {
        case .probe: state = .probe(isSent: true)
        case .replicate:
            next = last.next
            inflight.append(Append(last: last, bytes: bytes))
            inflightBytes += bytes
        case .snapshot: preconditionFailure("frames sent to \(node) during its snapshot")
        }
    }

    /// The peer has `index` on disk; returns whether that is news.
    mutating func acknowledge(_ index: LogIndex) -> Bool {
        while let first = inflight.first, first.last <= index {
            inflightBytes -= first.bytes
            inflight.removeFirst()
        }
        guard index > match else { return false }
        match = index
        next = max(next, index.next)
        return true
    }

    mutating func becomeProbe(next: LogIndex) {
        state = .probe(isSent: false)
        self.next = max(next, match.next)
        forgetInflight()
    }

    mutating func becomeReplicate() {
        state = .replicate
        next = match.next
        forgetInflight()
    }

    mutating func becomeSnapshot(now: MonotonicTime) {
        state = .snapshot(chunk: 0, sentAt: now, isLost: false)
        forgetInflight()
    }

    private mutating func forgetInflight() {
        inflight.removeAll()
        inflightBytes = 0
    }
}

/// What a status page tells of one peer.
package struct ProgressReport: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case probe
        case replicate
        case snapshot
    }

    package let match: LogIndex
    package let next: LogIndex
    package let inflightBytes: Int
    package let state: State
    /// Whether it was heard of within an election time-out.
    package let isRecentlyActive: Bool
}
