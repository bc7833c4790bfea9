package import Histories
import IOCore
package import Lockstep

/// Looks at who leads, again and again, and takes it down.
package final class LeaderWatch: Sendable {
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

    package init(_ observer: LockstepClient, recorder: HistoryRecorder) {
        self.observer = observer
        self.recorder = recorder
    }

    /// Runs until its task is cancelled.
    func run() async {
        while !Task.isCancelled, !Interruption.isRequested {
            var leaders: [(node: Int, term: UInt64)] = []
            for report in await observer.statusOfAllNodes(timeout: Self.patience) {
                guard case .success(let status) = report.status, status.role == .leader
                else { continue }
                leaders.append((Int(status.node), status.term))
            }
            note(leaders)
            await pause(Self.interval)
        }
    }

    /// Notes who says that it leads at one look: for the checkers also another in an old term, or in the
    /// same one.
    package func note(_ leaders: [(node: Int, term: UInt64)]) {
        let found = leaders.sorted { $0.term < $1.term }
        for (node, term) in found { recorder.noteLeader(node: node, term: term) }
        state.withLock { state in
            state.leader = found.last?.node
            guard let term = found.last?.term, term > state.term else { return }
            if state.term > 0 { state.changes += 1 }
            state.term = term
        }
    }

    /// Who was seen to lead the last time; nil if nobody was.
    package var leader: Int? {
        state.withLock(\.leader)
    }

    /// How often another term's leader was seen.
    package var changes: Int {
        state.withLock(\.changes)
    }
}
