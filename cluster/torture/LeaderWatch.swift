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
            var best: NodeStatus?
            for report in await observer.statusOfAllNodes(timeout: Self.patience) {
                guard case .success(let status) = report.status, status.role == .leader,
                    status.term > best?.term ?? 0
                else { continue }
                best = status
            }
            note(best)
            await pause(Self.interval)
        }
    }

    private func note(_ best: NodeStatus?) {
        state.withLock { state in
            guard let best else {
                state.leader = nil
                return
            }
            state.leader = Int(best.node)
            guard best.term > state.term else { return }
            if state.term > 0 { state.changes += 1 }
            state.term = best.term
            recorder.noteLeader(node: Int(best.node), term: best.term)
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
