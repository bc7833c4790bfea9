import IOCore

/// Takes down what happens in a run, from any thread, in the order of time.
///
/// The time of an event is read under the recorder's lock, so that the order of the events is that of
/// their times.
package final class HistoryRecorder: Sendable {
    private struct State {
        var history: History
        var operations = 0
        var faults = 0
        /// Who was seen to lead, by terms.
        var leaders: [UInt64: Set<Int>] = [:]
        var unwritten: [UInt8] = []
    }

    /// Operations and observations beyond this are not taken down; see `isFull`.
    package static let standardEvents = 4_000_000
    private static let chunkBytes = 65_536

    private let state: Locked<State>
    private let mostEvents: Int
    private let now: @Sendable () -> UInt64
    private let sink: (@Sendable ([UInt8]) -> Void)?

    /// A recorder of a run that begins now.
    ///
    /// `sink` is given the lines of the history, whole ones, in chunks and in order, under the
    /// recorder's lock. `now` gives monotonic nanoseconds since the start of the run.
    package init(
        seed: UInt64, title: String, mostEvents: Int = standardEvents,
        now: (@Sendable () -> UInt64)? = nil, sink: (@Sendable ([UInt8]) -> Void)? = nil
    ) {
        precondition(mostEvents > 0, "a history of \(mostEvents) events")
        let history = History(seed: seed, title: title)
        state = Locked(State(history: history))
        self.mostEvents = mostEvents
        let start = ContinuousClock.now
        self.now = now ?? { Self.nanoseconds(ContinuousClock.now - start) }
        self.sink = sink
        if sink != nil { state.withLock { $0.unwritten += (history.firstLine + "\n").utf8 } }
    }

    /// What was taken down so far.
    package var history: History {
        state.withLock(\.history)
    }

    /// Whether the bound on events is reached, so that a workload is to end.
    package var isFull: Bool {
        state.withLock { $0.history.events.count >= mostEvents }
    }

    /// Notes that a client is about to ask; call it before anything is sent.
    ///
    /// Returns the number of the operation for `complete`; nil, with nothing noted, when the recorder
    /// is full, and then the operation must not be done.
    package func invoke(
        client: Int, workload: String, function: String, key: String, arguments: [Datum] = []
    ) -> Int? {
        state.withLock { state in
            guard state.history.events.count < mostEvents else { return nil }
            let number = state.operations
            state.operations += 1
            append(
                .invocation(
                    Invocation(
                        operation: number, client: client, workload: workload, function: function,
                        key: key, arguments: arguments)), &state)
            return number
        }
    }

    /// Notes what became of an operation; call it after the answer has come, once an operation.
    package func complete(_ operation: Int, _ outcome: Outcome) {
        state.withLock { append(.completion(operation: operation, outcome), &$0) }
    }

    /// Notes what a client was told without having asked; false if the recorder is full.
    @discardableResult
    package func observe(_ observation: Observation) -> Bool {
        state.withLock { state in
            guard state.history.events.count < mostEvents else { return false }
            append(.observation(observation), &state)
            return true
        }
    }

    /// Notes that something is done to the cluster; returns the fault's number for `endFault`.
    ///
    /// Call it before the fault begins, and `endFault` after it is over, so that the band in the
    /// timeline holds all of it.
    package func beginFault(kind: String, nodes: [Int], details: String = "") -> Int {
        state.withLock { state in
            let number = state.faults
            state.faults += 1
            append(
                .faultBegin(
                    Fault(number: number, kind: kind, nodes: nodes.sorted(), details: details)),
                &state)
            return number
        }
    }

    /// Notes that a fault is over; call it once a fault.
    package func endFault(_ fault: Int, details: String = "") {
        state.withLock { append(.faultEnd(fault: fault, details: details), &$0) }
    }

    /// Notes who leads; what was noted before makes no event.
    package func noteLeader(node: Int, term: UInt64) {
        state.withLock { state in
            guard state.leaders[term, default: []].insert(node).inserted else { return }
            append(.leader(node: node, term: term), &state)
        }
    }

    /// Notes something in words.
    package func note(_ text: String) {
        state.withLock { append(.note(text), &$0) }
    }

    /// Gives the sink what it has not been given yet.
    package func flush() {
        state.withLock { write(&$0) }
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
    }

    private func append(_ content: Event.Content, _ state: inout State) {
        // The clock of a test may stand, and must not go back.
        let event = Event(max(now(), state.history.duration), content)
        state.history.events.append(event)
        guard sink != nil else { return }
        state.unwritten += (event.line + "\n").utf8
        if state.unwritten.count >= Self.chunkBytes { write(&state) }
    }

    private func write(_ state: inout State) {
        guard let sink, !state.unwritten.isEmpty else { return }
        sink(state.unwritten)
        state.unwritten.removeAll(keepingCapacity: true)
    }
}
