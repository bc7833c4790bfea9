import Histories
import IOCore
import Lockstep

/// Looks at who leads, again and again, and takes it down.
final class LeaderWatch: Sendable {
    private struct State {
        var leader: Int?
        var term: UInt64 = 0
        var changes = 0
    }

    private static let interval = Duration.milliseconds(100)
    /// How long a node may take to say; a node that stands still says nothing.
    private static let patience = Duration.milliseconds(300)

    private let state = Locked(State())
    private let observer: LockstepClient
    private let recorder: HistoryRecorder

    init(_ observer: LockstepClient, recorder: HistoryRecorder) {
        self.observer = observer
        self.recorder = recorder
    }

    /// Runs until its task is cancelled.
    func run() async {
        while !Task.isCancelled, !Interruption.isRequested {
            var leaders: [NodeStatus] = []
            for report in await observer.statusOfAllNodes(timeout: Self.patience) {
                guard case .success(let status) = report.status, status.role == .leader
                else { continue }
                leaders.append(status)
            }
            note(leaders.sorted { $0.term < $1.term })
            await pause(Self.interval)
        }
    }

    /// Notes who says that it leads, by rising terms: for the checkers also another in an old term.
    private func note(_ found: [NodeStatus]) {
        for status in found { recorder.noteLeader(node: Int(status.node), term: status.term) }
        state.withLock { state in
            state.leader = found.last.map { Int($0.node) }
            guard let term = found.last?.term, term > state.term else { return }
            if state.term > 0 { state.changes += 1 }
            state.term = term
        }
    }

    /// Who was seen to lead the last time; nil if nobody was.
    var leader: Int? {
        state.withLock(\.leader)
    }

    /// How often another term's leader was seen.
    var changes: Int {
        state.withLock(\.changes)
    }
}
