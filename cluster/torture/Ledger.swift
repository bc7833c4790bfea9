import IOCore
import Lockstep

/// What the clients asked for, and what they were told.
final class Ledger: Sendable {
    enum Fate {
        case underway
        case acknowledged(index: UInt64)
        /// It may have been executed.
        case unknown
        /// It was not executed, says the cluster or the client library.
        case refused
    }

    struct Write {
        let value: UInt64
        var fate = Fate.underway
    }

    struct State {
        /// Of each client, in order; a write's place is its sequence number.
        var writes: [[Write]]
        var acknowledged = 0
        var lastAcknowledgement: ContinuousClock.Instant?
        var longestSilence = Duration.zero
        var reads = 0
        var failedReads = 0
        /// Reads that did not see what had been acknowledged before, in words.
        var staleReads: [String] = []
        /// The first refusals and unknown outcomes, in words.
        var complaints: [String] = []
    }

    private let state: Locked<State>
    private let meter: ProgressMeter?

    init(clients: Int, meter: ProgressMeter? = nil) {
        self.meter = meter
        state = Locked(State(writes: Array(repeating: [], count: clients)))
    }

    /// All of it as it is now.
    var contents: State {
        state.withLock { $0 }
    }

    var acknowledged: Int {
        state.withLock(\.acknowledged)
    }

    /// Notes a new write and returns its sequence number.
    func begin(client: Int, value: UInt64) -> Int {
        state.withLock { state in
            state.writes[client].append(Write(value: value))
            return state.writes[client].count - 1
        }
    }

    func settle(client: Int, sequence: Int, _ fate: Fate, complaint: String? = nil) {
        let now = ContinuousClock.now
        if case .acknowledged = fate { meter?.note() }
        state.withLock { state in
            state.writes[client][sequence].fate = fate
            if let complaint, state.complaints.count < 20 { state.complaints.append(complaint) }
            guard case .acknowledged = fate else { return }
            state.acknowledged += 1
            if let last = state.lastAcknowledgement {
                state.longestSilence = max(state.longestSilence, now - last)
            }
            state.lastAcknowledgement = now
        }
    }

    /// The value that a read that begins now must see at least.
    func acknowledgedValue(client: Int) -> UInt64 {
        state.withLock { state in
            state.writes[client].reversed().lazy.compactMap { write -> UInt64? in
                if case .acknowledged = write.fate { write.value } else { nil }
            }.first ?? 0
        }
    }

    /// Notes a linearizable read: what it had to see at least and what it saw, nil if it failed.
    func noteRead(client: Int, atLeast floor: UInt64, saw value: UInt64?) {
        state.withLock { state in
            guard let value else {
                state.failedReads += 1
                return
            }
            state.reads += 1
            if value < floor {
                state.staleReads.append("client \(client): read \(value), \(floor) was written")
            }
        }
    }
}
