import Histories
import IOCore
import Lockstep

/// Takes down some of the writes of a ledger for the page that shows a run: clients that write as
/// fast as they are answered make more than anybody could look at.
final class LedgerScribe: Sendable {
    /// The least time between the beginnings of two writes that are taken down.
    private static let gap = Duration.milliseconds(5)

    private let recorder: HistoryRecorder
    private let next = Locked(ContinuousClock.now)

    init(_ recorder: HistoryRecorder) {
        self.recorder = recorder
    }

    /// Notes that a client is about to write; nil where it is passed over.
    func begin(client: Int, value: UInt64) -> Int? {
        let now = ContinuousClock.now
        let isDue = next.withLock { next in
            guard now >= next else { return false }
            next = now + Self.gap
            return true
        }
        guard isDue else { return nil }
        return recorder.invoke(
            client: client, workload: "ledger", function: "write", key: Workload.path(client),
            arguments: [.integer(Int64(clamping: value))])
    }

    /// Notes what has become of it; of one that was passed over, in words, if it was not acknowledged.
    func end(_ operation: Int?, client: Int, _ result: Result<Commit, LockstepError>) {
        switch (operation, result) {
        case (let operation?, .success(let commit)):
            recorder.complete(operation, .done(.integer(Int64(clamping: commit.index))))
        case (let operation?, .failure(let error)):
            recorder.complete(
                operation, error.mayHaveExecuted ? .unknown("\(error)") : .failed("\(error)"))
        case (nil, .failure(let error)):
            recorder.note("client \(client): \(error)")
        case (nil, .success):
            return
        }
    }
}
