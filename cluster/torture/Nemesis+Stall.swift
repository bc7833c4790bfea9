import Histories
import IOCore
import Lockstep

/// Leaders whose log's disk hangs while their network lives.
extension Nemesis {
    /// What has become of the stalls.
    struct StallTally {
        var freshReads = 0
        var refusedReads = 0
        /// Acknowledged through the other nodes, once one of them led.
        var writes = 0
        /// The longest from the beginning of a stall to another leader.
        var longestSuccession = Duration.zero
    }

    /// How long no sync returns, and how long the others may take for a leader of their own.
    private static let stallTime = Duration.seconds(5)

    /// Lets no sync of the leader's log return for a while.
    ///
    /// Another node must lead meanwhile and acknowledge writes, and no read that is sent to the old one
    /// may miss what was written before.
    mutating func stallRound() async throws(TortureFailure) {
        await pause(generator.milliseconds(in: 100...600))
        let old = try await waitForLeader()
        guard let trouble = cluster.troubles[old] else {
            throw TortureFailure("node \(old) has no disk that could hang")
        }
        let others = cluster.nodes.filter { $0 != old }
        let race = StallRace(
            reader: [cluster.endpoint(old)], writer: others.map(cluster.endpoint),
            value: UInt64(tally.rounds.stalls + 1) * 1_000_000)
        let hits = trouble.hits.stalls
        let running = Task { await race.run() }
        let fault = recorder.beginFault(kind: "stall", nodes: [old])
        defer { recorder.endFault(fault) }
        try trouble.change { $0.isLogSyncStalled = true }
        let start = ContinuousClock.now
        let time = Patience(Self.stallTime, cluster)
        var succession: Duration?
        var isDone = false
        // Longer than that only on a machine that withholds its processors.
        while !Interruption.isRequested, !time.isOver, !isDone {
            if succession == nil, let leader = await leader(), leader != old {
                succession = ContinuousClock.now - start
                race.noteSuccession()
            }
            isDone = race.contents.writes > 0 && ContinuousClock.now - start >= Self.stallTime
            await pause(.milliseconds(20))
        }
        let found = race.contents
        let isMet = trouble.hits.stalls > hits
        try trouble.change { $0.isLogSyncStalled = false }
        running.cancel()
        await running.value
        if Interruption.isRequested { return }
        tally.stall.freshReads += found.fresh
        tally.stall.refusedReads += found.refused
        tally.stall.writes += found.writes
        tally.staleReads += found.stale
        guard isMet else { throw TortureFailure("no sync of node \(old)'s log met the stall") }
        guard let succession else {
            throw TortureFailure(
                "no other leader while node \(old)'s log hung for \(Self.stallTime)")
        }
        guard found.writes > 0 else {
            throw TortureFailure("no write through \(others) while node \(old)'s log hung")
        }
        guard found.fresh + found.refused + found.stale > 0 else {
            throw TortureFailure("node \(old) answered no read while its log hung")
        }
        tally.stall.longestSuccession = max(tally.stall.longestSuccession, succession)
        tally.rounds.stalls += 1
        try await waitForProgress()
    }
}

/// Writes a number that grows through some nodes, and reads it through another one, as fast as both
/// answer.
final class StallRace: Sendable {
    struct State {
        /// What was acknowledged last.
        var written: UInt64
        var hasSuccessor = false
        /// Begun and acknowledged while another node led.
        var writes = 0
        var fresh = 0
        var refused = 0
        var stale = 0
    }

    private static let path = "svc:/torture/stall/:properties/state/count"
    private static let timeout = Duration.seconds(1)

    private let reader: [Endpoint]
    private let writer: [Endpoint]
    private let state: Locked<State>

    /// The numbers begin behind `value`, which no write before has reached.
    init(reader: [Endpoint], writer: [Endpoint], value: UInt64) {
        self.reader = reader
        self.writer = writer
        state = Locked(State(written: value))
    }

    var contents: State {
        state.withLock { $0 }
    }

    /// From now on another node leads.
    func noteSuccession() {
        state.withLock { $0.hasSuccessor = true }
    }

    /// Runs until its task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.write() }
            group.addTask { await self.read() }
        }
    }

    private func connection(to endpoints: [Endpoint]) -> LockstepClient? {
        var configuration = ClientConfiguration(endpoints: endpoints)
        configuration.name = "torture stall"
        configuration.connectTimeout = .milliseconds(500)
        configuration.longestBackoff = .milliseconds(50)
        return try? OpenClients.open(configuration)
    }

    private func write() async {
        guard let connection = connection(to: writer) else { return }
        defer { connection.close() }
        var value = state.withLock(\.written)
        while !Task.isCancelled, !Interruption.isRequested {
            value += 1
            let counts = state.withLock(\.hasSuccessor)
            let commit = try? await connection.setProperty(
                Self.path, type: .count, values: [.count(value)], timeout: Self.timeout)
            if commit != nil {
                state.withLock { state in
                    state.written = value
                    if counts { state.writes += 1 }
                }
            }
            await pause(.milliseconds(5))
        }
    }

    private func read() async {
        while !Task.isCancelled, !Interruption.isRequested {
            // A new one each time: it asks the old leader first, whoever it was sent to before.
            guard let connection = connection(to: reader) else { return }
            let (floor, begins) = state.withLock { ($0.written, $0.written % 1_000_000 > 0) }
            let answer = await Nemesis.answer(of: connection, at: Self.path, timeout: Self.timeout)
            connection.close()
            if Task.isCancelled { return }
            state.withLock { state in
                switch answer {
                case .value(let seen) where begins && seen < floor: state.stale += 1
                case .value: state.fresh += 1
                case .refused: state.refused += 1
                case .none: break
                }
            }
            await pause(.milliseconds(10))
        }
    }
}
